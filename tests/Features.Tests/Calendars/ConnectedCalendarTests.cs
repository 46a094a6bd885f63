using System.Net;
using System.Net.Http.Json;
using Dapper;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.Idempotency;
using KestrelVoice.Features.Tests.Appointments;
using KestrelVoice.Features.Tests.Webhooks;

namespace KestrelVoice.Features.Tests.Calendars;

/// <summary>A business connects its technicians' calendars, on a real server, and what is in them keeps them from being booked.</summary>
public sealed class ConnectedCalendarTests(HostBesideGoogle host, RadicaleServer radicale) : IClassFixture<HostBesideGoogle>, IClassFixture<RadicaleServer>
{
    // Ten in the morning to noon in Los Angeles.
    private const string DentistAt = "2026-03-05T18:00:00Z";
    private const string DentistUntil = "2026-03-05T20:00:00Z";

    private static readonly string[] Dentist = ["DTSTART:20260305T180000Z", "DTEND:20260305T200000Z"];

    private readonly KestrelVoiceApp app = host.App;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Technician.CalDav)]
    [InlineData(Technician.Google)]
    public async Task What_is_in_a_calendar_takes_the_times_of_its_owner(string kind)
    {
        var (client, trade, technician) = await ArrangeAsync(kind);
        await technician.PutAsync("dentist", DentistAt, DentistUntil);
        (await client.FreeHours(trade)).ShouldBe([16, 17, 18, 19, 20, 21, 22, 23, 0]);

        var calendar = await technician.ConnectAsync(client, trade.ResourceIds[0]);

        calendar.Text("status").ShouldBe("connected");
        calendar.Text("kind").ShouldBe(kind);
        calendar.Text("name").ShouldBe(technician.CalendarName);
        calendar.GetProperty("receives_appointments").GetBoolean().ShouldBeTrue();
        calendar.IsNull("error").ShouldBeTrue();
        calendar.GetRawText().ShouldNotContain(RadicaleServer.Password);
        // A quarter of an hour to get there, and another one to get away.
        (await client.FreeHours(trade)).ShouldBe([16, 21, 22, 23, 0]);
    }

    [Theory]
    [InlineData(Technician.CalDav)]
    [InlineData(Technician.Google)]
    public async Task Changes_come_with_the_next_reading_and_go_with_the_calendar(string kind)
    {
        var (client, trade, technician) = await ArrangeAsync(kind);
        var id = (await technician.ConnectAsync(client, trade.ResourceIds[0])).Id();
        await technician.PutAsync("dentist", DentistAt, DentistUntil);
        (await client.Sync(id)).Text("status").ShouldBe("connected");
        (await client.FreeHours(trade)).ShouldNotContain(19);

        await technician.PutAsync("dentist", "2026-03-05T22:00:00Z", "2026-03-05T23:00:00Z");
        await client.Sync(id);
        (await client.FreeHours(trade)).ShouldBe([16, 17, 18, 19, 20, 0]);
        await client.Sync(id);
        (await client.FreeHours(trade)).ShouldNotContain(22);

        using var deleted = await client.DeleteAsync($"/api/calendars/{id}", Token);
        await deleted.ShouldBe(HttpStatusCode.NoContent);
        (await client.FreeHours(trade)).ShouldContain(22);
        using var again = await client.DeleteAsync($"/api/calendars/{id}", Token);
        await again.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
    }

    [Theory]
    [InlineData(Technician.CalDav)]
    [InlineData(Technician.Google)]
    public async Task It_is_read_by_itself_when_it_is_due(string kind)
    {
        var (client, trade, technician) = await ArrangeAsync(kind);
        var id = (await technician.ConnectAsync(client, trade.ResourceIds[0])).Id();
        await technician.PutAsync("dentist", DentistAt, DentistUntil);

        app.Clock.Advance(TimeSpan.FromMinutes(5));

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while ((await client.FreeHours(trade)).Contains(19))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), patience.Token);
            app.Clock.Advance(TimeSpan.FromSeconds(1));
        }
        (await client.ReadAsync($"/api/calendars/{id}")).Text("status").ShouldBe("connected");
    }

    [Fact]
    public async Task While_it_is_being_read_it_is_not_read_again()
    {
        var (client, trade, user) = await ArrangeAsync();
        var id = (await client.GivenACalendar(trade.ResourceIds[0], user)).Id();
        await ChangeAsync(id, "leased_until = 'infinity'");

        using var refused = await client.SendAsync(HttpMethod.Post, $"/api/calendars/{id}/sync");

        await refused.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
        refused.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));
        await ChangeAsync(id, "leased_until = null");
        (await client.PostAsync($"/api/calendars/{id}/sync")).Text("status").ShouldBe("connected");
    }

    [Theory]
    [InlineData(60, HttpStatusCode.Created)]
    [InlineData(86_400, HttpStatusCode.Created)]
    [InlineData(59, HttpStatusCode.BadRequest)]
    [InlineData(86_401, HttpStatusCode.BadRequest)]
    public async Task It_is_read_as_often_as_it_was_said(int seconds, HttpStatusCode status)
    {
        var (client, trade, user) = await ArrangeAsync();

        using var response = await client.PostAsJsonAsync(
            "/api/calendars",
            new { resource_id = trade.ResourceIds[0], url = user.Calendar, username = user.Name, password = RadicaleServer.Password, poll_interval = seconds }, Token);

        if (status != HttpStatusCode.Created)
        {
            await response.ShouldBeInvalid("poll_interval");
            return;
        }
        var calendar = await response.ShouldAnswerWith(HttpStatusCode.Created);
        calendar.GetProperty("poll_interval").GetInt32().ShouldBe(seconds);
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        (await connection.QuerySingleAsync<DateTime>(
            "select due_at from calendar_connections where id = @Id", new { Id = TypeId.Parse(TypeId.Calendar, calendar.Id()) }))
            .ShouldBe(app.Clock.GetUtcNow().AddSeconds(seconds).UtcDateTime, TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData(Technician.CalDav)]
    [InlineData(Technician.Google)]
    public async Task A_calendar_that_fails_keeps_what_was_known_and_says_why(string kind)
    {
        var (client, trade, technician) = await ArrangeAsync(kind);
        await technician.PutAsync("dentist", DentistAt, DentistUntil);
        var id = (await technician.ConnectAsync(client, trade.ResourceIds[0])).Id();
        await technician.ShutOutAsync();

        var failing = await client.Sync(id);

        failing.Text("status").ShouldBe("failing");
        failing.Text("error").ShouldMatch("not accept|not let us in");
        failing.IsNull("failing_since").ShouldBeFalse();
        (await client.FreeHours(trade)).ShouldNotContain(19);
        (await client.ReadAsync("/api/calendars")).Data().Single(item => item.Id() == id).Text("status").ShouldBe("failing");
    }

    [Theory]
    [InlineData(Technician.CalDav)]
    [InlineData(Technician.Google)]
    public async Task Until_it_was_read_nobody_knows_that_its_owner_is_free(string kind)
    {
        var (client, trade, technician) = await ArrangeAsync(kind);
        var id = (await technician.ConnectAsync(client, trade.ResourceIds[0])).Id();
        await ChangeAsync(id, "synced_at = null, synced_from = null, synced_to = null");

        (await client.FreeHours(trade)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Connected_again_under_its_key_it_is_there_once_with_all_that_is_in_it()
    {
        var (client, trade, user) = await ArrangeAsync();
        await user.PutAsync("dentist", Dentist);
        client.DefaultRequestHeaders.Add(IdempotencyKey.Header, "8e03978e-40d5-43dd-bc93-6894a57f9324");

        var first = await client.GivenACalendar(trade.ResourceIds[0], user);
        var again = await client.GivenACalendar(trade.ResourceIds[0], user);

        again.GetRawText().ShouldBe(first.GetRawText());
        first.IsNull("synced_at").ShouldBeFalse();
        (await client.ReadAsync("/api/calendars")).Total().ShouldBe(1);
        (await client.FreeHours(trade)).ShouldBe([16, 21, 22, 23, 0]);
    }

    [Fact]
    public async Task What_cannot_be_evaluated_in_it_is_busy()
    {
        var (client, trade, user) = await ArrangeAsync();
        await user.PutAsync("dentist", Dentist);
        await user.PutAsync("never ends", "DTSTART:20260306T160000Z", "DURATION:PT1H", "RRULE:FREQ=MINUTELY;BYMONTH=12");

        var calendar = await client.GivenACalendar(trade.ResourceIds[0], user);

        calendar.Text("status").ShouldBe("connected");
        (await client.FreeHours(trade, "2026-03-07")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(Technician.CalDav)]
    [InlineData(Technician.Google)]
    public async Task What_came_into_the_calendar_a_moment_ago_is_not_booked_over(string kind)
    {
        var (client, trade, technician) = await ArrangeAsync(kind);
        await technician.ConnectAsync(client, trade.ResourceIds[0]);
        await technician.PutAsync("dentist", DentistAt, DentistUntil);
        (await client.FreeHours(trade)).ShouldContain(18);

        using var refused = await client.Book(trade, "2026-03-05T18:00:00Z");
        using var booked = await client.Book(trade, "2026-03-05T21:00:00Z");

        await refused.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
        await booked.ShouldBe(HttpStatusCode.Created);
    }

    [Theory]
    [InlineData(Technician.CalDav)]
    [InlineData(Technician.Google)]
    public async Task A_calendar_that_does_not_answer_is_taken_at_its_last_word_for_an_hour(string kind)
    {
        var (client, trade, technician) = await ArrangeAsync(kind);
        await technician.PutAsync("dentist", DentistAt, DentistUntil);
        var id = (await technician.ConnectAsync(client, trade.ResourceIds[0])).Id();
        await technician.ShutOutAsync();

        using var taken = await client.Book(trade, "2026-03-05T18:00:00Z");
        using var booked = await client.Book(trade, "2026-03-05T16:00:00Z");
        await ChangeAsync(id, "synced_at = synced_at - interval '61 minutes'");
        using var unknown = await client.Book(trade, "2026-03-05T22:00:00Z");

        await taken.ShouldBe(HttpStatusCode.Conflict);
        await booked.ShouldBe(HttpStatusCode.Created);
        await unknown.ShouldBe(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task Of_several_calendars_one_is_to_be_named()
    {
        var (client, trade, user) = await ArrangeAsync();
        await user.MakeCalendarAsync("private", "Private");

        using var asked = await client.Connect(trade.ResourceIds[0], radicale.Url.AbsoluteUri, user.Name);
        var choices = (await asked.ShouldBeProblem(HttpStatusCode.Conflict, "conflict")).GetProperty("calendars").EnumerateArray().ToList();
        choices.Select(choice => choice.Text("name")).ShouldBe(["Jobs & visits", "Private"], ignoreOrder: true);
        var mine = choices.Single(choice => choice.Text("name") == "Private").Text("url");
        using var named = await client.Connect(trade.ResourceIds[0], radicale.Url.AbsoluteUri, user.Name, calendarUrl: mine);
        (await named.ShouldAnswerWith(HttpStatusCode.Created)).Text("url").ShouldBe(mine);
        using var again = await client.Connect(trade.ResourceIds[0], radicale.Url.AbsoluteUri, user.Name, calendarUrl: mine);
        await again.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");

        // The first one receives what is booked, the second one does not unless it is told to, and then it cannot.
        using var second = await client.Connect(trade.ResourceIds[0], user.Calendar.AbsoluteUri, user.Name);
        (await second.ShouldAnswerWith(HttpStatusCode.Created)).GetProperty("receives_appointments").GetBoolean().ShouldBeFalse();
        await user.MakeCalendarAsync("third", "Third");
        using var third = await client.Connect(
            trade.ResourceIds[0], new Uri(user.Calendar, "../third/").AbsoluteUri, user.Name, receivesAppointments: true);
        await third.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
    }

    [Fact]
    public async Task What_does_not_fit_is_refused_by_name()
    {
        var (client, trade, user) = await ArrangeAsync();
        var (resource, url) = (trade.ResourceIds[0], radicale.Url.AbsoluteUri);

        using (var wrong = await client.Connect(resource, url, user.Name, "wrong"))
            await wrong.ShouldBeInvalid("password");
        using (var nobody = await client.Connect(resource, WebhookRequests.Nobody, user.Name))
            await nobody.ShouldBeInvalid("url");
        using (var inside = await client.Connect(resource, "http://10.0.0.1/", user.Name))
            await inside.ShouldBeInvalid("url");
        using (var other = await client.Connect(resource, url, user.Name, calendarUrl: new Uri(radicale.Url, "user1/none/").AbsoluteUri))
            await other.ShouldBeInvalid("calendar_url");
        using (var colon = await client.Connect(resource, url, "a:b"))
            await colon.ShouldBeInvalid("username");
        using (var unknown = await client.Connect("res_00000000000000000000000000", url, user.Name))
            await unknown.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        (await client.ReadAsync("/api/calendars")).Total().ShouldBe(0);
    }

    private async Task ChangeAsync(string id, string change)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        await connection.ExecuteAsync($"update calendar_connections set {change} where id = @Id", new { Id = TypeId.Parse(TypeId.Calendar, id) });
    }

    private async Task<(HttpClient Client, Trade Trade, Technician Technician)> ArrangeAsync(string kind)
    {
        if (kind is Technician.CalDav)
        {
            var (client, trade, user) = await ArrangeAsync();
            return (client, trade, new RadicaleTechnician(app, user));
        }
        var tenant = await app.GivenATenant();
        return (app.ClientFor(tenant), await app.GivenATrade(tenant), new GoogleTechnician(app, host.GivenAGoogleUser()));
    }

    private async Task<(HttpClient Client, Trade Trade, RadicaleUser User)> ArrangeAsync()
    {
        var tenant = await app.GivenATenant();
        return (app.ClientFor(tenant), await app.GivenATrade(tenant), await radicale.GivenAUserAsync());
    }
}
