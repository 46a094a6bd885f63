using KestrelVoice.Features.Appointments;
using KestrelVoice.Features.Kernel;
using Npgsql;

namespace KestrelVoice.Features.Calendars;

/// <summary>Appointments that somebody moved or deleted in the calendar: ours follow.</summary>
internal sealed class CalendarAdoption(TenantDatabase database, OutsideChanges appointments, TimeProvider clock)
{
    private const string FindOwn =
        """
        select e.appointment_id, e.href, e.etag, e.starts_at, e.ends_at
        from calendar_entries e
        join appointments a on a.tenant_id = e.tenant_id and a.id = e.appointment_id and a.status = 'scheduled'
        where e.tenant_id = @TenantId and e.connection_id = @Id and e.confirmed and e.ends_at > @Now
        """;

    // What was written meanwhile is newer than what was found.
    private const string Keep =
        """
        update calendar_entries
        set etag = @ETag, starts_at = @StartsAt, ends_at = @EndsAt, version = coalesce(@Version, version), confirmed = true
        where tenant_id = @TenantId and connection_id = @Id and appointment_id = @AppointmentId and etag is not distinct from @Known
        """;

    private const string Forget =
        """
        delete from calendar_entries
        where tenant_id = @TenantId and connection_id = @Id and appointment_id = @AppointmentId and etag is not distinct from @Known
        """;

    /// <summary>An entry as we last knew it.</summary>
    internal sealed record Known(Guid AppointmentId, string Href, string? ETag, DateTime StartsAt, DateTime EndsAt);

    /// <returns>Where entries are that cannot be followed, because another appointment is at their time.</returns>
    public async Task<IReadOnlySet<string>> FollowAsync(
        Guid tenantId, Guid connectionId, ICalendar calendar, CalendarReading reading, CancellationToken cancellationToken)
    {
        var own = await database.ReadAsync(
            tenantId, FindOwn, new { Id = connectionId, Now = clock.GetUtcNow().UtcDateTime }, results => results.ReadAsync<Known>(), cancellationToken);
        var seen = reading.Entries.ToDictionary(entry => entry.Href, entry => entry.ETag);
        var stuck = new HashSet<string>(StringComparer.Ordinal);
        foreach (var known in own)
        {
            if (known.ETag is not null && seen.GetValueOrDefault(known.Href) == known.ETag)
                continue;
            var found = await calendar.FindAsync(known.Href, cancellationToken);
            if (!await FollowAsync(tenantId, connectionId, known, found, cancellationToken))
                stuck.Add(known.Href);
        }
        return stuck;
    }

    /// <param name="found">What is there now; null when nothing is.</param>
    /// <returns>False when another appointment is at that time.</returns>
    public async Task<bool> FollowAsync(Guid tenantId, Guid connectionId, Known known, OwnEntry? found, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(tenantId, cancellationToken);
        if (found is null or { IsCancelled: true })
        {
            if (await transaction.ExecuteAsync(Forget, new { Id = connectionId, known.AppointmentId, Known = known.ETag }, cancellationToken) == 0)
                return true;
            await appointments.CancelAsync(transaction, known.AppointmentId, cancellationToken);
        }
        else
        {
            var time = found.Time ?? new BusyTime(known.StartsAt, known.EndsAt);
            int? version = null;
            try
            {
                if (time.Start.UtcDateTime != known.StartsAt || time.End.UtcDateTime != known.EndsAt)
                    version = await appointments.MoveAsync(transaction, known.AppointmentId, time.Start, time.End, cancellationToken);
            }
            catch (PostgresException taken) when (taken.SqlState == PostgresErrorCodes.ExclusionViolation)
            {
                return false;
            }
            var kept = await transaction.ExecuteAsync(Keep, new
            {
                Id = connectionId,
                known.AppointmentId,
                Known = known.ETag,
                found.ETag,
                StartsAt = time.Start.UtcDateTime,
                EndsAt = time.End.UtcDateTime,
                Version = version,
            }, cancellationToken);
            if (kept == 0)
                return true;
        }
        await transaction.CommitAsync(cancellationToken);
        return true;
    }
}
