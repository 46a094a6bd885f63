using KestrelVoice.LocalDapr;

namespace KestrelVoice.Voice.Tests.Dapr;

/// <summary>Sidecars of host and voice on ports of their own, over the components that ship; they can go down and come back.</summary>
internal sealed class LocalSidecars : IAsyncDisposable
{
    private const string Token = "sidecar token";
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "kestrelvoice-tests", Path.GetRandomFileName());
    private readonly int _voiceHttp = VoiceApp.UnusedPort();
    private readonly int _voiceGrpc = VoiceApp.UnusedPort();
    private LocalDaprHost? _run;
    private int _states;

    public LocalSidecars() => Directory.CreateDirectory(_folder);

    public int HostPort { get; } = VoiceApp.UnusedPort();

    /// <summary>What the voice app must be told to find its sidecar, be it up or down.</summary>
    public Dictionary<string, string?> Settings => new(StringComparer.Ordinal)
    {
        ["DAPR_HTTP_ENDPOINT"] = $"http://127.0.0.1:{_voiceHttp}",
        ["DAPR_GRPC_ENDPOINT"] = $"http://127.0.0.1:{_voiceGrpc}",
        ["DAPR_API_TOKEN"] = Token,
    };

    public async Task StartAsync()
    {
        var runFile = Path.Combine(_folder, "dapr.yaml");
        await File.WriteAllTextAsync(runFile, $"""
            version: 1
            common:
              resourcesPaths: ["{Path.Combine(Checkout.Root, "components").Replace('\\', '/')}"]
              apiListenAddresses: 127.0.0.1
              daprdLogDestination: file
            apps:
              - appID: host
                appDirPath: .
                appPort: {HostPort}
                daprHTTPPort: {VoiceApp.UnusedPort()}
                daprGRPCPort: {VoiceApp.UnusedPort()}
                enableAppHealthCheck: true
                appHealthCheckPath: /health/ready
                appHealthProbeInterval: 1
              - appID: voice
                appDirPath: .
                daprHTTPPort: {_voiceHttp}
                daprGRPCPort: {_voiceGrpc}
            """, TestContext.Current.CancellationToken);
        var options = new LocalDaprOptions(runFile, Path.Combine(_folder, $"state-{_states}", "dapr.db"))
        {
            LogDirectory = Path.Combine(_folder, "logs"),
            Environment = new Dictionary<string, string> { ["DAPR_API_TOKEN"] = Token, ["APP_API_TOKEN"] = "app token" },
        };
        _run = await LocalDaprHost.StartAsync(options, TextWriter.Null, TestContext.Current.CancellationToken);
        await UntilHostIsReachedAsync();
    }

    public async Task StopAsync()
    {
        await _run!.StopAsync();
        _run = null;
    }

    // A sidecar calls an app only once it has found it healthy.
    private async Task UntilHostIsReachedAsync()
    {
        using var client = new HttpClient { DefaultRequestHeaders = { { "dapr-api-token", Token } } };
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            using var response = await client.GetAsync($"http://127.0.0.1:{_voiceHttp}/v1.0/invoke/host/method/health/ready", TestContext.Current.CancellationToken);
            if (response.IsSuccessStatusCode)
                return;
            TimeProvider.System.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(60));
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>The next start finds no state.</summary>
    public void ForgetState() => _states++;

    public async ValueTask DisposeAsync()
    {
        if (_run is not null)
            await _run.StopAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
