using Dapr.Workflow;
using Grpc.Core;
using KestrelVoice.Features.Events;
using KestrelVoice.Features.Kernel;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.Features.Webhooks.Delivery;

/// <summary>What people may ask of messages, beyond what happens by itself.</summary>
internal sealed partial class WebhookDispatch(
    TenantDatabase database, WebhookLanes lanes, DaprWorkflowClient workflows, TimeProvider clock, ILogger<WebhookDispatch> logger)
{
    private const string Find =
        """
        select m.state, m.urgent, coalesce(m.payload, told.payload) is not null as has_payload
        from webhook_messages m
        left join tenant_events told on told.tenant_id = m.tenant_id and told.id = m.event_id
        where m.tenant_id = @TenantId and m.endpoint_id = @EndpointId and m.id = @Id
        """;

    private const string Resend =
        """
        update webhook_messages m
        set resend_at = @Now
        where m.tenant_id = @TenantId and m.endpoint_id = @EndpointId and m.id = @Id
        """;

    private const string ResendFailed =
        """
        with failed as (
            select m.id
            from webhook_messages m
            join tenant_events told on told.tenant_id = m.tenant_id and told.id = m.event_id and told.payload is not null
            where m.tenant_id = @TenantId and m.endpoint_id = @EndpointId and m.state = 'failed' and m.resend_at is null and not m.is_test
              and m.created_at >= @Since and m.created_at < coalesce(@Until::timestamptz, 'infinity')
            order by m.created_at, m.id
            limit @Most
        )
        update webhook_messages m
        set resend_at = @Now
        from failed
        where m.tenant_id = @TenantId and m.id = failed.id
        """;

    private const string Cancel =
        """
        update webhook_messages
        set state = 'cancelled', next_attempt_at = null, resend_at = null, finished_at = @Now
        where tenant_id = @TenantId and endpoint_id = @EndpointId and id = @Id and state in ('pending', 'retrying')
        returning schedule
        """;

    private const string Test =
        """
        insert into webhook_messages (tenant_id, id, endpoint_id, event_id, event_type, is_test, payload, urgent, state, next_attempt_at, created_at, finished_at)
        select tenant_id, @Id, id, @EventId, @Type, true, @Payload, @Urgent, first.state, first.next_attempt_at, @Now, first.finished_at
        from webhook_endpoints
        cross join first_state_of_webhook_messages(@TenantId, @Now) as first
        where tenant_id = @TenantId and id = @EndpointId
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    internal enum Resent
    {
        /// <summary>An attempt is made now. If it fails, what becomes of the message is as it was.</summary>
        Now,
        NoSuchMessage,

        /// <summary>The payload is older than the retention, so there is nothing to send.</summary>
        PayloadExpired,

        /// <summary>It is a sandbox's, which sends nothing.</summary>
        Withheld,
    }

    internal enum Cancelled
    {
        Now,
        NoSuchMessage,

        /// <summary>It was delivered, has failed, was cancelled before, or is a sandbox's.</summary>
        Finished,
    }

    private sealed record Row(string State, bool Urgent, bool HasPayload);

    /// <summary>Has a message sent once more, in whatever state it and its endpoint are.</summary>
    public async Task<Resent> ResendAsync(Guid tenantId, Guid endpointId, Guid messageId, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(tenantId, cancellationToken);
        var key = new { EndpointId = endpointId, Id = messageId, Now = clock.GetUtcNow().UtcDateTime };
        var row = await transaction.QuerySingleOrDefaultAsync<Row>(Find, key, cancellationToken);
        if (row is null)
            return Resent.NoSuchMessage;
        if (row.State == "withheld")
            return Resent.Withheld;
        if (!row.HasPayload)
            return Resent.PayloadExpired;
        await transaction.ExecuteAsync(Resend, key, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        lanes.Wake(new LaneKey(tenantId, endpointId, row.Urgent));
        return Resent.Now;
    }

    /// <summary>Has messages sent once more that were created in that time and have failed, the oldest first; says how many.</summary>
    public async Task<int> ResendFailedAsync(
        Guid tenantId, Guid endpointId, DateTimeOffset since, DateTimeOffset? until, int most, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(tenantId, cancellationToken);
        var count = await transaction.ExecuteAsync(
            ResendFailed,
            new { EndpointId = endpointId, Since = since.UtcDateTime, Until = until?.UtcDateTime, Most = most, Now = clock.GetUtcNow().UtcDateTime }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        lanes.Wake(tenantId, endpointId);
        return count;
    }

    /// <summary>Makes no further attempt. One that is under way is not called back, and if it succeeds the message was delivered.</summary>
    public async Task<Cancelled> CancelAsync(Guid tenantId, Guid endpointId, Guid messageId, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(tenantId, cancellationToken);
        var key = new { EndpointId = endpointId, Id = messageId, Now = clock.GetUtcNow().UtcDateTime };
        if (await transaction.QuerySingleOrDefaultAsync<int?>(Cancel, key, cancellationToken) is not { } schedule)
            return await transaction.QuerySingleOrDefaultAsync<Row>(Find, key, cancellationToken) is null ? Cancelled.NoSuchMessage : Cancelled.Finished;
        await transaction.CommitAsync(cancellationToken);
        if (schedule > 0)
            await EndWorkflowAsync(RetryWebhookWorkflow.InstanceOf(messageId, schedule));
        return Cancelled.Now;
    }

    /// <summary>Sends an endpoint something that looks like an event and is none, once; in a sandbox it is only recorded. The id of the message; null without such an endpoint.</summary>
    public async Task<Guid?> SendTestAsync(Guid tenantId, Guid endpointId, string type, object data, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var (id, eventId, urgent) = (Guid.CreateVersion7(now), Guid.CreateVersion7(now), TenantEventTypes.IsUrgent(type));
        await using var transaction = await database.BeginAsync(tenantId, cancellationToken);
        var made = await transaction.ExecuteAsync(
            Test,
            new
            {
                Id = id,
                EndpointId = endpointId,
                EventId = eventId,
                Type = type,
                Payload = new TenantEvent(type, Occasion: "", now, data).Payload(eventId),
                Urgent = urgent,
                Now = now.UtcDateTime,
            },
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        lanes.Wake(new LaneKey(tenantId, endpointId, urgent));
        return made > 0 ? id : null;
    }

    /// <summary>An endpoint may be sent to again: what has waited for that goes out.</summary>
    public void WakeUp(Guid tenantId, Guid endpointId) => lanes.Wake(tenantId, endpointId);

    // Without this it would end by itself, at its next step.
    private async Task EndWorkflowAsync(string instance)
    {
        using var patience = new CancellationTokenSource(Patience, clock);
        try
        {
            await workflows.TerminateWorkflowAsync(instance, cancellation: patience.Token);
        }
        catch (Exception away) when (away is RpcException or OperationCanceledException)
        {
            LogLeft(logger, instance);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Workflow {Instance} could not be ended and ends at its next step")]
    private static partial void LogLeft(ILogger logger, string instance);
}
