using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using KestrelVoice.Features.Tests.Identity;

namespace KestrelVoice.Features.Tests.Appointments;

public sealed class DeleteServiceTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_neither_listed_nor_offered_nor_booked_and_its_appointments_live_on()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var (robin, service) = (await client.GivenAResource(), await client.GivenAService());
        var trade = new Trade(service.Id(), [robin.Id()]);
        using var booking = await client.Book(trade, "2026-03-05T18:00:00Z");
        var booked = await booking.Content.ReadFromJsonAsync<JsonElement>(Token);

        for (var time = 0; time < 2; time++)
            await (await client.DeleteAsync("/api/services/" + service.Id(), Token)).ShouldBe(HttpStatusCode.NoContent);

        (await client.ReadAsync("/api/services")).Data().ShouldBeEmpty();
        (await client.ReadAsync("/api/services/" + service.Id())).GetProperty("archived_at").GetString().ShouldNotBeNull();
        using var offered = await client.GetAsync("/api/availability?service_id=" + service.Id(), Token);
        await offered.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        using var again = await client.Book(trade, "2026-03-05T20:00:00Z");
        await again.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        (await client.ReadAsync("/api/appointments/" + booked.Id())).GetProperty("service").GetProperty("name").GetString().ShouldBe("Boiler check");
        using var moved = await client.SendJson("POST", $"/api/appointments/{booked.Id()}/reschedule", """{"starts_at":"2026-03-05T20:00:00Z"}""");
        await moved.ShouldBe(HttpStatusCode.OK);
        using var owner = await app.SignedIn(await app.GivenAMember((tenant, "owner")));
        (await owner.Audited(service.Id())).ShouldBe(["service.archived", "service.created"]);
    }
}
