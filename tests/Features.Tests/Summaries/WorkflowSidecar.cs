using KestrelVoice.LocalDapr;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Tests.Summaries;

/// <summary>A sidecar for the host, with the product's own components.</summary>
internal sealed class WorkflowSidecar : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kestrelvoice-sidecar-");
    private readonly int _grpcPort = Ports.Take();
    private LocalDaprHost? _host;

    public string Endpoint => $"http://127.0.0.1:{_grpcPort}";

    public static async Task<WorkflowSidecar> StartAsync()
    {
        var sidecar = new WorkflowSidecar();
        var runFile = Path.Combine(sidecar._folder.FullName, "dapr.yaml");
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
                daprHTTPPort: {Ports.Take()}
                daprGRPCPort: {sidecar._grpcPort}
            """,
            TestContext.Current.CancellationToken);
        sidecar._host = await LocalDaprHost.StartAsync(
            new LocalDaprOptions(runFile, Path.Combine(sidecar._folder.FullName, "dapr.db")) { LogDirectory = sidecar._folder.FullName, DrainTimeout = TimeSpan.FromSeconds(1) },
            TextWriter.Null, TestContext.Current.CancellationToken);
        return sidecar;
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
            await _host.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}

/// <summary>The host beside a sidecar, in the time of the sidecar.</summary>
public sealed class AppWithWorkflows(TestCluster cluster) : KestrelVoiceApp(cluster)
{
    private WorkflowSidecar? _sidecar;

    public async Task StartSidecarAsync()
    {
        _sidecar = await WorkflowSidecar.StartAsync();
        Settings["DAPR_GRPC_ENDPOINT"] = _sidecar.Endpoint;
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        base.ConfigureWebHost(builder);
        builder.ConfigureTestServices(services => services.AddSingleton(TimeProvider.System));
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_sidecar is not null)
            await _sidecar.DisposeAsync();
    }
}
