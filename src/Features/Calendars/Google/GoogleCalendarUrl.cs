namespace KestrelVoice.Features.Calendars.Google;

/// <summary>A calendar's address, by which it is known as connected. Where it is really asked for, the settings say.</summary>
internal static class GoogleCalendarUrl
{
    private const string Base = "https://www.googleapis.com/calendar/v3/calendars/";

    public static string Of(string calendarId) => Base + Uri.EscapeDataString(calendarId);

    public static string IdOf(string url) => Uri.UnescapeDataString(url[Base.Length..]);
}
