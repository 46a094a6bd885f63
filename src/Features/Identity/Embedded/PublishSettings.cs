using System.Text.Json.Nodes;
using Carter;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Identity.Embedded;

/// <summary><c>GET /auth/v1/settings</c> and <c>/health</c>: what clients ask before they show a sign-in form.</summary>
internal static class PublishSettings
{
    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app)
        {
            app.MapAuth(HttpMethods.Get, "/settings", Settings);
            app.MapAuth(HttpMethods.Get, "/health", Health);
        }
    }

    internal static ContentHttpResult Settings() => AuthRoutes.Json(new JsonObject
    {
        ["external"] = new JsonObject { ["email"] = true, ["phone"] = false, ["anonymous_users"] = false },
        ["disable_signup"] = true,
        ["mailer_autoconfirm"] = true,
        ["phone_autoconfirm"] = false,
        ["sms_provider"] = "",
        ["saml_enabled"] = false,
        ["passkeys_enabled"] = false,
    });

    internal static ContentHttpResult Health() => AuthRoutes.Json(new JsonObject
    {
        ["version"] = typeof(PublishSettings).Assembly.GetName().Version!.ToString(3),
        ["name"] = "KestrelVoice identity",
        ["description"] = "Embedded identity with the API of Supabase Auth",
    });
}
