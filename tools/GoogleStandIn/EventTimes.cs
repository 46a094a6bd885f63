using System.Globalization;
using System.Text.Json.Nodes;
using Ical.Net.CalendarComponents;
using Ical.Net.DataTypes;

namespace KestrelVoice.GoogleStandIn;

/// <summary>When events are, and the occurrences of a series.</summary>
internal static class EventTimes
{
    /// <summary>A moment in a query: with an offset, or Google does not take it.</summary>
    public static DateTimeOffset? Parameter(string? text)
    {
        if (text is null)
            return null;
        return text.Length > 19 && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var moment)
            ? moment
            : throw new RefusalException(400, "badRequest", "Bad Request");
    }

    public static string Text(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static (DateTimeOffset Start, DateTimeOffset End) Of(JsonObject item, string calendarZone) =>
        (Moment(item["start"], calendarZone), Moment(item["end"], calendarZone));

    /// <summary>Refuses what says no time.</summary>
    public static void Check(JsonObject item, string calendarZone)
    {
        foreach (var name in new[] { "start", "end" })
        {
            var time = item[name] as JsonObject;
            var (date, moment) = ((string?)time?["date"], (string?)time?["dateTime"]);
            if (date is null && moment is null)
                throw new RefusalException(400, "required", $"Missing {name} time.");
            if (date is not null && moment is not null)
                throw new RefusalException(400, "invalid", $"Invalid {name} time.");
        }
        if (((string?)item["start"]!["date"] is null) != ((string?)item["end"]!["date"] is null))
            throw new RefusalException(400, "invalid", "Start and end times must either both be date or both be dateTime.");
        var (start, end) = Of(item, calendarZone);
        if (end < start)
            throw new RefusalException(400, "timeRangeEmpty", "The specified time range is empty.");
        if (item["recurrence"] is JsonArray { Count: > 0 } && (string?)item["start"]!["dateTime"] is not null && (string?)item["start"]!["timeZone"] is null)
            throw new RefusalException(400, "required", "Missing time zone definition for start time.");
    }

    /// <summary>Each occurrence as an event of its own, as <c>singleEvents=true</c> shows it.</summary>
    public static IEnumerable<JsonObject> Occurrences(JsonObject series, string calendarZone, DateTimeOffset from, DateTimeOffset to)
    {
        var zone = (string?)series["start"]!["timeZone"] ?? calendarZone;
        var (begins, ends) = Of(series, calendarZone);
        var first = TimeZoneInfo.ConvertTime(begins, TimeZoneInfo.FindSystemTimeZoneById(zone));
        var text = string.Join("\r\n",
        [
            "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//KestrelVoice//Stand-in//EN", "BEGIN:VEVENT", "UID:series", "DTSTAMP:20260101T000000Z",
            string.Create(CultureInfo.InvariantCulture, $"DTSTART;TZID={zone}:{first:yyyyMMdd'T'HHmmss}"), .. ((JsonArray)series["recurrence"]!).Select(line => (string)line!), "END:VEVENT", "END:VCALENDAR", "",
        ]);
        var reach = new CalDateTime((from - (ends - begins)).UtcDateTime, CalDateTime.UtcTzId);
        foreach (var occurrence in Ical.Net.Calendar.Load(text)!.GetOccurrences<CalendarEvent>(reach))
        {
            var start = new DateTimeOffset(DateTime.SpecifyKind(occurrence.Period.StartTime.AsUtc, DateTimeKind.Utc));
            if (start >= to)
                yield break;
            var item = (JsonObject)series.DeepClone();
            item.Remove("recurrence");
            item["id"] = string.Create(CultureInfo.InvariantCulture, $"{(string)series["id"]!}_{start.UtcDateTime:yyyyMMdd'T'HHmmss'Z'}");
            item["recurringEventId"] = (string)series["id"]!;
            item["originalStartTime"] = new JsonObject { ["dateTime"] = Text(start), ["timeZone"] = zone };
            item["start"] = new JsonObject { ["dateTime"] = Text(start), ["timeZone"] = zone };
            item["end"] = new JsonObject { ["dateTime"] = Text(start + (ends - begins)), ["timeZone"] = zone };
            yield return item;
        }
    }

    private static DateTimeOffset Moment(JsonNode? time, string calendarZone)
    {
        if ((string?)time!["dateTime"] is { } text)
        {
            return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment)
                ? moment
                : throw new RefusalException(400, "invalid", "Invalid time.");
        }
        if (!DateOnly.TryParseExact((string?)time["date"], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            throw new RefusalException(400, "invalid", "Invalid date.");
        var midnight = new CalDateTime(day).ToTimeZone(calendarZone);
        return new DateTimeOffset(DateTime.SpecifyKind(midnight.AsUtc, DateTimeKind.Utc));
    }
}
