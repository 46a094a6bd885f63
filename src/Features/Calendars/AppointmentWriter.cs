using System.Security.Cryptography;
using System.Text;
using KestrelVoice.Features.Appointments;
using KestrelVoice.Features.Kernel;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.Features.Calendars;

/// <summary>Brings the calendars to what an appointment is now, however often, and whatever became of the times before.</summary>
internal sealed partial class AppointmentWriter(
    TenantDatabase database, CalendarConnections connections, CalendarAdoption adoption, ILogger<AppointmentWriter> logger)
{
    private const string Find =
        """
        select a.status, a.starts_at, a.ends_at, a.version, s.name as service_name, a.customer_name, a.customer_phone, a.customer_address, a.notes, a.updated_at
        from appointments a
        join services s on s.tenant_id = a.tenant_id and s.id = a.service_id
        where a.tenant_id = @TenantId and a.id = @AppointmentId;
        select c.id, c.kind, c.url, c.user_name, c.secret, (select time_zone from tenants where id = @TenantId) as time_zone,
            c.receives_appointments and c.resource_id = a.resource_id as receives, e.href, e.etag, e.version, e.starts_at, e.ends_at,
            coalesce(e.confirmed, false) as confirmed
        from appointments a
        join calendar_connections c on c.tenant_id = a.tenant_id
        left join calendar_entries e on e.tenant_id = a.tenant_id and e.connection_id = c.id and e.appointment_id = a.id
        where a.tenant_id = @TenantId and a.id = @AppointmentId and (e.href is not null or (c.receives_appointments and c.resource_id = a.resource_id))
        """;

    // Before it is written: should we not live to see the answer, we know our own hand again.
    private const string Intend =
        """
        insert into calendar_entries (tenant_id, connection_id, appointment_id, href, version, starts_at, ends_at, confirmed)
        values (@TenantId, @Id, @AppointmentId, @Href, @Version, @StartsAt, @EndsAt, false)
        on conflict (tenant_id, connection_id, appointment_id) do update
        set version = excluded.version, starts_at = excluded.starts_at, ends_at = excluded.ends_at, confirmed = false
        """;

    private const string IntendToDelete =
        "update calendar_entries set confirmed = false where tenant_id = @TenantId and connection_id = @Id and appointment_id = @AppointmentId";

    private const string Confirm =
        """
        update calendar_entries
        set etag = @ETag, confirmed = true
        where tenant_id = @TenantId and connection_id = @Id and appointment_id = @AppointmentId and version = @Version
        """;

    private const string LeaveToReading =
        "update calendar_entries set confirmed = true where tenant_id = @TenantId and connection_id = @Id and appointment_id = @AppointmentId";

    private const string Forget =
        "delete from calendar_entries where tenant_id = @TenantId and connection_id = @Id and appointment_id = @AppointmentId";

    private sealed record Appointment(
        string Status, DateTime StartsAt, DateTime EndsAt, int Version, string ServiceName, string? CustomerName, string? CustomerPhone,
        string? CustomerAddress, string? Notes, DateTime UpdatedAt)
    {
        public bool IsErased => CustomerPhone == CustomerAppointments.Erased;
    }

    private sealed record Target(
        Guid Id, string Kind, string Url, string UserName, string Secret, string TimeZone, bool Receives, string? Href, string? ETag, int? Version,
        DateTime? StartsAt, DateTime? EndsAt, bool Confirmed);

    /// <returns>True when there is nothing left to do.</returns>
    public async Task<bool> WriteAsync(Guid tenantId, Guid appointmentId, CancellationToken cancellationToken)
    {
        var (appointment, targets) = await database.ReadAsync(
            tenantId, Find, new { AppointmentId = appointmentId },
            async results => (await results.ReadSingleOrDefaultAsync<Appointment?>(), (await results.ReadAsync<Target>()).ToList()), cancellationToken);
        // What is done stays as it was written, unless its customer is to be forgotten; what is held is nobody's yet.
        if (appointment is null or { Status: "held" } or { Status: "completed", IsErased: false })
            return true;
        var done = true;
        foreach (var target in targets)
            done &= await TryAsync(tenantId, appointmentId, appointment, target, cancellationToken);
        return done;
    }

    private async Task<bool> TryAsync(Guid tenantId, Guid appointmentId, Appointment appointment, Target target, CancellationToken cancellationToken)
    {
        try
        {
            var calendar = connections.Open(new CalendarConnection(
                tenantId, target.Id, target.Kind, target.Url, target.UserName, target.Secret, target.TimeZone));
            if (!target.Receives || appointment.Status == "cancelled")
                return target.Href is null || await RemoveAsync(tenantId, appointmentId, target, calendar, cancellationToken);
            if (target.Href is null && appointment.IsErased)
                return true;
            return (target.Confirmed && target.Version == appointment.Version)
                || await PutAsync(tenantId, appointmentId, appointment, target, calendar, cancellationToken);
        }
        catch (CalendarException failure)
        {
            LogFailed(logger, target.Id, tenantId, failure.Failure);
            return false;
        }
        catch (CryptographicException locked)
        {
            LogLocked(logger, locked, target.Id, tenantId);
            return false;
        }
    }

    private async Task<bool> PutAsync(
        Guid tenantId, Guid appointmentId, Appointment appointment, Target target, ICalendar calendar, CancellationToken cancellationToken)
    {
        var entry = new AppointmentEntry(
            appointmentId, appointment.Version, appointment.StartsAt, appointment.EndsAt,
            appointment.CustomerName is { } name ? $"{appointment.ServiceName}: {name}" : appointment.ServiceName,
            appointment.CustomerAddress, TextOf(appointment), appointment.UpdatedAt);
        await ExecuteAsync(tenantId, Intend, new
        {
            target.Id,
            AppointmentId = appointmentId,
            Href = calendar.HrefOf(appointmentId),
            appointment.Version,
            appointment.StartsAt,
            appointment.EndsAt,
        }, cancellationToken);
        string? etag;
        try
        {
            etag = await calendar.PutAsync(entry, target.ETag, cancellationToken);
        }
        catch (CalendarException changed) when (changed.Failure is CalendarFailure.Changed)
        {
            var found = await calendar.FindAsync(calendar.HrefOf(appointmentId), cancellationToken);
            if (!IsWhereWeLeftIt(found, appointment, target) && !(appointment.IsErased && found is not null))
            {
                var known = new CalendarAdoption.Known(appointmentId, calendar.HrefOf(appointmentId), target.ETag, appointment.StartsAt, appointment.EndsAt);
                // What cannot be followed now stays as it is there and here, and the next reading says so.
                if (!await adoption.FollowAsync(tenantId, target.Id, known, found, cancellationToken))
                    await ExecuteAsync(tenantId, LeaveToReading, new { target.Id, AppointmentId = appointmentId }, cancellationToken);
                return true;
            }
            etag = await calendar.PutAsync(entry, found!.ETag, cancellationToken);
        }
        await ExecuteAsync(tenantId, Confirm, new { target.Id, AppointmentId = appointmentId, appointment.Version, ETag = etag }, cancellationToken);
        return true;
    }

    // Nobody moved it: only its text was changed, or it was written by us in an attempt whose answer was lost.
    private static bool IsWhereWeLeftIt(OwnEntry? found, Appointment appointment, Target target) =>
        found is { IsCancelled: false, Time: { } time }
        && ((time.Start.UtcDateTime == target.StartsAt && time.End.UtcDateTime == target.EndsAt)
            || (time.Start.UtcDateTime == appointment.StartsAt && time.End.UtcDateTime == appointment.EndsAt));

    private async Task<bool> RemoveAsync(Guid tenantId, Guid appointmentId, Target target, ICalendar calendar, CancellationToken cancellationToken)
    {
        await ExecuteAsync(tenantId, IntendToDelete, new { target.Id, AppointmentId = appointmentId }, cancellationToken);
        // However it looks by now: what is cancelled is cancelled.
        if (await calendar.FindAsync(target.Href!, cancellationToken) is { ETag: { } etag })
            await calendar.DeleteAsync(target.Href!, etag, cancellationToken);
        await ExecuteAsync(tenantId, Forget, new { target.Id, AppointmentId = appointmentId }, cancellationToken);
        return true;
    }

    private static string TextOf(Appointment appointment)
    {
        var text = new StringBuilder();
        foreach (var line in new[] { appointment.CustomerName, appointment.CustomerPhone, appointment.Notes })
        {
            if (!string.IsNullOrWhiteSpace(line))
                text.Append(text.Length > 0 ? "\n" : "").Append(line);
        }
        return text.ToString();
    }

    private async Task ExecuteAsync(Guid tenantId, string sql, object parameters, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(tenantId, cancellationToken);
        await transaction.ExecuteAsync(sql, parameters, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Calendar {CalendarId} of tenant {TenantId} cannot be written to: {Failure}")]
    private static partial void LogFailed(ILogger logger, Guid calendarId, Guid tenantId, CalendarFailure failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "Calendar {CalendarId} of tenant {TenantId} cannot be written to: its secret does not open")]
    private static partial void LogLocked(ILogger logger, Exception exception, Guid calendarId, Guid tenantId);
}
