namespace KestrelVoice.LocalDapr;

/// <summary>What one run of LocalDapr needs to know.</summary>
/// <param name="RunFile">A <c>dapr.yaml</c>, or the folder that holds one.</param>
/// <param name="StateFile">The SQLite file that keeps messages and state; created when absent. Its folder also holds the run record.</param>
public sealed record LocalDaprOptions(string RunFile, string StateFile)
{
    /// <summary>Where app and sidecar logs go; by default <c>.dapr/logs</c> in each app's folder, as the Dapr CLI does.</summary>
    public string? LogDirectory { get; init; }

    /// <summary>The environment sidecars read and apps inherit (tokens, <c>envRef</c>); by default this process's own.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    /// <summary>Time, for retries, TTLs and probes.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>How long deliveries under way may still take once the run is asked to stop.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an app may take to leave after SIGTERM before it is killed.</summary>
    public TimeSpan AppStopTimeout { get; init; } = TimeSpan.FromSeconds(15);
}
