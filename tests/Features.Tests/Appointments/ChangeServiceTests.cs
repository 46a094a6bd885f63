using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using KestrelVoice.Features.Tests.Identity;

namespace KestrelVoice.Features.Tests.Appointments;

public sealed class ChangeServiceTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_named_changes_and_all_else_stays_appointments_too()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var (robin, service) = (await client.GivenAResource(), await client.GivenAService());
        using var booking = await client.Book(new Trade(service.Id(), [robin.Id()]), "2026-03-05T18:00:00Z");
        var booked = await booking.Content.ReadFromJsonAsync<JsonElement>(Token);

        using var response = await client.SendJson(
            "PATCH", "/api/services/" + service.Id(), $$"""{"length_minutes":120,"resource_ids":["{{robin.Id()}}"],"name":null}""");

        await response.ShouldBe(HttpStatusCode.OK);
        var changed = await response.Content.ReadFromJsonAsync<JsonElement>(Token);
        changed.GetProperty("name").GetString().ShouldBe("Boiler check");
        changed.GetProperty("length_minutes").GetInt32().ShouldBe(120);
        changed.GetProperty("step_minutes").GetInt32().ShouldBe(60);
        changed.GetProperty("resource_ids")[0].GetString().ShouldBe(robin.Id());
        (await client.ReadAsync("/api/services/" + service.Id())).GetRawText().ShouldBe(changed.GetRawText());
        (await client.ReadAsync("/api/appointments/" + booked.Id())).GetRawText().ShouldBe(booked.GetRawText());
        // Two hours from 15:00 on end at 17:00, and those from 09:00 on would run into the appointment.
        var offered = await client.OfferedOn(service.Id(), "2026-03-05");
        offered.ShouldContain("2026-03-05T16:00:00Z");
        offered.ShouldNotContain("2026-03-05T17:00:00Z");
        offered[^1].ShouldBe("2026-03-05T23:00:00Z");
        using var owner = await app.SignedIn(await app.GivenAMember((tenant, "owner")));
        (await owner.Audited(service.Id())).ShouldBe(["service.changed: length_minutes, resource_ids", "service.created"]);
    }

    [Fact]
    public async Task A_new_name_step_and_time_before_and_after_hold_from_now_on()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var (robin, service) = (await client.GivenAResource(), await client.GivenAService());

        using var response = await client.SendJson(
            "PATCH", "/api/services/" + service.Id(), """{"name":"Boiler service","buffer_before_minutes":30,"buffer_after_minutes":60,"step_minutes":120}""");

        await response.ShouldBe(HttpStatusCode.OK);
        var changed = (await client.ReadAsync("/api/services")).Data().ShouldHaveSingleItem();
        changed.GetProperty("name").GetString().ShouldBe("Boiler service");
        new[] { "length_minutes", "buffer_before_minutes", "buffer_after_minutes", "step_minutes" }.Select(name => changed.GetProperty(name).GetInt32()).ShouldBe([60, 30, 60, 120]);
        (await client.OfferedOn(service.Id(), "2026-03-05"))
            .ShouldBe(["2026-03-05T16:00:00Z", "2026-03-05T18:00:00Z", "2026-03-05T20:00:00Z", "2026-03-05T22:00:00Z", "2026-03-06T00:00:00Z"]);
        using var booked = await client.Book(new Trade(service.Id(), [robin.Id()]), "2026-03-05T20:00:00Z");
        await booked.ShouldBe(HttpStatusCode.Created);
        // Taken from 19:30 to 22:00, each of the others with time of its own around it.
        (await client.OfferedOn(service.Id(), "2026-03-05")).ShouldBe(["2026-03-05T16:00:00Z", "2026-03-06T00:00:00Z"]);
    }

    [Fact]
    public async Task Everybody_performs_it_again_when_nobody_is_named()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var (robin, sam) = (await client.GivenAResource("Robin"), await client.GivenAResource("Sam"));
        var service = await client.GivenAService("Gas work", sam.Id());

        await (await client.SendJson("PATCH", "/api/services/" + service.Id(), """{"resource_ids":[]}""")).ShouldBe(HttpStatusCode.OK);

        (await client.ReadAsync($"/api/availability?service_id={service.Id()}")).Data()
            .Select(slot => slot.GetProperty("resource_id").GetString()).ToHashSet().ShouldBe([robin.Id(), sam.Id()], ignoreOrder: true);
    }

    [Theory]
    [InlineData("""{"length_minutes":0}""", "length_minutes")]
    [InlineData("""{"name":" "}""", "name")]
    [InlineData("""{"resource_ids":["res_00000000000000000000000000"],"length_minutes":90}""", "resource_ids")]
    public async Task What_is_refused_changes_nothing(string body, string parameter)
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var service = await client.GivenAService();

        using var response = await client.SendJson("PATCH", "/api/services/" + service.Id(), body);

        await response.ShouldBeInvalid(parameter);
        (await client.ReadAsync("/api/services/" + service.Id())).GetRawText().ShouldBe(service.GetRawText());
    }

    [Fact]
    public async Task What_is_offered_no_more_is_not_changed()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var service = await client.GivenAService();
        await (await client.DeleteAsync("/api/services/" + service.Id(), Token)).ShouldBe(HttpStatusCode.NoContent);

        using var response = await client.SendJson("PATCH", "/api/services/" + service.Id(), """{"name":"again"}""");

        await response.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
    }
}
