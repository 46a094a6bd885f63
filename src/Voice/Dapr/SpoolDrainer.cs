namespace KestrelVoice.Voice.Dapr;

/// <summary>Hands waiting events to the sidecar as soon as it takes them, also those of an earlier run.</summary>
internal sealed partial class SpoolDrainer(Sidecar sidecar, EventSpool spool, TimeProvider clock, Random random, ILogger<SpoolDrainer> logger) : BackgroundService
{
    private static readonly TimeSpan MinDelay = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan IdleDelay = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _wake = new(0, 1);

    public void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake already.
        }
    }

    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var delay = MinDelay;
        while (!stoppingToken.IsCancellationRequested)
        {
            var emptied = await DrainAsync(stoppingToken);
            if (emptied)
            {
                delay = MinDelay;
                await IdleAsync(stoppingToken);
                continue;
            }
            await Task.Delay(delay * (0.5 + random.NextDouble()), clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            delay = delay * 2 < MaxDelay ? delay * 2 : MaxDelay;
        }
    }

    private async Task IdleAsync(CancellationToken stoppingToken)
    {
        using var idle = new CancellationTokenSource(IdleDelay, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, stoppingToken);
        await _wake.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<bool> DrainAsync(CancellationToken stoppingToken)
    {
        try
        {
            var waiting = spool.Waiting();
            var published = 0;
            foreach (var path in waiting)
            {
                if (await spool.ReadAsync(path, stoppingToken) is not { } outgoing)
                    continue;
                if (!await sidecar.TryPublishAsync(outgoing, stoppingToken))
                    continue;
                EventSpool.Remove(path);
                published++;
            }
            if (published > 0)
                LogDrained(published, waiting.Count);
            return spool.Waiting().Count == 0;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            LogFailed(failure);
            return false;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    [LoggerMessage(LogLevel.Information, "Published {Published} of {Waiting} waiting events.")]
    private partial void LogDrained(int published, int waiting);

    [LoggerMessage(LogLevel.Error, "Waiting events cannot be read.")]
    private partial void LogFailed(Exception failure);
}
