using System.Net.Http.Headers;
using System.Text.Json;
using KestrelVoice.LocalDapr.Apps;
using KestrelVoice.LocalDapr.Resiliency;
using KestrelVoice.LocalDapr.Resources;

namespace KestrelVoice.LocalDapr.PubSub;

/// <summary>What an app made of a message it was given.</summary>
internal enum Verdict
{
    Success,
    Drop,
}

/// <summary>One message on its way to one route of an app.</summary>
internal sealed class Delivery
{
    private readonly SubscriptionSpec _subscription;
    private readonly byte[] _body;
    private readonly JsonElement _envelope;
    private readonly IReadOnlyDictionary<string, string> _metadata;
    private readonly string? _path;

    private Delivery(SubscriptionSpec subscription, byte[] body, JsonElement envelope, IReadOnlyDictionary<string, string> metadata)
    {
        (_subscription, _body, _envelope, _metadata) = (subscription, body, envelope, metadata);
        _path = subscription.Rules.FirstOrDefault(rule => rule.Attribute.Length == 0 || Text(rule.Attribute) == rule.Value)?.Path ?? subscription.DefaultPath;
    }

    /// <summary>No rule matched and there is no default route.</summary>
    public bool HasRoute => _path is not null;

    public string EventId => Text("id") ?? "";

    /// <summary>Null when the stored bytes are no envelope.</summary>
    public static Delivery? Of(Message message, SubscriptionSpec subscription, DateTimeOffset now)
    {
        var body = subscription.RawPayload ? Envelope.ForRaw(message.Data, subscription.PubSub, subscription.Topic, now) : message.Data;
        return Envelope.TryParse(body) is { ValueKind: JsonValueKind.Object } envelope ? new Delivery(subscription, body, envelope, message.Metadata) : null;
    }

    public bool HasExpired(DateTimeOffset now) =>
        DateTimeOffset.TryParse(Text("expiration"), System.Globalization.CultureInfo.InvariantCulture, out var expiration) && expiration < now;

    public async Task<Attempt<Verdict>> AttemptAsync(AppChannel app, bool tracing, CancellationToken cancellationToken)
    {
        try
        {
            using var request = Request(app.Address, tracing);
            using var response = await app.SendAsync(request, cancellationToken);
            var body = await response.Message.Content.ReadAsByteArrayAsync(cancellationToken);
            return Read(response.StatusCode, body);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return Attempt<Verdict>.Failure("the app could not be reached: " + exception.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Attempt<Verdict>.Failure("the app could not be reached in time");
        }
    }

    /// <summary>The reply table of daprd: only a 2xx has a body worth reading, and 404 means nobody will ever want it.</summary>
    internal static Attempt<Verdict> Read(int statusCode, ReadOnlyMemory<byte> body) => statusCode switch
    {
        >= 200 and <= 299 => Status(body) switch
        {
            null or "" or "SUCCESS" => Attempt<Verdict>.Success(Verdict.Success),
            "DROP" => Attempt<Verdict>.Success(Verdict.Drop),
            "RETRY" => Attempt<Verdict>.Failure("the app asked for a retry"),
            _ => Attempt<Verdict>.Failure("the app answered an unknown status"),
        },
        404 => Attempt<Verdict>.Success(Verdict.Drop),
        _ => Attempt<Verdict>.Failure($"the app answered {statusCode}", statusCode),
    };

    private static string? Status(ReadOnlyMemory<byte> body)
    {
        if (body.IsEmpty || Envelope.TryParse(body) is not { ValueKind: JsonValueKind.Object } reply)
            return null;
        foreach (var member in reply.EnumerateObject())
        {
            if (member.Name.Equals("status", StringComparison.OrdinalIgnoreCase))
                return member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString() : null;
        }
        return null;
    }

    private HttpRequestMessage Request(Uri address, bool tracing)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address, _path)) { Content = new ByteArrayContent(_body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/cloudevents+json");
        foreach (var (name, value) in _metadata)
        {
            var header = name.ToLowerInvariant();
            if (!IsOurs(header))
                request.Headers.TryAddWithoutValidation(header, value);
        }
        request.Headers.TryAddWithoutValidation("pubsubname", _subscription.PubSub);
        if (tracing && Text("traceparent") is { Length: > 0 } parent)
        {
            request.Headers.TryAddWithoutValidation("traceparent", parent);
            if (Text("tracestate") is { Length: > 0 } state)
                request.Headers.TryAddWithoutValidation("tracestate", state);
        }
        return request;
    }

    // Publishers choose metadata, so it must not be able to speak for the sidecar.
    private static bool IsOurs(string header) => header is "host" or "connection" or "transfer-encoding" or "te" or "trailer" or "upgrade"
        or "expect" or "keep-alive" or "pubsubname" or "traceparent" or "tracestate" or AppChannel.TokenHeader;

    private string? Text(string attribute) =>
        _envelope.TryGetProperty(attribute, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
