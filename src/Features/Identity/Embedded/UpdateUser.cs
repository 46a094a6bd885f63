using System.Text.Json;
using System.Text.Json.Nodes;
using Carter;
using Dapper;
using KestrelVoice.Features.Identity.Credentials;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace KestrelVoice.Features.Identity.Embedded;

/// <summary><c>PUT /auth/v1/user</c>: a new address, password, or data. A new password ends all other sessions.</summary>
internal static class UpdateUser
{
    /// <summary>Every access token carries the data, and tokens have to fit where cookies and headers go.</summary>
    private const int LargestData = 2048;

    private const string Update =
        """
        update identity.users
        set email = @Email, password_hash = @PasswordHash, user_metadata = @UserMetadata::jsonb, updated_at = @Now
        where id = @Id
        """;

    private const string EndOthers =
        "delete from identity.sessions where @PasswordChanged and user_id = @Id and id <> @SessionId";

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app.MapAuth(HttpMethods.Put, "/user", Handle);
    }

    internal static async Task<IResult> Handle(
        HttpContext context, AccessTokenVerifier verifier, Users users, Passwords passwords, NpgsqlDataSource database, TimeProvider clock)
    {
        var (token, refusal) = await AuthRoutes.BearerAsync(context.Request, verifier);
        if (token is null)
            return refusal!;
        if (await AuthRoutes.BodyAsync(context.Request) is not { } body)
            return AuthRoutes.BadJson;
        var (user, sessionLives) = await users.FindAsync(token, context.RequestAborted);
        if (user is null || !sessionLives)
            return AuthError.SessionNotFound;
        if (user.IsBanned(clock.GetUtcNow()))
            return AuthError.UserBanned;

        if (Check(body) is { } invalid)
            return invalid;
        if (await CheckPasswordAsync(body, user, passwords, context.RequestAborted) is { } badPassword)
            return badPassword;

        var password = body.Text("password");
        var changed = user with
        {
            Email = body.Text("email") is { } email ? AuthUser.Normal(email) : user.Email,
            PasswordHash = password is null ? user.PasswordHash : passwords.Hash(password),
            UserMetadata = Merge(user.UserMetadata, body),
            UpdatedAt = clock.GetUtcNow().UtcDateTime,
        };
        if (changed.UserMetadata.Length > LargestData)
            return AuthError.Validation($"data must not be larger than {LargestData} characters");
        var fault = await StoreAsync(changed, password is not null, token.SessionId!.Value, database, context.RequestAborted);
        return fault is null ? AuthRoutes.Json(changed.ToJson()) : fault;
    }

    private static AuthError? Check(JsonElement body)
    {
        if (body.TryGetProperty("app_metadata", out var admin) && admin.ValueKind is not JsonValueKind.Null)
            return new AuthError(StatusCodes.Status403Forbidden, "not_admin", "Updating app_metadata requires admin privileges");
        if (body.Text("phone") is not null)
            return new AuthError(StatusCodes.Status422UnprocessableEntity, "phone_provider_disabled", "Phone numbers are not supported");
        if (body.Text("email") is { } email && !AuthUser.IsEmail(AuthUser.Normal(email)))
            return AuthError.Validation("Unable to validate email address: invalid format");
        if (body.TryGetProperty("data", out var data) && data.ValueKind is not (JsonValueKind.Object or JsonValueKind.Null))
            return AuthError.Validation("data must be an object");
        return null;
    }

    private static async Task<AuthError?> CheckPasswordAsync(
        JsonElement body, AuthUser user, Passwords passwords, CancellationToken cancellationToken)
    {
        if (body.Text("password") is not { } password)
            return null;
        if (password.Length is < Passwords.Shortest or > Passwords.Longest)
            return new AuthError(
                StatusCodes.Status422UnprocessableEntity, "weak_password",
                $"Password should be {Passwords.Shortest} to {Passwords.Longest} characters.",
                new JsonObject { ["reasons"] = new JsonArray("length") });
        if (body.Text("current_password") is { } current
            && await passwords.CheckAsync(user.PasswordHash, current, cancellationToken) is Passwords.Verdict.Wrong)
            return new AuthError(StatusCodes.Status400BadRequest, "current_password_invalid", "Current password is invalid");
        return await passwords.CheckAsync(user.PasswordHash, password, cancellationToken) is Passwords.Verdict.Wrong
            ? null
            : new AuthError(
                StatusCodes.Status422UnprocessableEntity, "same_password", "New password should be different from the old password.");
    }

    private static string Merge(string metadata, JsonElement body)
    {
        if (!body.TryGetProperty("data", out var data) || data.ValueKind is not JsonValueKind.Object)
            return metadata;
        var merged = JsonNode.Parse(metadata)!.AsObject();
        foreach (var member in data.EnumerateObject())
        {
            if (member.Value.ValueKind is JsonValueKind.Null)
                merged.Remove(member.Name);
            else
                merged[member.Name] = JsonNode.Parse(member.Value.GetRawText());
        }
        return merged.ToJsonString();
    }

    private static async Task<AuthError?> StoreAsync(
        AuthUser user, bool passwordChanged, Guid sessionId, NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            await connection.ExecuteAsync(new CommandDefinition(
                Update + ";\n" + EndOthers,
                new
                {
                    user.Id,
                    user.Email,
                    user.PasswordHash,
                    user.UserMetadata,
                    Now = user.UpdatedAt,
                    PasswordChanged = passwordChanged,
                    SessionId = sessionId,
                },
                cancellationToken: cancellationToken));
            return null;
        }
        catch (PostgresException taken) when (taken is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "users_email_key" })
        {
            return new AuthError(
                StatusCodes.Status422UnprocessableEntity, "email_exists", "A user with this email address has already been registered");
        }
        catch (PostgresException unstorable) when (unstorable.SqlState.StartsWith("22", StringComparison.Ordinal))
        {
            // JSON may hold characters that the database's text cannot.
            return AuthError.Validation("data holds characters that cannot be stored");
        }
    }
}
