using System.Globalization;
using Ical.Net.DataTypes;

namespace KestrelVoice.Features.Calendars.Google;

/// <summary>A calendar in somebody's list.</summary>
/// <param name="AccessRole">freeBusyReader, reader, writer, or owner.</param>
internal sealed record GoogleCalendarEntry(string Id, string? Summary, string? SummaryOverride, string? AccessRole)
{
    public string Name => SummaryOverride ?? Summary ?? Id;

    public bool IsWritable => AccessRole is "owner" or "writer";
}

internal sealed record GoogleEventPage(string? TimeZone, string? NextPageToken, string? NextSyncToken, IReadOnlyList<GoogleEvent>? Items);

/// <param name="TimeZone">IANA name: where the calendar's whole days are.</param>
internal sealed record GoogleEvents(IReadOnlyList<GoogleEvent> Items, string? TimeZone, string? SyncToken);

/// <summary>An event, of which we ask for no more than when it is and whether it counts.</summary>
internal sealed record GoogleEvent(
    string Id, string? ETag, string? Status, GoogleTime? Start, GoogleTime? End, string? Transparency, string? EventType,
    IReadOnlyList<string>? Recurrence, string? RecurringEventId, IReadOnlyList<GoogleAttendee>? Attendees)
{
    // What says where somebody is, or whose birthday it is, and takes no time of theirs.
    private static readonly string[] TakesNoTime = ["workingLocation", "birthday"];

    public bool IsCancelled => Status == "cancelled";

    /// <summary>Free when it is cancelled, marked as free, or declined. In doubt it is busy.</summary>
    public bool IsBusy =>
        !IsCancelled && Transparency != "transparent" && !TakesNoTime.Contains(EventType)
        && Attendees?.Any(attendee => attendee is { Self: true, ResponseStatus: "declined" }) != true;

    /// <param name="zone">IANA name: where whole days are.</param>
    /// <returns>Null when it says no time that can be read.</returns>
    public BusyTime? Time(string zone) => Start?.Instant(zone) is { } start && End?.Instant(zone) is { } end && end >= start ? new BusyTime(start, end) : null;
}

internal sealed record GoogleAttendee(bool Self, string? ResponseStatus);

/// <summary>A moment with its offset, or a whole day.</summary>
internal sealed record GoogleTime(string? DateTime, string? Date)
{
    public DateTimeOffset? Instant(string zone) =>
        DateTime is not null
            ? DateTimeOffset.TryParse(DateTime, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment) ? moment : null
            : DateOnly.TryParseExact(Date, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
                ? BusyExpansion.Instant(new CalDateTime(day), zone) : null;
}

internal sealed record GoogleFreeBusy(IReadOnlyDictionary<string, GoogleFreeBusyCalendar>? Calendars);

internal sealed record GoogleFreeBusyCalendar(IReadOnlyList<GoogleFreeBusyError>? Errors, IReadOnlyList<GoogleBusyTime>? Busy);

internal sealed record GoogleFreeBusyError(string? Reason);

internal sealed record GoogleBusyTime(DateTimeOffset Start, DateTimeOffset End);
