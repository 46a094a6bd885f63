using Dapper;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace KestrelVoice.Features.Calendars;

/// <summary>Reads every calendar when it is due. Of several hosts, one does.</summary>
internal sealed partial class CalendarPoller(
    NpgsqlDataSource source, CalendarSync sync, IOptions<CalendarSettings> options, TimeProvider clock, ILogger<CalendarPoller> logger) : BackgroundService
{
    // Requests of people come first: they share the pool.
    private const int AtOnce = 3;
    private const int Most = 100;
    private const string FindDue = "select tenant_id, id from due_calendars(@Now, @Most)";

    private sealed record Due(Guid TenantId, Guid Id);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.Pause, clock);
        try
        {
            do
                await OnceAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A lease that is left behind runs out.
        }
    }

    private async Task OnceAsync(CancellationToken stoppingToken)
    {
        try
        {
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stoppingToken };
            await Parallel.ForEachAsync(await FindDueAsync(stoppingToken), parallel, async (due, token) => await RunAsync(due, token));
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException)
        {
            LogPutOff(logger, away.GetType().Name);
        }
    }

    private async Task<IReadOnlyList<Due>> FindDueAsync(CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<Due>(new CommandDefinition(
            FindDue, new { Now = clock.GetUtcNow().UtcDateTime, Most }, cancellationToken: cancellationToken))).AsList();
    }

    private async Task RunAsync(Due due, CancellationToken cancellationToken)
    {
        try
        {
            await sync.RunAsync(due.TenantId, due.Id, onlyWhenDue: true, cancellationToken);
        }
#pragma warning disable CA1031 // One calendar that surprises us must not keep the others from being read; its lease runs out.
        catch (Exception surprise) when (surprise is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogSurprise(logger, surprise, due.Id, due.TenantId);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Reading of calendars is put off: {Reason}")]
    private static partial void LogPutOff(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Calendar {CalendarId} of tenant {TenantId} cannot be read; it is tried again")]
    private static partial void LogSurprise(ILogger logger, Exception exception, Guid calendarId, Guid tenantId);
}
