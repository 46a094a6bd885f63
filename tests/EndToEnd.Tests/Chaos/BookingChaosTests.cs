using System.Net;
using System.Text.Json;

namespace KestrelVoice.EndToEnd.Tests.Chaos;

/// <summary>What holds after a run in which the host was killed while it booked.</summary>
[Collection(nameof(Alone))]
public sealed class BookingChaosTests(BookingChaosRun run) : IClassFixture<BookingChaosRun>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Kills_met_requests_and_everybody_who_asked_again_was_answered()
    {
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{BookingChaosRun.Kills} kills, {run.Cut} requests cut off; {string.Join(", ", run.Bookings.CountBy(booking => booking.Attempt.Status))}");

        run.Stack.Host.Starts.ShouldBe(BookingChaosRun.Kills + 1);
        run.Cut.ShouldBeGreaterThan(0, "kills that meet no request prove nothing");
        run.Bookings.Where(booking => booking.Attempt.Status is not (HttpStatusCode.Created or HttpStatusCode.Conflict)).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_was_answered_as_booked_is_there_as_it_was_answered()
    {
        var booked = run.Bookings.Where(booking => booking.Attempt.Booked).ToDictionary(booking => booking.Attempt.AppointmentId);
        var listed = (await run.Business.ListedAsync(Token)).ToDictionary(IdOf);

        booked.Keys.Except(listed.Keys).ShouldBeEmpty();
        foreach (var (id, booking) in booked)
        {
            var (answered, found) = (booking.Attempt.Body, listed[id]);
            foreach (var member in new[] { "starts_at", "ends_at", "service", "resource", "customer", "notes", "source", "created_at" })
                JsonElement.DeepEquals(found.GetProperty(member), answered.GetProperty(member)).ShouldBeTrue($"{member} of {id}");
            if (booking.Cancelled is { } cancelled)
                found.GetProperty("status").GetString().ShouldBe(cancelled ? "cancelled" : "scheduled");
        }
    }

    [Fact]
    public async Task What_was_asked_again_under_its_key_was_booked_once()
    {
        var keys = (await run.Business.ListedAsync(Token)).Select(item => item.GetProperty("notes").GetString()!);

        keys.ShouldBe(run.Bookings.Where(booking => booking.Attempt.Booked).Select(booking => booking.Key), ignoreOrder: true);
    }

    [Fact]
    public async Task Nothing_is_half_booked_and_every_booking_was_told_once()
    {
        var listed = (await run.Business.ListedAsync(Token)).Select(IdOf).ToList();

        (await run.Business.ToldAsync(Token)).ShouldBe(listed, ignoreOrder: true);
        run.Receiver.EffectsOf(WebhookReceiver.Healthy).Values
            .Where(body => body.GetProperty("event").GetString() == "appointment.booked")
            .Select(body => body.GetProperty("data").GetProperty("appointment_id").GetString()!).ShouldBe(listed, ignoreOrder: true);
        run.Receiver.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task Nobody_is_at_two_places_at_once()
    {
        var twice = await run.Stack.RowsAsync(
            """
            select a.id
            from appointments a
            join appointments b on b.tenant_id = a.tenant_id and b.resource_id = a.resource_id and b.id <> a.id
            where a.status = 'scheduled' and b.status = 'scheduled' and a.blocked_start < b.blocked_end and b.blocked_start < a.blocked_end
            """, row => row.GetGuid(0), Token);

        twice.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_calendars_show_what_the_database_has() =>
        (await run.Business.CalendarsAsync()).ShouldBe(await run.Business.ScheduledAsync(Token));

    private static string IdOf(JsonElement appointment) => appointment.GetProperty("id").GetString()!;
}
