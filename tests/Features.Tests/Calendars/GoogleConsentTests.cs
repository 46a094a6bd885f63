using System.Net;
using System.Net.Http.Json;
using Dapper;
using KestrelVoice.Features.Calendars.Google;
using KestrelVoice.Features.Tests.Appointments;
using KestrelVoice.Features.Tests.Identity;
using KestrelVoice.Features.Tests.Webhooks;
using Microsoft.AspNetCore.WebUtilities;

namespace KestrelVoice.Features.Tests.Calendars;

/// <summary>From the business that asks, by way of whoever owns the calendar and consents at Google, to a connected calendar; and every way not to get there.</summary>
public sealed class GoogleConsentTests(HostBesideGoogle host) : IClassFixture<HostBesideGoogle>
{
    private readonly KestrelVoiceApp app = host.App;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whoever_consents_has_connected_the_calendar()
    {
        var (tenant, client, trade) = await ArrangeAsync();
        var user = host.GivenAGoogleUser();
        using var browser = app.Stranger();
        using var asked = await client.AskForGoogle(trade.ResourceIds[0]);
        var ask = await asked.ShouldAnswerWith(HttpStatusCode.OK);
        ask.GetProperty("expires_at").GetDateTimeOffset().ShouldBe(app.Clock.GetUtcNow().AddMinutes(10));
        var callback = await browser.Decide(ask.Text("authorize_url"), user);

        var page = await browser.Arrive(callback, HttpStatusCode.OK);

        page.ShouldContain("is connected");
        page.ShouldContain(user.Email);
        foreach (var secret in new[] { "state", "code" })
            page.ShouldNotContain(QueryHelpers.ParseQuery(callback[callback.IndexOf('?', StringComparison.Ordinal)..])[secret].ToString());
        var calendar = (await client.ReadAsync("/api/calendars")).Data().ShouldHaveSingleItem();
        calendar.Text("kind").ShouldBe("google");
        calendar.Text("username").ShouldBe(user.Email);
        calendar.Text("url").ShouldBe("https://www.googleapis.com/calendar/v3/calendars/" + Uri.EscapeDataString(user.Email));
        calendar.Text("status").ShouldBe("connected");
        calendar.IsNull("synced_at").ShouldBeFalse();
        calendar.GetProperty("receives_appointments").GetBoolean().ShouldBeTrue();
        var stored = await RowAsync<string>("select secret from calendar_connections where tenant_id = @TenantId", tenant);
        stored.ShouldStartWith("v1.");
        stored.ShouldNotContain("1//");
        (await RowAsync<string>("select action || ' by ' || actor_kind from audit_log where tenant_id = @TenantId", tenant)).ShouldBe("calendar.connected by api_key");
    }

    [Fact]
    public async Task Google_is_asked_as_it_wants_to_be()
    {
        var (_, client, trade) = await ArrangeAsync();

        var query = QueryHelpers.ParseQuery(new Uri(await client.AuthorizeUrl(trade.ResourceIds[0])).Query);

        query["response_type"].ToString().ShouldBe("code");
        query["client_id"].ToString().ShouldBe(HostBesideGoogle.ClientId);
        query["redirect_uri"].ToString().ShouldBe("https://api.example.test/calendars/google/callback");
        query["access_type"].ToString().ShouldBe("offline");
        query["prompt"].ToString().ShouldBe("consent");
        query["code_challenge_method"].ToString().ShouldBe("S256");
        query["code_challenge"].ToString().Length.ShouldBe(43);
        query["state"].ToString().Length.ShouldBe(43);
        query["scope"].ToString().Split(' ').Select(scope => scope.Split("/auth/")[1])
            .ShouldBe(["calendar.events", "calendar.freebusy", "calendar.calendarlist.readonly"]);
    }

    [Fact]
    public async Task A_way_back_is_walked_once()
    {
        var (_, client, trade) = await ArrangeAsync();
        using var browser = app.Stranger();
        var callback = await browser.Decide(await client.AuthorizeUrl(trade.ResourceIds[0]), host.GivenAGoogleUser());

        await browser.Arrive(callback, HttpStatusCode.OK);

        (await browser.Arrive(callback, HttpStatusCode.BadRequest)).ShouldContain("used before");
        (await client.ReadAsync("/api/calendars")).Total().ShouldBe(1);
    }

    [Fact]
    public async Task A_code_of_another_attempt_is_worth_nothing()
    {
        var (_, client, trade) = await ArrangeAsync();
        using var browser = app.Stranger();
        var stolen = await browser.Decide(await client.AuthorizeUrl(trade.ResourceIds[0]), host.GivenAGoogleUser());
        var own = QueryHelpers.ParseQuery(new Uri(await client.AuthorizeUrl(trade.ResourceIds[0])).Query)["state"].ToString();
        var code = QueryHelpers.ParseQuery(stolen[stolen.IndexOf('?', StringComparison.Ordinal)..])["code"].ToString();

        // Its challenge was made of another verifier than the one that goes with this state.
        var page = await browser.Arrive($"/calendars/google/callback?state={own}&code={Uri.EscapeDataString(code)}", HttpStatusCode.Conflict);

        page.ShouldContain("did not confirm");
        (await client.ReadAsync("/api/calendars")).Total().ShouldBe(0);
    }

    [Fact]
    public async Task Whose_calendar_it_becomes_is_said_by_who_began_and_not_by_who_comes_back()
    {
        var (_, client, trade) = await ArrangeAsync();
        var (_, stranger, others) = await ArrangeAsync();
        using var browser = app.Stranger();
        var callback = await browser.Decide(await client.AuthorizeUrl(trade.ResourceIds[0]), host.GivenAGoogleUser());

        await stranger.Arrive(callback, HttpStatusCode.OK);

        (await client.ReadAsync("/api/calendars")).Total().ShouldBe(1);
        (await stranger.ReadAsync("/api/calendars")).Total().ShouldBe(0);
        using var foreign = await stranger.AskForGoogle(trade.ResourceIds[0]);
        await foreign.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        others.ResourceIds.ShouldNotBe(trade.ResourceIds);
    }

    [Fact]
    public async Task After_ten_minutes_it_is_too_late()
    {
        var (_, client, trade) = await ArrangeAsync();
        using var browser = app.Stranger();
        var authorizeUrl = await client.AuthorizeUrl(trade.ResourceIds[0]);
        app.Clock.Advance(TimeSpan.FromMinutes(10));

        await browser.Arrive(await browser.Decide(authorizeUrl, host.GivenAGoogleUser()), HttpStatusCode.BadRequest);

        (await client.ReadAsync("/api/calendars")).Total().ShouldBe(0);
    }

    [Fact]
    public async Task Who_declines_has_connected_nothing()
    {
        var (_, client, trade) = await ArrangeAsync();
        using var browser = app.Stranger();
        var callback = await browser.Decide(await client.AuthorizeUrl(trade.ResourceIds[0]), host.GivenAGoogleUser(), allow: false);
        callback.ShouldContain("error=access_denied");

        (await browser.Arrive(callback, HttpStatusCode.OK)).ShouldContain("did not consent");

        await browser.Arrive(callback, HttpStatusCode.BadRequest);
        (await client.ReadAsync("/api/calendars")).Total().ShouldBe(0);
    }

    [Theory]
    [InlineData("calendar.events")]
    [InlineData("calendar.freebusy")]
    [InlineData("calendar.calendarlist.readonly")]
    public async Task A_permission_that_is_left_out_is_missed_at_once(string permission)
    {
        var (_, client, trade) = await ArrangeAsync();
        using var browser = app.Stranger();
        var callback = await browser.Decide(await client.AuthorizeUrl(trade.ResourceIds[0]), host.GivenAGoogleUser(), without: permission);

        (await browser.Arrive(callback, HttpStatusCode.Conflict)).ShouldContain("permission was left out");

        (await client.ReadAsync("/api/calendars")).Total().ShouldBe(0);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?state=&code=4/x")]
    [InlineData("?state=nobody&code=4/x")]
    [InlineData("?state=%00&code=%00")]
    [InlineData("?error=%3Cscript%3E")]
    public async Task Who_comes_out_of_nowhere_gets_a_page(string query)
    {
        using var browser = app.Stranger();

        (await browser.Arrive("/calendars/google/callback" + query, HttpStatusCode.BadRequest)).ShouldNotContain("<script>");
    }

    [Fact]
    public async Task Who_has_lost_the_right_meanwhile_connects_nothing()
    {
        var (tenant, client, trade) = await ArrangeAsync();
        var owner = await app.GivenAMember((tenant, "owner"));
        using var member = await app.SignedIn(owner);
        using var browser = app.Stranger();
        var (kept, lost) = (await member.AuthorizeUrl(trade.ResourceIds[0]), await member.AuthorizeUrl(trade.ResourceIds[0]));

        await browser.Arrive(await browser.Decide(kept, host.GivenAGoogleUser()), HttpStatusCode.OK);
        await using (var connection = await app.Owner.OpenConnectionAsync(Token))
            await connection.ExecuteAsync("update members set role = 'viewer' where user_id = @Id", new { owner.Id });
        await browser.Arrive(await browser.Decide(lost, host.GivenAGoogleUser()), HttpStatusCode.BadRequest);

        (await client.ReadAsync("/api/calendars")).Total().ShouldBe(1);
        (await RowAsync<string>("select email from audit_log where tenant_id = @TenantId", tenant)).ShouldBe(owner.Email);
    }

    [Fact]
    public async Task Another_of_the_accounts_calendars_is_connected_by_its_id()
    {
        var (_, client, trade) = await ArrangeAsync();
        var user = host.GivenAGoogleUser();
        var jobs = user.AddCalendar($"jobs+{user.Email}", "Jobs & visits", "America/Los_Angeles");
        user.AddCalendar($"holidays#{user.Email}", "Holidays", "America/Los_Angeles", "reader");
        using var browser = app.Stranger();

        await browser.Arrive(await browser.Decide(await client.AuthorizeUrl(trade.ResourceIds[0], jobs.Id), user), HttpStatusCode.OK);
        await browser.Arrive(await browser.Decide(await client.AuthorizeUrl(trade.ResourceIds[0], $"holidays#{user.Email}"), user), HttpStatusCode.OK);
        (await browser.Arrive(await browser.Decide(await client.AuthorizeUrl(trade.ResourceIds[0], $"holidays#{user.Email}", true), user), HttpStatusCode.Conflict))
            .ShouldContain("may not write");
        (await browser.Arrive(await browser.Decide(await client.AuthorizeUrl(trade.ResourceIds[0], "nobody@maplestreet.example"), user), HttpStatusCode.Conflict))
            .ShouldContain("not there");

        (await client.ReadAsync("/api/calendars")).Data()
            .Select(calendar => (calendar.Text("name"), calendar.Text("username"), calendar.GetProperty("receives_appointments").GetBoolean()))
            .ShouldBe([("Jobs & visits", user.Email, true), ("Holidays", user.Email, false)], ignoreOrder: true);
    }

    [Fact]
    public async Task It_is_read_as_often_as_was_said_when_it_was_asked_for()
    {
        var (_, client, trade) = await ArrangeAsync();
        using var browser = app.Stranger();
        using var asked = await client.PostAsJsonAsync("/api/calendars/google", new { resource_id = trade.ResourceIds[0], poll_interval = 600 }, Token);
        var ask = await asked.ShouldAnswerWith(HttpStatusCode.OK);

        await browser.Arrive(await browser.Decide(ask.Text("authorize_url"), host.GivenAGoogleUser()), HttpStatusCode.OK);

        (await client.ReadAsync("/api/calendars")).Data().ShouldHaveSingleItem().GetProperty("poll_interval").GetInt32().ShouldBe(600);
    }

    [Fact]
    public async Task Access_that_was_withdrawn_comes_back_with_another_consent()
    {
        var (_, client, trade) = await ArrangeAsync();
        var user = host.GivenAGoogleUser();
        var id = (await app.GivenAGoogleCalendar(client, trade.ResourceIds[0], user)).Id();
        user.WithdrawAccess();
        var failing = await client.Sync(id);
        failing.Text("status").ShouldBe("failing");
        failing.Text("error").ShouldContain("Connect the calendar again");

        var renewed = await app.GivenAGoogleCalendar(client, trade.ResourceIds[0], user);

        renewed.Id().ShouldBe(id);
        renewed.Text("status").ShouldBe("connected");
        (await client.Sync(id)).Text("status").ShouldBe("connected");
    }

    [Fact]
    public async Task Access_is_given_back_with_the_last_calendar_of_an_account()
    {
        var (_, client, trade) = await ArrangeAsync();
        var user = host.GivenAGoogleUser();
        user.AddCalendar($"jobs+{user.Email}", "Jobs", "America/Los_Angeles");
        using var browser = app.Stranger();
        var first = await app.GivenAGoogleCalendar(client, trade.ResourceIds[0], user);
        await browser.Arrive(await browser.Decide(await client.AuthorizeUrl(trade.ResourceIds[0], $"jobs+{user.Email}"), user), HttpStatusCode.OK);
        var second = (await client.ReadAsync("/api/calendars")).Data().Single(calendar => calendar.Id() != first.Id());

        (await client.DeleteAsync($"/api/calendars/{first.Id()}", Token)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await client.Sync(second.Id())).Text("status").ShouldBe("connected");
        user.HasGrants.ShouldBeTrue();
        (await client.DeleteAsync($"/api/calendars/{second.Id()}", Token)).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        user.HasGrants.ShouldBeFalse();
    }

    [Fact]
    public async Task What_does_not_fit_is_refused_by_name()
    {
        var (_, client, trade) = await ArrangeAsync();

        using (var resource = await client.AskForGoogle("somebody"))
            await resource.ShouldBeInvalid("resource_id");
        using (var calendar = await client.AskForGoogle(trade.ResourceIds[0], new string('x', 1025)))
            await calendar.ShouldBeInvalid("calendar_id");
        using (var control = await client.AskForGoogle(trade.ResourceIds[0], "a\u0000b"))
            await control.ShouldBeInvalid("calendar_id");
        using (var interval = await client.PostAsJsonAsync("/api/calendars/google", new { resource_id = trade.ResourceIds[0], poll_interval = 59 }, Token))
            await interval.ShouldBeInvalid("poll_interval");
        using (var unknown = await client.AskForGoogle("res_00000000000000000000000000"))
            await unknown.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
    }

    private async Task<(TestTenant Tenant, HttpClient Client, Trade Trade)> ArrangeAsync()
    {
        var tenant = await app.GivenATenant();
        return (tenant, app.ClientFor(tenant), await app.GivenATrade(tenant));
    }

    private async Task<T> RowAsync<T>(string sql, TestTenant tenant)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        return await connection.QuerySingleAsync<T>(sql, new { TenantId = tenant.Id });
    }
}

/// <summary>Where no operator has registered with Google.</summary>
public sealed class GoogleNotSetUpTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    [Fact]
    public async Task It_says_so()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);

        using var asked = await client.AskForGoogle((await app.GivenATrade(tenant)).ResourceIds[0]);

        (await asked.ShouldBeProblem(HttpStatusCode.Conflict, "conflict")).Text("message").ShouldContain("Google:ClientId");
    }

    [Theory]
    [InlineData(null, "a secret", "https://www.googleapis.com/", "belong together")]
    [InlineData("a client", null, "https://www.googleapis.com/", "belong together")]
    [InlineData("a client", "a secret", "http://calendar.example.com/", "https")]
    [InlineData("a client", "a secret", "calendar/v3", "https")]
    public void Half_of_the_settings_keep_the_host_from_starting(string? clientId, string? secret, string api, string complaint)
    {
        var settings = new GoogleSettings { ClientId = clientId, ClientSecret = secret, BaseUrls = new() { Api = new Uri(api, UriKind.RelativeOrAbsolute) } };

        new GoogleSettings.Validator().Validate(null, settings).FailureMessage.ShouldNotBeNull().ShouldContain(complaint);
    }
}
