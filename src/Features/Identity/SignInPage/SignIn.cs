using System.Globalization;
using Carter;
using KestrelVoice.Features.Identity.Credentials;
using KestrelVoice.Features.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Identity.SignInPage;

/// <summary><c>POST /login</c>: takes the form and leaves the session cookie.</summary>
internal static class SignIn
{
    private const int LargestForm = 16 * 1024;

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost(ReturnTo.SignInPath, Handle)
            .AllowAnonymous().WithMetadata(new RequestSizeLimitAttribute(LargestForm)).ExcludeFromDescription();
    }

    internal static async Task<IResult> Handle(
        HttpContext context, ISignIn signIn, CrossSiteRule crossSite, PublicUrl publicUrl, IOptions<AuthOptions> options)
    {
        var cookieName = options.Value.SessionCookieName;
        if (!crossSite.AllowsForm(context.Request, SessionCookie.IsPresent(context.Request.Cookies, cookieName)))
            return Refused(
                StatusCodes.Status403Forbidden, null, null, SignInForm.EmailFault("That form came from another site. Please use this one."));
        if (await ReadAsync(context) is not { } sent)
            return Refused(StatusCodes.Status400BadRequest, null, null, SignInForm.EmailFault("The form could not be read. Please try again."));

        var email = sent["email"].ToString().Trim();
        var password = sent["password"].ToString();
        var returnTo = sent[ReturnTo.Parameter].ToString() is { Length: > 0 } path && ReturnTo.IsLocal(path) ? path : null;
        if (Missing(email, password) is { Count: > 0 } faults)
            return Refused(StatusCodes.Status400BadRequest, email, returnTo, [.. faults]);

        switch (await signIn.SignInAsync(email, password, context.Connection.RemoteIpAddress, context.RequestAborted))
        {
            case SignInOutcome.SignedIn(var session):
                SessionCookie.Write(context, cookieName, session, SignOut.IsSecure(context, publicUrl));
                return SeeOther.To(ReturnTo.OrDefault(returnTo));
            case SignInOutcome.TooManyAttempts(var wait):
                context.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
                return Refused(
                    StatusCodes.Status429TooManyRequests, email, returnTo,
                    SignInForm.PasswordFault("Too many attempts. Please wait a little and try again."));
            case SignInOutcome.Banned:
                return Refused(StatusCodes.Status403Forbidden, email, returnTo, SignInForm.EmailFault("This account is blocked."));
            case SignInOutcome.Unavailable:
                return Refused(
                    StatusCodes.Status503ServiceUnavailable, email, returnTo,
                    SignInForm.EmailFault("Sign-in is not available at the moment. Please try again soon."));
            default:
                return Refused(
                    StatusCodes.Status401Unauthorized, email, returnTo,
                    SignInForm.PasswordFault("The email address or the password is not right."));
        }
    }

    private static List<(string Field, string Message)> Missing(string email, string password)
    {
        var faults = new List<(string, string)>();
        if (email.Length == 0)
            faults.Add(SignInForm.EmailFault("Enter your email address."));
        if (password.Length == 0)
            faults.Add(SignInForm.PasswordFault("Enter your password."));
        return faults;
    }

    private static async Task<IFormCollection?> ReadAsync(HttpContext context)
    {
        if (!context.Request.HasFormContentType)
            return null;
        try
        {
            return await context.Request.ReadFormAsync(context.RequestAborted);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private static IResult Refused(int status, string? email, string? returnTo, params (string Field, string Message)[] faults) =>
        new SignInForm(email, returnTo) { Faults = faults, Status = status }.ToPage();
}
