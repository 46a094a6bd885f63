using KestrelVoice.Features.Calendars;
using KestrelVoice.Features.Calendars.CalDav;
using KestrelVoice.Features.Tests.Kernel.CustomerUrls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.Features.Tests.Calendars;

/// <summary>What a real server makes of our requests, and we of its answers; and of answers that this server never gives.</summary>
public sealed class CalDavClientTests(RadicaleServer radicale) : IClassFixture<RadicaleServer>, IDisposable
{
    private static readonly DateTimeOffset Tuesday = new(2026, 3, 10, 0, 0, 0, TimeSpan.Zero);

    private readonly Outbound outbound = new(["127.0.0.0/8"]);

    private CalDavClient Client => new(new CalDavRequests(outbound.Clients, TimeProvider.System));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => outbound.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("no/such/place")]
    [InlineData("{user}/")]
    [InlineData("{user}/jobs/")]
    public async Task Calendars_are_found_from_wherever_somebody_points(string path)
    {
        var user = await radicale.GivenAUserAsync();
        await user.MakeCalendarAsync("to do", "Things to do", "VTODO");

        var found = await Client.DiscoverAsync(AccountOf(user, path.Replace("{user}", user.Name, StringComparison.Ordinal)), Token);

        found.ShouldHaveSingleItem().ShouldBe(new CalDavCalendar(user.Calendar, "Jobs & visits", IsWritable: true));
    }

    [Fact]
    public async Task A_wrong_password_is_told_apart()
    {
        var user = await radicale.GivenAUserAsync();

        (await FailureOf(Client.DiscoverAsync(new CalDavAccount(radicale.Url, user.Name, "wrong"), Token))).ShouldBe(CalendarFailure.Unauthorized);
    }

    [Fact]
    public async Task A_range_brings_what_overlaps_it_with_the_ETag_that_it_has()
    {
        var user = await radicale.GivenAUserAsync();
        await user.PutAsync("before", "DTSTART:20260309T220000Z", "DTEND:20260310T000000Z");
        await user.PutAsync("within", "DTSTART:20260310T100000Z", "DTEND:20260310T110000Z");
        await user.PutAsync("every week", "DTSTART;TZID=America/New_York:20250107T090000", "DTEND;TZID=America/New_York:20250107T100000", "RRULE:FREQ=WEEKLY");

        var found = await Client.QueryAsync(AccountOf(user), user.Calendar, Tuesday, Tuesday.AddDays(1), Token);

        found.Select(item => item.Url.Segments[^1]).ShouldBe(["within.ics", "every%20week.ics"], ignoreOrder: true);
        foreach (var item in found)
            item.ETag.ShouldBe((await Client.FindAsync(AccountOf(user), item.Url, Token))!.ETag);
        (await Client.MultigetAsync(AccountOf(user), user.Calendar, [.. found.Select(item => item.Url), new Uri(user.Calendar, "gone.ics")], Token)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task Changes_are_told_once_and_a_forgotten_token_is_told_apart()
    {
        var user = await radicale.GivenAUserAsync();
        await user.PutAsync("a", "DTSTART:20260310T100000Z", "DTEND:20260310T110000Z");
        var first = (await Client.SyncAsync(AccountOf(user), user.Calendar, null, Token)).ShouldNotBeNull();
        first.Changed.ShouldHaveSingleItem();

        await user.PutAsync("b", "DTSTART:20260310T120000Z", "DTEND:20260310T130000Z");
        await user.DeleteAsync("a");
        var second = (await Client.SyncAsync(AccountOf(user), user.Calendar, first.Token, Token)).ShouldNotBeNull();
        second.Changed.ShouldHaveSingleItem().Segments[^1].ShouldBe("b.ics");
        second.Removed.ShouldHaveSingleItem().Segments[^1].ShouldBe("a.ics");
        var third = (await Client.SyncAsync(AccountOf(user), user.Calendar, second.Token, Token)).ShouldNotBeNull();
        (third.Changed.Count, third.Removed.Count).ShouldBe((0, 0));

        (await FailureOf(Client.SyncAsync(AccountOf(user), user.Calendar, "http://radicale.org/ns/sync/" + new string('0', 64), Token)))
            .ShouldBe(CalendarFailure.TokenForgotten);
    }

    [Fact]
    public async Task Nothing_is_overwritten_or_deleted_that_somebody_else_changed()
    {
        var user = await radicale.GivenAUserAsync();
        var account = AccountOf(user);
        var url = new Uri(user.Calendar, "kv-1.ics");
        var etag = await Client.PutAsync(account, url, RadicaleUser.Event("kv-1", "DTSTART:20260310T100000Z", "DTEND:20260310T110000Z"), etag: null, Token);
        etag.ShouldNotBeNull();

        (await FailureOf(Client.PutAsync(account, url, RadicaleUser.Event("kv-1", "DTSTART:20260310T150000Z"), etag: null, Token))).ShouldBe(CalendarFailure.Changed);
        await user.PutAsync("kv-1", "DTSTART:20260310T120000Z", "DTEND:20260310T130000Z");
        (await FailureOf(Client.PutAsync(account, url, RadicaleUser.Event("kv-1", "DTSTART:20260310T150000Z"), etag, Token))).ShouldBe(CalendarFailure.Changed);
        (await FailureOf(Client.DeleteAsync(account, url, etag, Token))).ShouldBe(CalendarFailure.Changed);

        var there = (await Client.FindAsync(account, url, Token)).ShouldNotBeNull();
        there.Data.ShouldContain("20260310T120000Z");
        await Client.DeleteAsync(account, url, there.ETag!, Token);
        await Client.DeleteAsync(account, url, there.ETag!, Token);
        (await Client.FindAsync(account, url, Token)).ShouldBeNull();
    }

    [Fact]
    public async Task Of_many_who_create_the_same_one_succeeds()
    {
        var user = await radicale.GivenAUserAsync();
        var url = new Uri(user.Calendar, "kv-2.ics");

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            try
            {
                await Client.PutAsync(AccountOf(user), url, RadicaleUser.Event("kv-2", "DTSTART:20260310T100000Z", "DTEND:20260310T110000Z"), etag: null, Token);
                return (CalendarFailure?)null;
            }
            catch (CalendarException refused)
            {
                return refused.Failure;
            }
        }));

        outcomes.Count(outcome => outcome is null).ShouldBe(1);
        outcomes.OfType<CalendarFailure>().ShouldAllBe(failure => failure == CalendarFailure.Changed);
    }

    [Theory]
    [InlineData(401, nameof(CalendarFailure.Unauthorized))]
    [InlineData(403, nameof(CalendarFailure.Forbidden))]
    [InlineData(404, nameof(CalendarFailure.NotFound))]
    [InlineData(412, nameof(CalendarFailure.Changed))]
    [InlineData(415, nameof(CalendarFailure.Protocol))]
    [InlineData(423, nameof(CalendarFailure.Unavailable))]
    [InlineData(429, nameof(CalendarFailure.Unavailable))]
    [InlineData(503, nameof(CalendarFailure.Unavailable))]
    [InlineData(507, nameof(CalendarFailure.Unavailable))]
    public async Task The_status_says_what_a_failure_means(int status, string failure)
    {
        await using var server = await AnswerAsync(context => { context.Response.StatusCode = status; return Task.CompletedTask; });

        (await FailureOf(Client.PutAsync(Account(server), new Uri(UrlOf(server), "x.ics"), "", "\"1\"", Token))).ToString().ShouldBe(failure);
    }

    [Fact]
    public async Task Credentials_do_not_follow_to_another_server()
    {
        var asked = 0;
        await using var thief = await AnswerAsync(_ => { Interlocked.Increment(ref asked); return Task.CompletedTask; });
        await using var server = await AnswerAsync(context => { context.Response.Redirect(UrlOf(thief).AbsoluteUri, permanent: true); return Task.CompletedTask; });
        await using var loop = await AnswerAsync(context => { context.Response.Redirect("/again", permanent: false, preserveMethod: true); return Task.CompletedTask; });

        (await FailureOf(Client.DiscoverAsync(Account(server), Token))).ShouldBe(CalendarFailure.BlockedAddress);
        asked.ShouldBe(0);
        (await FailureOf(Client.DiscoverAsync(Account(loop), Token))).ShouldBe(CalendarFailure.Protocol);
    }

    [Theory]
    [InlineData("""<!DOCTYPE m [<!ENTITY e SYSTEM "file:///etc/passwd">]><multistatus xmlns="DAV:">&e;</multistatus>""")]
    [InlineData("<multistatus xmlns=\"DAV:\"><response>")]
    [InlineData("<html/>")]
    [InlineData("")]
    public async Task What_is_not_a_multistatus_is_not_taken_for_one(string body)
    {
        await using var server = await AnswerAsync(context => { context.Response.StatusCode = 207; return context.Response.WriteAsync(body, Token); });

        (await FailureOf(Client.QueryAsync(Account(server), UrlOf(server), Tuesday, Tuesday.AddDays(1), Token))).ShouldBe(CalendarFailure.Protocol);
    }

    [Fact]
    public async Task Resources_of_another_server_are_none_of_an_answers()
    {
        await using var server = await AnswerAsync(context =>
        {
            context.Response.StatusCode = 207;
            return context.Response.WriteAsync(
                $"""
                <d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">
                  <d:response><d:href>http://10.0.0.1/x.ics</d:href><d:propstat><d:prop><c:calendar-data>a</c:calendar-data></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>
                  <d:response><d:href>{UrlOf(context)}/b%20c.ics</d:href><d:propstat><d:prop><c:calendar-data>b</c:calendar-data></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>
                  <d:response><d:href>/gone.ics</d:href><d:status>HTTP/1.1 404 Not Found</d:status></d:response>
                </d:multistatus>
                """, Token);
        });

        var found = await Client.QueryAsync(Account(server), UrlOf(server), Tuesday, Tuesday.AddDays(1), Token);

        found.ShouldHaveSingleItem().ShouldBe(new CalDavObject(new Uri(UrlOf(server), "b%20c.ics"), ETag: null, "b"));
    }

    [Fact]
    public async Task A_server_inside_is_not_reached()
    {
        using var strict = new Outbound();
        var client = new CalDavClient(new CalDavRequests(strict.Clients, TimeProvider.System));

        (await FailureOf(client.DiscoverAsync(new CalDavAccount(radicale.Url, "user1", RadicaleServer.Password), Token))).ShouldBe(CalendarFailure.BlockedAddress);
    }

    private CalDavAccount AccountOf(RadicaleUser user, string path = "") => new(new Uri(radicale.Url, path), user.Name, RadicaleServer.Password);

    private static CalDavAccount Account(WebApplication server) => new(UrlOf(server), "maple", "secret");

    private static Uri UrlOf(WebApplication server) => new(server.Urls.Single());

    private static string UrlOf(HttpContext context) => $"{context.Request.Scheme}://{context.Request.Host}";

    private static async Task<CalendarFailure> FailureOf(Task task) => (await Should.ThrowAsync<CalendarException>(task)).Failure;

    private static async Task<WebApplication> AnswerAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = builder.Build();
        server.Run(answer);
        await server.StartAsync(Token);
        return server;
    }
}
