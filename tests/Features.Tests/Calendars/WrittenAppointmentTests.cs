using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using KestrelVoice.Features.Calendars;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Appointments;
using KestrelVoice.Features.Tests.Webhooks;
using KestrelVoice.Features.Tests.Webhooks.Delivery;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Tests.Calendars;

/// <summary>What is booked appears in the technician's calendar, once, and what the technician does with it there happens here.</summary>
public sealed class WrittenAppointmentTests(AppWithSidecar app, RadicaleServer radicale) : IClassFixture<AppWithSidecar>, IClassFixture<RadicaleServer>
{
    private const string StartsAt = "2026-03-05T18:00:00Z";

    [Fact]
    public async Task What_is_booked_appears_in_the_calendar_and_takes_no_time_twice()
    {
        var (client, trade, user, calendar) = await ArrangeAsync();

        var appointment = await BookAsync(client, trade);

        var text = await AppearsAsync(user, appointment);
        text.ShouldContain("DTSTART:20260305T180000Z");
        text.ShouldContain("DTEND:20260305T190000Z");
        text.ShouldContain("SUMMARY:Drain cleaning: Dana Whitfield");
        text.ShouldContain("LOCATION:12 Alder Court");
        text.ShouldContain("+15035550142");
        (await client.Sync(calendar)).Text("status").ShouldBe("connected");
        (await BusyAsync(calendar)).ShouldBe(0);
        (await client.FreeHours(trade)).ShouldContain(20);
    }

    [Fact]
    public async Task What_is_moved_there_moves_here()
    {
        var (client, trade, user, calendar) = await ArrangeAsync();
        var appointment = await BookAsync(client, trade);
        var text = await AppearsAsync(user, appointment);

        await user.PutTextAsync(Href(appointment), text.Replace("T180000Z", "T210000Z", StringComparison.Ordinal).Replace("T190000Z", "T220000Z", StringComparison.Ordinal));
        await client.Sync(calendar);

        var moved = await client.ReadAsync($"/api/appointments/{appointment.Id()}");
        moved.Text("starts_at").ShouldBe("2026-03-05T21:00:00Z");
        moved.Text("source").ShouldBe("calendar");
        (await client.FreeHours(trade)).ShouldBe([16, 17, 18, 19, 23, 0]);

        // That it changed here is no reason to write it there.
        await Task.Delay(TimeSpan.FromMilliseconds(200), TestContext.Current.CancellationToken);
        await client.Sync(calendar);
        (await client.ReadAsync($"/api/appointments/{appointment.Id()}")).Text("starts_at").ShouldBe("2026-03-05T21:00:00Z");
    }

    [Fact]
    public async Task What_is_moved_here_moves_there()
    {
        var (client, trade, user, _) = await ArrangeAsync();
        var appointment = await BookAsync(client, trade);
        await AppearsAsync(user, appointment);

        await client.PostAsync($"/api/appointments/{appointment.Id()}/reschedule", """{"starts_at":"2026-03-05T21:00:00Z"}""");

        await app.Eventually(
            TimeSpan.FromMilliseconds(200), async () => (await user.GetAsync(Href(appointment))).Contains("DTSTART:20260305T210000Z", StringComparison.Ordinal), "no move");
        (await user.CountAsync()).ShouldBe(1);
    }

    [Fact]
    public async Task What_is_cancelled_here_disappears_there()
    {
        var (client, trade, user, _) = await ArrangeAsync();
        var appointment = await BookAsync(client, trade);
        await AppearsAsync(user, appointment);

        await client.PostAsync($"/api/appointments/{appointment.Id()}/cancel");

        await app.Eventually(TimeSpan.FromMilliseconds(200), async () => await user.CountAsync() == 0, "no entry");
        (await client.FreeHours(trade)).ShouldContain(18);
    }

    [Fact]
    public async Task What_is_deleted_there_is_cancelled_here()
    {
        var (client, trade, user, calendar) = await ArrangeAsync();
        var appointment = await BookAsync(client, trade);
        await AppearsAsync(user, appointment);

        await user.DeleteAsync(Href(appointment));
        await client.Sync(calendar);

        var cancelled = await client.ReadAsync($"/api/appointments/{appointment.Id()}");
        cancelled.Text("status").ShouldBe("cancelled");
        cancelled.Text("source").ShouldBe("calendar");
        (await client.FreeHours(trade)).ShouldContain(18);
    }

    [Fact]
    public async Task What_is_moved_onto_another_one_stays_and_both_times_are_taken()
    {
        var (client, trade, user, calendar) = await ArrangeAsync();
        var first = await BookAsync(client, trade);
        var second = await BookAsync(client, trade, "2026-03-05T22:00:00Z");
        await AppearsAsync(user, second);
        var text = await AppearsAsync(user, first);

        await user.PutTextAsync(Href(first), text.Replace("T180000Z", "T214500Z", StringComparison.Ordinal).Replace("T190000Z", "T224500Z", StringComparison.Ordinal));
        var read = await client.Sync(calendar);

        read.Text("error").ShouldContain("where another one is");
        (await client.ReadAsync($"/api/appointments/{first.Id()}")).Text("starts_at").ShouldBe(StartsAt);
        (await client.FreeHours(trade)).ShouldBe([16, 20, 0]);
    }

    [Fact]
    public async Task A_calendar_that_is_down_gets_it_when_it_is_back_and_gets_it_once()
    {
        var (client, trade, user, _) = await ArrangeAsync();
        await radicale.StopAsync();
        var appointment = await BookAsync(client, trade);
        for (var second = 0; second < 20; second++)
        {
            app.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(TimeSpan.FromMilliseconds(20), TestContext.Current.CancellationToken);
        }
        await radicale.StartAsync();

        await AppearsAsync(user, appointment);

        (await user.CountAsync()).ShouldBe(1);
    }

    [Fact]
    public async Task Whatever_became_of_an_attempt_the_next_one_writes_no_second_entry()
    {
        var (client, trade, user, calendar) = await ArrangeAsync();
        var appointment = await BookAsync(client, trade);
        await AppearsAsync(user, appointment);
        var writer = app.Services.GetRequiredService<AppointmentWriter>();
        var (tenantId, appointmentId) = await IdsAsync(appointment);

        // As if nobody had lived to see the answer.
        await ForgetAnswerAsync(calendar);
        var written = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => writer.WriteAsync(tenantId, appointmentId, TestContext.Current.CancellationToken)));

        (await writer.WriteAsync(tenantId, appointmentId, TestContext.Current.CancellationToken)).ShouldBeTrue();
        written.ShouldContain(true);
        (await user.CountAsync()).ShouldBe(1);
        (await client.Sync(calendar)).IsNull("error").ShouldBeTrue();
        (await client.ReadAsync($"/api/appointments/{appointment.Id()}")).Text("status").ShouldBe("scheduled");
    }

    private async Task<(HttpClient Client, Trade Trade, RadicaleUser User, string Calendar)> ArrangeAsync()
    {
        var tenant = await app.GivenATenant();
        var (client, trade, user) = (app.ClientFor(tenant), await app.GivenATrade(tenant), await radicale.GivenAUserAsync());
        return (client, trade, user, (await client.GivenACalendar(trade.ResourceIds[0], user)).Id());
    }

    private static async Task<JsonElement> BookAsync(HttpClient client, Trade trade, string startsAt = StartsAt)
    {
        using var booked = await client.Book(trade, startsAt);
        await booked.ShouldBe(HttpStatusCode.Created);
        return await booked.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
    }

    // Written, and known to be.
    private async Task<string> AppearsAsync(RadicaleUser user, JsonElement appointment)
    {
        var (_, id) = await IdsAsync(appointment);
        await using var connection = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        while (!await connection.QuerySingleAsync<bool>("select exists (select from calendar_entries where appointment_id = @Id and confirmed)", new { Id = id }))
        {
            app.Clock.Advance(TimeSpan.FromMilliseconds(200));
            await Task.Delay(TimeSpan.FromMilliseconds(50), patience.Token);
        }
        return await user.GetAsync(Href(appointment));
    }

    private async Task<(Guid Tenant, Guid Appointment)> IdsAsync(JsonElement appointment)
    {
        var id = TypeId.Parse(TypeId.Appointment, appointment.Id());
        await using var connection = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        return (await connection.QuerySingleAsync<Guid>("select tenant_id from appointments where id = @Id", new { Id = id }), id);
    }

    private async Task<int> BusyAsync(string calendar)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        return await connection.QuerySingleAsync<int>(
            "select count(*)::integer from calendar_busy where connection_id = @Id", new { Id = TypeId.Parse(TypeId.Calendar, calendar) });
    }

    private async Task ForgetAnswerAsync(string calendar)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await connection.ExecuteAsync(
            "update calendar_entries set etag = null, confirmed = false where connection_id = @Id", new { Id = TypeId.Parse(TypeId.Calendar, calendar) });
    }

    private static string Href(JsonElement appointment) =>
        string.Create(CultureInfo.InvariantCulture, $"kv-{TypeId.Parse(TypeId.Appointment, appointment.Id())}");
}
