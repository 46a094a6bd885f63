using Dapper;
using KestrelVoice.Features.Identity.Credentials;
using Npgsql;

namespace KestrelVoice.Features.Identity.Embedded;

/// <summary>The user behind an access token, read afresh: these few routes do not go by what was true a second ago.</summary>
internal sealed class Users(NpgsqlDataSource database)
{
    private const string Find =
        $"""
        select {AuthUser.Columns} from identity.users u where u.id = @UserId;
        select exists (select 1 from identity.sessions where id = @SessionId and user_id = @UserId)
        """;

    internal sealed record Found(AuthUser? User, bool SessionLives);

    internal async Task<Found> FindAsync(AccessToken token, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
            Find, new { token.UserId, token.SessionId }, cancellationToken: cancellationToken));
        var user = await results.ReadSingleOrDefaultAsync<AuthUser>();
        return new Found(user, await results.ReadSingleAsync<bool>());
    }
}
