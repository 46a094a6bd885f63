namespace KestrelVoice.Features.Appointments;

/// <summary>From one instant until before another, in UTC.</summary>
internal readonly record struct Interval(DateTime Start, DateTime End);

/// <summary>Local times; one that closes at or before it opens closes on the next day.</summary>
internal sealed record Shift(DayOfWeek Day, TimeOnly Opens, TimeOnly Closes);

/// <summary>Somebody who can be at one place at a time.</summary>
/// <param name="Travel">Kept free after whatever the resource does.</param>
/// <param name="Blocked">By other appointments and holds, buffers and travel included.</param>
/// <param name="Busy">By connected calendars, which know of no travel.</param>
internal sealed record ScheduledResource(
    Guid Id, string Name, TimeSpan Travel, IReadOnlyList<Shift> Shifts, IReadOnlyList<Interval> Blocked, IReadOnlyList<Interval> Busy);

/// <summary>What a service takes, and how far apart the times are that are offered.</summary>
internal sealed record ServiceTimes(TimeSpan Length, TimeSpan Before, TimeSpan After, TimeSpan Step);

internal sealed record Slot(DateTime StartsAt, DateTime EndsAt, Guid ResourceId);

/// <summary>When somebody is free: hours, minus holidays, calendars, appointments and holds. Knows no clock and no database.</summary>
internal sealed class Availability(
    TimeZoneInfo zone, IReadOnlySet<DateOnly> holidays, ServiceTimes service, IReadOnlyList<ScheduledResource> resources)
{
    /// <summary>The times to offer that begin in the range, earliest first.</summary>
    public IEnumerable<Slot> Slots(Interval range) => resources
        .SelectMany((resource, order) => SlotsOf(resource, range).Select(slot => (slot, order)))
        .OrderBy(found => found.slot.StartsAt).ThenBy(found => found.order)
        .Select(found => found.slot);

    /// <summary>Who could begin at that very moment, on the grid of offered times or not.</summary>
    public IEnumerable<ScheduledResource> FreeAt(DateTime startsAt) => resources.Where(
        resource => OpenTimes(resource, new Interval(startsAt, startsAt)).Any(open => Fits(open, startsAt)) && IsFree(resource, startsAt));

    public DateTime EndOf(DateTime startsAt) => startsAt + service.Length;

    /// <summary>What an appointment keeps others from, buffers and travel included.</summary>
    public Interval BlockedBy(ScheduledResource resource, DateTime startsAt) =>
        new(startsAt - service.Before, startsAt + service.Length + service.After + resource.Travel);

    private IEnumerable<Slot> SlotsOf(ScheduledResource resource, Interval range)
    {
        foreach (var open in OpenTimes(resource, range))
        {
            for (var start = FirstStep(open.Start, range.Start); start < range.End && Fits(open, start); start += service.Step)
            {
                if (IsFree(resource, start))
                    yield return new Slot(start, start + service.Length, resource.Id);
            }
        }
    }

    private DateTime FirstStep(DateTime opens, DateTime from)
    {
        if (from <= opens)
            return opens;
        var steps = (from - opens + service.Step - TimeSpan.FromTicks(1)).Ticks / service.Step.Ticks;
        return opens + (service.Step * steps);
    }

    private bool Fits(Interval open, DateTime start) => open.Start <= start && start + service.Length <= open.End;

    private bool IsFree(ScheduledResource resource, DateTime start)
    {
        var wanted = BlockedBy(resource, start);
        return !resource.Blocked.Any(taken => taken.Start < wanted.End && wanted.Start < taken.End)
            && !resource.Busy.Any(busy => busy.Start < wanted.End && wanted.Start < busy.End + resource.Travel);
    }

    /// <summary>Shifts of the days around the range as instants; those that touch are one, so that work may go past midnight.</summary>
    private List<Interval> OpenTimes(ScheduledResource resource, Interval range)
    {
        var first = DayOf(range.Start).AddDays(-2);
        var days = DayOf(range.End).DayNumber - first.DayNumber + 3;
        var shifts =
            from offset in Enumerable.Range(0, days)
            let day = first.AddDays(offset)
            where !holidays.Contains(day)
            from shift in resource.Shifts
            where shift.Day == day.DayOfWeek
            let closingDay = shift.Closes <= shift.Opens ? day.AddDays(1) : day
            let open = new Interval(InstantOf(day, shift.Opens, latest: false), InstantOf(closingDay, shift.Closes, latest: true))
            orderby open.Start
            select open;

        var merged = new List<Interval>();
        foreach (var open in shifts)
        {
            if (merged.Count > 0 && open.Start <= merged[^1].End)
                merged[^1] = merged[^1] with { End = open.End > merged[^1].End ? open.End : merged[^1].End };
            else if (open.Start < open.End)
                merged.Add(open);
        }
        return merged;
    }

    private DateOnly DayOf(DateTime instant) => DateOnly.FromDateTime(TimeZoneInfo.ConvertTimeFromUtc(instant, zone));

    // A time that the clocks skip is the moment after the skip that is as late; of one that they repeat, the one that makes the shift longer.
    private DateTime InstantOf(DateOnly day, TimeOnly time, bool latest)
    {
        var local = day.ToDateTime(time);
        var offset = zone.GetUtcOffset(local);
        if (zone.IsAmbiguousTime(local))
        {
            var both = zone.GetAmbiguousTimeOffsets(local);
            offset = latest ? both.Min() : both.Max();
        }
        return DateTime.SpecifyKind(local - offset, DateTimeKind.Utc);
    }
}
