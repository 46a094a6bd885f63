using System.Diagnostics;
using System.Text;
using KestrelVoice.LocalDapr;

namespace KestrelVoice.Workflow.Tests.Harness;

/// <summary>
/// A sidecar that runs workflows for real: LocalDapr in this process, LocalDapr in one of its own that may be killed, or daprd by <c>dapr run -f</c> when
/// <c>KESTREL_CONFORMANCE_DAPR</c> names the Dapr CLI.
/// </summary>
internal sealed class SidecarRun : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kestrel-workflow-");
    private readonly int _httpPort = Ports.Take();
    private readonly int _grpcPort = Ports.Take();
    private readonly StringBuilder _output = new();
    private readonly StringWriter _console = new();
    private LocalDaprHost? _host;
    private Process? _process;

    private SidecarRun()
    {
        Directory.CreateDirectory(Path.Combine(_folder.FullName, "components"));
        // The default addresses of placement and scheduler are those of dapr init; LocalDapr needs neither.
        File.WriteAllText(RunFile,
            $"""
            version: 1
            common:
              resourcesPaths: [./components]
              apiListenAddresses: 127.0.0.1
            apps:
              - appID: orders
                appDirPath: .
                daprHTTPPort: {_httpPort}
                daprGRPCPort: {_grpcPort}
            """);
        File.WriteAllText(Path.Combine(_folder.FullName, "components", "statestore.yaml"),
            $"""
            apiVersion: dapr.io/v1alpha1
            kind: Component
            metadata:
              name: statestore
            spec:
              type: {(IsReal ? "state.in-memory" : "state.redis")}
              version: v1
              metadata:
                - name: actorStateStore
                  value: "true"
                - name: redisHost
                  value: localhost:6379
            """);
    }

    public static bool IsReal => Cli is not null;

    public string Endpoint => $"http://127.0.0.1:{_grpcPort}";

    public string HttpEndpoint => $"http://127.0.0.1:{_httpPort}";

    public string Output
    {
        get
        {
            lock (_output)
                return _console + _output.ToString();
        }
    }

    private static string? Cli => Environment.GetEnvironmentVariable("KESTREL_CONFORMANCE_DAPR") is { Length: > 0 } cli ? cli : null;

    private string RunFile => Path.Combine(_folder.FullName, "dapr.yaml");

    private string StateFile => Path.Combine(_folder.FullName, "dapr.db");

    public static async Task<SidecarRun> StartAsync()
    {
        var run = new SidecarRun();
        if (Cli is { } cli)
            run.Launch(cli, "run", "-f", run.RunFile);
        else
            run._host = await LocalDaprHost.StartAsync(
                new LocalDaprOptions(run.RunFile, run.StateFile) { LogDirectory = run._folder.FullName, DrainTimeout = TimeSpan.FromSeconds(1) },
                TextWriter.Synchronized(run._console),
                TestContext.Current.CancellationToken);
        await run.AnswersAsync();
        return run;
    }

    /// <summary>LocalDapr in a process of its own.</summary>
    public static async Task<SidecarRun> StartKillableAsync()
    {
        var run = new SidecarRun();
        await run.LaunchAsync();
        return run;
    }

    /// <summary>kill -9, and a new one on the same ports and files.</summary>
    public async Task KillAndRestartAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
        await LaunchAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
            await _host.DisposeAsync();
        if (Cli is { } cli && _process is not null)
        {
            using var stop = Process.Start(new ProcessStartInfo(cli, ["stop", "-f", RunFile]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            await stop.WaitForExitAsync(CancellationToken.None);
        }
        if (_process is not null)
        {
            if (!_process.HasExited)
                _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
            _process.Dispose();
        }
        _folder.Delete(recursive: true);
    }

    private async Task LaunchAsync()
    {
        Launch("dotnet", typeof(Program).Assembly.Location, Program.RunMode, RunFile, StateFile);
        await AnswersAsync();
    }

    private void Launch(string program, params string[] arguments)
    {
        _process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        _process.OutputDataReceived += Hear;
        _process.ErrorDataReceived += Hear;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private void Hear(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
            _output.AppendLine(line.Data);
    }

    private async Task AnswersAsync()
    {
        using var http = new HttpClient { BaseAddress = new Uri(HttpEndpoint) };
        var answers = false;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        while (!answers)
        {
            if (patience.IsCancellationRequested)
                throw new TimeoutException($"The sidecar does not answer:\n{Output}");
            try
            {
                using var response = await http.GetAsync("/v1.0/healthz/outbound", patience.Token);
                answers = response.IsSuccessStatusCode;
            }
            catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
            {
                await Task.Delay(20, CancellationToken.None);
            }
        }
    }
}
