using System.Text.Json.Nodes;
using Dapper;
using Npgsql;

namespace KestrelVoice.Features.Identity.Embedded;

/// <summary>Sessions of the embedded identity: begun by a password, carried on by refresh tokens, ended by signing out.</summary>
internal sealed class Sessions(NpgsqlDataSource database, AccessTokenWriter tokens, TimeProvider clock)
{
    internal static readonly TimeSpan LongestIdle = TimeSpan.FromDays(30);

    internal abstract record Refreshed
    {
        private Refreshed() { }

        internal sealed record Session(JsonObject Json) : Refreshed;
        internal sealed record NotFound : Refreshed;
        internal sealed record AlreadyUsed : Refreshed;
        internal sealed record TooOld : Refreshed;
        internal sealed record Banned : Refreshed;
        internal sealed record Busy : Refreshed;
    }

    // Rows stay a while, so that whoever comes late is told that the session is over rather than that it never was.
    private static readonly TimeSpan KeptWhenOver = TimeSpan.FromDays(1);

    private sealed record Row(Guid Id, byte[] RefreshSecret, int Generation, DateTime CreatedAt, DateTime RefreshedAt);

    private sealed record Presented(Guid SessionId, int Generation);

    private const string Begin =
        """
        insert into identity.sessions (id, user_id, refresh_secret, generation, created_at, refreshed_at)
        values (@Id, @UserId, @Secret, 0, @Now, @Now);
        insert into identity.refresh_tokens (hash, session_id, generation, created_at) values (@Hash, @Id, 0, @Now);
        update identity.users set last_sign_in_at = @Now, updated_at = @Now where id = @UserId
        """;

    private const string FindToken =
        """
        set local lock_timeout = '5s';
        select session_id, generation from identity.refresh_tokens where hash = @Hash
        """;

    private const string LockSession =
        """
        select id, refresh_secret, generation, created_at, refreshed_at from identity.sessions where id = @SessionId for update
        """;

    private const string FindUser =
        $"select {AuthUser.Columns} from identity.users u join identity.sessions s on s.user_id = u.id where s.id = @SessionId";

    private const string Advance =
        """
        insert into identity.refresh_tokens (hash, session_id, generation, created_at) values (@Hash, @SessionId, @Generation, @Now);
        update identity.sessions set generation = @Generation, refreshed_at = @Now where id = @SessionId
        """;

    private const string End = "delete from identity.sessions where id = @SessionId";

    private const string EndByToken =
        "delete from identity.sessions where id = (select session_id from identity.refresh_tokens where hash = @Hash)";

    private const string EndAll = "delete from identity.sessions where user_id = @UserId";

    private const string EndOthers = "delete from identity.sessions where user_id = @UserId and id <> @SessionId";

    private const string EndIdle = "delete from identity.sessions where refreshed_at < @Before";

    internal async Task<JsonObject> BeginAsync(AuthUser user, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        var token = RefreshToken.First();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            Begin,
            new { Id = id, UserId = user.Id, Secret = RefreshToken.NewSecret(), Hash = RefreshToken.Hash(token), Now = now.UtcDateTime },
            cancellationToken: cancellationToken));
        return await tokens.WriteSessionAsync(user with { LastSignInAt = now.UtcDateTime }, id, now.UtcDateTime, token, cancellationToken);
    }

    internal async Task<Refreshed> RefreshAsync(string token, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        try
        {
            var outcome = await RefreshAsync(connection, transaction, token, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return outcome;
        }
        catch (PostgresException locked) when (locked.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            return new Refreshed.Busy();
        }
    }

    internal Task EndAsync(Guid sessionId, CancellationToken cancellationToken) =>
        ExecuteAsync(End, new { SessionId = sessionId }, cancellationToken);

    internal Task EndByTokenAsync(string refreshToken, CancellationToken cancellationToken) =>
        ExecuteAsync(EndByToken, new { Hash = RefreshToken.Hash(refreshToken) }, cancellationToken);

    internal Task EndAllAsync(Guid userId, CancellationToken cancellationToken) =>
        ExecuteAsync(EndAll, new { UserId = userId }, cancellationToken);

    internal Task EndOthersAsync(Guid userId, Guid sessionId, CancellationToken cancellationToken) =>
        ExecuteAsync(EndOthers, new { UserId = userId, SessionId = sessionId }, cancellationToken);

    internal Task EndIdleAsync(CancellationToken cancellationToken) =>
        ExecuteAsync(EndIdle, new { Before = (clock.GetUtcNow() - LongestIdle - KeptWhenOver).UtcDateTime }, cancellationToken);

    private async Task<Refreshed> RefreshAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string token, CancellationToken cancellationToken)
    {
        CommandDefinition Sql(string sql, object parameters) => new(sql, parameters, transaction, cancellationToken: cancellationToken);

        if (await connection.QuerySingleOrDefaultAsync<Presented>(Sql(FindToken, new { Hash = RefreshToken.Hash(token) })) is not { } presented
            || await connection.QuerySingleOrDefaultAsync<Row>(Sql(LockSession, new { presented.SessionId })) is not { } session
            || await connection.QuerySingleOrDefaultAsync<AuthUser>(Sql(FindUser, new { presented.SessionId })) is not { } user)
            return new Refreshed.NotFound();

        var now = clock.GetUtcNow();
        var sinceRefresh = now.UtcDateTime - session.RefreshedAt;
        if (sinceRefresh > LongestIdle)
        {
            await connection.ExecuteAsync(Sql(End, new { presented.SessionId }));
            return new Refreshed.TooOld();
        }
        if (user.IsBanned(now))
            return new Refreshed.Banned();

        var behind = session.Generation - presented.Generation;
        switch (RefreshToken.Judge(presented.Generation, session.Generation, sinceRefresh))
        {
            case RefreshToken.Verdict.Stolen:
                await connection.ExecuteAsync(Sql(End, new { presented.SessionId }));
                return new Refreshed.AlreadyUsed();
            case RefreshToken.Verdict.Rotate:
                var next = RefreshToken.Next(session.RefreshSecret, token);
                await connection.ExecuteAsync(Sql(Advance, new
                {
                    Hash = RefreshToken.Hash(next),
                    presented.SessionId,
                    Generation = session.Generation + 1,
                    Now = now.UtcDateTime,
                }));
                return await SessionAsync(next);
            default:
                return await SessionAsync(RefreshToken.Later(session.RefreshSecret, token, behind));
        }

        async Task<Refreshed> SessionAsync(string current) => new Refreshed.Session(
            await tokens.WriteSessionAsync(user, session.Id, session.CreatedAt, current, cancellationToken));
    }

    private async Task ExecuteAsync(string sql, object parameters, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(sql, parameters, cancellationToken: cancellationToken));
    }
}
