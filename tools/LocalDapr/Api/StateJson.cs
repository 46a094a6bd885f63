using System.Globalization;
using System.Text.Json;
using Grpc.Core;
using KestrelVoice.LocalDapr.State;

namespace KestrelVoice.LocalDapr.Api;

/// <summary>The bodies of the state API over HTTP.</summary>
internal static class StateJson
{
    public static StateChange ReadUpsert(JsonElement item, IReadOnlyDictionary<string, string> shared)
    {
        var value = item.Member("value") is { } given ? System.Text.Encoding.UTF8.GetBytes(given.GetRawText()) : "null"u8.ToArray();
        return Read(item, value, shared);
    }

    public static StateChange ReadDeletion(JsonElement item, IReadOnlyDictionary<string, string> shared) => Read(item, null, shared);

    public static StateChange ReadOperation(JsonElement operation, IReadOnlyDictionary<string, string> shared)
    {
        var request = operation.Member("request") is { ValueKind: JsonValueKind.Object } given
            ? given
            : throw ApiException.Malformed("an operation has no request");
        return operation.TextOf("operation") switch
        {
            "upsert" => ReadUpsert(request, shared),
            "delete" => ReadDeletion(request, shared),
            var other => throw UnknownOperation(other ?? ""),
        };
    }

    public static ApiException UnknownOperation(string operation) =>
        new(400, StatusCode.Unimplemented, "ERR_NOT_SUPPORTED_STATE_OPERATION", $"operation type {operation} not supported");

    public static Dictionary<string, string> MetadataOf(StateEntry entry) => entry.ExpiresAt is { } expiry
        ? new Dictionary<string, string> { ["ttlExpireTime"] = expiry.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) }
        : [];

    public static bool IsFirstWrite(string? concurrency) => concurrency switch
    {
        null or "" or "last-write" => false,
        "first-write" => true,
        _ => throw ApiException.Malformed($"unrecognized concurrency: {concurrency}"),
    };

    private static StateChange Read(JsonElement item, byte[]? value, IReadOnlyDictionary<string, string> shared)
    {
        if (item.ValueKind != JsonValueKind.Object)
            throw ApiException.Malformed("an item is not an object");
        var options = item.Member("options");
        return new StateChange(
            item.TextOf("key") ?? "", value, item.TextOf("etag"),
            IsFirstWrite(options is { ValueKind: JsonValueKind.Object } given ? given.TextOf("concurrency") : null),
            BulkPublish.Merged(item.TextMap("metadata"), shared));
    }
}
