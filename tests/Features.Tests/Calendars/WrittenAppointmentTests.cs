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
public sealed class WrittenAppointmentTests(HostWithSidecarBesideGoogle host, RadicaleServer radicale)
    : IClassFixture<HostWithSidecarBesideGoogle>, IClassFixture<RadicaleServer>
{
    private const string StartsAt = "2026-03-05T18:00:00Z";

    private readonly AppWithSidecar app = host.App;

    [Theory]
    [InlineData(Technician.CalDav)]
    [InlineData(Technician.Google)]
    public async Task What_is_booked_appears_in_the_calendar_and_takes_no_time_twice(string kind)
    {
        var (client, trade, technician, calendar) = await ArrangeAsync(kind);

        var appointment = await BookAsync(client, trade);

        var shown = await AppearsAsync(technician, appointment);
        (shown.StartsAt, shown.EndsAt).ShouldBe((StartsAt, "2026-03-05T19:00:00Z"));
        shown.Title.ShouldBe("Drain cleaning: Dana Whitfield");
        shown.Place.ShouldBe("12 Alder Court");
        shown.Text.ShouldContain("+15035550142");
        (await client.Sync(calendar)).Text("status").ShouldBe("connected");
        (await BusyAsync(calendar)).ShouldBe(0);
        (await client.FreeHours(trade)).ShouldContain(20);
    }

    [Theory]
    [InlineData(Technician.CalDav)]
    [InlineData(Technician.Google)]
    public async Task What_is_moved_there_moves_here(string kind)
    {
        var (client, trade, technician, calendar) = await ArrangeAsync(kind);
        var appointment = await BookAsync(client, trade);
        await AppearsAsync(technician, appointment);

        await technician.MoveAsync(IdOf(appointment), "2026-03-05T21:00:00Z", "2026-03-05T22:00:00Z");
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

    [Theory]
    [InlineData(Technician.CalDav)]
    [InlineData(Technician.Google)]
    public async Task What_is_moved_here_moves_there(string kind)
    {
        var (client, trade, technician, _) = await ArrangeAsync(kind);
        var appointment = await BookAsync(client, trade);
        await AppearsAsync(technician, appointment);

        await client.PostAsync($"/api/appointments/{appointment.Id()}/reschedule", """{"starts_at":"2026-03-05T21:00:00Z"}""");

        await app.Eventually(
            TimeSpan.FromMilliseconds(200), async () => (await technician.ReadAsync(IdOf(appointment))).StartsAt == "2026-03-05T21:00:00Z", "no move");
        (await technician.CountAsync()).ShouldBe(1);
    }

    [Theory]
    [InlineData(Technician.CalDav)]
    [InlineData(Technician.Google)]
    public async Task What_is_cancelled_here_disappears_there(string kind)
    {
        var (client, trade, technician, _) = await ArrangeAsync(kind);
        var appointment = await BookAsync(client, trade);
        await AppearsAsync(technician, appointment);

        await client.PostAsync($"/api/appointments/{appointment.Id()}/cancel");

        await app.Eventually(TimeSpan.FromMilliseconds(200), async () => await technician.CountAsync() == 0, "no entry");
        (await client.FreeHours(trade)).ShouldContain(18);
    }

    [Theory]
    [InlineData(Technician.CalDav)]
    [InlineData(Technician.Google)]
    public async Task What_is_deleted_there_is_cancelled_here(string kind)
    {
        var (client, trade, technician, calendar) = await ArrangeAsync(kind);
        var appointment = await BookAsync(client, trade);
        await AppearsAsync(technician, appointment);

        await technician.DeleteAsync(IdOf(appointment));
        await client.Sync(calendar);

        var cancelled = await client.ReadAsync($"/api/appointments/{appointment.Id()}");
        cancelled.Text("status").ShouldBe("cancelled");
        cancelled.Text("source").ShouldBe("calendar");
        (await client.FreeHours(trade)).ShouldContain(18);
    }

    [Theory]
    [InlineData(Technician.CalDav)]
    [InlineData(Technician.Google)]
    public async Task What_is_moved_onto_another_one_stays_and_both_times_are_taken(string kind)
    {
        var (client, trade, technician, calendar) = await ArrangeAsync(kind);
        var first = await BookAsync(client, trade);
        var second = await BookAsync(client, trade, "2026-03-05T22:00:00Z");
        await AppearsAsync(technician, second);
        await AppearsAsync(technician, first);

        await technician.MoveAsync(IdOf(first), "2026-03-05T21:45:00Z", "2026-03-05T22:45:00Z");
        var read = await client.Sync(calendar);

        read.Text("error").ShouldContain("where another one is");
        (await client.ReadAsync($"/api/appointments/{first.Id()}")).Text("starts_at").ShouldBe(StartsAt);
        (await client.FreeHours(trade)).ShouldBe([16, 20, 0]);
    }

    [Theory]
    [InlineData(Technician.CalDav)]
    [InlineData(Technician.Google)]
    public async Task What_is_moved_on_both_sides_at_once_is_where_the_calendar_says(string kind)
    {
        var (client, trade, technician, _) = await ArrangeAsync(kind);
        var appointment = await BookAsync(client, trade);
        await AppearsAsync(technician, appointment);

        await technician.MoveAsync(IdOf(appointment), "2026-03-05T21:00:00Z", "2026-03-05T22:00:00Z");
        var moved = await client.PostAsync($"/api/appointments/{appointment.Id()}/reschedule", """{"starts_at":"2026-03-05T23:00:00Z"}""");

        moved.Text("starts_at").ShouldBe("2026-03-05T23:00:00Z");
        await app.Eventually(TimeSpan.FromMilliseconds(200), async () => (await StateAsync(client, appointment)) == "2026-03-05T21:00:00Z calendar", "the calendar's time");
        (await technician.ReadAsync(IdOf(appointment))).StartsAt.ShouldBe("2026-03-05T21:00:00Z");
        (await technician.CountAsync()).ShouldBe(1);
        (await client.FreeHours(trade)).ShouldBe([16, 17, 18, 19, 23, 0]);
    }

    [Theory]
    [InlineData(Technician.CalDav)]
    [InlineData(Technician.Google)]
    public async Task What_is_moved_here_while_there_only_its_text_is_changed_moves_there(string kind)
    {
        var (client, trade, technician, _) = await ArrangeAsync(kind);
        var appointment = await BookAsync(client, trade);
        await AppearsAsync(technician, appointment);

        await technician.RenameAsync(IdOf(appointment), "Take the long ladder");
        await client.PostAsync($"/api/appointments/{appointment.Id()}/reschedule", """{"starts_at":"2026-03-05T21:00:00Z"}""");

        await app.Eventually(
            TimeSpan.FromMilliseconds(200), async () => (await technician.ReadAsync(IdOf(appointment))).StartsAt == "2026-03-05T21:00:00Z", "no move");
        (await technician.CountAsync()).ShouldBe(1);
        (await StateAsync(client, appointment)).ShouldStartWith("2026-03-05T21:00:00Z");
    }

    [Theory]
    [InlineData(Technician.CalDav)]
    [InlineData(Technician.Google)]
    public async Task What_is_cancelled_here_while_it_is_moved_there_is_cancelled(string kind)
    {
        var (client, trade, technician, calendar) = await ArrangeAsync(kind);
        var appointment = await BookAsync(client, trade);
        await AppearsAsync(technician, appointment);

        await technician.MoveAsync(IdOf(appointment), "2026-03-05T21:00:00Z", "2026-03-05T22:00:00Z");
        await client.PostAsync($"/api/appointments/{appointment.Id()}/cancel");

        await app.Eventually(TimeSpan.FromMilliseconds(200), async () => await technician.CountAsync() == 0, "no entry");
        await client.Sync(calendar);
        (await client.ReadAsync($"/api/appointments/{appointment.Id()}")).Text("status").ShouldBe("cancelled");
        (await client.FreeHours(trade)).ShouldContain(21);
    }

    [Theory]
    [InlineData(Technician.CalDav)]
    [InlineData(Technician.Google)]
    public async Task A_calendar_that_is_down_gets_it_when_it_is_back_and_gets_it_once(string kind)
    {
        var (client, trade, technician, _) = await ArrangeAsync(kind);
        JsonElement appointment;
        try
        {
            host.Google.IsDown = true;
            await radicale.StopAsync();
            appointment = await host.AsTimePasses(BookAsync(client, trade));
            for (var second = 0; second < 20; second++)
            {
                app.Clock.Advance(TimeSpan.FromSeconds(1));
                await Task.Delay(TimeSpan.FromMilliseconds(20), TestContext.Current.CancellationToken);
            }
        }
        finally
        {
            await radicale.StartAsync();
            host.Google.IsDown = false;
        }

        await AppearsAsync(technician, appointment);

        (await technician.CountAsync()).ShouldBe(1);
    }

    [Theory]
    [InlineData(Technician.CalDav)]
    [InlineData(Technician.Google)]
    public async Task Whatever_became_of_an_attempt_the_next_one_writes_no_second_entry(string kind)
    {
        var (client, trade, technician, calendar) = await ArrangeAsync(kind);
        var appointment = await BookAsync(client, trade);
        await AppearsAsync(technician, appointment);
        var writer = app.Services.GetRequiredService<AppointmentWriter>();
        var (tenantId, appointmentId) = await IdsAsync(appointment);

        // As if nobody had lived to see the answer.
        await ForgetAnswerAsync(calendar);
        var written = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => writer.WriteAsync(tenantId, appointmentId, TestContext.Current.CancellationToken)));

        (await writer.WriteAsync(tenantId, appointmentId, TestContext.Current.CancellationToken)).ShouldBeTrue();
        written.ShouldContain(true);
        (await technician.CountAsync()).ShouldBe(1);
        (await client.Sync(calendar)).IsNull("error").ShouldBeTrue();
        (await client.ReadAsync($"/api/appointments/{appointment.Id()}")).Text("status").ShouldBe("scheduled");
    }

    [Theory]
    [InlineData(Technician.CalDav)]
    [InlineData(Technician.Google)]
    public async Task An_appointment_does_not_stand_in_its_own_way(string kind)
    {
        var (client, trade, technician, _) = await ArrangeAsync(kind);
        var appointment = await BookAsync(client, trade);
        await AppearsAsync(technician, appointment);

        // With the way from there it ends when the one that is moved begins.
        await client.PostAsync($"/api/appointments/{appointment.Id()}/reschedule", """{"starts_at":"2026-03-05T17:00:00Z"}""");

        await app.Eventually(
            TimeSpan.FromMilliseconds(200), async () => (await technician.ReadAsync(IdOf(appointment))).StartsAt == "2026-03-05T17:00:00Z", "the new time");
        (await technician.CountAsync()).ShouldBe(1);
    }

    private async Task<(HttpClient Client, Trade Trade, Technician Technician, string Calendar)> ArrangeAsync(string kind)
    {
        var tenant = await app.GivenATenant();
        Technician technician = kind is Technician.Google
            ? new GoogleTechnician(app, host.GivenAGoogleUser()) : new RadicaleTechnician(app, await radicale.GivenAUserAsync());
        var (client, trade) = (app.ClientFor(tenant), await app.GivenATrade(tenant));
        return (client, trade, technician, (await technician.ConnectAsync(client, trade.ResourceIds[0])).Id());
    }

    private static async Task<JsonElement> BookAsync(HttpClient client, Trade trade, string startsAt = StartsAt)
    {
        using var booked = await client.Book(trade, startsAt);
        await booked.ShouldBe(HttpStatusCode.Created);
        return await booked.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
    }

    private static async Task<string> StateAsync(HttpClient client, JsonElement appointment)
    {
        var now = await client.ReadAsync($"/api/appointments/{appointment.Id()}");
        return $"{now.Text("starts_at")} {now.Text("source")}";
    }

    // Written, and known to be.
    private async Task<Technician.Shown> AppearsAsync(Technician technician, JsonElement appointment)
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
        return await technician.ReadAsync(id);
    }

    private async Task<(Guid Tenant, Guid Appointment)> IdsAsync(JsonElement appointment)
    {
        var id = IdOf(appointment);
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

    private static Guid IdOf(JsonElement appointment) => TypeId.Parse(TypeId.Appointment, appointment.Id());
}
