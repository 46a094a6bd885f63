using System.Text.Json.Nodes;

namespace KestrelVoice.Features.Identity.Embedded;

/// <summary>A row of <c>identity.users</c>.</summary>
internal sealed record AuthUser(
    Guid Id, string Email, string PasswordHash, string AppMetadata, string UserMetadata, DateTime? BannedUntil,
    DateTime EmailConfirmedAt, DateTime? LastSignInAt, DateTime CreatedAt, DateTime UpdatedAt)
{
    internal const string Columns =
        "u.id, u.email, u.password_hash, u.app_metadata::text, u.user_metadata::text, u.banned_until, "
        + "u.email_confirmed_at, u.last_sign_in_at, u.created_at, u.updated_at";

    internal bool IsBanned(DateTimeOffset now) => BannedUntil > now.UtcDateTime;

    /// <summary>Addresses differ only by case when they are the same mailbox, as everywhere in practice.</summary>
    internal static string Normal(string email) => email.Trim().ToLowerInvariant();

    internal static bool IsEmail(string email) =>
        email.Length is >= 3 and <= 254
        && email.IndexOf('@', StringComparison.Ordinal) is > 0 and var at
        && at == email.LastIndexOf('@') && at < email.Length - 1
        && !email.Any(character => char.IsWhiteSpace(character) || char.IsControl(character));

    /// <summary>Also names the tenant that a member of several acts in when a request names none.</summary>
    internal static string NewAppMetadata(Guid tenantId) => new JsonObject
    {
        ["provider"] = "email",
        ["providers"] = new JsonArray("email"),
        ["tenant_id"] = tenantId.ToString(),
    }.ToJsonString();

    /// <summary>As Supabase Auth shows a user.</summary>
    internal JsonObject ToJson()
    {
        var user = new JsonObject
        {
            ["id"] = Id.ToString(),
            ["aud"] = Credentials.AccessTokenVerifier.Audience,
            ["role"] = Credentials.AccessTokenVerifier.Audience,
            ["email"] = Email,
            ["email_confirmed_at"] = EmailConfirmedAt,
            ["phone"] = "",
            ["confirmed_at"] = EmailConfirmedAt,
            ["last_sign_in_at"] = LastSignInAt,
            ["app_metadata"] = JsonNode.Parse(AppMetadata),
            ["user_metadata"] = JsonNode.Parse(UserMetadata),
            ["identities"] = new JsonArray(new JsonObject
            {
                ["identity_id"] = Id.ToString(),
                ["id"] = Id.ToString(),
                ["user_id"] = Id.ToString(),
                ["identity_data"] = new JsonObject
                {
                    ["email"] = Email,
                    ["email_verified"] = true,
                    ["phone_verified"] = false,
                    ["sub"] = Id.ToString(),
                },
                ["provider"] = "email",
                ["last_sign_in_at"] = LastSignInAt,
                ["created_at"] = CreatedAt,
                ["updated_at"] = UpdatedAt,
                ["email"] = Email,
            }),
            ["created_at"] = CreatedAt,
            ["updated_at"] = UpdatedAt,
            ["is_anonymous"] = false,
        };
        if (BannedUntil is { } until)
            user["banned_until"] = until;
        return user;
    }
}
