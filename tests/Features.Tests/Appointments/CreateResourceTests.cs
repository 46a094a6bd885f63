using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using KestrelVoice.Features.Tests.Identity;

namespace KestrelVoice.Features.Tests.Appointments;

public sealed class CreateResourceTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whoever_was_added_is_listed_and_offered_within_their_hours()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var service = await client.GivenAService();

        using var response = await client.SendJson("POST", "/api/resources",
            """{"name":"Robin","travel_minutes":15,"working_hours":[{"day":"thursday","opens":"13:00","closes":"15:00"},{"day":"thursday","opens":"08:00","closes":"09:00"}]}""");

        await response.ShouldBe(HttpStatusCode.Created);
        var robin = await response.Content.ReadFromJsonAsync<JsonElement>(Token);
        robin.GetProperty("travel_minutes").GetInt32().ShouldBe(15);
        robin.GetProperty("working_hours").EnumerateArray().Select(Text).ShouldBe(["thursday 08:00 09:00", "thursday 13:00 15:00"]);
        (await client.ReadAsync("/api/resources")).Data().ShouldHaveSingleItem().GetRawText().ShouldBe(robin.GetRawText());
        (await client.ReadAsync("/api/resources/" + robin.Id())).GetRawText().ShouldBe(robin.GetRawText());
        // 2026-03-05 is a Thursday, and eight hours behind.
        (await client.OfferedOn(service.Id(), "2026-03-05")).ShouldBe(["2026-03-05T16:00:00Z", "2026-03-05T21:00:00Z", "2026-03-05T22:00:00Z"]);
        (await client.OfferedOn(service.Id(), "2026-03-06")).ShouldBeEmpty();
        using var owner = await app.SignedIn(await app.GivenAMember((tenant, "owner")));
        (await owner.Audited(robin.Id())).ShouldBe(["resource.created"]);
    }

    [Theory]
    [InlineData("""{"day":"monday","opens":"08:00","closes":"12:00"},{"day":"monday","opens":"12:00","closes":"17:00"}""")]
    [InlineData("""{"day":"sunday","opens":"20:00","closes":"04:00"},{"day":"monday","opens":"04:00","closes":"12:00"}""")]
    [InlineData("""{"day":"monday","opens":"16:00","closes":"00:00"},{"day":"tuesday","opens":"00:00","closes":"00:00"}""")]
    public async Task Hours_that_only_touch_are_taken_and_shown_as_they_were_given(string hours)
    {
        using var client = app.ClientFor(await app.GivenATenant());

        using var response = await client.SendJson("POST", "/api/resources", $$"""{"name":"Robin","working_hours":[{{hours}}]}""");

        await response.ShouldBe(HttpStatusCode.Created);
        (await response.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("working_hours").EnumerateArray().Select(Text)
            .ShouldBe(JsonElement.Parse($"[{hours}]").EnumerateArray().Select(Text), ignoreOrder: true);
    }

    [Theory]
    [InlineData("""{"day":"monday","opens":"08:00","closes":"17:00"},{"day":"monday","opens":"16:00","closes":"18:00"}""")]
    [InlineData("""{"day":"monday","opens":"08:00","closes":"17:00"},{"day":"monday","opens":"08:00","closes":"17:00"}""")]
    [InlineData("""{"day":"monday","opens":"20:00","closes":"06:00"},{"day":"tuesday","opens":"05:00","closes":"09:00"}""")]
    [InlineData("""{"day":"monday","opens":"05:00","closes":"09:00"},{"day":"sunday","opens":"20:00","closes":"06:00"}""")]
    [InlineData("""{"day":"monday","opens":"08:00","closes":"08:00"},{"day":"tuesday","opens":"07:00","closes":"09:00"}""")]
    public async Task Hours_that_overlap_are_refused_and_named(string hours)
    {
        using var client = app.ClientFor(await app.GivenATenant());

        using var response = await client.SendJson("POST", "/api/resources", $$"""{"name":"Robin","working_hours":[{{hours}}]}""");

        var problem = await response.ShouldBeProblem(HttpStatusCode.BadRequest, "invalid_parameter");
        problem.GetProperty("errors").GetProperty("working_hours")[0].GetString()!.ShouldStartWith("working_hours overlap: ");
    }

    [Theory]
    [InlineData("""{"name":"a","travel_minutes":481}""", "travel_minutes")]
    [InlineData("""{"name":"a\u0007"}""", "name")]
    [InlineData("""{"name":"a","working_hours":[null]}""", "working_hours")]
    [InlineData("""{"name":"a","working_hours":[{"day":"Monday","opens":"08:00","closes":"17:00"}]}""", "working_hours")]
    [InlineData("""{"name":"a","working_hours":[{"day":"monday","opens":"8:00","closes":"17:00"}]}""", "working_hours")]
    [InlineData("""{"name":"a","working_hours":[{"day":"monday","opens":"08:00","closes":"24:00"}]}""", "working_hours")]
    [InlineData("""{"name":"a","working_hours":[{"day":"monday","opens":"08:00"}]}""", "working_hours")]
    public async Task What_nobody_can_be_is_refused_by_name(string body, string parameter)
    {
        using var client = app.ClientFor(await app.GivenATenant());

        using var response = await client.SendJson("POST", "/api/resources", body);

        await response.ShouldBeInvalid(parameter);
    }

    [Fact]
    public async Task Two_hundred_are_enough()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        await connection.ExecuteAsync(
            """
            insert into resources (tenant_id, id, name, travel_minutes, created_at)
            select @Id, gen_random_uuid(), 'Technician ' || number, 0, now() from generate_series(1, 200) as number
            """,
            new { tenant.Id });

        using var refused = await client.SendJson("POST", "/api/resources", """{"name":"Robin"}""");

        await refused.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
    }

    private static string Text(JsonElement hours) =>
        $"{hours.GetProperty("day").GetString()} {hours.GetProperty("opens").GetString()} {hours.GetProperty("closes").GetString()}";
}
