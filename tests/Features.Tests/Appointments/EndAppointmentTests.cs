using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using KestrelVoice.Contracts;

namespace KestrelVoice.Features.Tests.Appointments;

/// <summary>Cancelled or done: what becomes of an appointment.</summary>
public sealed class EndAppointmentTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_cancelled_frees_its_time_and_is_told_of_once_however_often_it_is_asked_for()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var trade = await app.GivenATrade(tenant);
        var id = await BookedAsync(client, trade, "2026-03-05T18:00:00Z");

        var first = await PostAsync(client, id, "cancel");
        var second = await PostAsync(client, id, "cancel");

        first.GetProperty("status").GetString().ShouldBe("cancelled");
        second.GetRawText().ShouldBe(first.GetRawText());
        (await client.ReadAsync("/api/appointments?status=cancelled")).Data().ShouldHaveSingleItem().Id().ShouldBe(id);
        (await ChangesToldAsync(tenant)).ShouldBe(2);
        using var again = await client.Book(trade, "2026-03-05T18:00:00Z");
        await again.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Work_is_done_only_after_it_began_and_then_cannot_be_cancelled()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var trade = await app.GivenATrade(tenant);
        var startsAt = app.Clock.GetUtcNow().AddHours(6).ToString("yyyy-MM-dd'T'HH:00:00'Z'", System.Globalization.CultureInfo.InvariantCulture);
        var id = await BookedAsync(client, trade, startsAt);
        using (var early = await client.PostAsync($"/api/appointments/{id}/complete", null, Token))
            await early.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");

        app.Clock.Advance(TimeSpan.FromHours(7));

        (await PostAsync(client, id, "complete")).GetProperty("status").GetString().ShouldBe("completed");
        (await PostAsync(client, id, "complete")).GetProperty("status").GetString().ShouldBe("completed");
        using var late = await client.PostAsync($"/api/appointments/{id}/cancel", null, Token);
        await late.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
    }

    private static async Task<string> BookedAsync(HttpClient client, Trade trade, string startsAt)
    {
        using var booked = await client.Book(trade, startsAt);
        await booked.ShouldBe(HttpStatusCode.Created);
        return (await booked.Content.ReadFromJsonAsync<JsonElement>(Token)).Id();
    }

    private static async Task<JsonElement> PostAsync(HttpClient client, string id, string what)
    {
        using var response = await client.PostAsync($"/api/appointments/{id}/{what}", null, Token);
        await response.ShouldBe(HttpStatusCode.OK);
        return await response.Content.ReadFromJsonAsync<JsonElement>(Token);
    }

    private async Task<int> ChangesToldAsync(TestTenant tenant)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        return await connection.QuerySingleAsync<int>(
            "select count(*)::integer from outbox where topic = @Topic and data ->> 'tenant_id' = @Id",
            new { Topic = Topics.AppointmentChanges, Id = tenant.Id.ToString() });
    }
}
