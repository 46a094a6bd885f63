using System.Security.Cryptography;
using Dapper;
using FluentValidation;
using KestrelVoice.Features.Identity.Credentials;
using KestrelVoice.Features.Identity.Embedded;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.Extensions.Options;
using Npgsql;

namespace KestrelVoice.Features.Identity;

/// <summary>The demo tenant's owner and API key. Seeding again gives both new secrets and ends what the old ones opened.</summary>
public static class SeedDemoMember
{
    /// <param name="TenantId">A tenant that exists.</param>
    /// <param name="Email">The member's address.</param>
    public sealed record Command(Guid TenantId, string Email) : IRequest<Response>;

    /// <param name="Password">Null with an external Supabase project, where members are made there.</param>
    /// <param name="ApiKey">With every scope.</param>
    public sealed record Response(string? Password, string ApiKey);

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.TenantId).NotEmpty();
            RuleFor(command => command.Email).Must(email => AuthUser.IsEmail(AuthUser.Normal(email)));
        }
    }

    internal sealed class Handler(
        NpgsqlDataSource source, TenantDatabase database, Passwords passwords, IOptions<AuthOptions> options, TimeProvider clock)
        : IRequestHandler<Command, Response>
    {
        private const string KeyName = "Demo key";
        private const int PasswordLength = 20;

        // No characters that look alike: people type this one.
        private const string PasswordAlphabet = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

        private const string UpsertUser =
            """
            insert into identity.users (id, email, password_hash, app_metadata, user_metadata, email_confirmed_at, created_at, updated_at)
            values (@Id, @Email, @PasswordHash, @AppMetadata::jsonb, '{}', @Now, @Now, @Now)
            on conflict (email) do update
            set password_hash = excluded.password_hash, app_metadata = excluded.app_metadata, updated_at = excluded.updated_at
            returning id;
            """;

        private const string EndSessions = "delete from identity.sessions where user_id = @Id";

        private const string UpsertMember =
            """
            insert into members (tenant_id, user_id, role, created_at) values (@TenantId, @UserId, 'owner', @Now)
            on conflict (tenant_id, user_id) do nothing
            """;

        private const string ReplaceKey =
            """
            update api_keys set revoked_at = @Now where tenant_id = @TenantId and name = @Name and created_by is null and revoked_at is null;
            insert into api_keys (tenant_id, id, lookup_id, hash, prefix, last4, name, scopes, created_at)
            values (@TenantId, @Id, @LookupId, @Hash, @Prefix, @Last4, @Name, @Scopes, @Now)
            """;

        public async Task<Response> Handle(Command command, CancellationToken cancellationToken)
        {
            var password = options.Value.IsEmbedded ? RandomNumberGenerator.GetString(PasswordAlphabet, PasswordLength) : null;
            Guid? userId = password is null ? null : await UpsertUserAsync(command, password, cancellationToken);

            var now = clock.GetUtcNow();
            var key = ApiKeyText.Create();
            await using var transaction = await database.BeginAsync(command.TenantId, cancellationToken);
            if (userId is not null)
                await transaction.ExecuteAsync(UpsertMember, new { UserId = userId, Now = now.UtcDateTime }, cancellationToken);
            await transaction.ExecuteAsync(ReplaceKey, new
            {
                Id = Guid.CreateVersion7(now),
                key.LookupId,
                Hash = key.Hash(),
                key.Prefix,
                key.Last4,
                Name = KeyName,
                Scopes = new[] { Principal.Read, Principal.Write },
                Now = now.UtcDateTime,
            }, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return new Response(password, key.Text);
        }

        private async Task<Guid> UpsertUserAsync(Command command, string password, CancellationToken cancellationToken)
        {
            var now = clock.GetUtcNow();
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            var id = await connection.QuerySingleAsync<Guid>(new CommandDefinition(
                UpsertUser,
                new
                {
                    Id = Guid.CreateVersion7(now),
                    Email = AuthUser.Normal(command.Email),
                    PasswordHash = passwords.Hash(password),
                    AppMetadata = AuthUser.NewAppMetadata(command.TenantId),
                    Now = now.UtcDateTime,
                },
                cancellationToken: cancellationToken));
            await connection.ExecuteAsync(new CommandDefinition(EndSessions, new { Id = id }, cancellationToken: cancellationToken));
            return id;
        }
    }
}
