namespace KestrelVoice.GoogleStandIn;

/// <summary>What an operator would have registered with Google, and how the stand-in behaves.</summary>
/// <param name="ClientId">Of the one OAuth client.</param>
/// <param name="ClientSecret">Its secret.</param>
/// <param name="RedirectUris">Where browsers may be sent back to, letter by letter.</param>
public sealed record GoogleServerOptions(string ClientId, string ClientSecret, IReadOnlyList<string> RedirectUris)
{
    /// <summary>0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>By which tokens run out.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The most events in one answer, whatever is asked for.</summary>
    public int LargestPage { get; init; } = 2500;
}
