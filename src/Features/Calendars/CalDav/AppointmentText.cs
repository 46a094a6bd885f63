using System.Runtime.Serialization;
using Ical.Net;
using Ical.Net.CalendarComponents;
using Ical.Net.DataTypes;
using Ical.Net.Serialization;

namespace KestrelVoice.Features.Calendars.CalDav;

/// <summary>An appointment of ours as iCalendar text, there and back.</summary>
internal static class AppointmentText
{
    /// <summary>In UTC, which every program shows where it is, and no time zone has to be described.</summary>
    public static string Of(AppointmentEntry entry)
    {
        var calendar = new Calendar { ProductId = "-//KestrelVoice//Appointments//EN" };
        calendar.Events.Add(new CalendarEvent
        {
            Uid = $"{entry.Id}@kestrelvoice.dev",
            DtStamp = Utc(entry.ChangedAt),
            DtStart = Utc(entry.Start),
            DtEnd = Utc(entry.End),
            Sequence = entry.Version,
            Summary = entry.Title,
            Location = entry.Place,
            Description = entry.Text,
            Status = "CONFIRMED",
        });
        return new CalendarSerializer().SerializeToString(calendar)
            ?? throw new InvalidOperationException("An appointment cannot be written as iCalendar.");
    }

    /// <param name="zone">IANA name: where times without a time zone are.</param>
    public static OwnEntry Read(CalDavObject found, string zone)
    {
        try
        {
            var entries = CalendarCollection.Load(found.Data).SelectMany(calendar => calendar.Events).ToList();
            if (entries is not [{ DtStart: { } starts, RecurrenceRule: null } entry])
                return new OwnEntry(found.ETag, Time: null, IsCancelled: false);
            var start = BusyExpansion.Instant(starts, zone);
            var end = entry.DtEnd is { } ends ? BusyExpansion.Instant(ends, zone)
                : entry.Duration is { } length ? start + length.ToTimeSpan(starts)
                : start;
            return new OwnEntry(
                found.ETag, end > start ? new BusyTime(start, end) : null,
                string.Equals(entry.Status, "CANCELLED", StringComparison.OrdinalIgnoreCase));
        }
        catch (Exception unreadable) when (unreadable is SerializationException or ArgumentException or FormatException or InvalidOperationException)
        {
            return new OwnEntry(found.ETag, Time: null, IsCancelled: false);
        }
    }

    private static CalDateTime Utc(DateTimeOffset time) => new(time.UtcDateTime, CalDateTime.UtcTzId);
}
