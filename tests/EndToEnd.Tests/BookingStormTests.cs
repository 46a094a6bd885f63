using System.Diagnostics;
using System.Net;
using KestrelVoice.EndToEnd.Tests.Bookings;

namespace KestrelVoice.EndToEnd.Tests;

/// <summary>What holds when 10,000 attempts of 200 clients meet 50 slots.</summary>
[Collection(nameof(Alone))]
public sealed class BookingStormTests(BookingStorm storm) : IClassFixture<BookingStorm>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Every_attempt_is_answered_and_each_of_the_fifty_slots_is_booked_once()
    {
        var took = storm.Attempts.Select(attempt => Stopwatch.GetElapsedTime(attempt.Asked, attempt.Answered).TotalMilliseconds).Order().ToList();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{took.Count} attempts of {BookingStorm.Clients} clients in {storm.Took.TotalSeconds:0.0} s; ms median {took[took.Count / 2]:0}, "
            + $"99th percentile {took[took.Count * 99 / 100]:0}, longest {took[^1]:0}");

        storm.Business.Slots.Count.ShouldBe(BookingStorm.Slots);
        storm.Attempts.CountBy(attempt => attempt.Status).ShouldBe(
            [new(HttpStatusCode.Created, BookingStorm.Slots), new(HttpStatusCode.Conflict, 10_000 - BookingStorm.Slots)], ignoreOrder: true);
        storm.Attempts.Where(attempt => attempt.Booked).Select(attempt => attempt.Got).ShouldBe(storm.Business.Slots, ignoreOrder: true);
    }

    [Fact]
    public void Who_comes_too_late_is_told_so_and_offered_the_next_five_times()
    {
        foreach (var refused in Refused())
        {
            refused.Body.GetProperty("error").GetString().ShouldBe("conflict");
            refused.Body.GetProperty("message").GetString().ShouldBe("That time is not free.");
            var offered = refused.Alternatives.Select(slot => slot.StartsAt).ToList();
            offered.Count.ShouldBe(5);
            offered.ShouldBe(offered.Distinct().Order());
            offered[0].ShouldBeGreaterThan(refused.Wish.StartsAt);
            if (refused.ByName)
                refused.Alternatives.ShouldAllBe(slot => slot.ResourceId == refused.Wish.ResourceId);
        }
    }

    // By the clock of the clients: whoever had the answer before another one asked was first.
    [Fact]
    public void What_is_offered_was_not_gone_before_it_was_asked_for()
    {
        var goneAt = storm.Attempts.Where(attempt => attempt.Booked).ToDictionary(attempt => attempt.Got, attempt => attempt.Answered);

        Refused().Where(refused => refused.Alternatives.Any(slot => goneAt.TryGetValue(slot, out var answered) && answered < refused.Asked)).ShouldBeEmpty();
    }

    [Fact]
    public void What_is_not_offered_was_about_to_be_gone()
    {
        var wantedAt = storm.Attempts.Where(attempt => attempt.Booked).ToDictionary(attempt => attempt.Got, attempt => attempt.Asked);

        foreach (var refused in Refused())
        {
            var offered = refused.Alternatives.Select(slot => slot.StartsAt).ToHashSet();
            storm.Business.Slots
                .Where(slot => slot.StartsAt > refused.Wish.StartsAt && slot.StartsAt < offered.Max() && !offered.Contains(slot.StartsAt))
                .Where(slot => !refused.ByName || slot.ResourceId == refused.Wish.ResourceId)
                .ShouldAllBe(slot => wantedAt[slot] < refused.Answered);
        }
    }

    [Fact]
    public async Task The_database_has_fifty_appointments_and_their_fifty_events()
    {
        var booked = storm.Attempts.Where(attempt => attempt.Booked).Select(attempt => attempt.AppointmentId).ToList();

        (await storm.Stack.RowsAsync("select status, count(*) from appointments group by status", row => (row.GetString(0), row.GetInt64(1)), Token))
            .ShouldBe([("scheduled", BookingStorm.Slots)]);
        (await storm.Business.ListedAsync(Token)).Select(item => item.GetProperty("id").GetString()!).ShouldBe(booked, ignoreOrder: true);
        (await storm.Business.ToldAsync(Token)).ShouldBe(booked, ignoreOrder: true);
    }

    [Fact]
    public async Task The_calendars_show_exactly_the_fifty()
    {
        var entries = await storm.Business.CalendarsAsync();

        entries.Count.ShouldBe(BookingStorm.Slots);
        entries.ShouldBe(await storm.Business.ScheduledAsync(Token));
    }

    private IEnumerable<Attempt> Refused() => storm.Attempts.Where(attempt => attempt.Status is HttpStatusCode.Conflict);
}
