using Dapr.Client;

namespace KestrelVoice.Voice.Dapr;

/// <summary>Opens what the first caller would otherwise wait for: connections, and code that is compiled at its first use.</summary>
internal sealed partial class WarmUp(DaprClient dapr, Sidecar sidecar, TimeProvider clock, ILogger<WarmUp> logger) : BackgroundService
{
    private const string NoKey = "warm-up";

    // Goes all the way that the number of the first call will go, and belongs to nobody.
    private const string NoNumber = "warm-up";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var patience = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stoppingToken);
        try
        {
            await dapr.WaitForSidecarAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            if (!stoppingToken.IsCancellationRequested)
                LogAlone(Patience);
            return;
        }
        await Task.WhenAll(sidecar.ReadStateAsync<string>(NoKey), sidecar.LookUpAsync(NoNumber));
    }

    [LoggerMessage(LogLevel.Warning, "No sidecar after {Patience}. Callers get a generic greeting and the voicemail, and events wait on disk.")]
    private partial void LogAlone(TimeSpan patience);
}
