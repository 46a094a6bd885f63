using System.Globalization;
using System.Net;
using System.Text.Json;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Appointments;
using KestrelVoice.Features.Tests.Calendars;
using KestrelVoice.Features.Tests.Webhooks;
using KestrelVoice.Features.Tests.Webhooks.Delivery;

namespace KestrelVoice.Features.Tests.Privacy;

/// <summary>What was written into a technician's calendar forgets its customer as well.</summary>
public sealed class ErasedCalendarEntryTests(AppWithSidecar app, RadicaleServer radicale) : IClassFixture<AppWithSidecar>, IClassFixture<RadicaleServer>
{
    [Fact]
    public async Task Work_that_was_done_stays_in_the_calendar_without_its_customer_and_work_to_come_disappears()
    {
        var tenant = await app.GivenATenant();
        var (client, trade, user) = (app.ClientFor(tenant), await app.GivenATrade(tenant), await radicale.GivenAUserAsync());
        await client.GivenACalendar(trade.ResourceIds[0], user);
        var done = await BookedAsync(client, trade, "2026-03-04T17:00:00Z");
        var upcoming = await BookedAsync(client, trade, "2026-03-06T18:00:00Z");
        await app.Eventually(TimeSpan.FromMilliseconds(200), async () => await WrittenAsync(done) && await WrittenAsync(upcoming), "both in the calendar");
        (await user.GetAsync(Href(done))).ShouldContain("Dana Whitfield");
        app.Clock.Advance(TimeSpan.FromHours(6));
        await client.PostAsync($"/api/appointments/{done.Id()}/complete");

        using var erased = await client.EraseCaller("+15035550142", cancelAppointments: true);
        await erased.ShouldBe(HttpStatusCode.Accepted);

        await app.Eventually(TimeSpan.FromMilliseconds(200), async () => await user.CountAsync() == 1, "one entry");
        await app.Eventually(
            TimeSpan.FromMilliseconds(200), async () => !(await user.GetAsync(Href(done))).Contains("Dana", StringComparison.Ordinal), "no customer");
        var text = await user.GetAsync(Href(done));
        text.ShouldContain("DTSTART:20260304T170000Z");
        text.ShouldContain("SUMMARY:Drain cleaning");
        text.ShouldNotContain("5550142");
        text.ShouldNotContain("Alder");
    }

    private static async Task<JsonElement> BookedAsync(HttpClient client, Trade trade, string startsAt)
    {
        using var booked = await client.Book(trade, startsAt);
        return await booked.ShouldAnswerWith(HttpStatusCode.Created);
    }

    private Task<bool> WrittenAsync(JsonElement appointment) => app.Scalar<bool>(
        "select exists (select from calendar_entries where appointment_id = @Id and confirmed)", new { Id = TypeId.Parse(TypeId.Appointment, appointment.Id()) });

    private static string Href(JsonElement appointment) =>
        string.Create(CultureInfo.InvariantCulture, $"kv-{TypeId.Parse(TypeId.Appointment, appointment.Id())}");
}
