using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace KestrelVoice.Features.Identity.Embedded;

/// <summary>Replaces signing keys in time and forgets sessions that nobody refreshes any more.</summary>
internal sealed partial class Upkeep(SigningKeys keys, Sessions sessions, TimeProvider clock, ILogger<Upkeep> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, clock);
        try
        {
            do
                await OnceAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Nothing is left half done: each step is one transaction.
        }
    }

    private async Task OnceAsync(CancellationToken cancellationToken)
    {
        try
        {
            await keys.CurrentAsync(cancellationToken);
            await keys.RotateWhenDueAsync(cancellationToken);
            await sessions.EndIdleAsync(cancellationToken);
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException)
        {
            LogPutOff(logger, away.GetType().Name);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Identity upkeep is put off: {Reason}")]
    private static partial void LogPutOff(ILogger logger, string reason);
}
