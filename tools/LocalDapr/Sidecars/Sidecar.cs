using KestrelVoice.LocalDapr.Apps;
using KestrelVoice.LocalDapr.PubSub;
using KestrelVoice.LocalDapr.Resources;
using KestrelVoice.LocalDapr.RunFiles;
using KestrelVoice.LocalDapr.Secrets;
using KestrelVoice.LocalDapr.State;
using KestrelVoice.LocalDapr.Storage;
using KestrelVoice.LocalDapr.Workflows;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.LocalDapr.Sidecars;

/// <summary>What all sidecars of a run share.</summary>
internal sealed record Machine(
    Journal Journal, MessageLog Messages, IReadOnlyDictionary<string, string> Environment, TimeProvider Clock, Func<string, Sidecar?> FindSidecar)
{
    /// <summary>Called when a sidecar meets something it must not go on with.</summary>
    public required Action<string> Fail { get; init; }
}

/// <summary>The sidecar of one app: its API on two ports, its app's health, and the deliveries into it.</summary>
internal sealed class Sidecar : IAsyncDisposable
{
    private readonly Machine _machine;
    private readonly ILoggerFactory _loggers;
    private readonly Listeners _listeners = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly AppSupervision _supervision;
    private readonly WorkflowEngine? _workflows;
    private WebApplication? _server;
    private Task _supervising = Task.CompletedTask;
    private Task? _stopped;

    public Sidecar(AppSpec app, AppResources resources, Machine machine, ILoggerFactory loggers)
    {
        (App, Resources, _machine, _loggers) = (app, resources, machine, loggers);
        Namespace = machine.Environment.GetValueOrDefault("NAMESPACE", "");
        Channel = new AppChannel(app, machine.Environment.GetValueOrDefault("APP_API_TOKEN"));
        Publisher = new Publisher(app.AppId, resources, machine.Messages, machine.Clock);
        States = new StateStores(app.AppId, resources.Components.Values.Where(component => component.IsState).ToDictionary(
            component => component.Name,
            component => new StateStore(
                component, app.AppId, Namespace, machine.Journal, resources.Resiliency.ForStateOutbound(component.Name), machine.Clock),
            StringComparer.Ordinal));
        Secrets = new AppSecrets(resources);
        Metadata = new SidecarMetadata(resources);
        Invoker = new Invoker(this, machine.FindSidecar);
        if (resources.ActorStateStore is not null)
        {
            _workflows = new WorkflowEngine(
                app.AppId, app.MaxBodySize, resources.Configuration.Workflows, machine.Journal, machine.Clock, loggers.CreateLogger<WorkflowEngine>());
        }
        _supervision = new AppSupervision(this, machine, loggers.CreateLogger<Sidecar>());
    }

    public AppSpec App { get; }

    public AppResources Resources { get; }

    public string Namespace { get; }

    public AppChannel Channel { get; }

    public Publisher Publisher { get; }

    public StateStores States { get; }

    public AppSecrets Secrets { get; }

    public SidecarMetadata Metadata { get; }

    public Invoker Invoker { get; }

    /// <summary>Workflows, which live where actors do.</summary>
    public WorkflowEngine Workflows => _workflows ?? throw WorkflowRefusals.NoActorStateStore();

    public TimeProvider Clock => _machine.Clock;

    public int ConnectedWorkers => _workflows?.ConnectedWorkers ?? 0;

    public int HttpPort { get; private set; }

    public int GrpcPort { get; private set; }

    /// <summary>The app's port answers, or there is no app to wait for.</summary>
    public bool IsReady => App.AppPort == 0 || _supervision.HasAnswered;

    public bool IsAppHealthy => _supervision.IsHealthy;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        HttpPort = _listeners.Bind(App.HttpPort, $"daprHTTPPort of {App.AppId}");
        GrpcPort = _listeners.Bind(App.GrpcPort, $"daprGRPCPort of {App.AppId}");
        if (_workflows is not null)
            await _workflows.StartAsync(forget: Resources.ActorStateStore!.IsInMemory);
        _server = SidecarServer.Build(this, _listeners, _machine.Environment.GetValueOrDefault("DAPR_API_TOKEN"), _loggers);
        await _server.StartAsync(cancellationToken);
        if (App.AppPort > 0)
            _supervising = Task.Run(() => _supervision.RunAsync(_stopping.Token), CancellationToken.None);
    }

    /// <summary>The app's process has ended: no need to wait for probes to fail.</summary>
    public void ReportExit() => _supervision.ReportExit();

    /// <summary>Takes no further message; what is under way may finish within the time given.</summary>
    public async Task StopDeliveriesAsync(TimeSpan drain)
    {
        await _stopping.CancelAsync();
        await _supervising;
        await _supervision.StopDeliveriesAsync(drain);
    }

    /// <summary>Stops this sidecar alone, as its API can be asked to; the app lives on.</summary>
    public void RequestShutdown() => _stopped ??= Task.Run(async () =>
    {
        await StopDeliveriesAsync(TimeSpan.FromSeconds(5));
        await StopServerAsync();
    });

    public async ValueTask DisposeAsync()
    {
        await (_stopped ?? Task.CompletedTask);
        await StopDeliveriesAsync(TimeSpan.Zero);
        await StopServerAsync();
        if (_workflows is not null)
            await _workflows.DisposeAsync();
        _listeners.Dispose();
        Channel.Dispose();
        _supervision.Dispose();
        _stopping.Dispose();
        _loggers.Dispose();
    }

    private async Task StopServerAsync()
    {
        if (Interlocked.Exchange(ref _server, null) is not { } server)
            return;
        // Its streams and waits would keep the server from stopping.
        if (_workflows is not null)
            await _workflows.StopAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        await server.StopAsync(patience.Token);
        await server.DisposeAsync();
    }
}
