namespace KestrelVoice.CallSimulator.Command;

/// <summary>What <c>./kestrel call</c> was asked to do.</summary>
public sealed record CallCommandOptions
{
    /// <summary>Base URL of the voice app as it is told to Twilio, or its full <c>/voice/incoming</c> URL.</summary>
    public required string VoiceUrl { get; init; }

    /// <summary>Account that owns the dialled number.</summary>
    public required string AccountSid { get; init; }

    /// <summary>Signs the webhooks.</summary>
    public required string AuthToken { get; init; }

    /// <summary>Base URL of the API; null does not look for the call log.</summary>
    public string? ApiUrl { get; init; }

    /// <summary>API key with scope read.</summary>
    public string? ApiKey { get; init; }

    /// <summary>The caller's number; wins over the script's.</summary>
    public string? From { get; init; }

    /// <summary>The number to dial when neither <see cref="To"/> nor the script names one.</summary>
    public string? DefaultTo { get; init; }

    /// <summary>The number to dial; wins over the script's.</summary>
    public string? To { get; init; }

    /// <summary>Script to follow; null lets you be the caller.</summary>
    public string? ScriptFile { get; init; }

    /// <summary>Wins over the script's; null draws one.</summary>
    public long? Seed { get; init; }

    /// <summary>When the call begins in simulated time; null is now.</summary>
    public DateTimeOffset? StartsAt { get; init; }

    /// <summary>Where recordings are written.</summary>
    public required string RecordingsFolder { get; init; }

    /// <summary>Twilio stand-in that already serves that folder; null starts one for the length of the call.</summary>
    public string? StandInUrl { get; init; }

    /// <summary>Where the caller's words come from when there is no script.</summary>
    public TextReader Input { get; init; } = Console.In;
}
