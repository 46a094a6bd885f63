using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using KestrelVoice.Features.Tests.Identity;

namespace KestrelVoice.Features.Tests.Appointments;

public sealed class ChangeResourceTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task New_hours_hold_from_now_on_and_leave_appointments_where_they_are()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var (robin, service) = (await client.GivenAResource(), await client.GivenAService());
        using var booking = await client.Book(new Trade(service.Id(), [robin.Id()]), "2026-03-05T18:00:00Z");
        var booked = await booking.Content.ReadFromJsonAsync<JsonElement>(Token);

        using var response = await client.SendJson(
            "PATCH", "/api/resources/" + robin.Id(), """{"working_hours":[{"day":"thursday","opens":"14:00","closes":"16:00"}]}""");

        await response.ShouldBe(HttpStatusCode.OK);
        var changed = await response.Content.ReadFromJsonAsync<JsonElement>(Token);
        changed.GetProperty("name").GetString().ShouldBe("Robin");
        (await client.ReadAsync("/api/resources/" + robin.Id())).GetRawText().ShouldBe(changed.GetRawText());
        (await client.OfferedOn(service.Id(), "2026-03-05")).ShouldBe(["2026-03-05T22:00:00Z", "2026-03-05T23:00:00Z"]);
        (await client.ReadAsync("/api/appointments/" + booked.Id())).GetRawText().ShouldBe(booked.GetRawText());
        using var owner = await app.SignedIn(await app.GivenAMember((tenant, "owner")));
        (await owner.Audited(robin.Id())).ShouldBe(["resource.changed: working_hours", "resource.created"]);
    }

    [Fact]
    public async Task Whoever_has_no_hours_is_not_offered_and_keeps_the_name()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var (robin, service) = (await client.GivenAResource(), await client.GivenAService());

        await (await client.SendJson("PATCH", "/api/resources/" + robin.Id(), """{"working_hours":[],"travel_minutes":30}""")).ShouldBe(HttpStatusCode.OK);

        (await client.OfferedOn(service.Id(), "2026-03-05")).ShouldBeEmpty();
        (await client.ReadAsync("/api/resources")).Data().ShouldHaveSingleItem().GetProperty("travel_minutes").GetInt32().ShouldBe(30);
    }

    [Fact]
    public async Task Another_name_is_shown_from_now_on()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var robin = await client.GivenAResource();

        await (await client.SendJson("PATCH", "/api/resources/" + robin.Id(), """{"name":"Robin Hale"}""")).ShouldBe(HttpStatusCode.OK);

        (await client.ReadAsync("/api/resources")).Data().ShouldHaveSingleItem().GetProperty("name").GetString().ShouldBe("Robin Hale");
    }

    [Fact]
    public async Task Who_was_deleted_is_not_changed()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var robin = await client.GivenAResource();
        await (await client.DeleteAsync("/api/resources/" + robin.Id(), Token)).ShouldBe(HttpStatusCode.NoContent);

        using var response = await client.SendJson("PATCH", "/api/resources/" + robin.Id(), """{"name":"Robin Hale"}""");

        await response.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
    }

    [Theory]
    [InlineData("""{"travel_minutes":-1}""", "travel_minutes")]
    [InlineData("""{"working_hours":[{"day":"monday","opens":"08:00","closes":"17:00"},{"day":"monday","opens":"09:00","closes":"10:00"}]}""", "working_hours")]
    [InlineData("""{"nmae":"Sam"}""", "nmae")]
    public async Task What_is_refused_changes_nothing(string body, string parameter)
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var robin = await client.GivenAResource();

        using var response = await client.SendJson("PATCH", "/api/resources/" + robin.Id(), body);

        await response.ShouldBeInvalid(parameter);
        (await client.ReadAsync("/api/resources/" + robin.Id())).GetRawText().ShouldBe(robin.GetRawText());
    }
}
