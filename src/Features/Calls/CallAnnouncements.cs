using KestrelVoice.Contracts;
using KestrelVoice.Features.Events;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Calls;

/// <summary>Which call was completed: what travels over <see cref="Topics.CompletedCalls"/>.</summary>
internal sealed record CompletedCall(Guid TenantId, Guid CallId)
{
    public const string CloudEventType = "kestrelvoice.call.completed.v1";
}

/// <summary>Tells a call's end and its emergency, each once, in the transaction that made them true.</summary>
internal sealed class CallAnnouncements(TenantEvents events, Outbox outbox, PublicUrl publicUrl, TimeProvider clock) : IDisposable
{
    /// <summary>How long a completed call waits for what was published in the moment in which it ended: a broker may deliver the end first.</summary>
    public static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(300);

    /// <summary>How long a hang-up may still turn out to have been a conversation.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    /// <summary>How long after it was booked an appointment may be missing from what happened in its call: that event may be late, and the end must not contradict it.</summary>
    public static readonly TimeSpan BookingGrace = TimeSpan.FromSeconds(15);

    /// <summary>How long an emergency waits for the words that made it one.</summary>
    public static readonly TimeSpan SentenceGrace = TimeSpan.FromSeconds(1);

    private const string PutOff =
        """
        insert into call_announcements (tenant_id, call_id, kind, due_at) values (@TenantId, @CallId, @Kind, @DueAt)
        on conflict (tenant_id, call_id, kind) do update set due_at = least(call_announcements.due_at, excluded.due_at)
        """;

    private const string Take = "delete from call_announcements where tenant_id = @TenantId and call_id = @CallId and kind = @Kind";

    private const string TakeDue =
        "delete from call_announcements where tenant_id = @TenantId and call_id = @CallId and due_at <= @Now returning kind";

    private const string BookedLately =
        "select exists (select from call_bookings where tenant_id = @TenantId and call_id = @CallId and created_at > @Since)";

    private const string Ended = "ended";
    private const string Emergency = "emergency";

    private readonly Signal _putOff = new(clock);

    /// <param name="before">The call log's status before <paramref name="callEvent"/> was taken; null when there was none.</param>
    public async Task MakeAsync(
        TenantTransaction transaction, CallEvent callEvent, CallFacts facts, Guid callId, CallStatus? before, CancellationToken cancellationToken)
    {
        switch (callEvent)
        {
            case EmergencyDetected when !facts.EmergencySentenceArrived:
                await PutOffAsync(transaction, callId, Emergency, SentenceGrace, cancellationToken);
                break;
            case EmergencyDetected:
            case TurnSpoken { Speaker: Speaker.Caller } when facts.EmergencySentenceArrived && await TakeAsync(transaction, callId, Emergency, cancellationToken):
                await events.RecordAsync(transaction, EmergencyOf(facts, callId), cancellationToken);
                break;
        }

        var (status, _) = CallOutcomes.Decide(facts);
        if (status == before)
            return;
        switch (status)
        {
            case CallStatus.Completed:
                await PutOffAsync(transaction, callId, Ended, Settling, cancellationToken);
                await outbox.AddAsync(
                    transaction, Topics.CompletedCalls, CompletedCall.CloudEventType, new CompletedCall(transaction.TenantId, callId), urgent: false,
                    cancellationToken);
                break;
            case CallStatus.Missed when facts.Ended!.CallStatus == "completed":
                await PutOffAsync(transaction, callId, Ended, Grace, cancellationToken);
                break;
            case CallStatus.Missed:
                await events.RecordAsync(transaction, EndOf(facts, callId), cancellationToken);
                break;
            case CallStatus.InProgress:
                break;
        }
    }

    /// <summary>Tells what was put off until now.</summary>
    public async Task MakeDueAsync(TenantTransaction transaction, CallFacts facts, Guid callId, CancellationToken cancellationToken)
    {
        var due = await transaction.QueryAsync<string>(TakeDue, new { CallId = callId, Now = clock.GetUtcNow().UtcDateTime }, cancellationToken);
        foreach (var kind in due)
        {
            if (kind == Ended && await AwaitsBookingAsync(transaction, facts, callId, cancellationToken))
                await PutOffAsync(transaction, callId, Ended, Settling, cancellationToken);
            else
                await events.RecordAsync(transaction, kind == Emergency ? EmergencyOf(facts, callId) : EndOf(facts, callId), cancellationToken);
        }
    }

    /// <summary>Until something was put off here, and no longer than <paramref name="pause"/>.</summary>
    public Task WaitAsync(TimeSpan pause, CancellationToken cancellationToken) => _putOff.WaitAsync(pause, cancellationToken);

    public void Dispose() => _putOff.Dispose();

    private async Task<bool> AwaitsBookingAsync(TenantTransaction transaction, CallFacts facts, Guid callId, CancellationToken cancellationToken) =>
        facts.Bookings.Count == 0
        && await transaction.QuerySingleOrDefaultAsync<bool>(
            BookedLately, new { CallId = callId, Since = (clock.GetUtcNow() - BookingGrace).UtcDateTime }, cancellationToken);

    private TenantEvent EndOf(CallFacts facts, Guid callId)
    {
        var (status, outcome) = CallOutcomes.Decide(facts);
        var (id, ended) = (TypeId.Format(TypeId.Call, callId), facts.Ended!);
        var data = new CallEventData(
            id, facts.OtherParty, ended.DurationSeconds, outcome is { } known ? CallOutcomeText.Of(known) : null, CallTranscript.Of(facts),
            facts.RecordingExpected ? CallLogItem.LinkToRecording(publicUrl, id) : null,
            facts.Call.Direction, facts.Emergency, facts.Call.StartedAt.UtcDateTime, ended.At.UtcDateTime);
        // One occasion for both: what a tenant was told of a call's end is not told otherwise later.
        var type = status == CallStatus.Completed ? TenantEventTypes.CallCompleted : TenantEventTypes.CallMissed;
        return new TenantEvent(type, $"ended:{callId}", ended.At, data) { CallId = callId };
    }

    private static TenantEvent EmergencyOf(CallFacts facts, Guid callId)
    {
        var emergency = facts.Emergencies[0];
        var data = new EmergencyEventData(
            TypeId.Format(TypeId.Call, callId), facts.OtherParty, emergency.Phrase, facts.EmergencySentence, facts.Call.StartedAt.UtcDateTime);
        return new TenantEvent(TenantEventTypes.EmergencyDetected, $"emergency:{callId}", emergency.At, data) { CallId = callId };
    }

    private async Task PutOffAsync(TenantTransaction transaction, Guid callId, string kind, TimeSpan grace, CancellationToken cancellationToken)
    {
        await transaction.ExecuteAsync(
            PutOff, new { CallId = callId, Kind = kind, DueAt = (clock.GetUtcNow() + grace).UtcDateTime }, cancellationToken);
        transaction.OnceCommitted(_putOff.Give);
    }

    private static async Task<bool> TakeAsync(TenantTransaction transaction, Guid callId, string kind, CancellationToken cancellationToken) =>
        await transaction.ExecuteAsync(Take, new { CallId = callId, Kind = kind }, cancellationToken) > 0;
}
