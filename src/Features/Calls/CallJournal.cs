using Dapper;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;
using Npgsql;

namespace KestrelVoice.Features.Calls;

/// <summary>Takes every event of a call once, and writes the call log that all of them together make.</summary>
internal sealed class CallJournal(NpgsqlDataSource source, TenantDatabase database, DeadLetters deadLetters, TimeProvider clock)
{
    private const string FindOwner = "select tenant_of_number(@Dialed)";

    // Events of one call take turns. Each statement sees what was committed before it began, so the last one to run sees all.
    private const string TakeTurn = "select pg_advisory_xact_lock(hashtextextended(@TenantId::text || @CallSid, 0))";

    private const string Append =
        """
        insert into call_events (tenant_id, event_id, call_sid, type, body, received_at)
        values (@TenantId, @EventId, @CallSid, @Type, @Body::jsonb, @Now)
        on conflict (tenant_id, event_id) do nothing
        """;

    private const string Replay = "select type, body::text from call_events where tenant_id = @TenantId and call_sid = @CallSid";

    private const string Project =
        """
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
        """;

    public async Task<Recorded> RecordAsync(CallEvent callEvent, CancellationToken cancellationToken)
    {
        if ((callEvent.Call.TenantId ?? await OwnerAsync(callEvent.Call, cancellationToken)) is not { } tenantId)
        {
            await deadLetters.KeepAsync(DeadLetters.NobodysNumber, callEvent, cancellationToken);
            return Recorded.DeadLetter;
        }

        try
        {
            return await AppendAsync(tenantId, callEvent, cancellationToken);
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

    private async Task<Recorded> AppendAsync(Guid tenantId, CallEvent callEvent, CancellationToken cancellationToken)
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
            return Recorded.Already;

        var events = await transaction.QueryAsync<StoredCallEvent>(Replay, new { CallSid = callSid }, cancellationToken);
        await transaction.ExecuteAsync(Project, Row(CallFacts.From(events.Select(row => row.Read()))), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return Recorded.Now;
    }

    private object Row(CallFacts facts)
    {
        var (status, outcome) = CallOutcomes.Decide(facts);
        var inbound = facts.Call.Direction == "inbound";
        return new
        {
            Id = Guid.CreateVersion7(clock.GetUtcNow()),
            facts.Call.CallSid,
            PhoneNumber = inbound ? facts.Call.From : facts.Call.To,
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
