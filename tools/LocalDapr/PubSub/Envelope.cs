using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace KestrelVoice.LocalDapr.PubSub;

/// <summary>Builds the CloudEvents envelope a publish is stored as.</summary>
internal static class Envelope
{
    private const string EventType = "com.dapr.event.sent";

    /// <exception cref="BadEnvelopeException">The body or a metadata value does not make an envelope.</exception>
    public static byte[] Build(PublishRequest request, string appId, TraceContext trace, DateTimeOffset now, bool nativeTtl)
    {
        var metadata = request.Metadata;
        if (metadata.GetValueOrDefault("rawPayload") is { } raw && ParseFlag("rawPayload", raw))
            return request.Data;
        var members = IsCloudEvent(request.ContentType)
            ? Adopt(request, trace, now)
            : Wrap(request, appId, trace, now);
        foreach (var attribute in (string[])["id", "source", "type", "subject", "traceid", "traceparent", "tracestate"])
        {
            if (metadata.GetValueOrDefault("cloudevent." + attribute) is { Length: > 0 } value)
                members[attribute] = value;
        }
        members["topic"] = request.Topic;
        members["pubsubname"] = request.PubSub;
        if (!nativeTtl && TimeToLive(metadata) is { } ttl)
            members["expiration"] = Timestamp(now + ttl);
        try
        {
            return GoJson.Write(members);
        }
        catch (InvalidOperationException)
        {
            throw new BadEnvelopeException("the body holds a name or a text that is not valid Unicode");
        }
    }

    public static bool IsCloudEvent(string contentType) => MediaType(contentType) == "application/cloudevents+json";

    public static bool IsJson(string contentType) => MediaType(contentType) == "application/json";

    public static bool IsBinary(string contentType) => MediaType(contentType) is "application/octet-stream" or "application/cloudevents+protobuf";

    private static Dictionary<string, object?> Wrap(PublishRequest request, string appId, TraceContext trace, DateTimeOffset now)
    {
        var contentType = request.ContentType.Length == 0 ? "text/plain" : request.ContentType;
        var members = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["id"] = Guid.CreateVersion7(now).ToString(),
            ["source"] = appId,
            ["type"] = EventType,
            ["specversion"] = "1.0",
            ["datacontenttype"] = contentType,
            ["time"] = Timestamp(now),
            ["traceid"] = trace.TraceParent,
            ["traceparent"] = trace.TraceParent,
            ["tracestate"] = trace.TraceState,
        };
        if (IsBinary(contentType))
            members["data_base64"] = Convert.ToBase64String(request.Data);
        else if (IsJson(contentType) && TryParse(request.Data) is { } value)
            members["data"] = value;
        else
            members["data"] = Encoding.UTF8.GetString(request.Data);
        return members;
    }

    private static Dictionary<string, object?> Adopt(PublishRequest request, TraceContext trace, DateTimeOffset now)
    {
        if (TryParse(request.Data) is not { ValueKind: JsonValueKind.Object } given)
            throw new BadEnvelopeException("the body is not a CloudEvent in JSON");
        var members = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var member in given.EnumerateObject())
            members[member.Name] = member.Value;
        if (Missing("traceid"))
        {
            members["traceid"] = trace.TraceParent;
            members["traceparent"] = trace.TraceParent;
        }
        if (Missing("tracestate"))
            members["tracestate"] = trace.TraceState;
        if (Missing("time"))
            members["time"] = Timestamp(now);
        if (Missing("source"))
            members["source"] = "Dapr";
        if (Missing("type"))
            members["type"] = EventType;
        if (Missing("specversion"))
            members["specversion"] = "1.0";
        return members;

        bool Missing(string name) => members.GetValueOrDefault(name) is not JsonElement element
            || element.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined
            || (element.ValueKind == JsonValueKind.String && element.GetString()!.Length == 0);
    }

    /// <summary>The envelope made for a subscriber of raw payloads, anew at every delivery.</summary>
    public static byte[] ForRaw(byte[] data, string pubSub, string topic, DateTimeOffset now) => GoJson.Write(new Dictionary<string, object?>
    {
        ["id"] = Guid.CreateVersion7(now).ToString(),
        ["source"] = "Dapr",
        ["type"] = EventType,
        ["specversion"] = "1.0",
        ["datacontenttype"] = "application/octet-stream",
        ["data_base64"] = Convert.ToBase64String(data),
        ["time"] = Timestamp(now),
        ["topic"] = topic,
        ["pubsubname"] = pubSub,
    });

    public static JsonElement? TryParse(ReadOnlyMemory<byte> data)
    {
        if (!Utf8.IsValid(data.Span))
            return null;
        try
        {
            using var document = JsonDocument.Parse(data);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static TimeSpan? TimeToLive(IReadOnlyDictionary<string, string> metadata)
    {
        if ((metadata.GetValueOrDefault("ttlInSeconds") ?? metadata.GetValueOrDefault("ttl")) is not { Length: > 0 } text)
            return null;
        if (long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var seconds))
        {
            return seconds > 0 && seconds < TimeSpan.MaxValue.TotalSeconds / 2
                ? TimeSpan.FromSeconds(seconds)
                : throw new BadMetadataException($"ttlInSeconds must be above zero, not {text}");
        }
        return Resources.GoDuration.TryParse(text, out var duration) && duration > TimeSpan.Zero
            ? duration
            : throw new BadMetadataException($"ttlInSeconds must be a number of seconds or a duration, not {text}");
    }

    private static bool ParseFlag(string name, string text) => text.ToLowerInvariant() switch
    {
        "true" or "1" or "t" => true,
        "false" or "0" or "f" or "" => false,
        _ => throw new BadMetadataException($"{name} must be true or false, not {text}"),
    };

    private static string MediaType(string contentType) => contentType.Split(';', 2)[0].Trim().ToLowerInvariant();

    private static string Timestamp(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

/// <summary>What an app asks to publish.</summary>
internal sealed record PublishRequest(string PubSub, string Topic, byte[] Data, string ContentType, IReadOnlyDictionary<string, string> Metadata);

/// <summary>A publish whose body cannot become an envelope.</summary>
internal sealed class BadEnvelopeException(string message) : Exception(message);

/// <summary>A publish whose metadata has a value that means nothing.</summary>
internal sealed class BadMetadataException(string message) : Exception(message);
