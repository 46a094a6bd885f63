using System.Globalization;
using System.Net;
using System.Text;
using System.Xml.Linq;
using static KestrelVoice.Features.Calendars.CalDav.Multistatus;

namespace KestrelVoice.Features.Calendars.CalDav;

/// <summary>The few requests of CalDAV that every server answers alike. Recurrences are expanded here, not there.</summary>
/// <remarks>Every method throws <see cref="CalendarException"/>.</remarks>
internal sealed class CalDavClient(CalDavRequests requests)
{
    private const int MostInOneRequest = 100;

    private static readonly XName[] Writing = [Dav + "write", Dav + "write-content", Dav + "all"];

    /// <summary>The calendars of the account, wherever on its server the address that was typed may point.</summary>
    public async Task<IReadOnlyList<CalDavCalendar>> DiscoverAsync(CalDavAccount account, CancellationToken cancellationToken)
    {
        // What was typed may be a calendar, a principal or a home already; the well-known place is for everything else.
        var home = await FindHomeAsync(account, account.Url, cancellationToken)
            ?? await FindHomeAsync(account, new Uri(account.Url, "/.well-known/caldav"), cancellationToken)
            ?? throw new CalendarException(CalendarFailure.NotFound, "There is no CalDAV server at this address.");
        var listed = await PropFindAsync(
            account, home, depth: 1,
            [Dav + "resourcetype", Dav + "displayname", Dav + "current-user-privilege-set", Cal + "supported-calendar-component-set"],
            cancellationToken);
        return [.. listed!.Members.Where(TakesEvents).Select(Shown)];
    }

    /// <summary>Everything that overlaps the range, with the instances of a series in one piece.</summary>
    public async Task<IReadOnlyList<CalDavObject>> QueryAsync(
        CalDavAccount account, Uri calendar, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var body = new XElement(
            Cal + "calendar-query", Namespaces(), WithData(),
            new XElement(Cal + "filter", new XElement(
                Cal + "comp-filter", new XAttribute("name", "VCALENDAR"), new XElement(
                    Cal + "comp-filter", new XAttribute("name", "VEVENT"), new XElement(
                        Cal + "time-range", new XAttribute("start", Utc(from)), new XAttribute("end", Utc(to)))))));
        return Objects(await ReportAsync(account, calendar, depth: 1, body, cancellationToken));
    }

    /// <summary>Single objects; those that are no more are left out.</summary>
    public async Task<IReadOnlyList<CalDavObject>> MultigetAsync(
        CalDavAccount account, Uri calendar, IReadOnlyList<Uri> urls, CancellationToken cancellationToken)
    {
        var found = new List<CalDavObject>();
        foreach (var some in urls.Chunk(MostInOneRequest))
        {
            var body = new XElement(
                Cal + "calendar-multiget", Namespaces(), WithData(), some.Select(url => new XElement(Dav + "href", url.AbsolutePath)));
            found.AddRange(Objects(await ReportAsync(account, calendar, depth: 1, body, cancellationToken)));
        }
        return found;
    }

    /// <param name="token">Of the last time; null at first, when everything counts as changed.</param>
    /// <returns>Null when the server does not keep track of changes.</returns>
    public async Task<CalDavChanges?> SyncAsync(CalDavAccount account, Uri calendar, string? token, CancellationToken cancellationToken)
    {
        var (changed, removed) = (new List<Uri>(), new List<Uri>());
        while (true)
        {
            var body = new XElement(
                Dav + "sync-collection", Namespaces(), new XElement(Dav + "sync-token", token), new XElement(Dav + "sync-level", "1"),
                new XElement(Dav + "prop", new XElement(Dav + "getetag")));
            var answer = await SendAsync(account, CalDavRequests.Report, calendar, depth: 0, body, cancellationToken);
            if (answer.Status is HttpStatusCode.NotImplemented or HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity
                or HttpStatusCode.MethodNotAllowed)
                return null;
            var status = await ReadAsync(answer, cancellationToken);
            if (status.SyncToken is not { } next)
                return null;

            var members = status.Members.Where(member => !IsSame(member.Url, calendar)).ToList();
            changed.AddRange(members.Where(member => !member.IsGone).Select(member => member.Url));
            removed.AddRange(members.Where(member => member.IsGone).Select(member => member.Url));
            // A server that has more to say lists the collection itself, with 507. The same token again would never end.
            if (!status.Members.Any(member => IsSame(member.Url, calendar) && member.Properties.Count == 0) || next == token)
                return new CalDavChanges(next, changed, removed);
            token = next;
        }
    }

    /// <summary>One object; null when it is not there.</summary>
    public async Task<CalDavObject?> FindAsync(CalDavAccount account, Uri url, CancellationToken cancellationToken)
    {
        var answer = await requests.SendAsync(account, new CalDavRequests.Request(HttpMethod.Get, url, Depth: null, Body: null), cancellationToken);
        if (answer.Status is HttpStatusCode.NotFound or HttpStatusCode.Gone)
            return null;
        await ThrowUnlessAsync(answer.Succeeded, answer, cancellationToken);
        return new CalDavObject(url, answer.ETag, Encoding.UTF8.GetString(answer.Body));
    }

    /// <param name="etag">Of what is replaced; null when nothing may be there yet.</param>
    /// <returns>The ETag of what is there now; null when the server leaves it to a GET.</returns>
    public async Task<string?> PutAsync(CalDavAccount account, Uri url, string data, string? etag, CancellationToken cancellationToken)
    {
        var answer = await requests.SendAsync(
            account,
            new CalDavRequests.Request(HttpMethod.Put, url, Depth: null, data, "text/calendar") { IfMatch = etag, IfNew = etag is null },
            cancellationToken);
        await ThrowUnlessAsync(answer.Succeeded, answer, cancellationToken);
        return answer.ETag;
    }

    /// <summary>Deletes what is as we knew it. What is gone already is fine.</summary>
    public async Task DeleteAsync(CalDavAccount account, Uri url, string etag, CancellationToken cancellationToken)
    {
        var answer = await requests.SendAsync(
            account, new CalDavRequests.Request(HttpMethod.Delete, url, Depth: null, Body: null) { IfMatch = etag }, cancellationToken);
        await ThrowUnlessAsync(
            answer.Succeeded || answer.Status is HttpStatusCode.NotFound or HttpStatusCode.Gone, answer, cancellationToken);
    }

    // From wherever we are to who we are, and from there to where our calendars are.
    private async Task<Uri?> FindHomeAsync(CalDavAccount account, Uri start, CancellationToken cancellationToken)
    {
        var first = await PropFindAsync(account, start, depth: 0, [Dav + "current-user-principal", Cal + "calendar-home-set"], cancellationToken);
        if (first is null)
            return null;
        if (HrefIn(first, Cal + "calendar-home-set", start) is { } home)
            return home;
        if (HrefIn(first, Dav + "current-user-principal", start) is not { } principal)
            return null;
        var second = await PropFindAsync(account, principal, depth: 0, [Cal + "calendar-home-set"], cancellationToken);
        return second is null ? null : HrefIn(second, Cal + "calendar-home-set", principal);
    }

    // A server that has our password names its own places, on another host too; only never without TLS once there was TLS.
    private static Uri? HrefIn(Multistatus answer, XName property, Uri asked) =>
        answer.Members.Select(member => member[property]?.Element(Dav + "href")?.Value.Trim())
            .FirstOrDefault(href => href is { Length: > 0 }) is { } found
        && Uri.TryCreate(asked, found, out var url) && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == asked.Scheme) ? url : null;

    private static bool TakesEvents(Member member) =>
        member[Dav + "resourcetype"]?.Element(Cal + "calendar") is not null
        && (member[Cal + "supported-calendar-component-set"] is not { } components
            || components.Elements(Cal + "comp").Any(component => (string?)component.Attribute("name") == "VEVENT"));

    private static CalDavCalendar Shown(Member member)
    {
        var name = member[Dav + "displayname"]?.Value.Trim();
        var privileges = member[Dav + "current-user-privilege-set"]?.Descendants().Select(privilege => privilege.Name).ToList();
        return new CalDavCalendar(
            member.Url, string.IsNullOrEmpty(name) ? Uri.UnescapeDataString(member.Url.Segments[^1].TrimEnd('/')) : name,
            privileges is null || privileges.Any(privilege => Writing.Contains(privilege)));
    }

    /// <summary>Null when nothing that speaks WebDAV is there.</summary>
    private async Task<Multistatus?> PropFindAsync(
        CalDavAccount account, Uri url, int depth, IEnumerable<XName> properties, CancellationToken cancellationToken)
    {
        var body = new XElement(Dav + "propfind", Namespaces(), new XElement(Dav + "prop", properties.Select(name => new XElement(name))));
        var answer = await SendAsync(account, CalDavRequests.PropFind, url, depth, body, cancellationToken);
        return depth == 0 && IsNoDav(answer.Status) ? null : await ReadAsync(answer, cancellationToken);
    }

    // A web site answers with a page, or does not know the method; what is not ours may be refused before anybody looks whether it is there.
    private static bool IsNoDav(HttpStatusCode status) => status
        is (>= HttpStatusCode.OK and < HttpStatusCode.BadRequest and not HttpStatusCode.MultiStatus)
        or HttpStatusCode.BadRequest or HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.Gone
        or HttpStatusCode.NotImplemented;

    private async Task<Multistatus> ReportAsync(CalDavAccount account, Uri url, int depth, XElement body, CancellationToken cancellationToken) =>
        await ReadAsync(await SendAsync(account, CalDavRequests.Report, url, depth, body, cancellationToken), cancellationToken);

    private Task<CalDavRequests.Answer> SendAsync(
        CalDavAccount account, HttpMethod method, Uri url, int depth, XElement body, CancellationToken cancellationToken) =>
        requests.SendAsync(
            account,
            new CalDavRequests.Request(method, url, depth, "<?xml version=\"1.0\" encoding=\"utf-8\"?>" + body.ToString(SaveOptions.DisableFormatting)),
            cancellationToken);

    private static async Task<Multistatus> ReadAsync(CalDavRequests.Answer answer, CancellationToken cancellationToken)
    {
        await ThrowUnlessAsync(answer.Status == HttpStatusCode.MultiStatus, answer, cancellationToken);
        using var body = new MemoryStream(answer.Body);
        return await Multistatus.ReadAsync(body, answer.Url, cancellationToken);
    }

    private static IReadOnlyList<CalDavObject> Objects(Multistatus answer) =>
    [
        .. from member in answer.Members
           let data = member[Cal + "calendar-data"]?.Value
           where !member.IsGone && data is not null
           select new CalDavObject(member.Url, member[Dav + "getetag"]?.Value, data),
    ];

    private static async Task ThrowUnlessAsync(bool fine, CalDavRequests.Answer answer, CancellationToken cancellationToken)
    {
        if (fine)
            return;
        using var body = new MemoryStream(answer.Body);
        var condition = (await ReadRootAsync(body, cancellationToken))?.Elements().FirstOrDefault()?.Name;
        var status = (int)answer.Status;
        throw answer.Status switch
        {
            _ when condition == Dav + "valid-sync-token" => new CalendarException(CalendarFailure.TokenForgotten, "The server has forgotten our place."),
            HttpStatusCode.Unauthorized => new CalendarException(CalendarFailure.Unauthorized, "The server does not accept the user name and password."),
            HttpStatusCode.Forbidden => new CalendarException(CalendarFailure.Forbidden, "The server does not allow this."),
            HttpStatusCode.NotFound or HttpStatusCode.Gone => new CalendarException(CalendarFailure.NotFound, "The calendar is not there."),
            HttpStatusCode.PreconditionFailed => new CalendarException(CalendarFailure.Changed, "It was changed meanwhile."),
            HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or HttpStatusCode.Locked or >= HttpStatusCode.InternalServerError =>
                new CalendarException(CalendarFailure.Unavailable, $"The server is not available (status {status})."),
            _ when condition is not null => new CalendarException(CalendarFailure.Protocol, $"The server answered with status {status} ({condition.LocalName})."),
            _ => new CalendarException(CalendarFailure.Protocol, $"The server answered with status {status}."),
        };
    }

    private static bool IsSame(Uri left, Uri right) =>
        Uri.UnescapeDataString(left.AbsolutePath).TrimEnd('/') == Uri.UnescapeDataString(right.AbsolutePath).TrimEnd('/');

    private static XElement WithData() => new(Dav + "prop", new XElement(Dav + "getetag"), new XElement(Cal + "calendar-data"));

    private static XAttribute[] Namespaces() => [new(XNamespace.Xmlns + "d", Dav.NamespaceName), new(XNamespace.Xmlns + "c", Cal.NamespaceName)];

    private static string Utc(DateTimeOffset time) => time.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
}
