using System.Net.Sockets;
using KestrelVoice.LocalDapr.PubSub;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.LocalDapr.Sidecars;

/// <summary>
/// Watches one app: waits for its port, probes its health, asks it once for its subscriptions, and lets messages flow only
/// while it is healthy.
/// </summary>
internal sealed partial class AppSupervision(Sidecar sidecar, Machine machine, ILogger logger) : IDisposable
{
    private static readonly TimeSpan s_dialInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_pauseDrain = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _deliveries = new(1, 1);
    private IReadOnlyList<Subscriber>? _subscribers;
    private volatile bool _answered;
    private volatile bool _healthy;

    public bool HasAnswered => _answered;

    /// <summary>An app that is not probed counts as healthy, as it does for daprd: also while it is asked for its subscriptions.</summary>
    public bool IsHealthy => sidecar.App.Health is null || _healthy;

    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            await DialAsync(stopping);
            _answered = true;
            if (sidecar.App.Health is null)
                await BecomeHealthyAsync(stopping);
            else
                await ProbeForEverAsync(stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
        catch (LocalDaprRefusedException refused)
        {
            machine.Fail(refused.Message);
        }
#pragma warning disable CA1031 // A sidecar that delivers nothing must not look as if it did.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogSupervisionEnded(sidecar.App.AppId, exception);
            machine.Fail($"the supervision of app '{sidecar.App.AppId}' ended: {exception.Message}");
        }
    }

    /// <summary>Only where health is checked at all.</summary>
    public void ReportExit()
    {
        if (sidecar.App.Health is not null && _healthy)
            _ = Task.Run(BecomeUnhealthyAsync);
    }

    public async Task StopDeliveriesAsync(TimeSpan drain)
    {
        await _deliveries.WaitAsync(CancellationToken.None);
        try
        {
            await Task.WhenAll((_subscribers ?? []).Select(subscriber => subscriber.StopAsync(drain)));
        }
        finally
        {
            _deliveries.Release();
        }
    }

    public void Dispose() => _deliveries.Dispose();

    private async Task DialAsync(CancellationToken stopping)
    {
        while (true)
        {
            using var client = new TcpClient();
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, timeout.Token);
            try
            {
                await client.ConnectAsync(sidecar.App.ChannelAddress, sidecar.App.AppPort, either.Token);
                return;
            }
            catch (Exception exception) when (exception is SocketException || (exception is OperationCanceledException && !stopping.IsCancellationRequested))
            {
                await Task.Delay(s_dialInterval, machine.Clock, stopping);
            }
        }
    }

    private async Task ProbeForEverAsync(CancellationToken stopping)
    {
        var health = sidecar.App.Health!;
        var failures = 0;
        while (true)
        {
            if (await ProbeAsync(health.Path, health.Timeout, stopping))
            {
                failures = 0;
                if (!_healthy)
                    await BecomeHealthyAsync(stopping);
            }
            else if (++failures >= health.Threshold && _healthy)
            {
                await BecomeUnhealthyAsync();
            }
            await Task.Delay(health.Interval, machine.Clock, stopping);
        }
    }

    private async Task<bool> ProbeAsync(string path, TimeSpan limit, CancellationToken stopping)
    {
        using var timeout = new CancellationTokenSource(limit, machine.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, timeout.Token);
        try
        {
            return (int)await sidecar.Channel.ProbeAsync(path, either.Token) is >= 200 and <= 299;
        }
        catch (Exception exception) when (
            exception is HttpRequestException or IOException || (exception is OperationCanceledException && !stopping.IsCancellationRequested))
        {
            return false;
        }
    }

    private async Task BecomeHealthyAsync(CancellationToken stopping)
    {
        // Asked once in a sidecar's life, as daprd does: an app that comes back has the same subscriptions.
        _subscribers ??= await Subscriptions.JoinAsync(sidecar, machine, logger, stopping);
        await _deliveries.WaitAsync(stopping);
        try
        {
            _healthy = true;
            LogHealthy(sidecar.App.AppId);
            foreach (var subscriber in _subscribers)
                subscriber.Start();
        }
        finally
        {
            _deliveries.Release();
        }
    }

    private async Task BecomeUnhealthyAsync()
    {
        await _deliveries.WaitAsync(CancellationToken.None);
        try
        {
            if (!_healthy)
                return;
            _healthy = false;
            LogUnhealthy(sidecar.App.AppId);
            await Task.WhenAll((_subscribers ?? []).Select(subscriber => subscriber.StopAsync(s_pauseDrain)));
        }
        finally
        {
            _deliveries.Release();
        }
    }

    [LoggerMessage(LogLevel.Information, "App {AppId} is healthy; messages flow")]
    private partial void LogHealthy(string appId);

    [LoggerMessage(LogLevel.Warning, "App {AppId} is unhealthy; its messages wait")]
    private partial void LogUnhealthy(string appId);

    [LoggerMessage(LogLevel.Error, "Supervision of app {AppId} ended")]
    private partial void LogSupervisionEnded(string appId, Exception exception);
}
