using System.Diagnostics;

namespace KestrelVoice.LocalDapr.Tests.Harness;

/// <summary>The real Dapr CLI on a run file.</summary>
internal sealed class DaprCli : IAsyncDisposable
{
    private readonly string _cli;
    private readonly string _runFile;
    private readonly Process _process;

    private DaprCli(string cli, string runFile, Process process) => (_cli, _runFile, _process) = (cli, runFile, process);

    public static DaprCli Start(string cli, string runFile, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(cli, ["run", "-f", runFile]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment.Where(variable => variable.Key is not ("HOME" or "USERPROFILE")))
            start.Environment[name] = value;
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new DaprCli(cli, runFile, process);
    }

    public async ValueTask DisposeAsync()
    {
        using var stop = Process.Start(new ProcessStartInfo(_cli, ["stop", "-f", _runFile]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            await stop.WaitForExitAsync(patience.Token);
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
        }
        _process.Dispose();
    }
}
