using System.Text.Json.Nodes;
using Dapper;
using KestrelVoice.Features.Calendars;
using KestrelVoice.Features.Calendars.Google;
using KestrelVoice.Features.Tests.Appointments;
using KestrelVoice.GoogleStandIn;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Tests.Calendars;

/// <summary>Writing to Google under an id of our own, and only over what we know.</summary>
public sealed class GoogleBackedTests(HostBesideGoogle host) : IClassFixture<HostBesideGoogle>
{
    private static readonly DateTimeOffset Morning = new(2026, 3, 5, 18, 0, 0, TimeSpan.Zero);

    private readonly KestrelVoiceApp app = host.App;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void An_appointments_id_is_one_that_Google_takes()
    {
        GoogleEventId.Of(Guid.Parse("00000000-0000-0000-0000-000000000000")).ShouldBe("kv" + new string('0', 26));
        GoogleEventId.Of(Guid.Parse("ffffffff-ffff-ffff-ffff-ffffffffffff")).ShouldBe("kv7" + new string('v', 25));
        GoogleEventId.Of(Guid.Parse("019cbf3c-7a10-7e6b-8f52-3d1c0a9be774")).ShouldMatch(@"^[0-9a-v]{28}\z");
    }

    [Fact]
    public async Task Nothing_is_overwritten_or_deleted_that_somebody_else_changed()
    {
        var (calendar, user, entry) = await ArrangeAsync();
        var id = calendar.HrefOf(entry.Id);
        var etag = (await calendar.PutAsync(entry, etag: null, Token)).ShouldNotBeNull();

        (await FailureOf(calendar.PutAsync(entry, etag: null, Token))).ShouldBe(CalendarFailure.Changed);
        user.Calendar.Put(id, GoogleConsent.Event("2026-03-05T20:00:00Z", "2026-03-05T21:00:00Z", ("colorId", "5")));
        (await FailureOf(calendar.PutAsync(entry, etag, Token))).ShouldBe(CalendarFailure.Changed);
        (await FailureOf(calendar.DeleteAsync(id, etag, Token))).ShouldBe(CalendarFailure.Changed);
        var there = (await calendar.FindAsync(id, Token)).ShouldNotBeNull();
        there.Time.ShouldBe(new BusyTime(Morning.AddHours(2), Morning.AddHours(3)));

        // What is theirs stays theirs.
        await calendar.PutAsync(entry, there.ETag, Token);
        var written = user.Calendar.Events.ShouldHaveSingleItem();
        ((string?)written["colorId"], (string?)written["start"]!["dateTime"]).ShouldBe(("5", "2026-03-05T18:00:00Z"));

        there = (await calendar.FindAsync(id, Token)).ShouldNotBeNull();
        await calendar.DeleteAsync(id, there.ETag!, Token);
        await calendar.DeleteAsync(id, there.ETag!, Token);
        (await calendar.FindAsync(id, Token)).ShouldBeNull();
        (await FailureOf(calendar.PutAsync(entry, there.ETag, Token))).ShouldBe(CalendarFailure.Changed);
    }

    [Fact]
    public async Task An_id_that_was_deleted_comes_back_to_life()
    {
        var (calendar, user, entry) = await ArrangeAsync();
        var etag = await calendar.PutAsync(entry, etag: null, Token);
        await calendar.DeleteAsync(calendar.HrefOf(entry.Id), etag!, Token);

        var again = await calendar.PutAsync(entry with { Start = Morning.AddHours(1), End = Morning.AddHours(2) }, etag: null, Token);

        (await calendar.FindAsync(calendar.HrefOf(entry.Id), Token)).ShouldBe(
            new OwnEntry(again, new BusyTime(Morning.AddHours(1), Morning.AddHours(2)), IsCancelled: false));
        user.Calendar.Events.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Of_many_who_create_the_same_one_succeeds()
    {
        var (calendar, user, entry) = await ArrangeAsync();

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            try
            {
                await calendar.PutAsync(entry, etag: null, Token);
                return (CalendarFailure?)null;
            }
            catch (CalendarException refused)
            {
                return refused.Failure;
            }
        }));

        outcomes.Count(outcome => outcome is null).ShouldBe(1);
        outcomes.OfType<CalendarFailure>().ShouldAllBe(failure => failure == CalendarFailure.Changed);
        user.Calendar.Events.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task What_somebody_made_of_it_is_understood()
    {
        var (calendar, user, entry) = await ArrangeAsync();
        var id = calendar.HrefOf(entry.Id);
        await calendar.PutAsync(entry, etag: null, Token);

        user.Calendar.Put(id, new JsonObject
        {
            ["start"] = new JsonObject { ["date"] = "2026-03-05", ["dateTime"] = null },
            ["end"] = new JsonObject { ["date"] = "2026-03-06", ["dateTime"] = null },
        });
        var day = (await calendar.FindAsync(id, Token)).ShouldNotBeNull();
        day.Time.ShouldBe(new BusyTime(new(2026, 3, 5, 8, 0, 0, TimeSpan.Zero), new(2026, 3, 6, 8, 0, 0, TimeSpan.Zero)));

        var back = await calendar.PutAsync(entry, day.ETag, Token);
        (await calendar.FindAsync(id, Token)).ShouldNotBeNull().Time.ShouldBe(new BusyTime(Morning, Morning.AddHours(1)));

        user.Calendar.Put(id, new JsonObject { ["recurrence"] = new JsonArray("RRULE:FREQ=DAILY;COUNT=3") });
        var series = (await calendar.FindAsync(id, Token)).ShouldNotBeNull();
        (series.Time, series.IsCancelled, series.ETag == back).ShouldBe((null, false, false));
        var seen = (await calendar.LookAsync(new BusyTime(Morning.AddDays(-1), Morning.AddDays(5)), Token)).Entries.ShouldHaveSingleItem();
        (seen.Href, seen.Busy.Count).ShouldBe((id, 3));
    }

    [Fact]
    public async Task When_the_whole_calendar_is_gone_nobody_takes_its_entries_for_deleted()
    {
        var (calendar, user, entry) = await ArrangeAsync();
        await calendar.PutAsync(entry, etag: null, Token);
        (await calendar.FindAsync("kv00000", Token)).ShouldBeNull();

        user.RemoveCalendar(user.Calendar);

        (await FailureOf(calendar.FindAsync(calendar.HrefOf(entry.Id), Token))).ShouldBe(CalendarFailure.NotFound);
        (await FailureOf(calendar.LookAsync(new BusyTime(Morning, Morning.AddHours(1)), Token))).ShouldBe(CalendarFailure.Unavailable);
    }

    private async Task<(ICalendar Calendar, GoogleUser User, AppointmentEntry Entry)> ArrangeAsync()
    {
        var tenant = await app.GivenATenant();
        var user = host.GivenAGoogleUser();
        // Never the last one, so that it can be taken away.
        user.AddCalendar($"private+{user.Email}", "Private", "America/Los_Angeles");
        await app.GivenAGoogleCalendar(app.ClientFor(tenant), (await app.GivenATrade(tenant)).ResourceIds[0], user);
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        var stored = await connection.QuerySingleAsync<CalendarConnection>(
            "select tenant_id, id, kind, url, user_name, secret, 'America/Los_Angeles' as time_zone from calendar_connections where tenant_id = @Id", new { tenant.Id });
        var entry = new AppointmentEntry(
            Guid.CreateVersion7(app.Clock.GetUtcNow()), Version: 1, Morning, Morning.AddHours(1), "Drain cleaning", Place: null, "Dana", app.Clock.GetUtcNow());
        return (app.Services.GetRequiredService<CalendarConnections>().Open(stored), user, entry);
    }

    private static async Task<CalendarFailure> FailureOf(Task task) => (await Should.ThrowAsync<CalendarException>(task)).Failure;
}
