using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Dapper;
using KestrelVoice.Features.Kernel.Secrets;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace KestrelVoice.Features.Identity.Embedded;

/// <summary>
/// The embedded identity's keys: made on first use, sealed in the database, replaced in time, and published as long as a token may bear them.
/// </summary>
internal sealed partial class SigningKeys(NpgsqlDataSource database, Envelope envelope, TimeProvider clock, ILogger<SigningKeys> logger) : IDisposable
{
    internal static readonly TimeSpan UsedFor = TimeSpan.FromDays(90);

    /// <summary>Verifiers that cache the published keys have seen a new one by then.</summary>
    internal static readonly TimeSpan Announced = TimeSpan.FromMinutes(25);
    private static readonly TimeSpan ReadAgainAfter = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan PublishedAfterUse = AccessTokenWriter.Lifetime + TimeSpan.FromMinutes(15);
    private const long CreationLock = 0x6B767369676E;

    private const string List =
        "select kid, public_jwk::text, private_key, active_from from identity.signing_keys order by active_from desc, kid";

    private const string Insert =
        """
        insert into identity.signing_keys (kid, public_jwk, private_key, active_from, created_at)
        values (@Kid, @PublicJwk::jsonb, @PrivateKey, @ActiveFrom, @CreatedAt)
        """;

    private const string Retire = "delete from identity.signing_keys where kid = any(@Kids)";

    private readonly SemaphoreSlim _reading = new(1, 1);
    private readonly Dictionary<string, SigningKey> _opened = new(StringComparer.Ordinal);
    private Known? _known;

    private sealed record Row(string Kid, string PublicJwk, string PrivateKey, DateTime ActiveFrom);

    private sealed record Known(IReadOnlyList<Row> Rows, DateTimeOffset ReadAt);

    internal async Task<SigningKey> CurrentAsync(CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            var rows = await RowsAsync(cancellationToken);
            return Usable(rows) ?? Usable(await CreateFirstAsync(cancellationToken))
                ?? throw new CryptographicException("A signing key that was just made does not open.");
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>The JSON Web Key Set.</summary>
    internal async Task<string> PublishedAsync(CancellationToken cancellationToken)
    {
        await CurrentAsync(cancellationToken);
        var keys = new JsonArray([.. Volatile.Read(ref _known)!.Rows.Select(row => JsonNode.Parse(row.PublicJwk))]);
        return new JsonObject { ["keys"] = keys }.ToJsonString();
    }

    /// <summary>Announces the next key when the newest has served its time, and withdraws those that no live token bears.</summary>
    internal async Task RotateWhenDueAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await LockAsync(connection, cancellationToken);
        var rows = await ReadAsync(connection, transaction, cancellationToken);
        var now = clock.GetUtcNow();
        if (rows.Count == 0)
            return;
        if (rows[0].ActiveFrom + UsedFor <= now.UtcDateTime)
            await AddAsync(connection, transaction, now + Announced, cancellationToken);

        var spent = rows
            .Where((_, index) => index > 0 && rows[index - 1].ActiveFrom + PublishedAfterUse <= now.UtcDateTime)
            .Select(row => row.Kid).ToArray();
        if (spent.Length > 0)
            await connection.ExecuteAsync(new CommandDefinition(Retire, new { Kids = spent }, transaction, cancellationToken: cancellationToken));
        await transaction.CommitAsync(cancellationToken);
    }

    public void Dispose()
    {
        _reading.Dispose();
        foreach (var key in _opened.Values)
            key.Dispose();
    }

    private async Task<IReadOnlyList<Row>> RowsAsync(CancellationToken cancellationToken)
    {
        if (_known is { } known && clock.GetUtcNow() - known.ReadAt < ReadAgainAfter)
            return known.Rows;
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return Remember(await ReadAsync(connection, null, cancellationToken));
    }

    private async Task<IReadOnlyList<Row>> CreateFirstAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await LockAsync(connection, cancellationToken);
        var rows = await ReadAsync(connection, transaction, cancellationToken);
        if (Usable(rows) is null)
        {
            await AddAsync(connection, transaction, clock.GetUtcNow(), cancellationToken);
            rows = await ReadAsync(connection, transaction, cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
        return Remember(rows);
    }

    private IReadOnlyList<Row> Remember(IReadOnlyList<Row> rows)
    {
        Volatile.Write(ref _known, new Known(rows, clock.GetUtcNow()));
        return rows;
    }

    private SigningKey? Usable(IReadOnlyList<Row> rows)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        return rows.Where(row => row.ActiveFrom <= now).Select(Open).FirstOrDefault(key => key is not null);
    }

    private SigningKey? Open(Row row)
    {
        if (_opened.TryGetValue(row.Kid, out var known))
            return known;
        try
        {
            return _opened[row.Kid] = SigningKey.FromPkcs8(envelope.Open(row.PrivateKey, Context(row.Kid)));
        }
        catch (CryptographicException)
        {
            // Its tokens stay valid, since the public half is still published; new ones need a key we can read.
            LogUnreadable(logger, row.Kid);
            return null;
        }
    }

    private async Task AddAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, DateTimeOffset activeFrom, CancellationToken cancellationToken)
    {
        using var key = SigningKey.Create();
        await connection.ExecuteAsync(new CommandDefinition(Insert, new
        {
            key.Kid,
            key.PublicJwk,
            PrivateKey = envelope.Seal(key.ToPkcs8(), Context(key.Kid)),
            ActiveFrom = activeFrom.UtcDateTime,
            CreatedAt = clock.GetUtcNow().UtcDateTime,
        }, transaction, cancellationToken: cancellationToken));
        LogMade(logger, key.Kid, activeFrom);
    }

    private static async Task<NpgsqlTransaction> LockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            "select pg_advisory_xact_lock(@CreationLock)", new { CreationLock }, transaction, cancellationToken: cancellationToken));
        return transaction;
    }

    private static async Task<IReadOnlyList<Row>> ReadAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        [.. await connection.QueryAsync<Row>(new CommandDefinition(List, null, transaction, cancellationToken: cancellationToken))];

    private static string Context(string kid) => "identity|signing-key|" + kid;

    [LoggerMessage(Level = LogLevel.Information, Message = "Made signing key {Kid}, in use from {ActiveFrom}")]
    private static partial void LogMade(ILogger logger, string kid, DateTimeOffset activeFrom);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Signing key {Kid} does not open with the configured Encryption:Keys")]
    private static partial void LogUnreadable(ILogger logger, string kid);
}
