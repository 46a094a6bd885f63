using Grpc.Core;
using KestrelVoice.LocalDapr.Api;
using KestrelVoice.LocalDapr.Resiliency;
using KestrelVoice.LocalDapr.Resources;
using KestrelVoice.LocalDapr.Storage;
using Microsoft.Data.Sqlite;

namespace KestrelVoice.LocalDapr.State;

/// <summary>A value as it is stored.</summary>
internal sealed record StateEntry(byte[] Value, string ETag, DateTimeOffset? ExpiresAt);

/// <summary>One write: an upsert, or a delete when there is no value.</summary>
internal sealed record StateChange(string Key, byte[]? Value, string? ETag, bool FirstWrite, IReadOnlyDictionary<string, string> Metadata);

/// <summary>One state component as one app sees it: keys carry its prefix, writes are durable when they return.</summary>
internal sealed class StateStore(Component component, string appId, string? @namespace, Journal journal, Policy policy, TimeProvider clock)
{
    private const string Separator = "||";

    private readonly string _prefix = component.Get("keyPrefix") switch
    {
        null or "appid" => appId + Separator,
        "name" => component.Name + Separator,
        "namespace" => (string.IsNullOrEmpty(@namespace) ? appId : $"{@namespace}.{appId}") + Separator,
        "none" => "",
        { } literal when !literal.Contains(Separator, StringComparison.Ordinal) => literal + Separator,
        { } literal => throw component.Refuse($"keyPrefix '{literal}' must not contain {Separator}"),
    };

    public string Name => component.Name;

    public StateEntry? Get(string key) => Guarded("ERR_STATE_GET", $"fail to get {key} from state store {Name}", () => Find(Full(key)));

    public IReadOnlyList<(string Key, StateEntry? Entry)> GetMany(IEnumerable<string> keys) =>
        Guarded("ERR_STATE_BULK_GET", $"fail to get from state store {Name}", () => keys.Select(key => (key, Find(Full(key)))).ToArray());

    /// <summary>All changes or none.</summary>
    public Task SaveAsync(IReadOnlyList<StateChange> changes, CancellationToken cancellationToken) =>
        WriteAsync(changes, failure => failure.ToApi("ERR_STATE_SAVE", $"failed saving state in state store {Name}"), cancellationToken);

    public Task DeleteAsync(StateChange change, CancellationToken cancellationToken) =>
        WriteAsync([change], failure => failure.ToApi("ERR_STATE_DELETE", $"failed deleting state with key {change.Key}"), cancellationToken);

    /// <summary>All changes or none; within a transaction every failure, a mismatched etag too, is the same error.</summary>
    public Task TransactAsync(IReadOnlyList<StateChange> changes, CancellationToken cancellationToken) => WriteAsync(
        changes,
        failure => new ApiException(500, StatusCode.Internal, "ERR_STATE_TRANSACTION", $"error while executing state transaction: {failure.Message}"),
        cancellationToken);

    /// <summary>Deletes what has outlived its TTL; readers no longer see it anyway.</summary>
    public static Task SweepAsync(Journal journal, TimeProvider clock)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        return journal.WriteAsync(statements => { statements.Execute("delete from state where expires_at <= $1", now); });
    }

    public static Task ForgetAsync(Journal journal, string store) =>
        journal.WriteAsync(statements => { statements.Execute("delete from state where store = $1", store); });

    private async Task WriteAsync(IReadOnlyList<StateChange> changes, Func<Failure, ApiException> explain, CancellationToken cancellationToken)
    {
        var rows = changes.Select(Prepare).ToArray();
        var attempt = await policy.RunAsync(
            async _ =>
            {
                try
                {
                    return Attempt<Failure?>.Success(await journal.WriteAsync(statements => Apply(statements, rows)));
                }
                catch (Exception exception) when (exception is SqliteException or InvalidOperationException)
                {
                    return Attempt<Failure?>.Failure(exception.Message);
                }
            },
            cancellationToken);
        var failure = attempt.Failed ? new Failure(FailureKind.Store, attempt.Reason!) : attempt.Value;
        if (failure is not null)
            throw explain(failure);
    }

    private Failure? Apply(Statements statements, Row[] rows)
    {
        if (rows.Length > 1)
            statements.Execute("savepoint changes");
        foreach (var row in rows)
        {
            if (Check(statements, row) is { } failure)
            {
                if (rows.Length > 1)
                    statements.Execute("rollback to changes");
                return failure;
            }
            Write(statements, row);
        }
        if (rows.Length > 1)
            statements.Execute("release changes");
        return null;
    }

    private Failure? Check(Statements statements, Row row)
    {
        var current = statements.Scalar<long?>(
            "select etag from state where store = $1 and key = $2 and (expires_at is null or expires_at > $3)", Name, row.Key, row.Now);
        if (row.ETag is { } expected)
            return current == expected
                ? null
                : new Failure(FailureKind.ETagMismatch, "possible etag mismatch. error from state store: the value has changed");
        return row.FirstWrite && current is not null
            ? new Failure(FailureKind.ETagMismatch, "possible etag mismatch. error from state store: the key already exists")
            : null;
    }

    private void Write(Statements statements, Row row)
    {
        if (row.Value is null)
        {
            statements.Execute("delete from state where store = $1 and key = $2", Name, row.Key);
            return;
        }
        var etag = statements.Scalar<long>("update etag_sequence set value = value + 1 returning value");
        statements.Execute(
            """
            insert into state (store, key, value, etag, expires_at) values ($1, $2, $3, $4, $5)
            on conflict (store, key) do update set value = excluded.value, etag = excluded.etag, expires_at = excluded.expires_at
            """,
            Name, row.Key, row.Value, etag, row.ExpiresAt);
    }

    private StateEntry? Find(string key)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        return journal.Read(statements => statements.Single(
            "select value, etag, expires_at from state where store = $1 and key = $2 and (expires_at is null or expires_at > $3)",
            row => new StateEntry(
                row.GetFieldValue<byte[]>(0),
                row.GetInt64(1).ToString(System.Globalization.CultureInfo.InvariantCulture),
                row.IsDBNull(2) ? null : DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2))),
            Name, key, now));
    }

    private Row Prepare(StateChange change)
    {
        var now = clock.GetUtcNow();
        long? expiresAt = change.Value is not null && TimeToLive(change) is { } ttl ? (now + ttl).ToUnixTimeMilliseconds() : null;
        return new Row(Full(change.Key), change.Value, ETag(change), change.FirstWrite, expiresAt, now.ToUnixTimeMilliseconds());
    }

    // An empty etag counts as none. Redis keeps whole numbers and calls anything else invalid; other stores just see a mismatch.
    private long? ETag(StateChange change)
    {
        if (string.IsNullOrEmpty(change.ETag))
            return null;
        if (long.TryParse(change.ETag, System.Globalization.CultureInfo.InvariantCulture, out var etag))
            return etag;
        if (component.Type == "state.redis")
            throw new ApiException(
                400, StatusCode.InvalidArgument, "ERR_STATE_SAVE", $"failed saving state in state store {Name}: invalid etag value: {change.ETag}");
        return long.MinValue;
    }

    private static TimeSpan? TimeToLive(StateChange change)
    {
        if (change.Metadata.GetValueOrDefault("ttlInSeconds") is not { Length: > 0 } text)
            return null;
        if (!int.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var seconds) || seconds < -1)
            throw ApiException.Malformed($"incorrect value for metadata 'ttlInSeconds': {text}");
        return seconds > 0 ? TimeSpan.FromSeconds(seconds) : null;
    }

    private string Full(string key)
    {
        if (key.Length == 0)
            throw ApiException.Malformed("\"key\" is a required field");
        if (key.Contains(Separator, StringComparison.Ordinal))
        {
            throw new ApiException(400, StatusCode.InvalidArgument, "ERR_MALFORMED_REQUEST", $"input key/keyPrefix '{key}' can't contain '{Separator}'")
            {
                Reason = "DAPR_STATE_ILLEGAL_KEY",
            };
        }
        return _prefix + key;
    }

    private static T Guarded<T>(string code, string message, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (SqliteException exception)
        {
            throw new ApiException(500, StatusCode.Internal, code, $"{message}: {exception.Message}");
        }
    }

    private enum FailureKind
    {
        ETagMismatch,
        Store,
    }

    private sealed record Row(string Key, byte[]? Value, long? ETag, bool FirstWrite, long? ExpiresAt, long Now);

    private sealed record Failure(FailureKind Kind, string Message)
    {
        public ApiException ToApi(string code, string context) => Kind == FailureKind.ETagMismatch
            ? new ApiException(409, StatusCode.Aborted, code, $"{context}: {Message}")
            : new ApiException(500, StatusCode.Internal, code, $"{context}: {Message}");
    }
}
