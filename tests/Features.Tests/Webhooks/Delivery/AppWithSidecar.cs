using KestrelVoice.LocalDapr;

namespace KestrelVoice.Features.Tests.Webhooks.Delivery;

/// <summary>The host beside a sidecar of its own, over the components that ship, both by the clock that tests move: hours of retries pass in a moment.</summary>
public sealed class AppWithSidecar(TestCluster cluster) : KestrelVoiceApp(cluster), IAsyncLifetime
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("kestrelvoice-delivery-");
    private readonly (int App, int Http, int Grpc) ports = (Ports.Take(), Ports.Take(), Ports.Take());
    private LocalDaprHost? sidecar;

    async ValueTask IAsyncLifetime.InitializeAsync()
    {
        await InitializeAsync();
        UseKestrel(ports.App);
        Settings["DAPR_HTTP_ENDPOINT"] = $"http://127.0.0.1:{ports.Http}";
        Settings["DAPR_GRPC_ENDPOINT"] = $"http://127.0.0.1:{ports.Grpc}";
        Settings["Outbox:Relay"] = "true";
        StartServer();
        await StartSidecarAsync();
    }

    public async Task StartSidecarAsync()
    {
        var runFile = Path.Combine(folder.FullName, "dapr.yaml");
        await File.WriteAllTextAsync(
            runFile,
            $"""
            version: 1
            common:
              resourcesPaths: ["{Path.Combine(Checkout.Root, "components")}"]
              apiListenAddresses: 127.0.0.1
            apps:
              - appID: host
                appDirPath: .
                appPort: {ports.App}
                daprHTTPPort: {ports.Http}
                daprGRPCPort: {ports.Grpc}
            """,
            TestContext.Current.CancellationToken);
        sidecar = await LocalDaprHost.StartAsync(
            new LocalDaprOptions(runFile, Path.Combine(folder.FullName, "dapr.db"))
            {
                LogDirectory = folder.FullName,
                Clock = Clock,
                DrainTimeout = TimeSpan.FromSeconds(1),
                Environment = new Dictionary<string, string> { ["APP_API_TOKEN"] = SidecarToken },
            },
            TextWriter.Null, TestContext.Current.CancellationToken);
    }

    public async Task StopSidecarAsync()
    {
        await WhileTimePasses(sidecar!.StopAsync());
        sidecar = null;
    }

    public override async ValueTask DisposeAsync()
    {
        await WhileTimePasses(base.DisposeAsync().AsTask());
        if (sidecar is not null)
            await StopSidecarAsync();
        folder.Delete(recursive: true);
    }

    // What somebody waits for on his way out, he waits for by the clock.
    private async Task WhileTimePasses(Task task)
    {
        while (await Task.WhenAny(task, Task.Delay(20)) != task)
            Clock.Advance(TimeSpan.FromMilliseconds(200));
        await task;
    }
}
