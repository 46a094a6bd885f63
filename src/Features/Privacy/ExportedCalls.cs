using System.Runtime.CompilerServices;
using System.Text.Json;
using Dapper;
using KestrelVoice.Features.Appointments;
using KestrelVoice.Features.Calls;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Summaries;

namespace KestrelVoice.Features.Privacy;

/// <summary>Reads what is held of a phone number, a call or an appointment at a time, while it is written out.</summary>
internal sealed class ExportedCalls(TenantDatabase database, CustomerAppointments appointments, PublicUrl publicUrl)
{
    private const int Page = 100;

    private const string FindPage =
        """
        select id, created_at
        from call_logs
        where tenant_id = @TenantId and phone_number = @PhoneNumber and (created_at, id) > (@AfterTime, @AfterId)
        order by created_at, id
        limit @Page
        """;

    private const string FindEvents =
        """
        select sequence, id, type, occurred_at, payload
        from tenant_events
        where tenant_id = @TenantId and split_part(occasion, ':', 2) = @Subject
        order by sequence;
        select message.event_id, message.id, message.endpoint_id, endpoint.kind, endpoint.url, message.state, message.created_at, message.finished_at
        from tenant_events told
        join webhook_messages message on message.tenant_id = told.tenant_id and message.event_id = told.id
        join webhook_endpoints endpoint on endpoint.tenant_id = message.tenant_id and endpoint.id = message.endpoint_id
        where told.tenant_id = @TenantId and split_part(told.occasion, ':', 2) = @Subject
        order by message.created_at, message.id
        """;

    private const string FindCall =
        $"""
        select phone_number, dialed_number, direction, status, outcome, emergency, duration, created_at, ended_at, transcript, summary,
            recording_sid is not null as recorded
        from call_logs
        where tenant_id = @TenantId and id = @CallId;
        select type, body::text
        from call_events
        where tenant_id = @TenantId and call_sid = (select call_sid from call_logs where tenant_id = @TenantId and id = @CallId);
        {CallSummaryItem.Find};
        {FindEvents}
        """;

    private sealed record Place(Guid Id, DateTime CreatedAt);

    private sealed record CallRow(
        string PhoneNumber, string DialedNumber, string Direction, string Status, string? Outcome, bool Emergency, int Duration, DateTime CreatedAt,
        DateTime? EndedAt, string? Transcript, string? Summary, bool Recorded);

    private sealed record EventRow(long Sequence, Guid Id, string Type, DateTime OccurredAt, byte[]? Payload);

    private sealed record MessageRow(
        Guid EventId, Guid Id, Guid EndpointId, string Kind, string Url, string State, DateTime CreatedAt, DateTime? FinishedAt);

    /// <summary>Oldest first.</summary>
    public async IAsyncEnumerable<ExportedCall> CallsOfAsync(
        Guid tenantId, string phoneNumber, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var after = new Place(Guid.Empty, DateTime.UnixEpoch);
        while (true)
        {
            var page = await database.ReadAsync(
                tenantId, FindPage, new { PhoneNumber = phoneNumber, AfterTime = after.CreatedAt, AfterId = after.Id, Page },
                async results => (await results.ReadAsync<Place>()).ToList(), cancellationToken);
            foreach (var place in page)
            {
                // Erased meanwhile, it is not held any more.
                if (await FindCallAsync(tenantId, place.Id, cancellationToken) is { } call)
                    yield return call;
            }
            if (page.Count < Page)
                yield break;
            after = page[^1];
        }
    }

    /// <summary>In the order of their time.</summary>
    public async IAsyncEnumerable<ExportedAppointment> AppointmentsOfAsync(
        Guid tenantId, string phoneNumber, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var row in await appointments.FindAsync(tenantId, phoneNumber, cancellationToken))
        {
            var events = await database.ReadAsync(tenantId, FindEvents, new { Subject = row.Id.ToString() }, ReadEventsAsync, cancellationToken);
            yield return new ExportedAppointment(row.Shown(), events);
        }
    }

    private Task<ExportedCall?> FindCallAsync(Guid tenantId, Guid callId, CancellationToken cancellationToken) => database.ReadAsync(
        tenantId, FindCall, new { CallId = callId, Subject = callId.ToString() }, results => ReadCallAsync(callId, results), cancellationToken);

    private async Task<ExportedCall?> ReadCallAsync(Guid callId, SqlMapper.GridReader results)
    {
        var row = await results.ReadSingleOrDefaultAsync<CallRow>();
        var said = (await results.ReadAsync<StoredCallEvent>()).ToList();
        var summary = await CallSummaryItem.ReadAsync(callId, results);
        var told = await ReadEventsAsync(results);
        if (row is null || said is [])
            return null;
        var id = TypeId.Format(TypeId.Call, callId);
        return new ExportedCall(
            id, row.PhoneNumber, row.DialedNumber, row.Direction, CallStatusText.Read(row.Status),
            row.Outcome is null ? null : CallOutcomeText.Read(row.Outcome), row.Emergency, row.Duration, row.CreatedAt, row.EndedAt, row.Transcript,
            row.Summary, row.Recorded ? CallLogItem.LinkToRecording(publicUrl, id) : null,
            CallTurn.Of(CallFacts.From(said.Select(stored => stored.Read()))), summary, told);
    }

    private static async Task<IReadOnlyList<ExportedEvent>> ReadEventsAsync(SqlMapper.GridReader results)
    {
        var events = (await results.ReadAsync<EventRow>()).ToList();
        var messages = (await results.ReadAsync<MessageRow>()).ToLookup(message => message.EventId);
        return
        [
            .. events.Select(told => new ExportedEvent(
                told.Sequence, TypeId.Format(TypeId.Event, told.Id), told.Type, told.OccurredAt,
                told.Payload is null ? null : JsonElement.Parse(told.Payload).GetProperty("data"),
                [.. messages[told.Id].Select(Shown)])),
        ];
    }

    private static ExportedMessage Shown(MessageRow message) => new(
        TypeId.Format(TypeId.WebhookMessage, message.Id),
        TypeId.Format(message.Kind is "hook" ? TypeId.Hook : TypeId.WebhookEndpoint, message.EndpointId),
        message.Url, message.State, message.CreatedAt, message.FinishedAt);
}
