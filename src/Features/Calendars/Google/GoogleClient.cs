using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Calendars.Google;

/// <summary>The few requests of the Calendar API (v3) that are needed.</summary>
/// <remarks>Every method throws <see cref="CalendarException"/>.</remarks>
internal sealed class GoogleClient(IHttpClientFactory clients, GoogleAccessTokens tokens, IOptions<GoogleSettings> settings)
{
    public const string Primary = "primary";

    private const int PageSize = 2500;
    private const int MostPages = 20;

    // What somebody's events are about stays at Google.
    private const string EventFields = "id,etag,status,start,end,transparency,eventType,recurrence,recurringEventId,attendees(self,responseStatus)";
    private const string PageFields = $"timeZone,nextPageToken,nextSyncToken,items({EventFields})";

    public async Task<GoogleCalendarEntry> FindCalendarAsync(GoogleAccount account, string calendarId, CancellationToken cancellationToken) =>
        (await SendAsync(account, HttpMethod.Get, $"users/me/calendarList/{Uri.EscapeDataString(calendarId)}", cancellationToken))
        .OrThrow().Read<GoogleCalendarEntry>();

    /// <summary>Every event that overlaps the range, each occurrence of a series by itself.</summary>
    public async Task<GoogleEvents> ListAsync(GoogleAccount account, string calendarId, BusyTime range, CancellationToken cancellationToken)
    {
        var (items, timeZone) = (new List<GoogleEvent>(), (string?)null);
        string? pageToken = null;
        for (var page = 0; page < MostPages; page++)
        {
            var answer = await PageAsync(account, calendarId, cancellationToken,
                ("timeMin", Rfc3339(range.Start)), ("timeMax", Rfc3339(range.End)), ("pageToken", pageToken));
            items.AddRange(answer.Items ?? []);
            timeZone ??= answer.TimeZone;
            if ((pageToken = answer.NextPageToken) is null)
                return new GoogleEvents(items, timeZone, answer.NextSyncToken);
        }
        throw new CalendarException(CalendarFailure.Protocol, "The calendar is too large to be read.");
    }

    /// <summary>Whether anything happened since a reading. A failure of <see cref="CalendarFailure.TokenForgotten"/> means that Google cannot tell.</summary>
    public async Task<bool> HasChangedAsync(GoogleAccount account, string calendarId, string syncToken, CancellationToken cancellationToken)
    {
        string? pageToken = null;
        for (var page = 0; page < MostPages; page++)
        {
            var answer = await PageAsync(account, calendarId, cancellationToken, ("syncToken", syncToken), ("pageToken", pageToken));
            if (answer.Items is { Count: > 0 })
                return true;
            if ((pageToken = answer.NextPageToken) is null)
                return false;
        }
        return true;
    }

    /// <summary>When the calendar's owner is busy at this moment, by Google's own reckoning.</summary>
    public async Task<IReadOnlyList<BusyTime>> FreeBusyAsync(GoogleAccount account, string calendarId, BusyTime range, CancellationToken cancellationToken)
    {
        var body = new JsonObject
        {
            ["timeMin"] = Rfc3339(range.Start),
            ["timeMax"] = Rfc3339(range.End),
            ["items"] = new JsonArray(new JsonObject { ["id"] = calendarId }),
        };
        var answer = (await SendAsync(account, HttpMethod.Post, "freeBusy", cancellationToken, body)).OrThrow().Read<GoogleFreeBusy>();
        // A calendar of which it knows nothing comes with an error, and with no busy times.
        if (answer.Calendars?.GetValueOrDefault(calendarId) is not { Errors: null or [] } calendar)
            throw new CalendarException(CalendarFailure.Unavailable, "Google does not say when this calendar's owner is busy.");
        return [.. (calendar.Busy ?? []).Select(busy => new BusyTime(busy.Start, busy.End))];
    }

    /// <summary>Null when it is not there, be it that it was deleted.</summary>
    public async Task<GoogleEvent?> FindEventAsync(GoogleAccount account, string calendarId, string eventId, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(account, HttpMethod.Get, EventPath(calendarId, eventId), cancellationToken, query: [("fields", EventFields)]);
        if (answer.Status is not (HttpStatusCode.NotFound or HttpStatusCode.Gone))
            return answer.OrThrow().Read<GoogleEvent>();
        // Or is it the calendar that is gone? Then nothing is known of what was in it.
        (await SendAsync(account, HttpMethod.Get, EventsPath(calendarId), cancellationToken, query: [("maxResults", "1"), ("fields", "timeZone")])).OrThrow();
        return null;
    }

    public async Task<GoogleEvent> InsertAsync(GoogleAccount account, string calendarId, JsonObject body, CancellationToken cancellationToken) =>
        (await SendAsync(account, HttpMethod.Post, EventsPath(calendarId), cancellationToken, body)).OrThrow().Read<GoogleEvent>();

    /// <summary>Changes what the body names, of what is as we knew it.</summary>
    public async Task<GoogleEvent> PatchAsync(
        GoogleAccount account, string calendarId, string eventId, JsonObject body, string etag, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(account, HttpMethod.Patch, EventPath(calendarId, eventId), cancellationToken, body, etag);
        return answer.Status is HttpStatusCode.NotFound or HttpStatusCode.Gone
            ? throw new CalendarException(CalendarFailure.Changed, "It is not there any more.")
            : answer.OrThrow().Read<GoogleEvent>();
    }

    /// <summary>Deletes what is as we knew it. What is gone already is fine.</summary>
    public async Task DeleteAsync(GoogleAccount account, string calendarId, string eventId, string etag, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(account, HttpMethod.Delete, EventPath(calendarId, eventId), cancellationToken, etag: etag);
        if (answer.Status is not (HttpStatusCode.NotFound or HttpStatusCode.Gone))
            answer.OrThrow();
    }

    private async Task<GoogleEventPage> PageAsync(
        GoogleAccount account, string calendarId, CancellationToken cancellationToken, params (string Name, string? Value)[] query) =>
        (await SendAsync(
            account, HttpMethod.Get, EventsPath(calendarId), cancellationToken,
            // With a sync token they must be those of the reading that gave it.
            query: [("singleEvents", "true"), ("maxResults", PageSize.ToString(CultureInfo.InvariantCulture)), ("fields", PageFields), .. query]))
        .OrThrow().Read<GoogleEventPage>();

    private async Task<GoogleAnswer> SendAsync(
        GoogleAccount account, HttpMethod method, string path, CancellationToken cancellationToken, JsonObject? body = null, string? etag = null,
        params (string Name, string? Value)[] query)
    {
        var url = QueryHelpers.AddQueryString(
            new Uri(settings.Value.BaseUrls.Api, "calendar/v3/" + path).AbsoluteUri,
            query.Where(parameter => parameter.Value is not null).ToDictionary(parameter => parameter.Name, parameter => parameter.Value));
        for (var isSecond = false; ; isSecond = true)
        {
            using var request = new HttpRequestMessage(method, url);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await tokens.OfAsync(account, cancellationToken));
            if (etag is not null)
                request.Headers.TryAddWithoutValidation("If-Match", etag);
            if (body is not null)
                request.Content = JsonContent.Create(body);
            var answer = await GoogleAnswer.OfAsync(clients.CreateClient(GoogleHttp.ClientName), request, cancellationToken);
            if (answer.Status != HttpStatusCode.Unauthorized || isSecond)
                return answer;
            tokens.Forget(account.ConnectionId);
        }
    }

    private static string EventsPath(string calendarId) => $"calendars/{Uri.EscapeDataString(calendarId)}/events";

    private static string EventPath(string calendarId, string eventId) => $"{EventsPath(calendarId)}/{Uri.EscapeDataString(eventId)}";

    private static string Rfc3339(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
