using KestrelVoice.Contracts;
using KestrelVoice.Features.Calendars;
using KestrelVoice.Features.Calls;
using KestrelVoice.Features.Events;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.Idempotency;
using KestrelVoice.Features.Texts;

namespace KestrelVoice.Features.Appointments;

/// <summary>A service at a time, by somebody in particular or by whoever is free.</summary>
/// <param name="OwnHold">What whoever wants it holds already; it is not in their way.</param>
internal sealed record WantedTime(Guid TenantId, Guid ServiceId, DateTime StartsAt, Guid? ResourceId = null, Guid? OwnHold = null);

/// <summary>Who books, and how.</summary>
/// <param name="Name">Null leaves the name under which it is held.</param>
/// <param name="Source">As appointments name it.</param>
/// <param name="Call">The call in which it is booked.</param>
internal sealed record Booking(string? Name, string PhoneNumber, string? Address, string? Notes, string Source, CallHeader? Call = null);

/// <summary>Books times, whoever asks. The constraint decides who was first.</summary>
internal sealed class Bookings(
    Schedules schedules, LiveBusyTimes calendars, TenantDatabase database, CallJournal calls, ConfirmationTexts texts, TenantEvents events, Outbox outbox,
    TimeProvider clock)
{
    private static readonly TimeSpan Search = TimeSpan.FromDays(14);

    // Naming it as a conflict, not an error, also keeps two bookings from waiting for each other.
    private const string Insert =
        """
        delete from appointments
        where tenant_id = @TenantId and resource_id = @ResourceId and status = 'held' and expires_at <= @Now
          and blocked_start < @BlockedEnd and blocked_end > @BlockedStart;
        insert into appointments (tenant_id, id, service_id, resource_id, status, starts_at, ends_at, blocked_start, blocked_end,
            customer_name, customer_phone, customer_address, notes, source, version, created_at, updated_at)
        values (@TenantId, @Id, @ServiceId, @ResourceId, 'scheduled', @StartsAt, @EndsAt, @BlockedStart, @BlockedEnd,
            @Name, @PhoneNumber, @Address, @Notes, @Source, 1, @Now, @Now)
        on conflict do nothing
        returning id
        """;

    // As long as its row is there, a hold has kept everybody out, expired or not: whoever takes its time removes it.
    private const string Turn =
        """
        update appointments
        set status = 'scheduled', expires_at = null, customer_name = coalesce(@Name, customer_name), customer_phone = @PhoneNumber,
            customer_address = @Address, notes = @Notes, source = @Source, call_id = @CallId, created_at = @Now, updated_at = @Now
        where tenant_id = @TenantId and id = @Id and status = 'held'
        returning id
        """;

    /// <returns>Null when the tenant has no such service.</returns>
    public Task<OfferedService?> FindAsync(WantedTime wanted, CancellationToken cancellationToken) => schedules.FindAsync(
        wanted.TenantId, wanted.ServiceId, wanted.ResourceId, new Interval(wanted.StartsAt, wanted.StartsAt + Search), clock.GetUtcNow().UtcDateTime,
        cancellationToken, except: wanted.OwnHold);

    /// <summary>The next times that are free, when what was wanted could not be had of the service as it was.</summary>
    public async Task<IReadOnlyList<Slot>> AlternativesAsync(OfferedService service, WantedTime wanted, int most, CancellationToken cancellationToken)
    {
        // Only what was free a moment ago has changed since.
        var afterwards = service.Availability.FreeAt(wanted.StartsAt).Any() ? await FindAsync(wanted, cancellationToken) ?? service : service;
        var range = new Interval(wanted.StartsAt, wanted.StartsAt + Search);
        return [.. afterwards.Availability.Slots(range).DistinctBy(slot => slot.StartsAt).Take(most)];
    }

    /// <returns>Null when nobody is free then.</returns>
    public async Task<AppointmentItem?> BookAsync(
        OfferedService service, WantedTime wanted, Booking booking, IdempotentRequest request, CancellationToken cancellationToken)
    {
        foreach (var resource in service.Availability.FreeAt(wanted.StartsAt))
        {
            if (await BookAsync(service, resource, wanted, booking, request, cancellationToken) is { } booked)
                return booked;
        }
        return null;
    }

    /// <summary>Makes the hold the appointment.</summary>
    /// <returns>Null when it is gone, or when a calendar speaks against its time by now.</returns>
    public async Task<AppointmentItem?> BookAsync(
        Guid tenantId, Hold hold, Booking booking, IdempotentRequest request, CancellationToken cancellationToken)
    {
        if (!await calendars.AllowAsync(tenantId, hold.ResourceId, hold.BlockedStart, hold.BlockedEnd, cancellationToken))
            return null;
        await using var transaction = await database.BeginAsync(tenantId, cancellationToken);
        Guid? callId = booking.Call is { } call ? await calls.OpenAsync(transaction, call, cancellationToken) : null;
        var now = clock.GetUtcNow();
        var turned = await transaction.QuerySingleOrDefaultAsync<Guid?>(
            Turn,
            new { hold.Id, booking.Name, booking.PhoneNumber, booking.Address, booking.Notes, booking.Source, CallId = callId, Now = now.UtcDateTime },
            cancellationToken);
        return turned is null ? null : await TellAsync(transaction, hold.Id, booking, now, request, cancellationToken);
    }

    private async Task<AppointmentItem?> BookAsync(
        OfferedService service, ScheduledResource resource, WantedTime wanted, Booking booking, IdempotentRequest request,
        CancellationToken cancellationToken)
    {
        var blocked = service.Availability.BlockedBy(resource, wanted.StartsAt);
        if (!await calendars.AllowAsync(wanted.TenantId, resource.Id, blocked.Start, blocked.End, cancellationToken))
            return null;
        var now = clock.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        await using var transaction = await database.BeginAsync(wanted.TenantId, cancellationToken);
        var inserted = await transaction.QuerySingleOrDefaultAsync<Guid?>(Insert, new
        {
            Id = id,
            ServiceId = service.Id,
            ResourceId = resource.Id,
            wanted.StartsAt,
            EndsAt = service.Availability.EndOf(wanted.StartsAt),
            BlockedStart = blocked.Start,
            BlockedEnd = blocked.End,
            booking.Name,
            booking.PhoneNumber,
            booking.Address,
            booking.Notes,
            booking.Source,
            Now = now.UtcDateTime,
        }, cancellationToken);
        return inserted is null ? null : await TellAsync(transaction, id, booking, now, request, cancellationToken);
    }

    private async Task<AppointmentItem> TellAsync(
        TenantTransaction transaction, Guid id, Booking booking, DateTimeOffset now, IdempotentRequest request, CancellationToken cancellationToken)
    {
        var row = await transaction.QuerySingleOrDefaultAsync<AppointmentRow>(AppointmentRow.Find, new { Id = id }, cancellationToken);
        var item = row!.Shown();
        await events.RecordAsync(transaction, new TenantEvent(TenantEventTypes.AppointmentBooked, $"booked:{id}", now, new AppointmentEventData(
            item.Id, item.CallId, item.Service.Name, item.StartsAt, item.EndsAt,
            new AppointmentEventData.Party(item.Customer.Name, item.Customer.PhoneNumber, item.Customer.Address), item.Status))
        { CallId = row.CallId },
            cancellationToken);
        await outbox.AddAsync(
            transaction, Topics.AppointmentChanges, AppointmentReference.CloudEventType,
            new AppointmentReference(transaction.TenantId, id), urgent: false, cancellationToken);
        if (booking.Call is { } call)
            await texts.AddAsync(transaction, id, call, cancellationToken);
        await request.CommitAsync(transaction, cancellationToken);
        return item;
    }
}
