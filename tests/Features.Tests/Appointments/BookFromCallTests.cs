using System.Net;
using Dapper;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Calls;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Calls;

namespace KestrelVoice.Features.Tests.Appointments;

/// <summary>What the voice app asks the host for, while somebody is on the phone.</summary>
public sealed class BookFromCallTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_next_three_times_are_offered_and_then_the_next_ones()
    {
        var (tenant, serviceId) = await ArrangeAsync(technicians: 2);

        var first = await app.AskForCall(InternalRoutes.Times, new TimesWanted(tenant.Id, serviceId, After: null, HoldId: null));
        var later = await app.AskForCall(InternalRoutes.Times, new TimesWanted(tenant.Id, serviceId, first.Times[^1], HoldId: null));

        first.AppointmentId.ShouldBeNull();
        first.Times.Count.ShouldBe(3);
        first.Times[0].ShouldBeGreaterThanOrEqualTo(app.Clock.GetUtcNow().AddHours(1));
        first.Times.Concat(later.Times).ShouldBeUnique();
        first.Times.Concat(later.Times).ShouldBe(first.Times.Concat(later.Times).Order());
    }

    [Fact]
    public async Task A_call_holds_one_time_and_holds_it_longer_when_asked_again()
    {
        var (tenant, serviceId) = await ArrangeAsync();
        var call = CallOf(tenant, 1);
        var times = (await app.AskForCall(InternalRoutes.Times, new TimesWanted(tenant.Id, serviceId, null, null))).Times;

        var held = await app.AskForCall(InternalRoutes.Hold, new HoldWanted(call, serviceId, times[0], CustomerName: null));
        app.Clock.Advance(TimeSpan.FromMinutes(4));
        var again = await app.AskForCall(InternalRoutes.Hold, new HoldWanted(call, serviceId, times[0], "Dana Whitfield"));
        again.AppointmentId.ShouldBe(held.AppointmentId);
        (await RowsAsync(tenant)).ShouldHaveSingleItem().ShouldBe(("held", "Dana Whitfield"));

        // An hour later, into which the first one reaches with its travel.
        var other = await app.AskForCall(InternalRoutes.Hold, new HoldWanted(call, serviceId, times[1], "Dana Whitfield"));
        other.AppointmentId.ShouldNotBeNull();
        other.AppointmentId.ShouldNotBe(held.AppointmentId);
        (await RowsAsync(tenant)).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task What_another_call_holds_is_answered_with_what_is_free()
    {
        var (tenant, serviceId) = await ArrangeAsync();
        var time = (await app.AskForCall(InternalRoutes.Times, new TimesWanted(tenant.Id, serviceId, null, null))).Times[0];
        await app.AskForCall(InternalRoutes.Hold, new HoldWanted(CallOf(tenant, 1), serviceId, time, null));

        var refused = await app.AskForCall(InternalRoutes.Hold, new HoldWanted(CallOf(tenant, 2), serviceId, time, null));

        refused.AppointmentId.ShouldBeNull();
        refused.Times.Count.ShouldBe(3);
        refused.Times.ShouldNotContain(time);
    }

    [Fact]
    public async Task However_often_the_question_comes_it_is_booked_once_and_belongs_to_the_call()
    {
        var (tenant, serviceId) = await ArrangeAsync();
        var call = new PhoneCall(tenant, 1, app.Clock.GetUtcNow(), "+15035550142");
        await app.GivenACall(call.Started());
        using var client = app.ClientFor(tenant);
        var wanted = await app.GivenAHoldOf(call.Header, serviceId);

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => app.AskForCall(InternalRoutes.Book, wanted)));

        answers.ShouldAllBe(answer => answer.AppointmentId == wanted.HoldId);
        var booked = (await client.ReadAsync("/api/appointments")).Data().ShouldHaveSingleItem();
        booked.Id().ShouldBe(TypeId.Format(TypeId.Appointment, wanted.HoldId));
        booked.GetProperty("source").GetString().ShouldBe("call");
        booked.GetProperty("call_id").GetString().ShouldBe((await client.ReadAsync("/api/call-logs")).Data().Single().Id());
        booked.GetProperty("customer").GetProperty("name").GetString().ShouldBe("Dana Whitfield");
        booked.GetProperty("customer").GetProperty("phone_number").GetString().ShouldBe("+15035550142");
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        (await connection.QuerySingleAsync<int>(
            "select count(*)::integer from tenant_events where tenant_id = @Id and type = 'appointment.booked'", new { tenant.Id })).ShouldBe(1);
    }

    [Fact]
    public async Task A_call_whose_events_have_not_arrived_gets_its_log_by_the_booking()
    {
        var (tenant, serviceId) = await ArrangeAsync();
        var call = new PhoneCall(tenant, 1, app.Clock.GetUtcNow(), "+15035550142");
        using var client = app.ClientFor(tenant);

        await app.AskForCall(InternalRoutes.Book, await app.GivenAHoldOf(call.Header, serviceId));
        var before = (await client.ReadAsync("/api/call-logs")).Data().ShouldHaveSingleItem();
        before.GetProperty("status").GetString().ShouldBe("in-progress");
        await app.GivenACall(call.Started(), call.Says("I want to book"), call.Books(), call.Ended());

        var after = (await client.ReadAsync("/api/call-logs")).Data().ShouldHaveSingleItem();
        after.Id().ShouldBe(before.Id());
        after.GetProperty("outcome").GetString().ShouldBe("appointment_booked");
        (await client.ReadAsync("/api/appointments")).Data().Single().GetProperty("call_id").GetString().ShouldBe(after.Id());
        (await EndsToldAsync(tenant)).ShouldHaveSingleItem().ShouldContain("\"outcome\":\"appointment_booked\"");
    }

    [Fact]
    public async Task The_end_of_a_call_is_not_told_without_its_booking_though_that_event_is_late()
    {
        var (tenant, serviceId) = await ArrangeAsync();
        var call = new PhoneCall(tenant, 1, app.Clock.GetUtcNow(), "+15035550142");
        var (words, booked, ended) = (call.Says("I want to book"), call.Books(), call.Ended());
        await app.AskForCall(InternalRoutes.Book, await app.GivenAHoldOf(call.Header, serviceId));

        await app.GivenACall(words, ended);
        (await EndsToldAsync(tenant)).ShouldBeEmpty();
        await app.GivenACall(booked);
        await app.WhatIsDueIsTold(after: 2 * CallAnnouncements.Settling);

        (await EndsToldAsync(tenant)).ShouldHaveSingleItem().ShouldContain("\"outcome\":\"appointment_booked\"");
    }

    [Fact]
    public async Task A_booking_that_the_call_never_tells_of_is_waited_for_and_not_for_ever()
    {
        var (tenant, serviceId) = await ArrangeAsync();
        var call = new PhoneCall(tenant, 1, app.Clock.GetUtcNow(), "+15035550142");
        await app.AskForCall(InternalRoutes.Book, await app.GivenAHoldOf(call.Header, serviceId));

        await app.GivenACall(call.Says("I want to book"), call.Ended());
        await app.WhatIsDueIsTold(after: CallAnnouncements.BookingGrace + CallAnnouncements.Settling);

        (await EndsToldAsync(tenant)).ShouldHaveSingleItem().ShouldContain("\"outcome\":\"message_taken\"");
    }

    [Fact]
    public async Task Without_an_account_nobody_is_sent_a_text()
    {
        var (tenant, _) = await ArrangeAsync();

        await app.GivenABookingBy(CallOf(tenant, 1));

        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        (await connection.QuerySingleAsync<int>("select count(*)::integer from texts where tenant_id = @Id", new { tenant.Id })).ShouldBe(0);
    }

    [Fact]
    public async Task A_hold_that_is_gone_is_answered_with_what_is_free()
    {
        var (tenant, serviceId) = await ArrangeAsync();
        var wanted = await app.GivenAHoldOf(CallOf(tenant, 1), serviceId);
        app.Clock.Advance(TimeSpan.FromMinutes(6));
        using var client = app.ClientFor(tenant);
        using (var taken = await client.Book(
            new Trade(TypeId.Format(TypeId.Service, serviceId), []), wanted.StartsAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture)))
            await taken.ShouldBe(HttpStatusCode.Created);

        var answer = await app.AskForCall(InternalRoutes.Book, wanted);

        answer.AppointmentId.ShouldBeNull();
        answer.Times.Count.ShouldBe(3);
    }

    [Fact]
    public async Task Another_calls_hold_is_not_booked()
    {
        var (tenant, serviceId) = await ArrangeAsync();
        var wanted = await app.GivenAHoldOf(CallOf(tenant, 1), serviceId);

        var answer = await app.AskForCall(InternalRoutes.Book, wanted with { Call = CallOf(tenant, 2) });

        answer.AppointmentId.ShouldBeNull();
        (await RowsAsync(tenant)).ShouldHaveSingleItem().Status.ShouldBe("held");
    }

    [Fact]
    public async Task Another_tenants_service_is_not_there()
    {
        var (_, serviceId) = await ArrangeAsync();
        var stranger = await app.GivenATenant();

        using var times = await app.PostForCall(InternalRoutes.Times, new TimesWanted(stranger.Id, serviceId, null, null));
        using var hold = await app.PostForCall(InternalRoutes.Hold, new HoldWanted(CallOf(stranger, 1), serviceId, app.Clock.GetUtcNow().AddDays(1), null));

        await times.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        await hold.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
    }

    [Fact]
    public async Task A_caller_without_a_number_holds_nothing()
    {
        var (tenant, serviceId) = await ArrangeAsync();

        using var response = await app.PostForCall(
            InternalRoutes.Hold, new HoldWanted(CallOf(tenant, 1) with { From = "anonymous" }, serviceId, app.Clock.GetUtcNow().AddDays(1), null));

        await response.ShouldBe(HttpStatusCode.BadRequest);
    }

    private async Task<IEnumerable<string>> EndsToldAsync(TestTenant tenant)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        return await connection.QueryAsync<string>(
            "select convert_from(payload, 'UTF8') from tenant_events where tenant_id = @Id and type = 'call.completed'", new { tenant.Id });
    }

    private async Task<(TestTenant Tenant, Guid ServiceId)> ArrangeAsync(int technicians = 1)
    {
        var tenant = await app.GivenATenant();
        return (tenant, TypeId.Parse(TypeId.Service, (await app.GivenATrade(tenant, technicians)).ServiceId));
    }

    private CallHeader CallOf(TestTenant tenant, int number) => new PhoneCall(tenant, number, app.Clock.GetUtcNow(), "+15035550142").Header;

    private async Task<IReadOnlyList<(string Status, string? Name)>> RowsAsync(TestTenant tenant)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        return [.. await connection.QueryAsync<(string, string?)>("select status, customer_name from appointments where tenant_id = @Id", new { tenant.Id })];
    }
}
