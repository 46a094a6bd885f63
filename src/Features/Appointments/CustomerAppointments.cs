using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Appointments;

/// <summary>Appointments of a phone number: those for it, and those that were booked in its calls.</summary>
internal sealed class CustomerAppointments(TenantDatabase database, Outbox outbox, TimeProvider clock)
{
    /// <summary>In place of the number of a customer who was erased.</summary>
    public const string Erased = "erased";

    private const string Theirs =
        """
        (select id from appointments where tenant_id = @TenantId and customer_phone = @PhoneNumber
         union
         select booked.id
         from call_results call
         join appointments booked on booked.tenant_id = call.tenant_id and booked.call_id = call.call_id
         where call.tenant_id = @TenantId and call.phone_number = @PhoneNumber)
        """;

    private const string Find =
        $"""
        {AppointmentRow.Select}
        where a.tenant_id = @TenantId and a.id in {Theirs} and a.status <> 'held'
        order by a.starts_at, a.id
        """;

    private const string FindUpcoming =
        $"""
        select id
        from appointments
        where tenant_id = @TenantId and id in {Theirs} and status = 'scheduled' and starts_at > @Now
        order by starts_at, id
        """;

    // What was done, and when, stays: it is the business's own history.
    private const string Erase =
        $"""
        delete from texts where tenant_id = @TenantId and (to_number = @PhoneNumber or appointment_id in {Theirs});
        delete from appointments where tenant_id = @TenantId and id in {Theirs} and status = 'held';
        update appointments
        set customer_name = null, customer_phone = '{Erased}', customer_address = null, notes = null, call_id = null, call_sid = null,
            status = case when status = 'scheduled' and starts_at > @Now then 'cancelled' else status end, version = version + 1, updated_at = @Now
        where tenant_id = @TenantId and id in {Theirs}
        returning id
        """;

    private const string ForgetCalls = "update appointments set call_id = null, call_sid = null where tenant_id = @TenantId and call_id = any (@CallIds)";

    public Task<IReadOnlyList<AppointmentRow>> FindAsync(Guid tenantId, string phoneNumber, CancellationToken cancellationToken) => database.ReadAsync(
        tenantId, Find, new { PhoneNumber = phoneNumber },
        async results => (IReadOnlyList<AppointmentRow>)(await results.ReadAsync<AppointmentRow>()).ToList(), cancellationToken);

    /// <summary>What somebody still counts on.</summary>
    public async Task<Guid[]> FindUpcomingAsync(TenantTransaction transaction, string phoneNumber, CancellationToken cancellationToken) =>
        [.. await transaction.QueryAsync<Guid>(FindUpcoming, new { PhoneNumber = phoneNumber, Now = clock.GetUtcNow().UtcDateTime }, cancellationToken)];

    /// <summary>Leaves of the customer nothing but that there was one. What is still to come is cancelled. Calendars follow.</summary>
    public async Task<Guid[]> EraseAsync(TenantTransaction transaction, string phoneNumber, CancellationToken cancellationToken)
    {
        var ids = (await transaction.QueryAsync<Guid>(
            Erase, new { PhoneNumber = phoneNumber, Now = clock.GetUtcNow().UtcDateTime }, cancellationToken)).ToArray();
        foreach (var id in ids)
        {
            await outbox.AddAsync(
                transaction, Topics.AppointmentChanges, AppointmentReference.CloudEventType, new AppointmentReference(transaction.TenantId, id),
                urgent: false, cancellationToken);
        }
        return ids;
    }

    /// <summary>An appointment outlives the call in which it was booked, and leads nowhere then.</summary>
    public static Task ForgetCallsAsync(TenantTransaction transaction, Guid[] callIds, CancellationToken cancellationToken) =>
        transaction.ExecuteAsync(ForgetCalls, new { CallIds = callIds }, cancellationToken);
}
