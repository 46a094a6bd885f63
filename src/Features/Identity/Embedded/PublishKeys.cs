using System.Text.Json.Nodes;
using Carter;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Identity.Embedded;

/// <summary>The keys that verify our tokens, and where to find them.</summary>
internal static class PublishKeys
{
    private const string Keys = "/.well-known/jwks.json";

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app)
        {
            app.MapAuth(HttpMethods.Get, Keys, KeySet);
            app.MapAuth(HttpMethods.Get, "/.well-known/openid-configuration", Discovery);
        }
    }

    internal static async Task<ContentHttpResult> KeySet(HttpContext context, SigningKeys keys)
    {
        LetCache(context.Response);
        return TypedResults.Content(await keys.PublishedAsync(context.RequestAborted), "application/json");
    }

    internal static ContentHttpResult Discovery(HttpContext context, IOptions<AuthOptions> options)
    {
        LetCache(context.Response);
        var issuer = options.Value.BaseUrl;
        return AuthRoutes.Json(new JsonObject
        {
            ["issuer"] = issuer,
            ["jwks_uri"] = issuer + Keys,
            ["token_endpoint"] = issuer + "/token",
            ["userinfo_endpoint"] = issuer + "/user",
            ["grant_types_supported"] = new JsonArray("password", "refresh_token"),
            ["subject_types_supported"] = new JsonArray("public"),
            ["id_token_signing_alg_values_supported"] = new JsonArray(SigningKey.Algorithm),
            ["claims_supported"] = new JsonArray("sub", "aud", "iss", "exp", "iat", "email", "role", "session_id"),
        });
    }

    private static void LetCache(HttpResponse response) => response.Headers.CacheControl = "public, max-age=600";
}
