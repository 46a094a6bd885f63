using System.Diagnostics;
using System.Text.RegularExpressions;
using KestrelVoice.Cli.Commands;
using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Processes;

namespace KestrelVoice.Cli.Up;

/// <summary>The one process that serves the sidecars and starts the apps: this program again with LocalDapr, or the Dapr CLI.</summary>
internal sealed partial class DaprChild : IAsyncDisposable
{
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(40);

    private readonly KestrelHome home;
    private readonly Process process;
    private readonly Dictionary<string, PartLog> logs = new(StringComparer.Ordinal);
    private readonly Task reading;

    private DaprChild(KestrelHome home, Process process)
    {
        this.home = home;
        this.process = process;
        foreach (var part in new[] { "host", "voice", "dapr" })
            logs[part] = new PartLog(home.LogOf(part));
        Identity = ProcessIdentity.Of(process.Id);
        Exited = process.WaitForExitAsync();
        reading = Task.WhenAll(SortAsync(process.StandardOutput), SortAsync(process.StandardError));
    }

    /// <summary>Null when it ended at once.</summary>
    public ProcessIdentity? Identity { get; }

    /// <summary>Completes when the process ends, for whatever reason.</summary>
    public Task Exited { get; }

    public int ExitCode => process.ExitCode;

    public static async Task<DaprChild> StartAsync(
        KestrelHome home, PortPlan ports, DaprKind kind, RunEnvironment environment, CancellationToken cancellationToken)
    {
        var file = Path.Combine(home.Run, "dapr.yaml");
        var original = await File.ReadAllTextAsync(Path.Combine(home.Checkout, "dapr.yaml"), cancellationToken);
        await File.WriteAllTextAsync(file, DaprFile.Rewrite(original, home.Checkout, ports.Base), cancellationToken);

        ProcessStartInfo start = kind == DaprKind.Cli
            ? new("dapr", ["run", "-f", file])
            : new("dotnet", [typeof(DaprChild).Assembly.Location, "dapr", "run", "-f", file, DaprCommand.DataOption, home.DaprData, DaprCommand.OwnSessionOption]);
        start.WorkingDirectory = home.Run;
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        foreach (var (name, value) in environment.ForApps())
            start.Environment[name] = value;

        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return new DaprChild(home, process);
    }

    /// <summary>Asks it to drain and leave, and makes it go when it does not.</summary>
    /// <param name="now">Whether not to wait any longer.</param>
    public async Task StopAsync(CancellationToken now)
    {
        if (Identity is not null && OperatingSystem.IsWindows())
            process.Kill(entireProcessTree: true);
        else if (Identity is not null)
            Signals.AskToStop(Identity);

        try
        {
            await Exited.WaitAsync(DrainTime, now);
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await Exited.WaitAsync(DrainTime, CancellationToken.None);
        }
    }

    /// <summary>The end of the log of the part that most likely explains a failure.</summary>
    public IReadOnlyList<string> LastWords(string part, int lines) => LogTail.Lines(home.LogOf(part), lines);

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            await StopAsync(CancellationToken.None);
        await Task.WhenAny(reading, Task.Delay(TimeSpan.FromSeconds(2)));
        foreach (var log in logs.Values)
            log.Dispose();
        process.Dispose();
    }

    [GeneratedRegex(@"^== APP - (?<app>[A-Za-z0-9-]+) ==\s?")]
    private static partial Regex AppLine { get; }

    private async Task SortAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            var app = AppLine.Match(line);
            if (app.Success && logs.TryGetValue(app.Groups["app"].Value, out var log))
                log.Write(line[app.Length..]);
            else
                logs["dapr"].Write(line);
        }
    }
}
