using Dapper;
using KestrelVoice.Features.Kernel;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace KestrelVoice.Features.Webhooks.Delivery;

/// <summary>Finds retries whose workflow got lost, and forgets what was said and answered once it is old.</summary>
internal sealed partial class WebhookUpkeep(
    NpgsqlDataSource source, TenantDatabase database, IOptions<DeliverySettings> options, TimeProvider clock, ILogger<WebhookUpkeep> logger)
    : BackgroundService
{
    private const int Most = 500;
    private const int RoundsBetweenForgetting = 60;

    private const string FindOverdue = "select tenant_id, id from overdue_webhook_messages(@Before, @Most)";

    // The dispatcher sends it. Should the workflow turn up after all, it finds another state, or another schedule.
    private const string TakeBack =
        """
        update webhook_messages
        set state = 'pending', next_attempt_at = @Now
        where tenant_id = @TenantId and id = any (@Ids) and state = 'retrying' and next_attempt_at < @Before and (leased_until is null or leased_until <= @Now)
        """;

    private const string ForgetPayloads = "select forget_event_payloads(@Before, @Most)";
    private const string ForgetAnswers = "select forget_webhook_answers(@Before, @Most)";

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private sealed record Overdue(Guid TenantId, Guid Id);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, clock);
        try
        {
            for (var round = 0; ; round++)
            {
                await OnceAsync(isTimeToForget: round % RoundsBetweenForgetting == 0, stoppingToken);
                await timer.WaitForNextTickAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Nothing is left half done: each step is one transaction.
        }
    }

    private async Task OnceAsync(bool isTimeToForget, CancellationToken cancellationToken)
    {
        try
        {
            await TakeOverdueBackAsync(cancellationToken);
            if (!isTimeToForget)
                return;
            var before = (clock.GetUtcNow() - options.Value.PayloadRetention).UtcDateTime;
            await ForgetAsync(ForgetPayloads, before, cancellationToken);
            await ForgetAsync(ForgetAnswers, before, cancellationToken);
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException)
        {
            LogPutOff(logger, away.GetType().Name);
        }
    }

    private async Task TakeOverdueBackAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var before = (now - options.Value.Overdue).UtcDateTime;
        IReadOnlyList<Overdue> overdue;
        await using (var connection = await source.OpenConnectionAsync(cancellationToken))
        {
            overdue = (await connection.QueryAsync<Overdue>(new CommandDefinition(
                FindOverdue, new { Before = before, Most }, cancellationToken: cancellationToken))).AsList();
        }
        foreach (var tenant in overdue.GroupBy(message => message.TenantId, message => message.Id))
        {
            await using var transaction = await database.BeginAsync(tenant.Key, cancellationToken);
            await transaction.ExecuteAsync(TakeBack, new { Ids = tenant.ToArray(), Before = before, Now = now.UtcDateTime }, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        if (overdue.Count > 0)
            LogOverdue(logger, overdue.Count);
    }

    private async Task ForgetAsync(string sql, DateTime before, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        while (await connection.QuerySingleAsync<long>(new CommandDefinition(sql, new { Before = before, Most }, cancellationToken: cancellationToken)) > 0)
        {
            // Some at a time, so that nobody waits long for a row.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Upkeep of webhooks is put off: {Reason}")]
    private static partial void LogPutOff(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The retries of {Count} webhook messages were overdue and are made now")]
    private static partial void LogOverdue(ILogger logger, int count);
}
