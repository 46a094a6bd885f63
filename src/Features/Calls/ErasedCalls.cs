using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Calls;

/// <summary>Which recordings Twilio is to delete: what travels over <see cref="Topics.ErasedRecordings"/>.</summary>
internal sealed record ErasedRecordings(Guid TenantId, Guid BatchId)
{
    public const string CloudEventType = "kestrelvoice.erased-recordings.v1";
}

/// <summary>Takes calls away with all that was said in them, and sees to it that they stay away.</summary>
internal sealed class ErasedCalls(Outbox outbox, TimeProvider clock)
{
    // In the order in which a call's events take these locks, and before any row is touched: so nobody waits for each other.
    private const string TakeTurns =
        """
        select pg_advisory_xact_lock(turn)
        from (select distinct hashtextextended(@TenantId::text || call_sid, 0) as turn
              from call_logs where tenant_id = @TenantId and id = any (@Ids) order by 1) as calls;
        select pg_advisory_xact_lock(turn)
        from (select distinct hashtextextended(@TenantId::text || phone_number, 1) as turn
              from call_logs where tenant_id = @TenantId and id = any (@Ids) order by 1) as callers;
        select pg_advisory_xact_lock(hashtextextended(@TenantId::text, 2))
        """;

    private const string FindRecordings =
        """
        select event.body ->> 'recording_sid'
        from call_logs log
        join call_events event on event.tenant_id = log.tenant_id and event.call_sid = log.call_sid
        where log.tenant_id = @TenantId and log.id = any (@Ids) and event.body ->> 'recording_sid' is not null
        union
        select recording_sid from call_logs where tenant_id = @TenantId and id = any (@Ids) and recording_sid is not null
        """;

    private const string Delete = "delete from call_logs where tenant_id = @TenantId and id = any (@Ids) returning call_sid";

    private const string Remember =
        """
        insert into erased_calls (tenant_id, call_hash, erasure_id, erased_at)
        select @TenantId, hash_of_call(call_sid), @ErasureId, @Now from unnest(@CallSids) as call_sid
        on conflict (tenant_id, call_hash) do nothing;
        select empty_dead_letters(@CallSids)
        """;

    private const string FindErasure = "select erasure_id from erased_calls where tenant_id = @TenantId and call_hash = hash_of_call(@CallSid)";

    // Told of twice, it is waited for once.
    private const string Condemn =
        """
        insert into erased_recordings (tenant_id, id, erasure_id, batch_id, recording_sid, status, created_at)
        select @TenantId, recording.id, @ErasureId, @BatchId, recording.sid, 'pending', @Now
        from unnest(@Ids, @Sids) as recording (id, sid)
        where not exists (
            select from erased_recordings
            where tenant_id = @TenantId and erasure_id = @ErasureId and recording_sid = recording.sid and status = 'pending')
        """;

    /// <returns>How many there were.</returns>
    public async Task<int> EraseAsync(TenantTransaction transaction, Guid erasureId, Guid[] callIds, CancellationToken cancellationToken)
    {
        await transaction.ExecuteAsync(TakeTurns, new { Ids = callIds }, cancellationToken);
        var recordings = (await transaction.QueryAsync<string>(FindRecordings, new { Ids = callIds }, cancellationToken)).ToArray();
        var callSids = (await transaction.QueryAsync<string>(Delete, new { Ids = callIds }, cancellationToken)).ToArray();
        if (callSids is [])
            return 0;
        await transaction.ExecuteAsync(
            Remember, new { ErasureId = erasureId, CallSids = callSids, Now = clock.GetUtcNow().UtcDateTime }, cancellationToken);
        await CondemnAsync(transaction, erasureId, recordings, cancellationToken);
        return callSids.Length;
    }

    /// <summary>For an event that was not taken. If that was because its call is erased, so is the recording it tells of.</summary>
    /// <returns>Whether there is anything to commit.</returns>
    public async Task<bool> TakeLateAsync(TenantTransaction transaction, CallEvent callEvent, CancellationToken cancellationToken)
    {
        var recordingSid = callEvent switch
        {
            RecordingReady recording => recording.RecordingSid,
            VoicemailLeft voicemail => voicemail.RecordingSid,
            _ => null,
        };
        if (recordingSid is null
            || await transaction.QuerySingleOrDefaultAsync<Guid?>(FindErasure, new { callEvent.Call.CallSid }, cancellationToken) is not { } erasureId)
            return false;
        await CondemnAsync(transaction, erasureId, [recordingSid], cancellationToken);
        return true;
    }

    private async Task CondemnAsync(TenantTransaction transaction, Guid erasureId, string[] recordingSids, CancellationToken cancellationToken)
    {
        if (recordingSids is [])
            return;
        var now = clock.GetUtcNow();
        var batchId = Guid.CreateVersion7(now);
        await transaction.ExecuteAsync(Condemn, new
        {
            ErasureId = erasureId,
            BatchId = batchId,
            Ids = recordingSids.Select(_ => Guid.CreateVersion7(now)).ToArray(),
            Sids = recordingSids,
            Now = now.UtcDateTime,
        }, cancellationToken);
        await outbox.AddAsync(
            transaction, Topics.ErasedRecordings, ErasedRecordings.CloudEventType, new ErasedRecordings(transaction.TenantId, batchId), urgent: false,
            cancellationToken);
    }
}
