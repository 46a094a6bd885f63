using System.Collections.Concurrent;
using System.Security.Cryptography;
using Dapper;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace KestrelVoice.Features.Webhooks.Delivery;

/// <summary>Sends what waits: at once when this process made it wait, and within a second when another one did, or died over it.</summary>
internal sealed partial class WebhookDispatcher(
    NpgsqlDataSource source, WebhookLanes lanes, WebhookAttempts attempts, WebhookCourier courier, TimeProvider clock, ILogger<WebhookDispatcher> logger)
    : BackgroundService
{
    // Requests of people come first: they share the pool.
    private const int LooksAtOnce = 3;
    private const string FindWaiting = "select tenant_id, endpoint_id, urgent from waiting_webhook_lanes(@Now)";

    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(15);

    private readonly SemaphoreSlim _looks = new(LooksAtOnce);
    private readonly ConcurrentDictionary<Task, bool> _underWay = [];
    private bool _away;

    public override void Dispose()
    {
        _looks.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var polling = PollAsync(stoppingToken);
        try
        {
            while (true)
            {
                var key = await lanes.NextWokenAsync(stoppingToken);
                if (lanes[key].TakeTurn())
                    Track(LookAsync(key, stoppingToken));
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is under way is answered soon, and written down then.
            await polling;
            while (!_underWay.IsEmpty)
                await Task.WhenAll(_underWay.Keys);
        }
    }

    private async Task PollAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = Poll;
            try
            {
                foreach (var key in await FindWaitingAsync(stoppingToken))
                    lanes.Wake(key);
                _away = false;
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                Away(failure);
                pause = LongPoll;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            await Task.Delay(pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<IReadOnlyList<LaneKey>> FindWaitingAsync(CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<LaneKey>(new CommandDefinition(
            FindWaiting, new { Now = clock.GetUtcNow().UtcDateTime }, cancellationToken: cancellationToken))).AsList();
    }

    private async Task LookAsync(LaneKey key, CancellationToken stoppingToken)
    {
        var lane = lanes[key];
        while (lane.LookAgain())
        {
            var room = stoppingToken.IsCancellationRequested ? 0 : lane.Enter(int.MaxValue);
            if (room == 0)
            {
                // Whoever leaves wakes the lane; time has to be asked to.
                if (lane.HeldUpFor() is { } pause && !stoppingToken.IsCancellationRequested)
                    Track(WakeLaterAsync(key, pause, stoppingToken));
                continue;
            }
            var taken = 0;
            try
            {
                taken = await BeginAsync(key, lane, room, stoppingToken);
            }
            catch (CryptographicException locked)
            {
                LogLocked(logger, locked, key.EndpointId, key.TenantId);
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                Away(failure);
            }
            catch (OperationCanceledException)
            {
                // The next process goes on.
            }
            lane.TurnBack(room - taken);
        }
    }

    private async Task<int> BeginAsync(LaneKey key, WebhookLane lane, int room, CancellationToken stoppingToken)
    {
        await _looks.WaitAsync(stoppingToken);
        try
        {
            var (begun, receiver) = await attempts.BeginWaitingAsync(key, room, stoppingToken);
            if (receiver is null)
                return 0;
            lane.Rate = receiver.RateLimit;
            foreach (var attempt in begun)
                Track(DeliverAsync(key, lane, attempt, receiver, mayBeMore: begun.Count == room));
            return begun.Count;
        }
        finally
        {
            _looks.Release();
        }
    }

    private async Task DeliverAsync(LaneKey key, WebhookLane lane, Attempt attempt, Receiver receiver, bool mayBeMore)
    {
        try
        {
            if (await courier.DeliverAsync(key, attempt, receiver) is { } retry)
                await courier.HandOverAsync(key, attempt.MessageId, retry);
        }
#pragma warning disable CA1031 // Whatever it was, the lease runs out, and the attempt is made again.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            Away(failure);
        }
        finally
        {
            lane.Leave();
            if (mayBeMore)
                lanes.Wake(key);
        }
    }

    private async Task WakeLaterAsync(LaneKey key, TimeSpan pause, CancellationToken stoppingToken)
    {
        await Task.Delay(pause > TimeSpan.Zero ? pause : TimeSpan.Zero, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lanes.Wake(key);
    }

    private void Track(Task task)
    {
        _underWay[task] = true;
        task.ContinueWith(ended => _underWay.TryRemove(ended, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    // A loop that a surprise ends is worse than the surprise. One line an outage, though.
    private void Away(Exception failure)
    {
        if (failure is not (NpgsqlException { IsTransient: true } or TimeoutException))
            LogSurprise(logger, failure);
        else if (!_away)
            LogAway(logger, failure.GetType().Name);
        _away = true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Webhooks wait for the database: {Reason}")]
    private static partial void LogAway(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Webhooks cannot be sent; they are tried again")]
    private static partial void LogSurprise(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Nothing can be sent to webhook endpoint {EndpointId} of tenant {TenantId}: its secrets do not open")]
    private static partial void LogLocked(ILogger logger, Exception exception, Guid endpointId, Guid tenantId);
}
