using System.Globalization;

namespace KestrelVoice.LocalDapr.Tests.Harness;

/// <summary>An app that the run itself starts, and what it wrote down about its life.</summary>
internal sealed class TestAppProcess
{
    private readonly string _diary;

    public TestAppProcess(DaprRun run, string settings = "")
    {
        _diary = Path.Combine(run.Folder, "diary");
        Port = Ports.Take();
        // The app is a process, so the run is told its port in its settings and not by an app in this test.
        run.WithApp("host", app: null, $"appPort: {Port}\n{ChildRun.AppCommand(_diary, run.Topic("t"))}\n{settings}").WriteRunFile();
    }

    public int Port { get; }

    public int Starts => Facts("PID_IS").Count;

    public bool IsUp => Starts > 0;

    public int Pid => int.Parse(Facts("PID_IS")[^1], CultureInfo.InvariantCulture);

    public bool LeftGracefully => Facts("LEFT_GRACEFULLY").Count == Starts;

    public IReadOnlyList<string> EventIds => File.Exists(_diary) ? File.ReadAllLines(_diary) : [];

    public string Environment(string name) => Facts(name) is [.., var last] ? last : "";

    private List<string> Facts(string name) => File.Exists(_diary + ".environment")
        ? [.. File.ReadAllLines(_diary + ".environment").Where(line => line.StartsWith(name + "=", StringComparison.Ordinal)).Select(line => line[(name.Length + 1)..])]
        : [];
}
