using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Appointments;

/// <summary>What somebody did to an appointment in a calendar of their own. It has happened, so it wins.</summary>
internal sealed class OutsideChanges(Outbox outbox, TimeProvider clock)
{
    // Buffers and travel move along.
    private const string Move =
        """
        delete from appointments held
        using appointments moved
        where moved.tenant_id = @TenantId and moved.id = @Id and held.tenant_id = @TenantId and held.resource_id = moved.resource_id
          and held.status = 'held' and held.expires_at <= @Now;
        update appointments
        set starts_at = @StartsAt, ends_at = @EndsAt,
            blocked_start = @StartsAt - (starts_at - blocked_start), blocked_end = @EndsAt + (blocked_end - ends_at),
            source = 'calendar', version = version + 1, updated_at = @Now
        where tenant_id = @TenantId and id = @Id and status = 'scheduled' and (starts_at, ends_at) <> (@StartsAt, @EndsAt)
        returning version
        """;

    private const string Cancel =
        """
        update appointments
        set status = 'cancelled', source = 'calendar', version = version + 1, updated_at = @Now
        where tenant_id = @TenantId and id = @Id and status = 'scheduled'
        returning version
        """;

    /// <returns>The appointment's version; null when there was nothing to move.</returns>
    /// <exception cref="Npgsql.PostgresException">An exclusion violation: another appointment is there.</exception>
    public Task<int?> MoveAsync(
        TenantTransaction transaction, Guid appointmentId, DateTimeOffset startsAt, DateTimeOffset endsAt, CancellationToken cancellationToken) =>
        ChangeAsync(transaction, Move, appointmentId, startsAt, endsAt, cancellationToken);

    /// <returns>The appointment's version; null when there was nothing to cancel.</returns>
    public Task<int?> CancelAsync(TenantTransaction transaction, Guid appointmentId, CancellationToken cancellationToken) =>
        ChangeAsync(transaction, Cancel, appointmentId, startsAt: default, endsAt: default, cancellationToken);

    private async Task<int?> ChangeAsync(
        TenantTransaction transaction, string sql, Guid appointmentId, DateTimeOffset startsAt, DateTimeOffset endsAt, CancellationToken cancellationToken)
    {
        var version = await transaction.QuerySingleOrDefaultAsync<int?>(
            sql, new { Id = appointmentId, StartsAt = startsAt.UtcDateTime, EndsAt = endsAt.UtcDateTime, Now = clock.GetUtcNow().UtcDateTime },
            cancellationToken);
        if (version is not null)
        {
            await outbox.AddAsync(
                transaction, Topics.AppointmentChanges, AppointmentReference.CloudEventType,
                new AppointmentReference(transaction.TenantId, appointmentId), urgent: false, cancellationToken);
        }
        return version;
    }
}
