using Carter;
using KestrelVoice.Features.Identity.Credentials;
using KestrelVoice.Features.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Identity.SignInPage;

/// <summary><c>GET /login</c>: the form, or who is signed in.</summary>
internal static class ShowSignIn
{
    private const string FindTenant = "select business_name from tenants where id = @TenantId";

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet(ReturnTo.SignInPath, Handle).AllowAnonymous().ExcludeFromDescription();
    }

    internal static async Task<IResult> Handle(
        HttpContext context, CredentialResolver resolver, TenantDatabase database, CancellationToken cancellationToken)
    {
        var returnTo = context.Request.Query[ReturnTo.Parameter].ToString();
        var form = new SignInForm(ReturnTo: ReturnTo.IsLocal(returnTo) ? returnTo : null);
        switch (await resolver.ResolveAsync(context.Request, cancellationToken))
        {
            case Credential.Accepted({ Kind: PrincipalKind.Member } principal):
                var tenant = await database.ReadAsync(
                    principal.TenantId, FindTenant, null, results => results.ReadSingleAsync<string>(), cancellationToken);
                return SignedIn(principal.Email, $"<dt>Tenant</dt><dd>{Page.Text(tenant)}</dd><dt>Role</dt><dd>{Page.Text(principal.Role)}</dd>");
            case Credential.Refused { Status: StatusCodes.Status403Forbidden }:
                return SignedIn(null, "<dt>Tenant</dt><dd>None. Ask an owner of your business to add you.</dd>");
            case Credential.Refused { Reason: CredentialResolver.TokenExpired }:
                return (form with { Notice = "Your session has ended. Please sign in again." }).ToPage();
            default:
                return form.ToPage();
        }
    }

    private static IResult SignedIn(string? email, string facts) => Page.Of(
        StatusCodes.Status200OK,
        "Signed in",
        $"""
        <h1>You are signed in</h1>
        <dl>{(email is null ? "" : $"<dt>Email address</dt><dd>{Page.Text(email)}</dd>")}{facts}</dl>
        <ul>
        <li><a href="/api/call-logs">Calls, as JSON</a></li>
        <li><a href="/docs">API documentation</a></li>
        </ul>
        <form method="post" action="/logout"><button type="submit">Sign out</button></form>
        """);
}
