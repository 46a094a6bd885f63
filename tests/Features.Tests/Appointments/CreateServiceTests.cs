using System.Net;
using System.Text.Json;
using Dapper;
using KestrelVoice.Features.Tests.Identity;

namespace KestrelVoice.Features.Tests.Appointments;

public sealed class CreateServiceTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    [Fact]
    public async Task What_was_created_is_listed_and_can_be_booked_by_whoever_is_free()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var (robin, sam) = (await client.GivenAResource("Robin"), await client.GivenAResource("Sam"));

        var service = await client.GivenAService("Boiler check");

        (await client.ReadAsync("/api/services")).Data().ShouldHaveSingleItem().GetRawText().ShouldBe(service.GetRawText());
        (await client.ReadAsync("/api/services/" + service.Id())).GetRawText().ShouldBe(service.GetRawText());
        service.GetProperty("archived_at").ValueKind.ShouldBe(JsonValueKind.Null);
        using var first = await client.Book(new Trade(service.Id(), [robin.Id(), sam.Id()]), "2026-03-05T18:00:00Z");
        using var second = await client.Book(new Trade(service.Id(), [robin.Id(), sam.Id()]), "2026-03-05T18:00:00Z");
        await first.ShouldBe(HttpStatusCode.Created);
        await second.ShouldBe(HttpStatusCode.Created);
        using var owner = await app.SignedIn(await app.GivenAMember((tenant, "owner")));
        (await owner.Audited(service.Id())).ShouldBe(["service.created"]);
    }

    [Fact]
    public async Task What_is_not_said_has_a_sensible_value()
    {
        using var client = app.ClientFor(await app.GivenATenant());

        using var response = await client.SendJson("POST", "/api/services", """{"name":" Boiler check ","length_minutes":45}""");

        var service = JsonElement.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        service.GetProperty("name").GetString().ShouldBe("Boiler check");
        new[] { "length_minutes", "buffer_before_minutes", "buffer_after_minutes", "step_minutes" }.Select(name => service.GetProperty(name).GetInt32()).ShouldBe([45, 0, 0, 30]);
        service.GetProperty("resource_ids").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task Its_times_are_as_far_apart_and_as_free_around_it_as_was_said()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var robin = await client.GivenAResource();

        using var response = await client.SendJson(
            "POST", "/api/services", """{"name":"Boiler check","length_minutes":60,"buffer_before_minutes":30,"buffer_after_minutes":60,"step_minutes":120}""");

        await response.ShouldBe(HttpStatusCode.Created);
        var service = (await client.ReadAsync("/api/services")).Data().ShouldHaveSingleItem();
        new[] { "length_minutes", "buffer_before_minutes", "buffer_after_minutes", "step_minutes" }.Select(name => service.GetProperty(name).GetInt32()).ShouldBe([60, 30, 60, 120]);
        using var booked = await client.Book(new Trade(service.Id(), [robin.Id()]), "2026-03-05T20:00:00Z");
        await booked.ShouldBe(HttpStatusCode.Created);
        // Taken from 19:30 to 22:00, each of the others with time of its own around it.
        (await client.OfferedOn(service.Id(), "2026-03-05")).ShouldBe(["2026-03-05T16:00:00Z", "2026-03-06T00:00:00Z"]);
    }

    [Fact]
    public async Task Only_those_who_perform_it_are_offered_and_booked()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var (robin, sam) = (await client.GivenAResource("Robin"), await client.GivenAResource("Sam"));

        var service = await client.GivenAService("Gas work", sam.Id());

        service.GetProperty("resource_ids").EnumerateArray().Select(id => id.GetString()).ShouldBe([sam.Id()]);
        (await client.ReadAsync($"/api/availability?service_id={service.Id()}")).Data()
            .Select(slot => slot.GetProperty("resource_id").GetString()).Distinct().ShouldBe([sam.Id()]);
        using var booked = await client.Book(new Trade(service.Id(), []), "2026-03-05T18:00:00Z", robin.Id());
        await booked.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
    }

    [Fact]
    public async Task Another_tenants_technician_performs_nothing()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        using var other = app.ClientFor(await app.GivenATenant());
        var theirs = await other.GivenAResource();

        using var response = await client.SendJson("POST", "/api/services", $$"""{"name":"a","length_minutes":60,"resource_ids":["{{theirs.Id()}}"]}""");

        await response.ShouldBeInvalid("resource_ids");
        (await client.ReadAsync("/api/services")).Data().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("""{"name":"","length_minutes":60}""", "name")]
    [InlineData("""{"name":"a"}""", "length_minutes")]
    [InlineData("""{"name":"a","length_minutes":4}""", "length_minutes")]
    [InlineData("""{"name":"a","length_minutes":1441}""", "length_minutes")]
    [InlineData("""{"name":"a","length_minutes":60,"buffer_before_minutes":-1}""", "buffer_before_minutes")]
    [InlineData("""{"name":"a","length_minutes":60,"buffer_after_minutes":481}""", "buffer_after_minutes")]
    [InlineData("""{"name":"a","length_minutes":60,"step_minutes":1}""", "step_minutes")]
    [InlineData("""{"name":"a","length_minutes":60,"resource_ids":["robin"]}""", "resource_ids")]
    [InlineData("""{"name":"a","length_minutes":60,"resource_ids":[null]}""", "resource_ids")]
    public async Task What_no_service_can_be_is_refused_by_name(string body, string parameter)
    {
        using var client = app.ClientFor(await app.GivenATenant());

        using var response = await client.SendJson("POST", "/api/services", body);

        await response.ShouldBeInvalid(parameter);
    }

    [Fact]
    public async Task Two_hundred_are_enough_and_archived_ones_do_not_count()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var connection = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await connection.ExecuteAsync(
            """
            insert into services (tenant_id, id, name, length_minutes, buffer_before_minutes, buffer_after_minutes, step_minutes, created_at)
            select @Id, gen_random_uuid(), 'Service ' || number, 60, 0, 0, 60, now() from generate_series(1, 199) as number
            """,
            new { tenant.Id });
        var last = await client.GivenAService();

        using var refused = await client.SendJson("POST", "/api/services", """{"name":"a","length_minutes":60}""");

        await refused.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
        (await client.DeleteAsync("/api/services/" + last.Id(), TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        await client.GivenAService();
    }
}
