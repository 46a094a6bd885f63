using KestrelVoice.Features.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Identity.Credentials;

internal abstract record Credential
{
    private Credential() { }

    internal sealed record None : Credential;

    internal sealed record Accepted(Principal Principal) : Credential;

    /// <param name="Status">The answer's status.</param>
    /// <param name="Error">Its stable code.</param>
    /// <param name="Message">For people.</param>
    /// <param name="Reason">For programs, where the code alone does not say what to do next.</param>
    internal sealed record Refused(int Status, string Error, string Message, string? Reason = null) : Credential;
}

/// <summary>Turns what a request carries into who is asking: an API key, a Bearer token, or the session cookie.</summary>
internal sealed class CredentialResolver(
    ApiKeys apiKeys, AccessTokenVerifier verifier, Memberships memberships, CrossSiteRule crossSite, IOptions<AuthOptions> options)
{
    internal const string ApiKeyHeader = "X-API-Key";
    internal const string TenantHeader = "X-Tenant-Id";
    internal const string TokenExpired = "token_expired";
    private const string BearerPrefix = "Bearer ";

    private static readonly Credential.Refused UnknownKey =
        new(StatusCodes.Status401Unauthorized, Problems.Unauthorized, "The API key is not valid.");

    private static readonly Credential.Refused BadSession =
        new(StatusCodes.Status401Unauthorized, Problems.Unauthorized, "The session is not valid. Please sign in.");

    private static readonly Credential.Refused ExpiredSession = new(
        StatusCodes.Status401Unauthorized, Problems.Unauthorized, "The access token has expired. Refresh the session and try again.", TokenExpired);

    // Made of a URL, and asked for by every request.
    private readonly string _cookie = options.Value.SessionCookieName;

    internal async Task<Credential> ResolveAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var hasCookie = SessionCookie.IsPresent(request.Cookies, _cookie);
        var bearer = BearerOf(request);
        if (request.Headers.TryGetValue(ApiKeyHeader, out var key))
            return hasCookie || bearer is not null
                ? new Credential.Refused(StatusCodes.Status400BadRequest, Problems.InvalidParameter, "Send either X-API-Key or a session, not both.")
                : await ByKeyAsync(request, key.ToString(), cancellationToken);
        if (bearer is not null)
            return await ByTokenAsync(request, bearer, cancellationToken);
        return hasCookie ? await ByCookieAsync(request, cancellationToken) : new Credential.None();
    }

    private async Task<Credential> ByKeyAsync(HttpRequest request, string text, CancellationToken cancellationToken)
    {
        if (request.Headers.Origin.Count > 0)
            return new Credential.Refused(
                StatusCodes.Status403Forbidden, Problems.Forbidden, "API keys belong on servers; a browser must use a session.");
        if (await apiKeys.ResolveAsync(text, cancellationToken) is not { } principal)
            return UnknownKey;
        return NamedTenant(request) switch
        {
            { Malformed: true } => MalformedTenant(),
            { Id: { } named } when named != principal.TenantId => NotAMember(),
            _ => new Credential.Accepted(principal),
        };
    }

    private async Task<Credential> ByCookieAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (CrossSiteRule.IsUnsafe(request.Method) && !crossSite.AllowsWrite(request))
            return new Credential.Refused(
                StatusCodes.Status403Forbidden, Problems.Forbidden,
                "A write with the session cookie must come from one of our own pages, as JSON.");
        return SessionCookie.Read(request.Cookies, _cookie) is { } session
            ? await ByTokenAsync(request, session.AccessToken, cancellationToken)
            : BadSession;
    }

    private async Task<Credential> ByTokenAsync(HttpRequest request, string text, CancellationToken cancellationToken)
    {
        switch (await verifier.VerifyAsync(text, cancellationToken))
        {
            case TokenVerdict.Expired:
                return ExpiredSession;
            case TokenVerdict.Valid(var token):
                var standing = await memberships.OfAsync(token, cancellationToken);
                return standing.SessionLives ? InTenant(request, token, standing.Tenants) : BadSession;
            default:
                return BadSession;
        }
    }

    private static Credential InTenant(HttpRequest request, AccessToken token, IReadOnlyList<Membership> tenants)
    {
        var named = NamedTenant(request);
        if (named.Malformed)
            return MalformedTenant();
        var membership = named.Id is { } id
            ? tenants.FirstOrDefault(tenant => tenant.TenantId == id)
            : tenants.FirstOrDefault(tenant => tenant.TenantId == token.PreferredTenantId) ?? (tenants.Count > 0 ? tenants[0] : null);
        return membership is null
            ? NotAMember()
            : new Credential.Accepted(new Principal(
                membership.TenantId, PrincipalKind.Member, token.UserId, token.Email, membership.Role, Roles.ScopesOf(membership.Role), PlanNames.Read(membership.Plan)));
    }

    private static (Guid? Id, bool Malformed) NamedTenant(HttpRequest request)
    {
        if (!request.Headers.TryGetValue(TenantHeader, out var text))
            return (null, false);
        return TypeId.TryParse(TypeId.Tenant, text.ToString(), out var id) ? (id, false) : (null, true);
    }

    private static string? BearerOf(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith(BearerPrefix, StringComparison.OrdinalIgnoreCase) ? header[BearerPrefix.Length..].Trim() : null;
    }

    private static Credential.Refused MalformedTenant() =>
        new(StatusCodes.Status400BadRequest, Problems.InvalidParameter, $"{TenantHeader} is ten_ and 26 characters, or a UUID.");

    private static Credential.Refused NotAMember() =>
        new(StatusCodes.Status403Forbidden, Problems.Forbidden, "You are not a member of that tenant.");
}
