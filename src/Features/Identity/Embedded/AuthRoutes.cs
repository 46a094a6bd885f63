using System.Text.Json;
using System.Text.Json.Nodes;
using KestrelVoice.Features.Identity.Credentials;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Identity.Embedded;

/// <summary>What all routes under <c>/auth/v1</c> have in common. They exist only while no external issuer is configured.</summary>
internal static class AuthRoutes
{
    internal const string Base = "/auth/v1";
    internal const string CorsPolicy = "embedded-identity";
    private const int LargestBody = 1024 * 1024;

    internal static void MapAuth(this IEndpointRouteBuilder app, string method, string path, Delegate handler)
    {
        if (!app.ServiceProvider.GetRequiredService<IOptions<AuthOptions>>().Value.IsEmbedded)
            return;
        app.MapMethods(Base + path, [method], handler)
            .AllowAnonymous()
            .RequireCors(CorsPolicy)
            .WithMetadata(new RequestSizeLimitAttribute(LargestBody))
            .ExcludeFromDescription();
    }

    internal static ContentHttpResult Json(JsonNode body) => TypedResults.Content(body.ToJsonString(), "application/json");

    /// <summary>Unknown members are ignored: clients send captcha tokens and the like.</summary>
    /// <returns>Null when the body is no JSON object.</returns>
    internal static async Task<JsonElement?> BodyAsync(HttpRequest request)
    {
        try
        {
            using var document = await JsonDocument.ParseAsync(request.Body, cancellationToken: request.HttpContext.RequestAborted);
            return document.RootElement.ValueKind is JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    internal static readonly AuthError BadJson =
        new(StatusCodes.Status400BadRequest, "bad_json", "Could not parse request body as JSON");

    /// <returns>The member's text; null when absent, null or empty.</returns>
    internal static string? Text(this JsonElement body, string member) =>
        body.TryGetProperty(member, out var value) && value.ValueKind is JsonValueKind.String && value.GetString() is { Length: > 0 } text
            ? text
            : null;

    /// <summary>The live user behind the Bearer token, or why there is none.</summary>
    internal static async Task<(AccessToken? Token, AuthError? Error)> BearerAsync(HttpRequest request, AccessTokenVerifier verifier)
    {
        var header = request.Headers.Authorization.ToString();
        if (!header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            return (null, new AuthError(StatusCodes.Status401Unauthorized, "no_authorization", "This endpoint requires a valid Bearer token"));
        return await verifier.VerifyAsync(header["Bearer ".Length..].Trim(), request.HttpContext.RequestAborted) switch
        {
            TokenVerdict.Valid { Token: { SessionId: not null } token } => (token, null),
            TokenVerdict.Expired => (null, AuthError.BadJwt("invalid JWT: token is expired")),
            _ => (null, AuthError.BadJwt("invalid JWT: unable to parse or verify signature")),
        };
    }
}
