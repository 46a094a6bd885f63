using System.Globalization;
using System.Text.Json;
using Carter;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Identity.Embedded;

/// <summary><c>POST /auth/v1/token</c>: a session for a password, or for a refresh token.</summary>
internal static class IssueToken
{
    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app.MapAuth(HttpMethods.Post, "/token", Handle);
    }

    internal static async Task<IResult> Handle(HttpContext context, EmbeddedSignIn signIn, Sessions sessions)
    {
        var grant = context.Request.Query["grant_type"].ToString();
        if (grant is not ("password" or "refresh_token"))
            return new AuthError(StatusCodes.Status400BadRequest, "invalid_credentials", "unsupported_grant_type");
        if (await AuthRoutes.BodyAsync(context.Request) is not { } body)
            return AuthRoutes.BadJson;
        context.Response.Headers.CacheControl = "no-store";
        return grant == "password"
            ? await ByPasswordAsync(context, body, signIn)
            : await ByRefreshTokenAsync(context, body, sessions);
    }

    private static async Task<IResult> ByPasswordAsync(HttpContext context, JsonElement body, EmbeddedSignIn signIn)
    {
        var (email, phone, password) = (body.Text("email"), body.Text("phone"), body.Text("password"));
        if (email is not null && phone is not null)
            return AuthError.Validation("Only an email address or phone number should be provided on login.");
        if (phone is not null)
            return new AuthError(StatusCodes.Status422UnprocessableEntity, "phone_provider_disabled", "Phone logins are disabled");
        if (email is null)
            return AuthError.Validation("missing email or phone");
        if (password is null)
            return AuthError.InvalidCredentials;

        switch (await signIn.SignInAsync(email, password, context.Connection.RemoteIpAddress, context.RequestAborted))
        {
            case SignInOutcome.SignedIn(var session):
                return TypedResults.Content(session, "application/json");
            case SignInOutcome.TooManyAttempts(var wait):
                context.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
                return new AuthError(StatusCodes.Status429TooManyRequests, "over_request_rate_limit", "Request rate limit reached");
            case SignInOutcome.Banned:
                return AuthError.UserBanned;
            default:
                return AuthError.InvalidCredentials;
        }
    }

    private static async Task<IResult> ByRefreshTokenAsync(HttpContext context, JsonElement body, Sessions sessions)
    {
        if (body.Text("refresh_token") is not { } token)
            return AuthError.Validation("refresh_token is required");
        return await sessions.RefreshAsync(token, context.RequestAborted) switch
        {
            Sessions.Refreshed.Session(var session) => AuthRoutes.Json(session),
            Sessions.Refreshed.AlreadyUsed => new AuthError(
                StatusCodes.Status400BadRequest, "refresh_token_already_used", "Invalid Refresh Token: Already Used"),
            Sessions.Refreshed.TooOld => new AuthError(
                StatusCodes.Status400BadRequest, "session_expired", "Invalid Refresh Token: Session Expired (Inactivity)"),
            Sessions.Refreshed.Banned => AuthError.UserBanned,
            Sessions.Refreshed.Busy => new AuthError(
                StatusCodes.Status409Conflict, "conflict", "Too many concurrent token refresh requests on the same session or refresh token"),
            _ => new AuthError(StatusCodes.Status400BadRequest, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found"),
        };
    }
}
