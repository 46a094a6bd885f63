using System.ComponentModel;
using System.Diagnostics;
using KestrelVoice.LocalDapr.RunFiles;

namespace KestrelVoice.LocalDapr.Apps;

/// <summary>The app itself, as a child process. Not restarted when it ends: that is reported, once and clearly.</summary>
internal sealed class AppProcess
{
    private readonly Process _process;
    private readonly Task _pumps;

    private AppProcess(Process process, Action<string> write, Action<int> exited)
    {
        _process = process;
        _pumps = Task.WhenAll(PumpAsync(process.StandardOutput, write), PumpAsync(process.StandardError, write));
        Ended = WatchAsync(exited);
    }

    /// <summary>Completes when the process has ended and this was reported.</summary>
    public Task Ended { get; }

    public Process Process => _process;

    public static AppProcess Start(AppSpec app, IReadOnlyDictionary<string, string> environment, Action<string> write, Action<int> exited)
    {
        var start = new ProcessStartInfo(Executable(app), app.Command.Skip(1))
        {
            WorkingDirectory = app.Directory,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment.Clear();
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        try
        {
            var process = Process.Start(start)!;
            process.StandardInput.Close();
            return new AppProcess(process, write, exited);
        }
        catch (Win32Exception exception)
        {
            throw new LocalDaprRefusedException($"app '{app.AppId}': {app.Command[0]} cannot be started in {app.Directory}: {exception.Message}", exception);
        }
    }

    /// <summary>What the app's environment holds beyond the run's own.</summary>
    public static IReadOnlyDictionary<string, string> Environment(
        AppSpec app, IReadOnlyDictionary<string, string> inherited, int httpPort, int grpcPort, (string Variable, string Value) mark)
    {
        var environment = new Dictionary<string, string>(inherited, StringComparer.Ordinal)
        {
            ["APP_ID"] = app.AppId,
            ["APP_PROTOCOL"] = app.Protocol,
            ["APP_CHANNEL_ADDRESS"] = app.ChannelAddress,
            ["DAPR_HTTP_PORT"] = Text(httpPort),
            ["DAPR_GRPC_PORT"] = Text(grpcPort),
        };
        if (app.AppPort > 0)
            environment["APP_PORT"] = Text(app.AppPort);
        if (app.MetricsPort > 0)
            environment["DAPR_METRICS_PORT"] = Text(app.MetricsPort);
        foreach (var (name, value) in app.Env)
            environment[name] = value;
        environment[mark.Variable] = mark.Value;
        return environment;
    }

    public async Task StopAsync(TimeSpan grace)
    {
        await ChildProcesses.StopAsync(_process, grace);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await Ended.WaitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _process.Dispose();
    }

    private async Task WatchAsync(Action<int> exited)
    {
        await _process.WaitForExitAsync(CancellationToken.None);
        var code = _process.ExitCode;
        // Its last words are usually the reason; but somebody it started may hold the pipe open.
        await Task.WhenAny(_pumps, Task.Delay(TimeSpan.FromSeconds(1)));
        exited(code);
    }

    private static async Task PumpAsync(StreamReader reader, Action<string> write)
    {
        try
        {
            while (await reader.ReadLineAsync() is { } line)
                write(line);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The pipe ends with the process.
        }
    }

    // A path is meant from the app's folder; a bare name is looked up in PATH by the system.
    private static string Executable(AppSpec app) =>
        app.Command[0].Contains('/', StringComparison.Ordinal) || app.Command[0].Contains('\\', StringComparison.Ordinal)
            ? Path.GetFullPath(app.Command[0], app.Directory)
            : app.Command[0];

    private static string Text(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
