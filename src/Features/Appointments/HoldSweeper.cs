using Dapper;
using KestrelVoice.Features.Kernel;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace KestrelVoice.Features.Appointments;

/// <summary>Removes holds that have expired. They hold nothing by then: whoever wants their time takes it, swept or not.</summary>
internal sealed partial class HoldSweeper(NpgsqlDataSource source, TenantDatabase database, TimeProvider clock, ILogger<HoldSweeper> logger)
    : BackgroundService
{
    private const int Most = 200;
    private const string FindExpired = "select tenant_id, id from expired_holds(@Now, @Most)";

    private const string Remove =
        "delete from appointments where tenant_id = @TenantId and id = any (@Ids) and status = 'held' and expires_at <= @Now";

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private sealed record Expired(Guid TenantId, Guid Id);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await SweepAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The next run finds what is left.
        }
    }

    private async Task SweepAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await SweepSomeAsync(stoppingToken) == Most)
            {
            }
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException)
        {
            LogPutOff(logger, away.GetType().Name);
        }
    }

    private async Task<int> SweepSomeAsync(CancellationToken stoppingToken)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        var expired = await FindAsync(now, stoppingToken);
        foreach (var holds in expired.GroupBy(hold => hold.TenantId, hold => hold.Id))
        {
            await using var transaction = await database.BeginAsync(holds.Key, stoppingToken);
            await transaction.ExecuteAsync(Remove, new { Ids = holds.ToArray(), Now = now }, stoppingToken);
            await transaction.CommitAsync(stoppingToken);
        }
        return expired.Count;
    }

    private async Task<IReadOnlyList<Expired>> FindAsync(DateTime now, CancellationToken stoppingToken)
    {
        await using var connection = await source.OpenConnectionAsync(stoppingToken);
        return (await connection.QueryAsync<Expired>(new CommandDefinition(FindExpired, new { Now = now, Most }, cancellationToken: stoppingToken))).AsList();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Sweeping of expired holds is put off: {Reason}")]
    private static partial void LogPutOff(ILogger logger, string reason);
}
