using Carter;
using KestrelVoice.Features.Identity.Credentials;
using KestrelVoice.Features.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Identity.SignInPage;

/// <summary><c>POST /logout</c>: ends the session where it lives, and clears its cookie.</summary>
internal static class SignOut
{
    private const int LargestForm = 1024;

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/logout", Handle)
            .AllowAnonymous().WithMetadata(new RequestSizeLimitAttribute(LargestForm)).ExcludeFromDescription();
    }

    internal static async Task<IResult> Handle(
        HttpContext context, ISignIn signIn, CrossSiteRule crossSite, PublicUrl publicUrl, IOptions<AuthOptions> options)
    {
        var cookieName = options.Value.SessionCookieName;
        if (!crossSite.AllowsForm(context.Request, SessionCookie.IsPresent(context.Request.Cookies, cookieName)))
            return Problems.Of(StatusCodes.Status403Forbidden, Problems.Forbidden, "Signing out must be asked for by one of our own pages.");
        if (SessionCookie.Read(context.Request.Cookies, cookieName) is { } session)
            await signIn.SignOutAsync(session.AccessToken, session.RefreshToken, context.RequestAborted);
        SessionCookie.Clear(context, cookieName, IsSecure(context, publicUrl));
        return SeeOther.To(ReturnTo.SignInPath);
    }

    internal static bool IsSecure(HttpContext context, PublicUrl publicUrl) =>
        context.Request.IsHttps || publicUrl.Base.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
}
