using KestrelVoice.CallSimulator.Webhooks;

namespace KestrelVoice.CallSimulator;

/// <summary>How a Twilio number is set up, and who calls it.</summary>
public sealed record CallPlan
{
    /// <summary>How the number's webhooks should be set up: retried for as long as Twilio lets a webhook take.</summary>
    public const string RecommendedOverrides = "#rc=5&rp=5xx,ct,rt&ct=2000&rt=5000&tt=15000";

    /// <summary>The number's <c>VoiceUrl</c>; a fragment holds connection overrides.</summary>
    public required string VoiceUrl { get; init; }

    /// <summary>The number's <c>VoiceFallbackUrl</c>.</summary>
    public string? FallbackUrl { get; init; }

    /// <summary>The number's <c>StatusCallback</c>; by default <c>status</c> beside the voice URL, retried.</summary>
    public string? StatusCallbackUrl { get; init; }

    /// <summary>Account that owns the number, <c>AC</c> + 32 hex.</summary>
    public required string AccountSid { get; init; }

    /// <summary>Signs the webhooks.</summary>
    public required string AuthToken { get; init; }

    /// <summary>The caller's number, or text for a withheld one.</summary>
    public required string From { get; init; }

    /// <summary>The dialled number.</summary>
    public required string To { get; init; }

    /// <summary>Sent as <c>CallerName</c> when set.</summary>
    public string? CallerName { get; init; }

    /// <summary>Sent as <c>ForwardedFrom</c> when set.</summary>
    public string? ForwardedFrom { get; init; }

    /// <summary>Ids, tokens and everything else random derive from it.</summary>
    public required long Seed { get; init; }

    /// <summary>When the call reaches the number, in its own simulated time.</summary>
    public required DateTimeOffset StartsAt { get; init; }

    /// <summary>Where finished recordings, and how the call stands, are written for a <see cref="Recordings.TwilioStandIn"/>; null writes none.</summary>
    public string? RecordingsFolder { get; init; }

    /// <summary>Base of <c>RecordingUrl</c>.</summary>
    public string ApiBaseUrl { get; init; } = "https://api.twilio.com";

    /// <summary>What goes wrong with which webhook; null for nothing.</summary>
    public Func<Webhook, WebhookFault>? Faults { get; init; }

    /// <summary>Real time before the first retry of a webhook, doubled for each further one. Twilio documents no spacing, only the total.</summary>
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Called for everything that happens, as it happens.</summary>
    public Action<TraceEntry>? Observer { get; init; }

    /// <summary>A number set up for a voice app at a base URL (or at its full <c>/voice/incoming</c> URL).</summary>
    public static string VoiceUrlOf(string voiceApp)
    {
        var uri = new Uri(voiceApp);
        if (uri.AbsolutePath is "/")
            voiceApp = new Uri(uri, "/voice/incoming").AbsoluteUri;
        return uri.Fragment.Length > 0 ? voiceApp : voiceApp + RecommendedOverrides;
    }
}
