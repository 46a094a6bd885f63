using System.Globalization;
using Dapper;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Appointments;

/// <summary>A service as it is offered.</summary>
internal sealed record OfferedService(Guid Id, string Name, Availability Availability);

/// <summary>Reads from which an answer about availability follows, in one round trip.</summary>
internal sealed class Schedules(TenantDatabase database)
{
    // Appointments that begin before the range may reach into it, with their buffers and travel, for up to two days.
    private const string Read =
        """
        select time_zone from tenants where id = @TenantId;
        select id, name, length_minutes, buffer_before_minutes, buffer_after_minutes, step_minutes
        from services
        where tenant_id = @TenantId and id = @ServiceId and (archived_at is null or @Except::uuid is not null);
        select r.id, r.name, r.travel_minutes
        from resources r
        where r.tenant_id = @TenantId and r.archived_at is null and (
            not exists (select from service_resources where tenant_id = @TenantId and service_id = @ServiceId)
            or exists (select from service_resources l where l.tenant_id = r.tenant_id and l.service_id = @ServiceId and l.resource_id = r.id))
        order by r.created_at, r.id;
        select resource_id, day, (extract(epoch from opens) / 60)::integer as opens, (extract(epoch from closes) / 60)::integer as closes
        from working_hours
        where tenant_id = @TenantId;
        select to_char(day, 'YYYY-MM-DD') from holidays where tenant_id = @TenantId;
        select resource_id, blocked_start as starts_at, blocked_end as ends_at
        from appointments
        where tenant_id = @TenantId and status in ('held', 'scheduled') and blocked_start < @Until and blocked_end > @Since
          and id is distinct from @Except and (expires_at is null or expires_at > @Now);
        select resource_id, starts_at, ends_at
        from busy_times
        where tenant_id = @TenantId and starts_at < @Until and ends_at > @Since
        """;

    private sealed record ServiceRow(
        Guid Id, string Name, int LengthMinutes, int BufferBeforeMinutes, int BufferAfterMinutes, int StepMinutes);

    private sealed record ResourceRow(Guid Id, string Name, int TravelMinutes);

    private sealed record ShiftRow(Guid ResourceId, string Day, int Opens, int Closes);

    private sealed record TakenRow(Guid ResourceId, DateTime StartsAt, DateTime EndsAt);

    /// <param name="resourceId">Of this one only; of all when null.</param>
    /// <param name="now">Holds that ended by then hold nothing.</param>
    /// <param name="except">An appointment that is about to move: it is not in its own way, and its service may be offered no more.</param>
    /// <returns>Null when the tenant offers no such service.</returns>
    public Task<OfferedService?> FindAsync(
        Guid tenantId, Guid serviceId, Guid? resourceId, Interval range, DateTime now, CancellationToken cancellationToken, Guid? except = null) =>
        database.ReadAsync(
            tenantId, Read,
            new { ServiceId = serviceId, Since = range.Start.AddDays(-2), Until = range.End.AddDays(2), Now = now, Except = except },
            results => ReadAsync(results, resourceId), cancellationToken);

    private static async Task<OfferedService?> ReadAsync(SqlMapper.GridReader results, Guid? resourceId)
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById(await results.ReadSingleAsync<string>());
        var service = await results.ReadSingleOrDefaultAsync<ServiceRow>();
        var resources = (await results.ReadAsync<ResourceRow>()).AsList();
        var shifts = (await results.ReadAsync<ShiftRow>()).ToLookup(row => row.ResourceId, row => new Shift(
            Enum.Parse<DayOfWeek>(row.Day, ignoreCase: true), TimeAt(row.Opens), TimeAt(row.Closes)));
        var holidays = (await results.ReadAsync<string>())
            .Select(day => DateOnly.ParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture)).ToHashSet();
        var blocked = Intervals(await results.ReadAsync<TakenRow>());
        var busy = Intervals(await results.ReadAsync<TakenRow>());
        if (service is null)
            return null;

        return new OfferedService(service.Id, service.Name, new Availability(
            zone,
            holidays,
            new ServiceTimes(
                TimeSpan.FromMinutes(service.LengthMinutes), TimeSpan.FromMinutes(service.BufferBeforeMinutes),
                TimeSpan.FromMinutes(service.BufferAfterMinutes), TimeSpan.FromMinutes(service.StepMinutes)),
            [
                .. from resource in resources
                   where resourceId is null || resource.Id == resourceId
                   select new ScheduledResource(
                       resource.Id, resource.Name, TimeSpan.FromMinutes(resource.TravelMinutes), [.. shifts[resource.Id]],
                       [.. blocked[resource.Id]], [.. busy[resource.Id]]),
            ]));
    }

    // The database knows an end of the day that is not the beginning of the next one.
    private static TimeOnly TimeAt(int minutes) => TimeOnly.MinValue.AddMinutes(minutes);

    private static ILookup<Guid, Interval> Intervals(IEnumerable<TakenRow> rows) =>
        rows.ToLookup(row => row.ResourceId, row => new Interval(row.StartsAt, row.EndsAt));
}
