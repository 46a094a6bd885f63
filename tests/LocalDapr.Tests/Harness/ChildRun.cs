using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace KestrelVoice.LocalDapr.Tests.Harness;

/// <summary>A LocalDapr in a process of its own, to be killed.</summary>
internal sealed class ChildRun : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private ChildRun(Process process) => _process = process;

    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    public int ExitCode => _process.ExitCode;

    /// <summary>How a run file starts this assembly as an app.</summary>
    public static string AppCommand(string diary, string topic) => $"command: [dotnet, \"{typeof(ChildRun).Assembly.Location}\", {Program.AppMode}, \"{diary}\", {topic}]";

    public static ChildRun Start(string runFile, string stateFile, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(ChildRun).Assembly.Location, Program.RunMode, runFile, stateFile])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        var run = new ChildRun(Process.Start(start)!);
        run._process.OutputDataReceived += run.Hear;
        run._process.ErrorDataReceived += run.Hear;
        run._process.BeginOutputReadLine();
        run._process.BeginErrorReadLine();
        return run;
    }

    /// <summary>Waits until the sidecar of the app called host answers.</summary>
    public async Task UpAsync(DaprRun setup)
    {
        using var http = setup.Http("host");
        await Poll.Until(
            async () =>
            {
                try
                {
                    return (await http.GetAsync("/v1.0/healthz", TestContext.Current.CancellationToken)).IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            () => $"the sidecar; output: {Output}");
    }

    /// <summary>kill -9, of this process alone.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
    }

    public async Task TerminateAsync()
    {
        Signal(_process.Id, 15).ShouldBe(0);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await _process.WaitForExitAsync(patience.Token);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }

    private void Hear(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
            _output.AppendLine(line.Data);
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Signal(int pid, int signal);
}
