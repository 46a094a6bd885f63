using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace KestrelVoice.Features.Identity.Credentials;

/// <summary>One tenant of a member, with the role there.</summary>
internal sealed record Membership(Guid TenantId, string TenantName, string Role, string Plan);

/// <summary>Our own word on who belongs where, and whether an embedded session still lives: asked at most once a second for each session.</summary>
internal sealed class Memberships(NpgsqlDataSource database, IOptions<AuthOptions> options, TimeProvider clock)
{
    private const string Find =
        """
        select tenant_id, tenant_name, role, plan from memberships_of(@UserId);
        select exists (select 1 from identity.sessions where id = @SessionId and user_id = @UserId)
        """;

    private const int Remembered = 20_000;
    private static readonly TimeSpan RememberedFor = TimeSpan.FromSeconds(1);

    private readonly RecentAnswers<(Guid UserId, Guid? SessionId), Standing> _recent = new(clock, RememberedFor, Remembered);

    /// <param name="SessionLives">Always true for tokens of an external project, whose sessions are not ours to see.</param>
    /// <param name="Tenants">Oldest membership first.</param>
    internal sealed record Standing(bool SessionLives, IReadOnlyList<Membership> Tenants);

    internal Task<Standing> OfAsync(AccessToken token, CancellationToken cancellationToken) =>
        _recent.GetAsync((token.UserId, token.SessionId), FindAsync, cancellationToken);

    private async Task<Standing> FindAsync((Guid UserId, Guid? SessionId) asked, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
            Find, new { asked.UserId, asked.SessionId }, cancellationToken: cancellationToken));
        var tenants = (await results.ReadAsync<Membership>()).AsList();
        var lives = await results.ReadSingleAsync<bool>();
        return new Standing(lives || !options.Value.IsEmbedded, tenants);
    }
}
