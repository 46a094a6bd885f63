using Dapper;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;
using Npgsql;

namespace KestrelVoice.Features.Calls;

/// <summary>Takes every event of a call once, and writes the call log that all of them together make.</summary>
internal sealed class CallJournal(
    NpgsqlDataSource source, TenantDatabase database, DeadLetters deadLetters, CallAnnouncements announcements, ErasedCalls erasedCalls, TimeProvider clock)
{
    private const string FindOwner = "select tenant_of_number(@Dialed)";

    // Events of one call take turns. Each statement sees what was committed before it began, so the last one to run sees all.
    private const string TakeTurn = "select pg_advisory_xact_lock(hashtextextended(@TenantId::text || @CallSid, 0))";

    private const string Append =
        """
        insert into call_events (tenant_id, event_id, call_sid, type, body, received_at)
        select @TenantId, @EventId, @CallSid, @Type, @Body::jsonb, @Now
        where not exists (select from erased_calls where tenant_id = @TenantId and call_hash = hash_of_call(@CallSid))
        on conflict (tenant_id, event_id) do nothing
        """;

    private const string Replay = "select type, body::text from call_events where tenant_id = @TenantId and call_sid = @CallSid";

    private const string FindLog = "select id from call_logs where tenant_id = @TenantId and call_sid = @CallSid";

    private const string Find = "select call_sid from call_logs where tenant_id = @TenantId and id = @Id";

    // The first part sees the row as it was before the second one writes it.
    private const string Project =
        """
        with before as (select status from call_logs where tenant_id = @TenantId and call_sid = @CallSid)
        insert into call_logs (tenant_id, id, call_sid, phone_number, dialed_number, direction, status, outcome, emergency, duration,
            transcript, summary, recording_sid, carrier_status, sip_response_code, created_at, ended_at)
        values (@TenantId, @Id, @CallSid, @PhoneNumber, @DialedNumber, @Direction, @Status, @Outcome, @Emergency, @Duration,
            @Transcript, @Summary, @RecordingSid, @CarrierStatus, @SipResponseCode, @CreatedAt, @EndedAt)
        on conflict (tenant_id, call_sid) do update
        set phone_number = excluded.phone_number, dialed_number = excluded.dialed_number, direction = excluded.direction,
            status = excluded.status, outcome = excluded.outcome, emergency = excluded.emergency, duration = excluded.duration,
            transcript = excluded.transcript, summary = excluded.summary, recording_sid = excluded.recording_sid,
            carrier_status = excluded.carrier_status, sip_response_code = excluded.sip_response_code,
            created_at = excluded.created_at, ended_at = excluded.ended_at
        returning id, (select status from before) as before
        """;

    private sealed record Projected(Guid Id, string? Before);

    public Task<Recorded> RecordAsync(CallEvent callEvent, CancellationToken cancellationToken) => TakeAsync(callEvent, isHistory: false, cancellationToken);

    /// <summary>As <see cref="RecordAsync"/>, for what happened before anybody could be told: nobody is.</summary>
    public Task<Recorded> RestoreAsync(CallEvent callEvent, CancellationToken cancellationToken) => TakeAsync(callEvent, isHistory: true, cancellationToken);

    /// <summary>The id of a call's log, for whatever is said of the call before its own events have arrived: then the log is opened here.</summary>
    /// <remarks>Call it first in a transaction, or it waits for the call's events while they wait for it.</remarks>
    public async Task<Guid> OpenAsync(TenantTransaction transaction, CallHeader call, CancellationToken cancellationToken)
    {
        await transaction.ExecuteAsync(TakeTurn, new { call.CallSid }, cancellationToken);
        return await transaction.QuerySingleOrDefaultAsync<Guid?>(FindLog, new { call.CallSid }, cancellationToken)
            ?? (await transaction.QuerySingleOrDefaultAsync<Projected>(Project, Row(CallFacts.Of(call)), cancellationToken))!.Id;
    }

    /// <summary>Tells what was put off about a call, as it stands now.</summary>
    public async Task AnnounceDueAsync(Guid tenantId, Guid callId, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(tenantId, cancellationToken);
        if (await transaction.QuerySingleOrDefaultAsync<string>(Find, new { Id = callId }, cancellationToken) is not { } callSid)
            return;
        await transaction.ExecuteAsync(TakeTurn, new { CallSid = callSid }, cancellationToken);
        // Erased while this waited.
        if (await transaction.QuerySingleOrDefaultAsync<string>(Find, new { Id = callId }, cancellationToken) is null)
            return;
        await announcements.MakeDueAsync(transaction, await FactsAsync(transaction, callSid, cancellationToken), callId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task<Recorded> TakeAsync(CallEvent callEvent, bool isHistory, CancellationToken cancellationToken)
    {
        if ((callEvent.Call.TenantId ?? await OwnerAsync(callEvent.Call, cancellationToken)) is not { } tenantId)
        {
            await deadLetters.KeepAsync(DeadLetters.NobodysNumber, callEvent, cancellationToken);
            return Recorded.DeadLetter;
        }

        try
        {
            return await AppendAsync(tenantId, callEvent, isHistory, cancellationToken);
        }
        catch (PostgresException gone) when (gone is { SqlState: PostgresErrorCodes.ForeignKeyViolation, ConstraintName: "call_logs_tenant_id_fkey" })
        {
            await deadLetters.KeepAsync(DeadLetters.TenantGone, callEvent, cancellationToken);
            return Recorded.DeadLetter;
        }
    }

    private async Task<Guid?> OwnerAsync(CallHeader call, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleAsync<Guid?>(new CommandDefinition(
            FindOwner, new { Dialed = call.To }, cancellationToken: cancellationToken));
    }

    private async Task<Recorded> AppendAsync(Guid tenantId, CallEvent callEvent, bool isHistory, CancellationToken cancellationToken)
    {
        var callSid = callEvent.Call.CallSid;
        var stored = StoredCallEvent.Of(callEvent);
        await using var transaction = await database.BeginAsync(tenantId, cancellationToken);
        await transaction.ExecuteAsync(TakeTurn, new { CallSid = callSid }, cancellationToken);
        var appended = await transaction.ExecuteAsync(
            Append,
            new { callEvent.EventId, CallSid = callSid, stored.Type, stored.Body, Now = clock.GetUtcNow().UtcDateTime },
            cancellationToken);
        if (appended == 0)
        {
            if (await erasedCalls.TakeLateAsync(transaction, callEvent, cancellationToken))
                await transaction.CommitAsync(cancellationToken);
            return Recorded.Already;
        }

        var facts = await FactsAsync(transaction, callSid, cancellationToken);
        var log = (await transaction.QuerySingleOrDefaultAsync<Projected>(Project, Row(facts), cancellationToken))!;
        if (!isHistory)
        {
            CallStatus? before = log.Before is null ? null : CallStatusText.Read(log.Before);
            await announcements.MakeAsync(transaction, callEvent, facts, log.Id, before, cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
        return Recorded.Now;
    }

    private static async Task<CallFacts> FactsAsync(TenantTransaction transaction, string callSid, CancellationToken cancellationToken) =>
        CallFacts.From((await transaction.QueryAsync<StoredCallEvent>(Replay, new { CallSid = callSid }, cancellationToken)).Select(row => row.Read()));

    private object Row(CallFacts facts)
    {
        var (status, outcome) = CallOutcomes.Decide(facts);
        return new
        {
            Id = Guid.CreateVersion7(clock.GetUtcNow()),
            facts.Call.CallSid,
            PhoneNumber = facts.OtherParty,
            DialedNumber = facts.Call.To,
            facts.Call.Direction,
            Status = CallStatusText.Of(status),
            Outcome = outcome is { } known ? CallOutcomeText.Of(known) : null,
            facts.Emergency,
            Duration = facts.Ended?.DurationSeconds ?? 0,
            Transcript = CallTranscript.Of(facts),
            Summary = CallSummary.Of(facts, outcome),
            facts.RecordingSid,
            CarrierStatus = facts.Ended?.CallStatus,
            SipResponseCode = facts.Ended?.SipResponseCode,
            CreatedAt = facts.Call.StartedAt.UtcDateTime,
            EndedAt = facts.Ended?.At.UtcDateTime,
        };
    }
}

/// <summary>What became of an event.</summary>
internal enum Recorded
{
    Now,
    Already,
    DeadLetter,
}
