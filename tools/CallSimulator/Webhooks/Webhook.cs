using System.Text;

namespace KestrelVoice.CallSimulator.Webhooks;

/// <summary>Why Twilio makes a request.</summary>
public enum WebhookKind
{
    /// <summary>A call reached the number.</summary>
    Incoming,

    /// <summary>A verb's <c>action</c>.</summary>
    Action,

    /// <summary>A <c>Redirect</c>.</summary>
    Redirect,

    /// <summary>The number's fallback URL, after a failure.</summary>
    Fallback,

    /// <summary>The call ended.</summary>
    CallStatus,

    /// <summary>A dialled phone rings, answers or hangs up.</summary>
    LegStatus,

    /// <summary>A recording became ready, or did not.</summary>
    RecordingStatus,
}

/// <summary>One request as Twilio means it; retries and repeats are the same webhook.</summary>
/// <param name="Kind">Why.</param>
/// <param name="Method"><c>GET</c> or <c>POST</c>.</param>
/// <param name="Url">Without the fragment.</param>
/// <param name="Parameters">In the order sent.</param>
/// <param name="IdempotencyToken">The same for every attempt.</param>
public sealed record Webhook(
    WebhookKind Kind, string Method, string Url, IReadOnlyList<KeyValuePair<string, string>> Parameters, string IdempotencyToken)
{
    /// <summary>A parameter's value, or null.</summary>
    public string? this[string parameter] => Parameters.FirstOrDefault(field => field.Key == parameter).Value;

    internal ConnectionOverrides Overrides { get; init; } = ConnectionOverrides.Default;

    /// <summary>One line a parameter: what two runs of one seed are compared by.</summary>
    public override string ToString()
    {
        var text = new StringBuilder($"{Kind} {Method} {Url} {IdempotencyToken}");
        foreach (var (name, value) in Parameters)
            text.Append("\n  ").Append(name).Append('=').Append(value);
        return text.ToString();
    }
}

/// <summary>What a fault does to one webhook.</summary>
/// <param name="Copies">How often it is sent: 0 drops it.</param>
/// <param name="Delay">Simulated time by which it is late; that is also how callbacks overtake each other.</param>
/// <param name="FreshTokens">Whether each copy has an idempotency token of its own, as if Twilio had meant it twice.</param>
public sealed record WebhookFault(int Copies = 1, TimeSpan Delay = default, bool FreshTokens = false)
{
    /// <summary>Sent once, on time.</summary>
    public static WebhookFault None { get; } = new();

    /// <summary>Never sent.</summary>
    public static WebhookFault Drop { get; } = new(Copies: 0);

    /// <summary>Sent twice.</summary>
    public static WebhookFault Duplicate { get; } = new(Copies: 2);

    /// <summary>Sent late.</summary>
    public static WebhookFault Late(TimeSpan delay) => new(Delay: delay);
}

/// <summary>An answer to a webhook: a status below 300, and a body of at most 64 kB.</summary>
internal sealed record WebhookResponse(WebhookUrl Url, int StatusCode, string? ContentType, byte[] Body);

/// <param name="Code">Twilio's error number.</param>
/// <param name="RetryClass">The retry policy it falls under; null when Twilio never retries it.</param>
/// <param name="StatusCode">What was answered, if anything.</param>
internal sealed record WebhookFailure(int Code, string? RetryClass, string Message, int? StatusCode = null);
