using Carter;
using KestrelVoice.Features.Identity.Credentials;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Identity.Embedded;

/// <summary><c>POST /auth/v1/logout</c>: ends this session, the others, or all.</summary>
internal static class EndSession
{
    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app.MapAuth(HttpMethods.Post, "/logout", Handle);
    }

    internal static async Task<IResult> Handle(HttpContext context, AccessTokenVerifier verifier, Users users, Sessions sessions)
    {
        var scope = context.Request.Query["scope"].ToString();
        if (scope is not ("" or "global" or "local" or "others"))
            return AuthError.Validation($"Unsupported logout scope \"{scope[..Math.Min(scope.Length, 32)]}\"");
        var (token, error) = await AuthRoutes.BearerAsync(context.Request, verifier);
        if (token is null)
            return error!;
        if (await users.FindAsync(token, context.RequestAborted) is { SessionLives: false })
            return AuthError.SessionNotFound;

        await (scope switch
        {
            "local" => sessions.EndAsync(token.SessionId!.Value, context.RequestAborted),
            "others" => sessions.EndOthersAsync(token.UserId, token.SessionId!.Value, context.RequestAborted),
            _ => sessions.EndAllAsync(token.UserId, context.RequestAborted),
        });
        return TypedResults.NoContent();
    }
}
