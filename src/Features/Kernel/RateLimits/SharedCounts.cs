using Dapper;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace KestrelVoice.Features.Kernel.RateLimits;

/// <summary>Tells the other instances of the host what this one admitted, and learns what they did; no request ever waits for it.</summary>
internal sealed partial class SharedCounts(NpgsqlDataSource database, TenantQuotas quotas, TimeProvider clock, ILogger<SharedCounts> logger)
    : BackgroundService
{
    // In one order everywhere, so that instances wait for each other and never in a ring.
    private const string Add =
        """
        insert into request_counts (tenant, minute, admitted)
        select tenant, minute, admitted from unnest(@Tenants, @Minutes, @Counts) as told (tenant, minute, admitted)
        order by tenant, minute
        on conflict (tenant, minute) do update set admitted = request_counts.admitted + excluded.admitted
        returning tenant, minute, admitted
        """;

    private const string Forget = "delete from request_counts where minute < @Minute";
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private long _tidied;
    private bool _away;

    private sealed record Row(Guid Tenant, long Minute, int Admitted);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await quotas.Much.WaitAsync(Pause, stoppingToken);
            try
            {
                await ExchangeAsync(stoppingToken);
                _away = false;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception away) when (away is NpgsqlException or TimeoutException)
            {
                if (!_away)
                    LogAlone(logger);
                _away = true;
                // Whoever is told that much was admitted while the database is away would only ask again.
                await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    internal async Task ExchangeAsync(CancellationToken cancellationToken)
    {
        await TidyAsync(cancellationToken);
        var untold = quotas.Untold();
        if (untold.Count == 0)
            return;
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            Add,
            new
            {
                Tenants = untold.Select(admitted => admitted.TenantId).ToArray(),
                Minutes = untold.Select(admitted => admitted.Minute).ToArray(),
                Counts = untold.Select(admitted => admitted.Requests).ToArray(),
            },
            cancellationToken: cancellationToken));
        var everywhere = rows.ToDictionary(row => (row.Tenant, row.Minute), row => row.Admitted);
        foreach (var told in untold)
            quotas.Told(told, everywhere[(told.TenantId, told.Minute)]);
    }

    private async Task TidyAsync(CancellationToken cancellationToken)
    {
        var minute = clock.GetUtcNow().ToUnixTimeSeconds() / 60;
        if (minute == _tidied)
            return;
        quotas.Tidy();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        // Instances whose clocks differ a little still count in the same rows.
        await connection.ExecuteAsync(new CommandDefinition(Forget, new { Minute = minute - 5 }, cancellationToken: cancellationToken));
        _tidied = minute;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database is away: until it is back this instance limits requests by its own count alone")]
    private static partial void LogAlone(ILogger logger);
}
