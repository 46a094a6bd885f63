using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Webhooks.Endpoints;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Webhooks.Delivery;

/// <summary>Gives up on endpoints that nobody looks after: after two warnings, or at once when the receiver says so.</summary>
internal sealed partial class EndpointHealth(
    TenantDatabase database, EndpointRemoval removal, IOptions<DeliverySettings> options, TimeProvider clock, ILogger<EndpointHealth> logger)
{
    /// <summary>What a message ends with whose endpoint was disabled before it was delivered.</summary>
    public const string EndpointDisabled = "endpoint_disabled";

    private const string Read =
        """
        select failing_since, warnings, warned_at
        from webhook_endpoints
        where tenant_id = @TenantId and id = @EndpointId and status <> 'disabled' and failing_since is not null
        """;

    private const string Warn =
        """
        update webhook_endpoints
        set warnings = @Warnings, warned_at = @Now
        where tenant_id = @TenantId and id = @EndpointId and warnings < @Warnings and failing_since = @FailingSince
        """;

    private const string DisableFailing =
        """
        update webhook_endpoints
        set status = 'disabled', disabled_reason = 'failing', disabled_at = @Now
        where tenant_id = @TenantId and id = @EndpointId and status <> 'disabled' and failing_since = @FailingSince
        """;

    private const string DisableGone =
        """
        update webhook_endpoints
        set status = 'disabled', disabled_reason = 'gone', disabled_at = @Now
        where tenant_id = @TenantId and id = @EndpointId and status <> 'disabled' and kind = 'endpoint'
        """;

    // On its own: whoever ends an attempt holds the message first and the endpoint then.
    private const string FailWaiting =
        """
        update webhook_messages
        set state = 'failed', last_error = @EndpointDisabled, next_attempt_at = null, finished_at = @Now
        where tenant_id = @TenantId and endpoint_id = @EndpointId and state in ('pending', 'retrying') and (leased_until is null or leased_until <= @Now)
        """;

    private sealed record Row(DateTime FailingSince, int Warnings, DateTime? WarnedAt);

    /// <summary>After a failure: says what is about to happen, or does it.</summary>
    public async Task CheckAsync(LaneKey lane, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        var row = await database.ReadAsync(
            lane.TenantId, Read, new { lane.EndpointId }, results => results.ReadSingleOrDefaultAsync<Row>(), cancellationToken);
        if (row is null)
            return;

        // With five days: after one, after three, and out.
        var (failingFor, day) = (now - row.FailingSince, options.Value.DisableAfter / 5);
        var due = failingFor >= day * 3 ? 2 : failingFor >= day ? 1 : 0;
        // Where nothing was sent for days, the first failure after them warns; it does not disable.
        if (failingFor >= options.Value.DisableAfter && row.WarnedAt is { } warnedAt && now - warnedAt >= day)
        {
            if (await ExecuteAsync(lane, DisableFailing, new { lane.EndpointId, row.FailingSince, Now = now }, cancellationToken) == 0)
                return;
            LogDisabled(logger, lane.EndpointId, lane.TenantId, row.FailingSince);
            await FailWaitingAsync(lane, cancellationToken);
        }
        else if (due > row.Warnings
            && await ExecuteAsync(lane, Warn, new { lane.EndpointId, Warnings = due, row.FailingSince, Now = now }, cancellationToken) > 0)
        {
            LogWarned(logger, lane.EndpointId, lane.TenantId, row.FailingSince);
        }
    }

    /// <summary>The receiver answered 410: whoever runs it has gone, or a hook's subscriber has unsubscribed.</summary>
    public async Task GoneAsync(LaneKey lane, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        if (await removal.RemoveAsync(lane.TenantId, lane.EndpointId, "hook", cancellationToken))
            return;
        if (await ExecuteAsync(lane, DisableGone, new { lane.EndpointId, Now = now }, cancellationToken) == 0)
            return;
        LogGone(logger, lane.EndpointId, lane.TenantId);
        await FailWaitingAsync(lane, cancellationToken);
    }

    private Task<int> FailWaitingAsync(LaneKey lane, CancellationToken cancellationToken) => ExecuteAsync(
        lane, FailWaiting, new { lane.EndpointId, EndpointDisabled, Now = clock.GetUtcNow().UtcDateTime }, cancellationToken);

    private async Task<int> ExecuteAsync(LaneKey lane, string sql, object parameters, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(lane.TenantId, cancellationToken);
        var changed = await transaction.ExecuteAsync(sql, parameters, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return changed;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Webhook endpoint {EndpointId} of tenant {TenantId} has been failing since {Since:O} and is about to be disabled")]
    private static partial void LogWarned(ILogger logger, Guid endpointId, Guid tenantId, DateTime since);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Webhook endpoint {EndpointId} of tenant {TenantId} has been failing since {Since:O} and was disabled")]
    private static partial void LogDisabled(ILogger logger, Guid endpointId, Guid tenantId, DateTime since);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Webhook endpoint {EndpointId} of tenant {TenantId} answered 410 and was disabled")]
    private static partial void LogGone(ILogger logger, Guid endpointId, Guid tenantId);
}
