using System.Text.Json.Nodes;
using KestrelVoice.Features.Identity.Credentials;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Identity.Embedded;

/// <summary>Writes access tokens with the claims that Supabase Auth gives its own.</summary>
internal sealed class AccessTokenWriter(SigningKeys keys, IOptions<AuthOptions> options, TimeProvider clock)
{
    internal static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    /// <returns>A session as clients store it.</returns>
    internal async Task<JsonObject> WriteSessionAsync(
        AuthUser user, Guid sessionId, DateTime signedInAt, string refreshToken, CancellationToken cancellationToken)
    {
        var issuedAt = clock.GetUtcNow().ToUnixTimeSeconds();
        var expiresAt = issuedAt + (long)Lifetime.TotalSeconds;
        var claims = new JsonObject
        {
            ["iss"] = options.Value.BaseUrl,
            ["sub"] = user.Id.ToString(),
            ["aud"] = AccessTokenVerifier.Audience,
            ["exp"] = expiresAt,
            ["iat"] = issuedAt,
            ["email"] = user.Email,
            ["phone"] = "",
            ["app_metadata"] = JsonNode.Parse(user.AppMetadata),
            ["user_metadata"] = JsonNode.Parse(user.UserMetadata),
            ["role"] = AccessTokenVerifier.Audience,
            ["aal"] = "aal1",
            ["amr"] = new JsonArray(new JsonObject
            {
                ["method"] = "password",
                ["timestamp"] = new DateTimeOffset(signedInAt).ToUnixTimeSeconds(),
            }),
            ["session_id"] = sessionId.ToString(),
            ["is_anonymous"] = false,
        };
        var key = await keys.CurrentAsync(cancellationToken);
        return new JsonObject
        {
            ["access_token"] = key.Sign(claims),
            ["token_type"] = "bearer",
            ["expires_in"] = (long)Lifetime.TotalSeconds,
            ["expires_at"] = expiresAt,
            ["refresh_token"] = refreshToken,
            ["user"] = user.ToJson(),
        };
    }
}
