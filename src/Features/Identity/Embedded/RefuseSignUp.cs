using Carter;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Identity.Embedded;

/// <summary><c>POST /auth/v1/signup</c>: members come by invitation.</summary>
internal static class RefuseSignUp
{
    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app.MapAuth(HttpMethods.Post, "/signup", Handle);
    }

    internal static AuthError Handle() =>
        new(StatusCodes.Status422UnprocessableEntity, "signup_disabled", "Signups not allowed for this instance");
}
