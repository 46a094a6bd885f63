using KestrelVoice.Cli.Processes;

namespace KestrelVoice.Cli.Home;

/// <summary>How far a run has come.</summary>
internal enum RunState
{
    Starting,
    Ready,
    Stopping,
}

/// <summary>One part of a run, for <c>status</c> and for cleaning up after a killed supervisor.</summary>
/// <param name="Name">As <c>logs</c> knows it.</param>
/// <param name="Process">Who serves it; null when it is the supervisor itself.</param>
/// <param name="Url">Where it listens.</param>
/// <param name="Health">What answers 2xx when it is well; null for PostgreSQL, which is asked by a connection.</param>
internal sealed record RunPart(string Name, ProcessIdentity? Process, string Url, string? Health);

/// <summary>What <c>up</c> writes down about itself. Believed only as far as the processes it names are still the same ones.</summary>
internal sealed record RunRecord
{
    public required string RunId { get; init; }

    public required ProcessIdentity Supervisor { get; init; }

    public required RunState State { get; init; }

    public required int PortBase { get; init; }

    public required string Dapr { get; init; }

    public ProcessIdentity? DaprChild { get; init; }

    public IReadOnlyList<RunPart> Parts { get; init; } = [];

    public IReadOnlyList<ProcessIdentity> Started { get; init; } = [];

    public static RunRecord? Read(KestrelHome home) => PrivateFile.ReadJson<RunRecord>(PathIn(home));

    public void Write(KestrelHome home) => PrivateFile.WriteJson(PathIn(home), this);

    public static void Delete(KestrelHome home) => File.Delete(PathIn(home));

    private static string PathIn(KestrelHome home) => Path.Combine(home.Run, "up.json");
}
