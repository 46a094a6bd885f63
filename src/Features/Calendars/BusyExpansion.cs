using System.Runtime.Serialization;
using Ical.Net;
using Ical.Net.CalendarComponents;
using Ical.Net.DataTypes;
using Ical.Net.Evaluation;

namespace KestrelVoice.Features.Calendars;

/// <summary>From iCalendar text to the times in which its owner is busy.</summary>
/// <remarks>In doubt, busy: a slot not offered costs less than one given twice.</remarks>
internal static class BusyExpansion
{
    /// <summary>How much wider than the range to ask a server: floating and all-day entries may be taken for UTC there.</summary>
    public static readonly TimeSpan Widening = TimeSpan.FromHours(14);

    // Of one series in the range. Beyond them it counts as busy to the end of the range.
    private const int MostOccurrences = 5_000;

    // More years than there are, so that every 30th of February is known to be never. Finer rules that find nothing end here in doubt.
    private const int MostUnmatched = 10_000;

    // From the beginning of a series to the range; an evaluation takes every step of them.
    private const int MostSteps = 1_000_000;

    private static readonly TimeSpan Longest = TimeSpan.FromDays(366 * 100);

    /// <param name="zone">IANA name: where entries without a time zone happen, such as a whole day.</param>
    /// <returns>
    /// Merged, and cut to the range; null when the text, or the time of an entry in it, cannot be read. What can be read and not be
    /// evaluated is busy: from the last occurrence that was found to the end of the range.
    /// </returns>
    public static IReadOnlyList<BusyTime>? Expand(string text, string zone, BusyTime range)
    {
        CalendarCollection calendars;
        try
        {
            calendars = CalendarCollection.Load(text);
        }
        catch (Exception unreadable) when (unreadable is SerializationException or ArgumentException or FormatException or InvalidOperationException)
        {
            return null;
        }
        var entries = calendars.SelectMany(calendar => calendar.Events).ToList();
        if (entries.Exists(entry => entry.DtStart is null))
            return null;
        // One series at a time, so that what ails one does not hide the others.
        var times = entries.GroupBy(entry => entry.Uid)
            .SelectMany(series => Expand([.. series], zone, range));
        return BusyTime.Merged(
            from time in times
            where time.Start < range.End && time.End > range.Start
            select new BusyTime(time.Start < range.Start ? range.Start : time.Start, time.End > range.End ? range.End : time.End));
    }

    private static List<BusyTime> Expand(IReadOnlyList<CalendarEvent> series, string zone, BusyTime range)
    {
        var alone = new Calendar();
        var times = new List<BusyTime>();
        var uncertain = new HashSet<CalendarEvent>(ReferenceEqualityComparer.Instance);
        foreach (var entry in series)
        {
            if (!HasKnownZones(entry))
            {
                LeaveZones(entry);
                uncertain.Add(entry);
            }
            KeepLastDay(entry);
            if (!IsOutOfProportion(entry, range))
                alone.Events.Add(entry);
            else if (IsBusy(entry))
                times.Add(new BusyTime(Instant(entry.DtStart!, zone), range.End));
        }

        var seen = 0;
        var sure = range.Start;
        // Order is by the clock where a zone is missing, so the stop is a day late.
        var (from, until) = ((range.Start - Widening).UtcDateTime, (range.End + Widening + Widening).UtcDateTime);
        try
        {
            foreach (var occurrence in alone.GetOccurrences<CalendarEvent>(
                new CalDateTime(from, CalDateTime.UtcTzId), new EvaluationOptions { MaxUnmatchedIncrementsLimit = MostUnmatched }))
            {
                var entry = (CalendarEvent)occurrence.Source;
                var start = Instant(occurrence.Period.StartTime, zone);
                if (start.UtcDateTime >= until)
                    break;
                if (++seen > MostOccurrences)
                {
                    times.Add(new BusyTime(start, range.End));
                    break;
                }
                if (!IsBusy(entry))
                    continue;
                sure = start;
                var end = Instant(occurrence.Period.EffectiveEndTime ?? occurrence.Period.StartTime, zone);
                var doubt = uncertain.Contains(entry) ? Widening : TimeSpan.Zero;
                if (end > start)
                    times.Add(new BusyTime(start - doubt, end + doubt));
            }
        }
        catch (EvaluationOutOfRangeException)
        {
            // The end of all years, and no further occurrence before.
        }
        catch (Exception doubt) when (doubt is EvaluationException or ArgumentException or ArithmeticException or InvalidOperationException)
        {
            if (series.Any(IsBusy))
                times.Add(new BusyTime(sure, range.End));
        }
        return times;
    }

    // Every second since the year 2000, or an hour that never ends: no appointment, and minutes of evaluation.
    private static bool IsOutOfProportion(CalendarEvent entry, BusyTime range)
    {
        var start = new DateTimeOffset(entry.DtStart!.Value, TimeSpan.Zero);
        var length = entry.DtEnd is { } end ? end.Value - entry.DtStart.Value
            : entry.Duration is { } duration ? TimeSpan.FromDays(DaysOf(duration))
            : TimeSpan.Zero;
        var step = entry.RecurrenceRule?.Frequency switch
        {
            FrequencyType.Secondly => TimeSpan.FromSeconds(1),
            FrequencyType.Minutely => TimeSpan.FromMinutes(1),
            FrequencyType.Hourly => TimeSpan.FromHours(1),
            _ => TimeSpan.FromDays(1),
        };
        return length > Longest || (range.End - start) / step > MostSteps;
    }

    private static double DaysOf(Duration length) => Math.Min(
        ((length.Weeks ?? 0) * 7.0) + (length.Days ?? 0) + ((length.Hours ?? 0) / 24.0) + ((length.Minutes ?? 0) / 1_440.0) + ((length.Seconds ?? 0) / 86_400.0),
        1_000_000);

    private static bool IsBusy(CalendarEvent entry) =>
        !string.Equals(entry.Status, "CANCELLED", StringComparison.OrdinalIgnoreCase)
        && !string.Equals(entry.Transparency, "TRANSPARENT", StringComparison.OrdinalIgnoreCase);

    /// <summary>What a clock says in the zone that it names, or in the given one.</summary>
    public static DateTimeOffset Instant(CalDateTime time, string zone) =>
        new(DateTime.SpecifyKind((time.IsFloating ? time.ToTimeZone(zone) : time).AsUtc, DateTimeKind.Utc));

    // A zone that only its own VTIMEZONE defines: the rules in there are not evaluated.
    private static bool HasKnownZones(CalendarEvent entry) =>
        new[] { entry.DtStart, entry.DtEnd, entry.RecurrenceIdentifier?.StartTime }.OfType<CalDateTime>()
            .All(time => time.TzId is null || IsKnown(time));

    private static bool IsKnown(CalDateTime time)
    {
        try
        {
            _ = time.AsUtc;
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static void LeaveZones(CalendarEvent entry)
    {
        entry.DtStart = Floating(entry.DtStart);
        entry.DtEnd = Floating(entry.DtEnd);
        if (entry.RecurrenceIdentifier is { } instance)
            entry.RecurrenceIdentifier = new RecurrenceIdentifier(Floating(instance.StartTime)!, instance.Range);
    }

    private static CalDateTime? Floating(CalDateTime? time) => time is null ? null : new CalDateTime(time.Date, time.Time, tzId: null);

    // A date as UNTIL of a series with times means that day too; the evaluation stops at its first moment.
    private static void KeepLastDay(CalendarEvent entry)
    {
        if (entry is { DtStart: { HasTime: true } start, RecurrenceRule: { Until: { HasTime: false } last } rule })
            rule.Until = new CalDateTime(last.Date, new TimeOnly(23, 59, 59), start.TzId);
    }
}
