using Carter;
using KestrelVoice.Features.Identity.Credentials;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Identity.Embedded;

/// <summary><c>GET /auth/v1/user</c></summary>
internal static class ReadUser
{
    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app.MapAuth(HttpMethods.Get, "/user", Handle);
    }

    internal static async Task<IResult> Handle(HttpContext context, AccessTokenVerifier verifier, Users users, TimeProvider clock)
    {
        var (token, error) = await AuthRoutes.BearerAsync(context.Request, verifier);
        if (token is null)
            return error!;
        var (user, sessionLives) = await users.FindAsync(token, context.RequestAborted);
        if (user is null)
            return new AuthError(StatusCodes.Status403Forbidden, "user_not_found", "User from sub claim in JWT does not exist");
        if (!sessionLives)
            return AuthError.SessionNotFound;
        if (user.IsBanned(clock.GetUtcNow()))
            return new AuthError(StatusCodes.Status403Forbidden, "user_banned", "User is banned");
        context.Response.Headers.CacheControl = "no-store";
        return AuthRoutes.Json(user.ToJson());
    }
}
