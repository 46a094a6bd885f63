using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using KestrelVoice.Contracts;

namespace KestrelVoice.Features.Tests.Appointments;

public sealed class HoldAppointmentTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private const string StartsAt = "2026-03-05T18:00:00Z";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_held_is_nobody_elses_and_no_appointment_yet()
    {
        var (tenant, client, trade) = await ArrangeAsync();

        using var response = await client.Hold(trade, StartsAt);

        await response.ShouldBe(HttpStatusCode.Created);
        var held = await response.Content.ReadFromJsonAsync<JsonElement>(Token);
        held.Id().ShouldStartWith("appt_");
        held.GetProperty("ends_at").GetString().ShouldBe("2026-03-05T19:00:00Z");
        held.GetProperty("resource_id").GetString().ShouldBe(trade.ResourceIds[0]);
        held.GetProperty("expires_at").GetDateTimeOffset().ShouldBe(app.Clock.GetUtcNow().AddMinutes(5), TimeSpan.FromMilliseconds(1));
        (await FreeAsync(client, trade)).ShouldNotContain(StartsAt);
        using (var taken = await client.Book(trade, StartsAt))
            (await taken.ShouldBeProblem(HttpStatusCode.Conflict, "conflict")).GetProperty("alternatives").GetArrayLength().ShouldBe(5);
        using (var again = await client.Hold(trade, StartsAt))
            (await again.ShouldBeProblem(HttpStatusCode.Conflict, "conflict")).GetProperty("alternatives").GetArrayLength().ShouldBe(5);
        (await client.ReadAsync("/api/appointments")).Total().ShouldBe(0);
        using (var read = await client.GetAsync($"/api/appointments/{held.Id()}", Token))
            await read.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        (await ToldAsync(tenant)).ShouldBe(0);
    }

    [Fact]
    public async Task Booked_it_becomes_the_appointment_under_the_same_id_and_is_told_of_then()
    {
        var (tenant, client, trade) = await ArrangeAsync();
        var hold = await HeldAsync(client, trade);

        using var booked = await client.Book(trade, StartsAt, holdId: hold);

        await booked.ShouldBe(HttpStatusCode.Created);
        var appointment = await booked.Content.ReadFromJsonAsync<JsonElement>(Token);
        appointment.Id().ShouldBe(hold);
        appointment.GetProperty("status").GetString().ShouldBe("scheduled");
        appointment.GetProperty("customer").GetProperty("name").GetString().ShouldBe("Dana Whitfield");
        (await ToldAsync(tenant)).ShouldBe(1);
        using var again = await client.Book(trade, StartsAt, holdId: hold);
        await again.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
        (await client.ReadAsync("/api/appointments")).Total().ShouldBe(1);
    }

    [Fact]
    public async Task An_expired_hold_books_what_is_still_free_and_not_what_somebody_took()
    {
        var (_, client, trade) = await ArrangeAsync();
        var free = await HeldAsync(client, trade);
        var lost = await HeldAsync(client, trade, "2026-03-05T21:00:00Z");
        app.Clock.Advance(TimeSpan.FromMinutes(5));
        (await FreeAsync(client, trade)).ShouldContain(StartsAt);
        using (var taken = await client.Book(trade, "2026-03-05T21:00:00Z"))
            await taken.ShouldBe(HttpStatusCode.Created);

        using var booked = await client.Book(trade, StartsAt, holdId: free);
        using var refused = await client.Book(trade, "2026-03-05T21:00:00Z", holdId: lost);

        await booked.ShouldBe(HttpStatusCode.Created);
        (await refused.ShouldBeProblem(HttpStatusCode.Conflict, "conflict")).GetProperty("alternatives").GetArrayLength().ShouldBe(5);
    }

    [Fact]
    public async Task A_hold_on_another_time_books_nothing()
    {
        var (_, client, trade) = await ArrangeAsync();
        var hold = await HeldAsync(client, trade);

        using var response = await client.Book(trade, "2026-03-05T22:00:00Z", holdId: hold);

        await response.ShouldBeInvalid("hold_id");
    }

    [Fact]
    public async Task Who_is_to_come_can_be_said()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var trade = await app.GivenATrade(tenant, technicians: 2);

        using var held = await client.Hold(trade, StartsAt, trade.ResourceIds[1]);
        using var again = await client.Hold(trade, StartsAt, trade.ResourceIds[1]);
        using var anybody = await client.Hold(trade, StartsAt);

        (await held.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("resource_id").GetString().ShouldBe(trade.ResourceIds[1]);
        await again.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
        (await anybody.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("resource_id").GetString().ShouldBe(trade.ResourceIds[0]);
    }

    [Fact]
    public async Task Of_many_who_hold_at_once_one_does()
    {
        var (_, client, trade) = await ArrangeAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => client.Hold(trade, StartsAt)));

        answers.Count(answer => answer.StatusCode == HttpStatusCode.Created).ShouldBe(1);
        answers.ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.Created || answer.StatusCode == HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task Released_its_time_is_free_again()
    {
        var (_, client, trade) = await ArrangeAsync();
        var hold = await HeldAsync(client, trade);

        (await client.DeleteAsync($"/api/appointments/holds/{hold}", Token)).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        (await FreeAsync(client, trade)).ShouldContain(StartsAt);
        using var again = await client.DeleteAsync($"/api/appointments/holds/{hold}", Token);
        await again.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
    }

    [Fact]
    public async Task An_appointment_is_not_released()
    {
        var (_, client, trade) = await ArrangeAsync();
        var hold = await HeldAsync(client, trade);
        using (var booked = await client.Book(trade, StartsAt, holdId: hold))
            await booked.ShouldBe(HttpStatusCode.Created);

        using var response = await client.DeleteAsync($"/api/appointments/holds/{hold}", Token);

        await response.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        (await client.ReadAsync($"/api/appointments/{hold}")).GetProperty("status").GetString().ShouldBe("scheduled");
    }

    [Fact]
    public async Task Expired_holds_do_not_pile_up()
    {
        var (tenant, client, trade) = await ArrangeAsync();
        await HeldAsync(client, trade);
        await HeldAsync(client, trade, "2026-03-05T22:00:00Z");
        app.Clock.Advance(TimeSpan.FromMinutes(5));

        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        while (await connection.QuerySingleAsync<int>("select count(*)::integer from appointments where tenant_id = @Id", new { tenant.Id }) > 0)
        {
            app.Clock.Advance(TimeSpan.FromSeconds(20));
            await Task.Delay(10, patience.Token);
        }
    }

    private async Task<(TestTenant Tenant, HttpClient Client, Trade Trade)> ArrangeAsync()
    {
        var tenant = await app.GivenATenant();
        return (tenant, app.ClientFor(tenant), await app.GivenATrade(tenant));
    }

    private static async Task<string> HeldAsync(HttpClient client, Trade trade, string startsAt = StartsAt)
    {
        using var held = await client.Hold(trade, startsAt);
        await held.ShouldBe(HttpStatusCode.Created);
        return (await held.Content.ReadFromJsonAsync<JsonElement>(Token)).Id();
    }

    private static async Task<IReadOnlyList<string?>> FreeAsync(HttpClient client, Trade trade) =>
    [
        .. (await client.ReadAsync($"/api/availability?service_id={trade.ServiceId}&from=2026-03-05T00:00:00Z&to=2026-03-06T08:00:00Z")).Data()
            .Select(slot => slot.GetProperty("starts_at").GetString()),
    ];

    private async Task<int> ToldAsync(TestTenant tenant)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        return await connection.QuerySingleAsync<int>(
            "select count(*)::integer from outbox where topic = @Topic and data ->> 'tenant_id' = @Id",
            new { Topic = Topics.AppointmentChanges, Id = tenant.Id.ToString() });
    }
}
