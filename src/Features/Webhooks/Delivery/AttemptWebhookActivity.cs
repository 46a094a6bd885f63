using Dapr.Workflow;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Webhooks.Delivery;

/// <summary>Makes the attempt that a workflow has waited for. Repeated, it finds the message leased, or dealt with.</summary>
internal sealed class AttemptWebhookActivity(
    TenantDatabase database, WebhookLanes lanes, WebhookAttempts attempts, WebhookCourier courier, TimeProvider clock, Random random)
    : WorkflowActivity<RetryWebhookWorkflow.Input, AttemptWebhookActivity.Outcome>
{
    /// <param name="NextAt">When to come back; null when that is not needed.</param>
    internal sealed record Outcome(string Result, DateTime? NextAt);

    private const string Find =
        """
        select m.endpoint_id, m.urgent, m.state, m.schedule, e.status, e.rate_limit
        from webhook_messages m
        join webhook_endpoints e on e.tenant_id = m.tenant_id and e.id = m.endpoint_id
        where m.tenant_id = @TenantId and m.id = @MessageId
        """;

    private const string Leave =
        """
        update webhook_messages
        set state = @State, last_error = coalesce(@Error, last_error), next_attempt_at = @NextAttemptAt, finished_at = @FinishedAt
        where tenant_id = @TenantId and id = @MessageId and state = 'retrying' and schedule = @Schedule
        """;

    private const int ShortestPauseInSeconds = 2;

    private sealed record Row(Guid EndpointId, bool Urgent, string State, int Schedule, string Status, int RateLimit);

    public override async Task<Outcome> RunAsync(WorkflowActivityContext context, RetryWebhookWorkflow.Input input)
    {
        var row = await database.ReadAsync(
            input.TenantId, Find, new { input.MessageId }, results => results.ReadSingleOrDefaultAsync<Row>(), CancellationToken.None);
        if (row is null || row.State != "retrying" || row.Schedule != input.Schedule)
            return new Outcome(row?.State ?? "deleted", null);

        var now = clock.GetUtcNow().UtcDateTime;
        switch (row.Status)
        {
            case "disabled":
                await LeaveAsync(input, "failed", EndpointHealth.EndpointDisabled, nextAttemptAt: null, finishedAt: now);
                return new Outcome("failed", null);
            // The dispatcher takes it up again when somebody resumes the endpoint.
            case "paused":
                await LeaveAsync(input, "pending", error: null, nextAttemptAt: now, finishedAt: null);
                return new Outcome("paused", null);
            default:
                return await AttemptAsync(input, row);
        }
    }

    private async Task<Outcome> AttemptAsync(RetryWebhookWorkflow.Input input, Row row)
    {
        var key = new LaneKey(input.TenantId, row.EndpointId, row.Urgent);
        var lane = lanes[key];
        lane.Rate = row.RateLimit;
        // Activities are few, and shared by all: they do not wait for their turn at an endpoint, they come again.
        if (lane.Enter(1) == 0)
            return await ComeAgainAsync(input);
        try
        {
            var (begun, receiver) = await attempts.BeginRetryingAsync(key, input.MessageId, input.Schedule, CancellationToken.None);
            if (begun is not [var attempt] || receiver is null)
                return await ComeAgainAsync(input);
            var retry = await courier.DeliverAsync(key, attempt, receiver);
            return new Outcome(retry is null ? "done" : "retrying", retry?.At.UtcDateTime);
        }
        finally
        {
            lane.Leave();
            lanes.Wake(key);
        }
    }

    private async Task<Outcome> ComeAgainAsync(RetryWebhookWorkflow.Input input)
    {
        var at = clock.GetUtcNow().AddSeconds(ShortestPauseInSeconds * (1 + random.NextDouble())).UtcDateTime;
        await LeaveAsync(input, "retrying", error: null, at, finishedAt: null);
        return new Outcome("busy", at);
    }

    private async Task LeaveAsync(RetryWebhookWorkflow.Input input, string state, string? error, DateTime? nextAttemptAt, DateTime? finishedAt)
    {
        await using var transaction = await database.BeginAsync(input.TenantId, CancellationToken.None);
        await transaction.ExecuteAsync(
            Leave,
            new { input.MessageId, input.Schedule, State = state, Error = error, NextAttemptAt = nextAttemptAt, FinishedAt = finishedAt },
            CancellationToken.None);
        await transaction.CommitAsync(CancellationToken.None);
    }
}
