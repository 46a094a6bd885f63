using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;

namespace KestrelVoice.Features.Tests.Calendars;

/// <summary>A real CalDAV server, Radicale, on a port and a folder of its own, for users who all have one password.</summary>
public sealed partial class RadicaleServer : IAsyncLifetime
{
    public const string Password = "correct horse: battery/staple";

    private const int Nowhere = 9;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string folder = Directory.CreateTempSubdirectory("kestrelvoice-radicale-").FullName;
    private readonly HttpClient client = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero });
    private Process? process;
    private int users;

    public Uri Url { get; private set; } = new($"http://127.0.0.1:{Nowhere}");

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllLinesAsync(Path.Combine(folder, "users"), Enumerable.Range(1, 100).Select(number => $"{User(number)}:{Password}"));
        await StartAsync();
    }

    /// <summary>Where it was before, with all that it was told to keep.</summary>
    public async Task StartAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "config"),
            $"""
            [server]
            hosts = 127.0.0.1:{(Url.Port == Nowhere ? 0 : Url.Port)}
            [auth]
            type = htpasswd
            htpasswd_filename = {folder}/users
            htpasswd_encryption = plain
            delay = 0
            [rights]
            type = owner_only
            [storage]
            filesystem_folder = {folder}/data
            [web]
            type = none
            [logging]
            level = info
            """);
        await RunAsync();
    }

    /// <summary>A user with one empty calendar, jobs.</summary>
    public async Task<RadicaleUser> GivenAUserAsync()
    {
        var name = User(Interlocked.Increment(ref users));
        var user = new RadicaleUser(client, new Uri(Url, $"/{name}/"), name);
        await user.MakeCalendarAsync("jobs", "Jobs & visits");
        return user;
    }

    /// <summary>As after a crash; what it was told to keep it has kept.</summary>
    public async Task StopAsync()
    {
        if (process is null)
            return;
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
        process = null;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        client.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private async Task RunAsync()
    {
        process = Process.Start(new ProcessStartInfo("radicale", ["-C", Path.Combine(folder, "config")]) { RedirectStandardError = true })!;
        using var patience = new CancellationTokenSource(Patience);
        while (await process.StandardError.ReadLineAsync(patience.Token) is { } line)
        {
            if (Listening().Match(line) is not { Success: true } listening)
                continue;
            Url = new Uri($"http://127.0.0.1:{listening.Groups[1].Value}/");
            _ = process.StandardError.ReadToEndAsync(CancellationToken.None);
            return;
        }
        throw new InvalidOperationException("Radicale did not start.");
    }

    private static string User(int number) => $"user{number}";

    [GeneratedRegex(@"Listening on '.*:(\d+)'")]
    private static partial Regex Listening();
}

/// <summary>Somebody with calendars, who changes them with an app of their own.</summary>
public sealed class RadicaleUser(HttpClient client, Uri home, string name)
{
    public string Name => name;

    public Uri Calendar { get; } = new(home, "jobs/");

    public Task MakeCalendarAsync(string path, string displayName, string component = "VEVENT") => SendAsync(
        new HttpMethod("MKCALENDAR"), new Uri(home, path + "/"),
        $"""
        <c:mkcalendar xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><set><prop><displayname>{WebUtility.HtmlEncode(displayName)}</displayname>
        <c:supported-calendar-component-set><c:comp name="{component}"/></c:supported-calendar-component-set></prop></set></c:mkcalendar>
        """, "application/xml");

    /// <summary>Writes an event, whatever was there before.</summary>
    /// <param name="lines">Between UID and END:VEVENT.</param>
    public Task PutAsync(string href, params string[] lines) => PutTextAsync(href, Event(href, lines));

    public Task PutTextAsync(string href, string text) => SendAsync(HttpMethod.Put, new Uri(Calendar, href + ".ics"), text, "text/calendar");

    public Task DeleteAsync(string href) => SendAsync(HttpMethod.Delete, new Uri(Calendar, href + ".ics"), null, "text/plain");

    public async Task<string> GetAsync(string href) => await (await SendAsync(HttpMethod.Get, new Uri(Calendar, href + ".ics"), null, "text/plain")).Content
        .ReadAsStringAsync(TestContext.Current.CancellationToken);

    /// <summary>How many entries there are in the calendar.</summary>
    public async Task<int> CountAsync() => (await NamesAsync()).Count;

    /// <summary>What the entries of the calendar are called, each of which <see cref="GetAsync"/> reads.</summary>
    public async Task<IReadOnlyList<string>> NamesAsync()
    {
        using var response = await SendAsync(
            new HttpMethod("PROPFIND"), Calendar, """<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>""", "application/xml", depth: 1);
        var listed = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return [.. Regex.Matches(listed, @"<href>[^<]*/([^</]+)\.ics</href>").Select(found => Uri.UnescapeDataString(found.Groups[1].Value))];
    }

    public static string Event(string uid, params string[] lines) => string.Join("\r\n",
        ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Test//EN", "BEGIN:VEVENT", $"UID:{uid}@test", "DTSTAMP:20260301T000000Z", .. lines, "END:VEVENT", "END:VCALENDAR", ""]);

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri url, string? body, string contentType, int? depth = null)
    {
        using var request = new HttpRequestMessage(method, url);
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{RadicaleServer.Password}")));
        if (depth is not null)
            request.Headers.Add("Depth", $"{depth}");
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, contentType);
        var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return response.EnsureSuccessStatusCode();
    }
}
