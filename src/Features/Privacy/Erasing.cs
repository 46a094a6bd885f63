using KestrelVoice.Contracts;
using KestrelVoice.Features.Appointments;
using KestrelVoice.Features.Calls;
using KestrelVoice.Features.Events;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Webhooks.Delivery;

namespace KestrelVoice.Features.Privacy;

/// <summary>Which erasure of which tenant: what travels over <see cref="Topics.Erasures"/>.</summary>
internal sealed record ErasureReference(Guid TenantId, Guid ErasureId)
{
    public const string CloudEventType = "kestrelvoice.erasure.v1";
}

/// <summary>Erases in every place at once, in the transaction of whoever asks.</summary>
internal sealed class Erasing(
    ErasedCalls calls, CustomerAppointments appointments, TenantEvents events, ErasedMessages messages, Outbox outbox, TimeProvider clock)
{
    private const string Add =
        """
        insert into erasures (tenant_id, id, kind, phone_number, up_to, created_at)
        values (@TenantId, @Id, @Kind, @PhoneNumber, @UpTo, @Now)
        on conflict do nothing
        """;

    private const string Count =
        """
        update erasures
        set calls = calls + @Calls, appointments = appointments + @Appointments
        where tenant_id = @TenantId and id = @Id
        """;

    private const string End =
        """
        update erasures
        set phone_number = null, finished_at = @Now
        where tenant_id = @TenantId and id = @Id and finished_at is null
        """;

    /// <param name="phoneNumber">Whose calls; null when that is not what it is about.</param>
    /// <param name="upTo">Later calls stay; now when absent.</param>
    /// <returns>Null when retention is at it already.</returns>
    public async Task<Guid?> BeginAsync(
        TenantTransaction transaction, string kind, string? phoneNumber, DateTimeOffset? upTo, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        var added = await transaction.ExecuteAsync(
            Add, new { Id = id, Kind = kind, PhoneNumber = phoneNumber, UpTo = (upTo ?? now).UtcDateTime, Now = now.UtcDateTime }, cancellationToken);
        return added > 0 ? id : null;
    }

    /// <summary>Leaves the calls to a workflow, some at a time.</summary>
    public Task HandOverAsync(TenantTransaction transaction, Guid erasureId, CancellationToken cancellationToken) => outbox.AddAsync(
        transaction, Topics.Erasures, ErasureReference.CloudEventType, new ErasureReference(transaction.TenantId, erasureId), urgent: false, cancellationToken);

    /// <returns>How many there were.</returns>
    public async Task<int> EraseCallsAsync(TenantTransaction transaction, Guid erasureId, Guid[] callIds, CancellationToken cancellationToken)
    {
        var count = await calls.EraseAsync(transaction, erasureId, callIds, cancellationToken);
        await CustomerAppointments.ForgetCallsAsync(transaction, callIds, cancellationToken);
        await ForgetEventsAsync(transaction, callIds, cancellationToken);
        await transaction.ExecuteAsync(Count, new { Id = erasureId, Calls = count, Appointments = 0 }, cancellationToken);
        return count;
    }

    public async Task EraseCustomerAsync(TenantTransaction transaction, Guid erasureId, string phoneNumber, CancellationToken cancellationToken)
    {
        var ids = await appointments.EraseAsync(transaction, phoneNumber, cancellationToken);
        await ForgetEventsAsync(transaction, ids, cancellationToken);
        await transaction.ExecuteAsync(Count, new { Id = erasureId, Calls = 0, Appointments = ids.Length }, cancellationToken);
    }

    /// <summary>No call is left: there is no reason any more to know whose they were.</summary>
    public Task EndAsync(TenantTransaction transaction, Guid erasureId, CancellationToken cancellationToken) =>
        transaction.ExecuteAsync(End, new { Id = erasureId, Now = clock.GetUtcNow().UtcDateTime }, cancellationToken);

    private async Task ForgetEventsAsync(TenantTransaction transaction, Guid[] subjects, CancellationToken cancellationToken)
    {
        var eventIds = await events.EraseAsync(transaction, subjects, cancellationToken);
        if (eventIds is not [])
            await messages.EraseAsync(transaction, eventIds, cancellationToken);
    }
}

/// <summary>When a call that says it is in progress is believed.</summary>
internal static class CallsUnderWay
{
    /// <summary>Longer than any call: one that is older has lost its end on the way to us.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(24);
}
