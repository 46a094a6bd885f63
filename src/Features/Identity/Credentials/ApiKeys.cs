using System.Security.Cryptography;
using Dapper;
using KestrelVoice.Features.Kernel;
using Npgsql;

namespace KestrelVoice.Features.Identity.Credentials;

/// <summary>Whose an API key is. Unknown, revoked and expired keys take the same way to the same answer.</summary>
internal sealed class ApiKeys(NpgsqlDataSource database, ApiKeyUse use, TimeProvider clock)
{
    private const string Find =
        "select tenant_id, id, hash, array_to_string(scopes, ' ') as scopes, expires_at, revoked_at, plan, mode from find_api_key(@LookupId)";

    private const int Remembered = 20_000;

    /// <summary>Also the longest that a revoked key may still be taken by another copy of the host.</summary>
    private static readonly TimeSpan RememberedFor = TimeSpan.FromSeconds(1);
    private static readonly byte[] NobodysHash = new byte[SHA256.HashSizeInBytes];

    private readonly RecentAnswers<string, Row?> _recent = new(clock, RememberedFor, Remembered);

    private sealed record Row(Guid TenantId, Guid Id, byte[] Hash, string Scopes, DateTime? ExpiresAt, DateTime? RevokedAt, string Plan, string Mode);

    internal async Task<Principal?> ResolveAsync(string text, CancellationToken cancellationToken)
    {
        if (!ApiKeyText.TryParse(text, out var key))
            return null;
        var row = await _recent.GetAsync(key.LookupId, FindAsync, cancellationToken);
        var matches = CryptographicOperations.FixedTimeEquals(key.Hash(), row?.Hash ?? NobodysHash);
        var now = clock.GetUtcNow();
        if (row is null || !matches || row.RevokedAt is not null || row.ExpiresAt <= now.UtcDateTime)
            return null;
        use.Note(row.Id, now);
        return new Principal(
            row.TenantId, PrincipalKind.ApiKey, row.Id, Email: null, Role: null, row.Scopes.Split(' '), PlanNames.Read(row.Plan), ModeNames.Read(row.Mode));
    }

    /// <summary>For the copy of the host that revokes it, at once.</summary>
    internal void Forget(string lookupId) => _recent.Forget(lookupId);

    private async Task<Row?> FindAsync(string lookupId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
            Find, new { LookupId = lookupId }, cancellationToken: cancellationToken));
    }
}
