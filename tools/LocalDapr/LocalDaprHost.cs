using System.Collections;
using KestrelVoice.LocalDapr.Apps;
using KestrelVoice.LocalDapr.Logging;
using KestrelVoice.LocalDapr.PubSub;
using KestrelVoice.LocalDapr.Resources;
using KestrelVoice.LocalDapr.RunFiles;
using KestrelVoice.LocalDapr.Sidecars;
using KestrelVoice.LocalDapr.State;
using KestrelVoice.LocalDapr.Storage;

namespace KestrelVoice.LocalDapr;

/// <summary>Where the sidecar of one app answers.</summary>
/// <param name="AppId">The app it belongs to.</param>
/// <param name="HttpPort">Dapr's HTTP API.</param>
/// <param name="GrpcPort">Dapr's gRPC API.</param>
public sealed record SidecarAddress(string AppId, int HttpPort, int GrpcPort);

/// <summary>A run of LocalDapr inside this process: sidecars, the apps they belong to, and what they share.</summary>
public sealed class LocalDaprHost : IAsyncDisposable
{
    private static readonly TimeSpan s_sweepInterval = TimeSpan.FromMinutes(1);

    private readonly LocalDaprOptions _options;
    private readonly RunOutput _output;
    private readonly RunRecord _record;
    private readonly Dictionary<string, Sidecar> _sidecars = new(StringComparer.Ordinal);
    private readonly List<(string AppId, AppProcess Process)> _apps = [];
    private readonly TaskCompletionSource<string> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _ending = new();
    private Journal? _journal;
    private Task _sweeping = Task.CompletedTask;
    private int _stopped;

    private LocalDaprHost(LocalDaprOptions options, RunOutput output, RunRecord record) => (_options, _output, _record) = (options, output, record);

    /// <summary>The sidecars, in the order of the run file.</summary>
    public IReadOnlyList<SidecarAddress> Sidecars { get; private set; } = [];

    /// <summary>Completes, with the reason, when the run meets something it must not go on with.</summary>
    public Task<string> Failed => _failed.Task;

    /// <summary>Starts everything; returns once every sidecar answers and every app was started (not: is healthy).</summary>
    /// <exception cref="LocalDaprRefusedException">A file is wrong, asks for what is not emulated, or a port is taken.</exception>
    public static async Task<LocalDaprHost> StartAsync(LocalDaprOptions options, TextWriter output, CancellationToken cancellationToken)
    {
        var environment = options.Environment ?? ProcessEnvironment();
        var home = environment.GetValueOrDefault(OperatingSystem.IsWindows() ? "USERPROFILE" : "HOME", "");
        var runFile = RunFile.Load(options.RunFile, home);
        var resources = runFile.Apps.Select(app => AppResources.Load(app, environment, options.Clock)).ToArray();

        var stateFile = Path.GetFullPath(options.StateFile);
        Directory.CreateDirectory(Path.GetDirectoryName(stateFile)!);
        var host = new LocalDaprHost(options, new RunOutput(output, options.Clock), RunRecord.Take(stateFile));
        try
        {
            await host.OpenAsync(stateFile, runFile, resources, environment);
            foreach (var sidecar in host._sidecars.Values)
                await sidecar.StartAsync(cancellationToken);
            host.Sidecars = [.. runFile.Apps
                .Select(app => host._sidecars[app.AppId])
                .Select(sidecar => new SidecarAddress(sidecar.App.AppId, sidecar.HttpPort, sidecar.GrpcPort))];
            foreach (var app in runFile.Apps)
                host.StartApp(host._sidecars[app.AppId], environment);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Finishes deliveries under way, asks the apps to leave, and stops the sidecars once they have.</summary>
    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref _stopped, 1) == 1)
            return;
        await Task.WhenAll(_sidecars.Values.Select(sidecar => sidecar.StopDeliveriesAsync(_options.DrainTimeout)));
        await Task.WhenAll(_apps.Select(app => app.Process.StopAsync(_options.AppStopTimeout)));
        await _record.StopMarkedAsync();
        _record.Clear();
        // Last, so that an app on its way out can still publish and save.
        foreach (var sidecar in _sidecars.Values)
            await sidecar.DisposeAsync();
        await _ending.CancelAsync();
        await _sweeping;
        if (_journal is not null)
            await _journal.DisposeAsync();
        _record.Dispose();
        _output.Dispose();
        _ending.Dispose();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task OpenAsync(string stateFile, RunFile runFile, AppResources[] resources, IReadOnlyDictionary<string, string> environment)
    {
        if (await _record.StopLeftoversAsync())
            _output.Say("stopped apps that were left behind by a run that was killed.");
        foreach (var warning in resources.SelectMany(set => set.Warnings).Distinct())
            _output.Say("warning: " + warning);

        _journal = Journal.Open(stateFile);
        var components = resources.SelectMany(set => set.Components.Values).DistinctBy(component => component.Name).ToArray();
        foreach (var component in components.Where(component => component is { IsState: true, IsInMemory: true }))
            await StateStore.ForgetAsync(_journal, component.Name);
        var forgetful = components.Where(component => component is { IsPubSub: true, IsInMemory: true }).Select(component => component.Name);
        var messages = await MessageLog.OpenAsync(_journal, forgetful, _options.Clock);
        var machine = new Machine(_journal, messages, environment, _options.Clock, _sidecars.GetValueOrDefault)
        {
            Fail = reason => _failed.TrySetResult(reason),
        };
        foreach (var (app, set) in runFile.Apps.Zip(resources))
        {
            var write = app.SidecarLog.HasFlag(LogDestination.File) ? _output.OpenFile(LogDirectory(app), app.AppId, "daprd") : null;
            _sidecars.Add(app.AppId, new Sidecar(app, set, machine, _output.LoggersFor(app.AppId, write, app.SidecarLog.HasFlag(LogDestination.Console))));
        }
        var ages = components
            .Where(component => component.IsPubSub && component.Get("streamTTL") is not null)
            .ToDictionary(component => component.Name, component => component.Duration("streamTTL"));
        _sweeping = SweepAsync(_journal, messages, ages);
    }

    private void StartApp(Sidecar sidecar, IReadOnlyDictionary<string, string> environment)
    {
        var app = sidecar.App;
        _output.Say($"sidecar of '{app.AppId}' answers on http {sidecar.HttpPort} and grpc {sidecar.GrpcPort}.");
        if (app.Command.Count == 0)
            return;
        if (app.AppPort > 0 && PortProbe.IsTaken(app.ChannelAddress, app.AppPort))
            throw new LocalDaprRefusedException($"port {app.AppPort} (appPort of {app.AppId}) is in use by another program.");

        var file = app.AppLog.HasFlag(LogDestination.File) ? _output.OpenFile(LogDirectory(app), app.AppId, "app") : null;
        var prefix = app.AppLog.HasFlag(LogDestination.Console) ? $"== APP - {app.AppId} == " : null;
        var process = AppProcess.Start(app, AppProcess.Environment(app, environment, sidecar.HttpPort, sidecar.GrpcPort, _record.Mark), Write, exitCode =>
        {
            sidecar.ReportExit();
            if (_stopped == 0)
            {
                _output.Say($"app '{app.AppId}' ended with exit code {exitCode}. It is not restarted; its sidecar goes on, "
                    + "and its messages wait if its health is checked.");
            }
        });
        _apps.Add((app.AppId, process));
        _record.Add(app.AppId, process.Process);

        void Write(string line)
        {
            file?.Invoke(line);
            if (prefix is not null)
                _output.ToConsole(prefix + line);
        }
    }

    private async Task SweepAsync(Journal journal, MessageLog messages, IReadOnlyDictionary<string, TimeSpan> ages)
    {
        using var timer = new PeriodicTimer(s_sweepInterval, _options.Clock);
        try
        {
            do
            {
                await StateStore.SweepAsync(journal, _options.Clock);
                foreach (var (name, age) in ages)
                    await messages.ExpireAsync(name, age);
            }
            while (await timer.WaitForNextTickAsync(_ending.Token));
        }
        catch (OperationCanceledException)
        {
        }
#pragma warning disable CA1031 // Old rows that stay a little longer are no reason to end a run.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _output.Say("warning: expired rows are no longer removed: " + exception.Message);
        }
    }

    private string LogDirectory(AppSpec app) => _options.LogDirectory ?? Path.Combine(app.Directory, ".dapr", "logs");

    private static Dictionary<string, string> ProcessEnvironment() => Environment.GetEnvironmentVariables()
        .Cast<DictionaryEntry>()
        .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? "", StringComparer.Ordinal);
}
