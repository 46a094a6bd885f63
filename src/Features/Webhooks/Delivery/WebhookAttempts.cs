using Dapper;
using KestrelVoice.Features.Kernel;
using Microsoft.Extensions.Options;
using static Dapper.SqlMapper;

namespace KestrelVoice.Features.Webhooks.Delivery;

/// <summary>Attempts that are to be made, taken, and written down. Each is one round trip, and one transaction.</summary>
internal sealed class WebhookAttempts(TenantDatabase database, WebhookSecrets secrets, IOptions<DeliverySettings> options, TimeProvider clock)
{
    private const string Unleased = "(m.leased_until is null or m.leased_until <= @Now)";

    private const string Waiting =
        $"""
        select m.id
        from webhook_messages m
        join webhook_endpoints e on e.tenant_id = m.tenant_id and e.id = m.endpoint_id
        where m.tenant_id = @TenantId and m.endpoint_id = @EndpointId and m.urgent = @Urgent and (m.state = 'pending' or m.resend_at is not null)
          and (m.resend_at is not null or (m.next_attempt_at <= @Now and (e.status = 'active' or m.is_test))) and {Unleased}
        order by m.created_at, m.id
        limit @Most
        for update of m skip locked
        """;

    private const string Retrying =
        $"""
        select m.id
        from webhook_messages m
        where m.tenant_id = @TenantId and m.id = @MessageId and m.state = 'retrying' and m.schedule = @Schedule and {Unleased}
        for update of m skip locked
        """;

    // That nothing of a sandbox waits is decided elsewhere; this is the last door, and it is locked as well.
    private static string Begin(string due) =>
        $"""
        with due as (
            {due}
        ), leased as (
            update webhook_messages m
            set leased_until = @LeasedUntil
            from due
            where m.tenant_id = @TenantId and m.id = due.id and reaches_outside(@TenantId)
            returning m.id, m.attempts + 1 as number, m.resend_at is not null as manual, m.tries, m.is_test, m.event_id, m.payload, m.leased_until, m.created_at
        ), begun as (
            insert into webhook_attempts (tenant_id, message_id, number, manual, started_at)
            select @TenantId, id, number, manual, @Now from leased
            on conflict (tenant_id, message_id, number) do update set manual = excluded.manual, started_at = excluded.started_at
        )
        select leased.id as message_id, number, manual, tries, is_test, event_id, told.sequence, coalesce(leased.payload, told.payload) as payload, leased_until
        from leased
        left join tenant_events told on told.tenant_id = @TenantId and told.id = leased.event_id
        order by leased.created_at, leased.id;
        select url, headers, rate_limit from webhook_endpoints where tenant_id = @TenantId and id = @EndpointId;
        select id, sealed
        from webhook_secrets
        where tenant_id = @TenantId and endpoint_id = @EndpointId and (expires_at is null or expires_at > @Now)
        order by created_at desc, id desc
        """;

    // Whoever lost the lease has lost the right to say what came of it. What was cancelled meanwhile stays so, unless they have it.
    // An answer to what was erased meanwhile may repeat it, and is not kept.
    private const string End =
        """
        with ended as (
            update webhook_messages
            set leased_until = null, attempts = @Number, tries = tries + @Tried, last_status = @Status, last_error = @Error,
                resend_at = case when @Manual then null else resend_at end,
                state = case when @State::text is null or (state = 'cancelled' and @State <> 'delivered') then state else @State end,
                next_attempt_at = case when @State::text is null then next_attempt_at when state = 'cancelled' then null else @NextAttemptAt end,
                schedule = schedule + case when state = 'pending' and @State = 'retrying' then 1 else 0 end,
                finished_at = case when @State in ('delivered', 'failed') and (state <> 'cancelled' or @State = 'delivered') then @Now else finished_at end
            where tenant_id = @TenantId and id = @MessageId and leased_until = @LeasedUntil
            returning state, schedule, erased_at
        ), logged as (
            update webhook_attempts
            set duration_ms = @DurationMs, status = @Status, error = @Error,
                response_body = case when (select erased_at from ended) is null then @Body end
            where tenant_id = @TenantId and message_id = @MessageId and number = @Number and exists (select from ended)
        )
        select state, schedule from ended
        """;

    // An endpoint that works is not written to with every delivery.
    private const string Works =
        """
        update webhook_endpoints
        set last_success_at = @Now, failing_since = null, warnings = 0, warned_at = null
        where tenant_id = @TenantId and id = @EndpointId
          and (failing_since is not null or last_success_at is null or last_success_at <= @Now - interval '1 second')
        """;

    private const string Fails =
        """
        update webhook_endpoints
        set last_failure_at = @Now, failing_since = coalesce(failing_since, @Now)
        where tenant_id = @TenantId and id = @EndpointId
        """;

    private static readonly string BeginWaiting = Begin(Waiting);
    private static readonly string BeginRetrying = Begin(Retrying);

    private sealed record ReceiverRow(string Url, string? Headers, int RateLimit);

    private sealed record SecretRow(Guid Id, string Sealed);

    internal sealed record Ended(string State, int Schedule);

    /// <summary>Takes what waits in a lane, oldest first.</summary>
    public Task<(IReadOnlyList<Attempt> Attempts, Receiver? Receiver)> BeginWaitingAsync(LaneKey lane, int most, CancellationToken cancellationToken) =>
        BeginAsync(lane, BeginWaiting, new { lane.EndpointId, lane.Urgent, Most = most, Now = Now(), LeasedUntil = LeasedUntil() }, cancellationToken);

    /// <summary>Takes a message that its workflow has come for; nothing when it is no longer the workflow's, or leased.</summary>
    public Task<(IReadOnlyList<Attempt> Attempts, Receiver? Receiver)> BeginRetryingAsync(
        LaneKey lane, Guid messageId, int schedule, CancellationToken cancellationToken) =>
        BeginAsync(
            lane, BeginRetrying, new { lane.EndpointId, MessageId = messageId, Schedule = schedule, Now = Now(), LeasedUntil = LeasedUntil() },
            cancellationToken);

    /// <summary>Writes down what came of it; null when it was no longer ours.</summary>
    /// <param name="state">What becomes of the message; null when that is as it was.</param>
    public Task<Ended?> EndAsync(
        LaneKey lane, Attempt attempt, WebhookSender.Result result, string? state, DateTimeOffset? nextAt, CancellationToken cancellationToken)
    {
        // Any success shows that an endpoint works. That one failed is held against it only when it was our idea to try.
        var health = result.Verdict is Verdict.Delivered ? Works : attempt.Manual || attempt.IsTest || attempt.Payload is null ? null : Fails;
        return database.ReadAsync(
            lane.TenantId, health is null ? End : $"{End};\n{health}",
            new
            {
                lane.EndpointId,
                attempt.MessageId,
                attempt.Number,
                attempt.Manual,
                attempt.LeasedUntil,
                Tried = attempt.Manual ? 0 : 1,
                State = state,
                NextAttemptAt = nextAt?.UtcDateTime,
                result.Status,
                result.Error,
                Body = result.ResponseBody,
                result.DurationMs,
                Now = Now(),
            },
            async results => await results.ReadSingleOrDefaultAsync<Ended>(), cancellationToken);
    }

    private Task<(IReadOnlyList<Attempt> Attempts, Receiver? Receiver)> BeginAsync(
        LaneKey lane, string sql, object parameters, CancellationToken cancellationToken) =>
        database.ReadAsync(lane.TenantId, sql, parameters, results => ReadAsync(lane, results), cancellationToken);

    private async Task<(IReadOnlyList<Attempt> Attempts, Receiver? Receiver)> ReadAsync(LaneKey lane, GridReader results)
    {
        var attempts = (await results.ReadAsync<Attempt>()).AsList();
        var row = await results.ReadSingleOrDefaultAsync<ReceiverRow>();
        var keys = (await results.ReadAsync<SecretRow>()).AsList();
        if (attempts.Count == 0 || row is null)
            return ([], null);
        return (attempts, new Receiver(
            row.Url, secrets.OpenHeaders(lane.TenantId, lane.EndpointId, row.Headers),
            [.. keys.Select(key => secrets.OpenKey(lane.TenantId, key.Id, key.Sealed))], row.RateLimit));
    }

    private DateTime Now() => clock.GetUtcNow().UtcDateTime;

    private DateTime LeasedUntil() => (clock.GetUtcNow() + options.Value.Lease).UtcDateTime;
}
