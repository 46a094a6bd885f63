using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace KestrelVoice.Features.Tests.Appointments;

public sealed class RescheduleAppointmentTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_moves_to_a_time_that_only_it_was_in_the_way_of_and_frees_the_old_one()
    {
        var (client, trade) = await ArrangeAsync();
        var id = await BookedAsync(client, trade, "2026-03-05T18:00:00Z");

        using var response = await MoveAsync(client, id, "2026-03-05T19:00:00Z");

        await response.ShouldBe(HttpStatusCode.OK);
        var moved = await response.Content.ReadFromJsonAsync<JsonElement>(Token);
        moved.GetProperty("starts_at").GetString().ShouldBe("2026-03-05T19:00:00Z");
        moved.GetProperty("ends_at").GetString().ShouldBe("2026-03-05T20:00:00Z");
        (await client.ReadAsync("/api/appointments/" + id)).GetRawText().ShouldBe(moved.GetRawText());
        await BookedAsync(client, trade, "2026-03-05T17:00:00Z");
    }

    [Fact]
    public async Task Where_another_one_is_it_stays_and_hears_what_is_free()
    {
        var (client, trade) = await ArrangeAsync();
        var id = await BookedAsync(client, trade, "2026-03-05T18:00:00Z");
        await BookedAsync(client, trade, "2026-03-05T22:00:00Z");

        using var response = await MoveAsync(client, id, "2026-03-05T22:00:00Z");

        (await response.ShouldBeProblem(HttpStatusCode.Conflict, "conflict")).GetProperty("alternatives").GetArrayLength().ShouldBe(5);
        (await client.ReadAsync("/api/appointments/" + id)).GetProperty("starts_at").GetString().ShouldBe("2026-03-05T18:00:00Z");
    }

    [Fact]
    public async Task Whoever_did_it_does_it_unless_only_somebody_else_is_free()
    {
        var (client, trade) = await ArrangeAsync(technicians: 2);
        var id = await BookedAsync(client, trade, "2026-03-05T18:00:00Z", trade.ResourceIds[1]);

        (await ResourceAfterAsync("2026-03-05T20:00:00Z")).ShouldBe(trade.ResourceIds[1]);
        await BookedAsync(client, trade, "2026-03-05T23:00:00Z", trade.ResourceIds[1]);
        (await ResourceAfterAsync("2026-03-05T23:00:00Z")).ShouldBe(trade.ResourceIds[0]);

        async Task<string> ResourceAfterAsync(string startsAt)
        {
            using var response = await MoveAsync(client, id, startsAt);
            await response.ShouldBe(HttpStatusCode.OK);
            return (await response.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("resource").Id();
        }
    }

    [Fact]
    public async Task It_goes_to_whoever_is_named()
    {
        var (client, trade) = await ArrangeAsync(technicians: 2);
        var id = await BookedAsync(client, trade, "2026-03-05T18:00:00Z", trade.ResourceIds[0]);
        await BookedAsync(client, trade, "2026-03-05T22:00:00Z", trade.ResourceIds[1]);

        using var moved = await MoveAsync(client, id, "2026-03-05T20:00:00Z", trade.ResourceIds[1]);
        using var taken = await MoveAsync(client, id, "2026-03-05T22:00:00Z", trade.ResourceIds[1]);
        using var nonsense = await MoveAsync(client, id, "2026-03-05T22:00:00Z", "sam");

        (await moved.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("resource").Id().ShouldBe(trade.ResourceIds[1]);
        await taken.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
        await nonsense.ShouldBeInvalid("resource_id");
    }

    [Fact]
    public async Task Two_that_want_the_same_time_do_not_both_get_it()
    {
        var (client, trade) = await ArrangeAsync(technicians: 1);
        string[] ids = [await BookedAsync(client, trade, "2026-03-05T16:00:00Z"), await BookedAsync(client, trade, "2026-03-05T18:00:00Z"), await BookedAsync(client, trade, "2026-03-05T20:00:00Z")];

        var answers = await Task.WhenAll(ids.Select(id => MoveAsync(client, id, "2026-03-06T18:00:00Z")));

        answers.Count(answer => answer.StatusCode == HttpStatusCode.OK).ShouldBe(1);
        answers.Count(answer => answer.StatusCode == HttpStatusCode.Conflict).ShouldBe(2);
    }

    [Theory]
    [InlineData("2026-03-04T11:00:00Z", HttpStatusCode.BadRequest)]
    [InlineData("tomorrow", HttpStatusCode.BadRequest)]
    [InlineData("2026-03-05T08:00:00Z", HttpStatusCode.Conflict)]
    public async Task What_is_past_no_instant_or_outside_hours_is_refused(string startsAt, HttpStatusCode status)
    {
        var (client, trade) = await ArrangeAsync();
        var id = await BookedAsync(client, trade, "2026-03-05T18:00:00Z");

        using var response = await MoveAsync(client, id, startsAt);

        await response.ShouldBe(status);
    }

    [Fact]
    public async Task What_is_cancelled_does_not_move()
    {
        var (client, trade) = await ArrangeAsync();
        var id = await BookedAsync(client, trade, "2026-03-05T18:00:00Z");
        (await client.PostAsync($"/api/appointments/{id}/cancel", null, Token)).EnsureSuccessStatusCode();

        using var response = await MoveAsync(client, id, "2026-03-05T20:00:00Z");

        await response.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
    }

    private async Task<(HttpClient Client, Trade Trade)> ArrangeAsync(int technicians = 1)
    {
        var tenant = await app.GivenATenant();
        return (app.ClientFor(tenant), await app.GivenATrade(tenant, technicians));
    }

    private static async Task<string> BookedAsync(HttpClient client, Trade trade, string startsAt, string? resourceId = null)
    {
        using var booked = await client.Book(trade, startsAt, resourceId);
        await booked.ShouldBe(HttpStatusCode.Created);
        return (await booked.Content.ReadFromJsonAsync<JsonElement>(Token)).Id();
    }

    private static Task<HttpResponseMessage> MoveAsync(HttpClient client, string id, string startsAt, string? resourceId = null) =>
        client.PostAsJsonAsync($"/api/appointments/{id}/reschedule", new { starts_at = startsAt, resource_id = resourceId }, Token);
}
