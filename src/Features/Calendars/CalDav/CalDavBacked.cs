namespace KestrelVoice.Features.Calendars.CalDav;

/// <summary>A calendar on a CalDAV server.</summary>
/// <param name="zone">IANA name: where entries without a time zone happen.</param>
internal sealed class CalDavBacked(CalDavClient client, CalDavAccount account, Uri calendar, string zone) : ICalendar
{
    public async Task<CalendarReading?> ReadAsync(BusyTime range, string? token, CancellationToken cancellationToken)
    {
        // The place in the list of changes first: what changes from here on is read again next time.
        var changes = await ChangesAsync(token, cancellationToken);
        if (token is not null && changes is { Changed.Count: 0, Removed.Count: 0 })
            return null;
        return await LookAsync(range, cancellationToken) with { Token = changes?.Token };
    }

    public async Task<CalendarReading> LookAsync(BusyTime range, CancellationToken cancellationToken)
    {
        var objects = await client.QueryAsync(
            account, calendar, range.Start - BusyExpansion.Widening, range.End + BusyExpansion.Widening, cancellationToken);
        var entries = new List<CalendarEntry>(objects.Count);
        var unreadable = 0;
        foreach (var item in objects)
        {
            if (BusyExpansion.Expand(item.Data, zone, range) is { } busy)
                entries.Add(new CalendarEntry(Path(item.Url), item.ETag, busy));
            else
                unreadable++;
        }
        return new CalendarReading(Token: null, entries, unreadable);
    }

    public string HrefOf(Guid appointmentId) => Path(new Uri(calendar, $"kv-{appointmentId}.ics"));

    public async Task<OwnEntry?> FindAsync(string href, CancellationToken cancellationToken) =>
        await client.FindAsync(account, new Uri(calendar, href), cancellationToken) is { } found ? AppointmentText.Read(found, zone) : null;

    public async Task<string?> PutAsync(AppointmentEntry entry, string? etag, CancellationToken cancellationToken)
    {
        var url = new Uri(calendar, HrefOf(entry.Id));
        // A server may leave the tag of what it has kept to whoever asks for it.
        return await client.PutAsync(account, url, AppointmentText.Of(entry), etag, cancellationToken)
            ?? (await client.FindAsync(account, url, cancellationToken))?.ETag;
    }

    public Task DeleteAsync(string href, string etag, CancellationToken cancellationToken) =>
        client.DeleteAsync(account, new Uri(calendar, href), etag, cancellationToken);

    // Servers write the same path with more or fewer characters escaped.
    private static string Path(Uri url) => Uri.UnescapeDataString(url.AbsolutePath);

    private async Task<CalDavChanges?> ChangesAsync(string? token, CancellationToken cancellationToken)
    {
        try
        {
            return await client.SyncAsync(account, calendar, token, cancellationToken);
        }
        catch (CalendarException forgotten) when (forgotten.Failure is CalendarFailure.TokenForgotten && token is not null)
        {
            return await client.SyncAsync(account, calendar, token: null, cancellationToken) is { } anew ? anew with { Changed = [calendar] } : null;
        }
    }
}
