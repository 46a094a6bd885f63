using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Processes;
using KestrelVoice.Cli.Up;

namespace KestrelVoice.EndToEnd.Tests;

/// <summary>A copy of KestrelVoice with a home and ports of its own, driven through its command line. Gone after the test, processes included.</summary>
internal sealed class KestrelCopy : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly ReachableFolder temporary = new();
    private readonly string folder;

    public KestrelCopy()
    {
        folder = temporary.Path;
        Home = KestrelHome.Find(folder, AppContext.BaseDirectory);
        Ports = FreePorts();
    }

    /// <summary>What <c>KESTREL_DATABASE_URL</c> is for it; null for a database of its own.</summary>
    public string? DatabaseAddress { get; init; }

    public KestrelHome Home { get; }

    public PortPlan Ports { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public Task<Subprocess.Result> UpAsync(params string[] options) => RunAsync(["up", .. UpOptions, .. options]);

    public string[] UpOptions => ["--no-build", "--dapr", "local", "--port-base", $"{Ports.Base}"];

    public Task<Subprocess.Result> RunAsync(params string[] arguments) => Subprocess.RunAsync(Request(arguments), Token);

    public Subprocess.Request Request(params string[] arguments) => new("dotnet", [Program(), .. arguments])
    {
        WorkingDirectory = "/",
        Environment = new Dictionary<string, string?> { [KestrelHome.Variable] = folder, [DatabaseUrl.Variable] = DatabaseAddress, ["NO_COLOR"] = "1" },
        Timeout = Patience,
    };

    /// <summary>What still runs of it; every process of a copy inherits its home.</summary>
    public IReadOnlyList<string> Processes() => [.. Descendants.Marked(KestrelHome.Variable, folder).Select(Descendants.Describe)];

    public async ValueTask DisposeAsync()
    {
        await Subprocess.RunAsync(Request("down"), CancellationToken.None);
        foreach (var process in Descendants.Marked(KestrelHome.Variable, folder))
            Signals.Kill(process);
        await Subprocess.RunAsync(Request("reset", "--yes"), CancellationToken.None);
        temporary.Dispose();
    }

    private string Program() => Path.Combine(Home.Checkout, "tools", "Kestrel", "bin", "Release", "net10.0", "kestrel.dll");

    private static PortPlan FreePorts()
    {
        while (true)
        {
            var plan = new PortPlan(KestrelVoice.Tests.Ports.TakeBlock());
            if (plan.All(ownPostgres: true).All(port => FreePort.IsFree(port.Port)))
                return plan;
        }
    }
}
