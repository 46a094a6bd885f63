using System.Net;
using System.Text.Json.Nodes;
using KestrelVoice.Features.Tests.Appointments;
using KestrelVoice.Features.Tests.Webhooks;
using KestrelVoice.GoogleStandIn;

namespace KestrelVoice.Features.Tests.Calendars;

/// <summary>What Google's calendar knows that others do not: kinds of events, sync tokens, and ways to refuse.</summary>
public sealed class GoogleCalendarTests(HostBesideGoogle host) : IClassFixture<HostBesideGoogle>
{
    private const string Morning = "2026-03-05T18:00:00Z";

    private static readonly int[] AllDay = [16, 17, 18, 19, 20, 21, 22, 23, 0];
    private static readonly int[] WithoutOne = [16, 20, 21, 22, 23, 0];

    private readonly KestrelVoiceApp app = host.App;

    [Theory]
    [InlineData("""{"transparency":"transparent"}""", false)]
    [InlineData("""{"eventType":"workingLocation"}""", false)]
    [InlineData("""{"eventType":"birthday"}""", false)]
    [InlineData("""{"attendees":[{"self":true,"responseStatus":"declined"},{"email":"a@b.example","responseStatus":"accepted"}]}""", false)]
    [InlineData("""{"attendees":[{"self":true,"responseStatus":"needsAction"},{"email":"a@b.example","responseStatus":"declined"}]}""", true)]
    [InlineData("""{"status":"tentative"}""", true)]
    [InlineData("""{"eventType":"outOfOffice"}""", true)]
    [InlineData("""{"eventType":"focusTime"}""", true)]
    public async Task Some_kinds_of_events_take_no_time(string kind, bool takesTime)
    {
        var (client, trade, user) = await ArrangeAsync();
        var item = GoogleConsent.Event(Morning, "2026-03-05T19:00:00Z");
        foreach (var (name, value) in JsonNode.Parse(kind)!.AsObject())
            item[name] = value!.DeepClone();
        user.Calendar.Put("event1", item);

        await app.GivenAGoogleCalendar(client, trade.ResourceIds[0], user);

        (await client.FreeHours(trade)).ShouldBe(takesTime ? WithoutOne : AllDay);
        using var booked = await client.Book(trade, Morning);
        await booked.ShouldBe(takesTime ? HttpStatusCode.Conflict : HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_whole_day_is_one_where_the_calendar_is()
    {
        var (client, trade, user) = await ArrangeAsync("Asia/Tokyo");
        // From seven in the morning of the fifth, where the business is.
        user.Calendar.Put("event1", GoogleConsent.Day("2026-03-06", "2026-03-07"));

        await app.GivenAGoogleCalendar(client, trade.ResourceIds[0], user);

        (await client.FreeHours(trade)).ShouldBeEmpty();
        (await client.FreeHours(trade, "2026-03-06")).ShouldBe(AllDay);
    }

    [Fact]
    public async Task Every_occurrence_of_a_series_counts()
    {
        var (client, trade, user) = await ArrangeAsync();
        var series = GoogleConsent.Event("2026-02-26T10:00:00-08:00", "2026-02-26T11:00:00-08:00");
        series["start"]!["timeZone"] = "America/Los_Angeles";
        series["recurrence"] = new JsonArray("RRULE:FREQ=WEEKLY");
        user.Calendar.Put("series1", series);

        await app.GivenAGoogleCalendar(client, trade.ResourceIds[0], user);

        (await client.FreeHours(trade)).ShouldBe(WithoutOne);
        // At ten by the clock also after it was changed.
        (await client.FreeHours(trade, "2026-03-12")).ShouldNotContain(17);
        (await client.FreeHours(trade, "2026-03-13")).ShouldContain(17);
    }

    [Fact]
    public async Task A_calendar_of_several_pages_is_read_to_its_end()
    {
        var (client, trade, user) = await ArrangeAsync();
        for (var day = 5; day < 13; day++)
            user.Calendar.Put($"event{day}", GoogleConsent.Event($"2026-03-{day:00}T18:00:00Z", $"2026-03-{day:00}T19:00:00Z"));

        await app.GivenAGoogleCalendar(client, trade.ResourceIds[0], user);

        (await client.FreeHours(trade)).ShouldBe(WithoutOne);
        (await client.FreeHours(trade, "2026-03-12")).ShouldNotContain(18);
        ListingsOf(user).ShouldBe(3);
    }

    [Fact]
    public async Task Where_nothing_has_changed_nothing_is_read_and_what_was_forgotten_is_read_anew()
    {
        var (client, trade, user) = await ArrangeAsync();
        var id = (await app.GivenAGoogleCalendar(client, trade.ResourceIds[0], user)).Id();
        ListingsOf(user).ShouldBe(1);

        await client.Sync(id);
        ListingsOf(user).ShouldBe(2);

        user.Calendar.Put("event1", GoogleConsent.Event(Morning, "2026-03-05T19:00:00Z"));
        await client.Sync(id);
        ListingsOf(user).ShouldBe(4);
        (await client.FreeHours(trade)).ShouldBe(WithoutOne);

        host.Google.ForgetSyncTokens();
        user.Calendar.Delete("event1");
        (await client.Sync(id)).Text("status").ShouldBe("connected");
        ListingsOf(user).ShouldBe(6);
        (await client.FreeHours(trade)).ShouldBe(AllDay);
    }

    [Theory]
    [InlineData(403, "rateLimitExceeded")]
    [InlineData(403, "userRateLimitExceeded")]
    [InlineData(429, "rateLimitExceeded")]
    [InlineData(500, "backendError")]
    public async Task What_passes_by_itself_is_asked_again(int status, string reason)
    {
        var (client, trade, user) = await ArrangeAsync();
        var id = (await app.GivenAGoogleCalendar(client, trade.ResourceIds[0], user)).Id();
        user.FailNext(2, status, reason);

        (await host.AsTimePasses(client.Sync(id))).Text("status").ShouldBe("connected");
    }

    [Fact]
    public async Task What_does_not_pass_is_left_to_the_next_reading()
    {
        var (client, trade, user) = await ArrangeAsync();
        var id = (await app.GivenAGoogleCalendar(client, trade.ResourceIds[0], user)).Id();
        var asked = ListingsOf(user);
        user.FailNext(3, 503, "backendError");

        (await host.AsTimePasses(client.Sync(id))).Text("error").ShouldContain("not available");

        ListingsOf(user).ShouldBe(asked + 3);
        (await client.Sync(id)).Text("status").ShouldBe("connected");
    }

    [Fact]
    public async Task Whoever_asks_for_patience_is_left_alone_until_the_next_reading()
    {
        var (client, trade, user) = await ArrangeAsync();
        var id = (await app.GivenAGoogleCalendar(client, trade.ResourceIds[0], user)).Id();
        var asked = ListingsOf(user);
        user.FailNext(1, 429, "rateLimitExceeded", retryAfter: 60);

        var failing = await client.Sync(id);

        failing.Text("status").ShouldBe("failing");
        failing.Text("error").ShouldContain("not available");
        ListingsOf(user).ShouldBe(asked + 1);
        (await client.Sync(id)).Text("status").ShouldBe("connected");
    }

    [Fact]
    public async Task What_is_forbidden_is_not_asked_again()
    {
        var (client, trade, user) = await ArrangeAsync();
        var id = (await app.GivenAGoogleCalendar(client, trade.ResourceIds[0], user)).Id();
        var asked = ListingsOf(user);
        user.FailNext(1, 403, "insufficientPermissions");

        (await client.Sync(id)).Text("error").ShouldContain("with every permission");

        ListingsOf(user).ShouldBe(asked + 1);
    }

    [Fact]
    public async Task Access_of_an_hour_is_renewed_before_its_end_and_when_it_is_refused()
    {
        var (client, trade, user) = await ArrangeAsync();
        var id = (await app.GivenAGoogleCalendar(client, trade.ResourceIds[0], user)).Id();
        await client.Sync(id);
        var fetched = TokensFetched;
        await client.Sync(id);
        TokensFetched.ShouldBe(fetched);

        host.Google.EndAccessTokens();
        (await client.Sync(id)).Text("status").ShouldBe("connected");
        TokensFetched.ShouldBe(fetched + 1);

        app.Clock.Advance(TimeSpan.FromMinutes(50));
        (await client.Sync(id)).Text("status").ShouldBe("connected");
        TokensFetched.ShouldBeGreaterThan(fetched + 1);
    }

    [Fact]
    public async Task A_calendar_that_its_owner_has_deleted_says_so_and_keeps_what_was_known()
    {
        var (client, trade, user) = await ArrangeAsync();
        var jobs = user.AddCalendar($"jobs+{user.Email}", "Jobs", "America/Los_Angeles");
        jobs.Put("event1", GoogleConsent.Event(Morning, "2026-03-05T19:00:00Z"));
        using var browser = app.Stranger();
        await browser.Arrive(await browser.Decide(await client.AuthorizeUrl(trade.ResourceIds[0], jobs.Id), user), HttpStatusCode.OK);
        var id = (await client.ReadAsync("/api/calendars")).Data().Single().Id();

        user.RemoveCalendar(jobs);

        (await client.Sync(id)).Text("error").ShouldContain("not there");
        (await client.FreeHours(trade)).ShouldBe(WithoutOne);
    }

    [Fact]
    public async Task Google_is_asked_who_is_free_in_the_moment_before_a_booking()
    {
        var (client, trade, user) = await ArrangeAsync();
        await app.GivenAGoogleCalendar(client, trade.ResourceIds[0], user);
        user.Calendar.Put("event1", GoogleConsent.Event(Morning, "2026-03-05T19:00:00Z"));
        var (looks, listings) = (Looks, ListingsOf(user));

        using var free = await client.Book(trade, "2026-03-05T22:00:00Z");
        await free.ShouldBe(HttpStatusCode.Created);
        (Looks, ListingsOf(user)).ShouldBe((looks + 1, listings));

        using var taken = await client.Book(trade, Morning);
        await taken.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
        Looks.ShouldBe(looks + 2);
    }

    private int Looks => host.Google.Requests.Count(request => request == "POST /calendar/v3/freeBusy");

    private int TokensFetched => host.Google.Requests.Count(request => request == "POST /token");

    private int ListingsOf(GoogleUser user) => host.Google.Requests.Count(request => request == $"GET /calendar/v3/calendars/{user.Email}/events");

    private async Task<(HttpClient Client, Trade Trade, GoogleUser User)> ArrangeAsync(string timeZone = "America/Los_Angeles")
    {
        var tenant = await app.GivenATenant();
        return (app.ClientFor(tenant), await app.GivenATrade(tenant), host.GivenAGoogleUser(timeZone));
    }
}
