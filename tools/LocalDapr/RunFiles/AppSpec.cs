namespace KestrelVoice.LocalDapr.RunFiles;

/// <summary>One app of a run file, with everything inherited from <c>common</c> and every path resolved.</summary>
internal sealed record AppSpec(string AppId, string Directory)
{
    public int AppPort { get; init; }
    public string ChannelAddress { get; init; } = "127.0.0.1";
    public string Protocol { get; init; } = "http";
    public int HttpPort { get; init; }
    public int GrpcPort { get; init; }
    public int MetricsPort { get; init; }
    public IReadOnlyList<string> Command { get; init; } = [];
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();
    public IReadOnlyList<string> ResourcesPaths { get; init; } = [];
    public string? ConfigFile { get; init; }
    public int MaxConcurrency { get; init; } = -1;
    public int MaxBodySize { get; init; } = 4 << 20;
    public int ReadBufferSize { get; init; } = 4 << 10;
    public AppHealthSpec? Health { get; init; }
    public LogDestination AppLog { get; init; } = LogDestination.FileAndConsole;
    public LogDestination SidecarLog { get; init; } = LogDestination.File;
}

/// <summary>How an app's health is probed.</summary>
internal sealed record AppHealthSpec(string Path, TimeSpan Interval, TimeSpan Timeout, int Threshold);

[Flags]
internal enum LogDestination
{
    Console = 1,
    File = 2,
    FileAndConsole = Console | File,
}
