using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using KestrelVoice.Features.Tests.Identity;

namespace KestrelVoice.Features.Tests.Appointments;

public sealed class ReplaceHolidaysTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nobody_works_on_a_holiday_and_what_was_booked_for_it_stays()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var (robin, service) = (await client.GivenAResource(), await client.GivenAService());
        using var booking = await client.Book(new Trade(service.Id(), [robin.Id()]), "2026-03-05T18:00:00Z");
        var booked = await booking.Content.ReadFromJsonAsync<JsonElement>(Token);

        await PutAsync(client, """{"data":[{"day":"2026-12-25","name":"Christmas Day"},{"day":"2026-03-05"}]}""");

        var listed = await client.ReadAsync("/api/holidays");
        listed.Data().Select(holiday => (holiday.GetProperty("day").GetString(), holiday.GetProperty("name").GetString()))
            .ShouldBe([("2026-03-05", null), ("2026-12-25", "Christmas Day")]);
        (await client.OfferedOn(service.Id(), "2026-03-05")).ShouldBeEmpty();
        (await client.OfferedOn(service.Id(), "2026-03-06")).ShouldNotBeEmpty();
        (await client.ReadAsync("/api/appointments/" + booked.Id())).GetRawText().ShouldBe(booked.GetRawText());
        // What was read can be written as it is.
        (await PutAsync(client, listed.GetRawText())).GetRawText().ShouldBe(listed.GetRawText());
        await PutAsync(client, """{"data":[]}""");
        (await client.OfferedOn(service.Id(), "2026-03-05")).ShouldNotBeEmpty();
        using var owner = await app.SignedIn(await app.GivenAMember((tenant, "owner")));
        (await owner.Audited("holidays")).ShouldBe(["holidays.changed: 0 days", "holidays.changed: 2 days", "holidays.changed: 2 days"]);
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"data":[null]}""")]
    [InlineData("""{"data":[{"day":"2026-02-30"}]}""")]
    [InlineData("""{"data":[{"day":"25.12.2026"}]}""")]
    [InlineData("""{"data":[{"day":"2026-12-25","name":""}]}""")]
    [InlineData("""{"data":[{"day":"2026-12-25"},{"day":"2026-12-25","name":"Again"}]}""")]
    public async Task What_is_no_list_of_days_is_refused_and_changes_nothing(string body)
    {
        using var client = app.ClientFor(await app.GivenATenant());
        await PutAsync(client, """{"data":[{"day":"2026-07-04"}]}""");

        using var response = await client.SendJson("PUT", "/api/holidays", body);

        await response.ShouldBeInvalid("data");
        (await client.ReadAsync("/api/holidays")).Data().ShouldHaveSingleItem();
    }

    private static async Task<JsonElement> PutAsync(HttpClient client, string body)
    {
        using var response = await client.SendJson("PUT", "/api/holidays", body);
        await response.ShouldBe(HttpStatusCode.OK);
        return await response.Content.ReadFromJsonAsync<JsonElement>(Token);
    }
}
