using System.Security.Claims;
using System.Text.Encodings.Web;
using KestrelVoice.Features.Kernel;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Identity.Credentials;

/// <summary>Brings <see cref="CredentialResolver"/> into the framework's authentication.</summary>
internal sealed class CredentialHandler(
    CredentialResolver resolver, CurrentPrincipal current,
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    internal const string SchemeName = "KestrelVoice";
    private Credential.Refused? _refusal;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        // Routes for strangers judge what they are sent themselves, if they care at all.
        if (Context.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null)
            return AuthenticateResult.NoResult();
        switch (await resolver.ResolveAsync(Request, Context.RequestAborted))
        {
            case Credential.Accepted(var principal):
                current.Value = principal;
                var identity = new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, principal.Id.ToString())], Scheme.Name);
                return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme.Name));
            case Credential.Refused refusal:
                _refusal = refusal;
                return AuthenticateResult.Fail(refusal.Message);
            default:
                return AuthenticateResult.NoResult();
        }
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var refusal = _refusal ?? new Credential.Refused(
            StatusCodes.Status401Unauthorized, Problems.Unauthorized, "A valid session or API key is required.");
        if (refusal.Status == StatusCodes.Status401Unauthorized)
            Response.Headers.WWWAuthenticate = _refusal is null
                ? "Bearer realm=\"kestrelvoice\""
                : $"Bearer realm=\"kestrelvoice\", error=\"invalid_token\", error_description=\"{refusal.Message}\"";
        var members = refusal.Reason is { } reason ? new Dictionary<string, object?> { ["reason"] = reason } : null;
        return Problems.Of(refusal.Status, refusal.Error, refusal.Message, members).ExecuteAsync(Context);
    }
}
