using System.Text.Json.Nodes;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Calendars.Google;

/// <summary>A calendar at Google.</summary>
/// <param name="zone">IANA name: where the business is.</param>
internal sealed class GoogleBacked(GoogleClient client, GoogleAccount account, string calendarId, string zone) : ICalendar
{
    // Busy, and no event that could be told. An event's own id has no w.
    private const string Unknown = "unknown";

    public async Task<CalendarReading?> ReadAsync(BusyTime range, string? token, CancellationToken cancellationToken) =>
        token is null || await HasChangedAsync(token, cancellationToken) ? await ListAsync(range, cancellationToken) : null;

    public async Task<CalendarReading> LookAsync(BusyTime range, CancellationToken cancellationToken)
    {
        var busy = await client.FreeBusyAsync(account, calendarId, range, cancellationToken);
        if (busy.Count == 0)
            return new CalendarReading(Token: null, [], Unreadable: 0);
        // It does not say with what; only the list tells an appointment of ours from anything else.
        var reading = await ListAsync(range, cancellationToken);
        return reading.Entries.Any(entry => entry.Busy.Count > 0)
            ? reading
            : reading with { Entries = [new CalendarEntry(Unknown, ETag: null, busy)] };
    }

    public string HrefOf(Guid appointmentId) => GoogleEventId.Of(appointmentId);

    public async Task<OwnEntry?> FindAsync(string href, CancellationToken cancellationToken)
    {
        // What was deleted is still shown for a while, as cancelled.
        if (await client.FindEventAsync(account, calendarId, href, cancellationToken) is not { IsCancelled: false } found)
            return null;
        var time = found.Recurrence is { Count: > 0 } ? null : found.Time(zone);
        return new OwnEntry(found.ETag, time is { } single && single.End > single.Start ? single : null, IsCancelled: false);
    }

    public async Task<string?> PutAsync(AppointmentEntry entry, string? etag, CancellationToken cancellationToken)
    {
        var (id, body) = (HrefOf(entry.Id), Body(entry));
        if (etag is not null)
            return (await client.PatchAsync(account, calendarId, id, body, etag, cancellationToken)).ETag;
        try
        {
            body["id"] = id;
            return (await client.InsertAsync(account, calendarId, body, cancellationToken)).ETag;
        }
        catch (CalendarException taken) when (taken.Failure is CalendarFailure.Changed)
        {
            // An id is never free again. Where ours was deleted, it comes back to life; where it lives, somebody must look.
            if (await client.FindEventAsync(account, calendarId, id, cancellationToken) is not { IsCancelled: true, ETag: { } dead })
                throw;
            body.Remove("id");
            return (await client.PatchAsync(account, calendarId, id, body, dead, cancellationToken)).ETag;
        }
    }

    public Task DeleteAsync(string href, string etag, CancellationToken cancellationToken) =>
        client.DeleteAsync(account, calendarId, href, etag, cancellationToken);

    private async Task<bool> HasChangedAsync(string token, CancellationToken cancellationToken)
    {
        try
        {
            return await client.HasChangedAsync(account, calendarId, token, cancellationToken);
        }
        catch (CalendarException forgotten) when (forgotten.Failure is CalendarFailure.TokenForgotten or CalendarFailure.Protocol)
        {
            // Or does not take it for one of its own any more. What else may be wrong, the listing will say.
            return true;
        }
    }

    private async Task<CalendarReading> ListAsync(BusyTime range, CancellationToken cancellationToken)
    {
        var events = await client.ListAsync(account, calendarId, range, cancellationToken);
        var days = events.TimeZone is { } own && TimeZoneInfo.TryFindSystemTimeZoneById(own, out _) ? own : zone;
        var (entries, unreadable) = (new List<CalendarEntry>(), 0);
        foreach (var series in events.Items.Where(item => !item.IsCancelled).GroupBy(item => item.RecurringEventId ?? item.Id))
        {
            var counting = series.Where(item => item.IsBusy).Select(item => item.Time(days)).ToList();
            unreadable += counting.Count(time => time is null);
            entries.Add(new CalendarEntry(
                series.Key, series.FirstOrDefault(item => item.Id == series.Key)?.ETag,
                BusyTime.Merged(counting.OfType<BusyTime>().Select(time => Within(time, range)).Where(time => time.End > time.Start))));
        }
        return new CalendarReading(events.SyncToken, entries, unreadable);
    }

    private static BusyTime Within(BusyTime time, BusyTime range) =>
        new(time.Start < range.Start ? range.Start : time.Start, time.End > range.End ? range.End : time.End);

    // Only what is ours to say: colours, reminders and guests that somebody added stay as they are.
    private JsonObject Body(AppointmentEntry entry) => new()
    {
        ["summary"] = entry.Title,
        ["location"] = entry.Place,
        ["description"] = entry.Text,
        ["start"] = Moment(entry.Start),
        ["end"] = Moment(entry.End),
        ["status"] = "confirmed",
        ["extendedProperties"] = new JsonObject { ["private"] = new JsonObject { ["kestrelvoiceAppointment"] = TypeId.Format(TypeId.Appointment, entry.Id) } },
    };

    // The date is named as none, or an event that was made a whole day would have both.
    private JsonObject Moment(DateTimeOffset time) => new()
    {
        ["dateTime"] = time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture),
        ["timeZone"] = zone,
        ["date"] = null,
    };
}
