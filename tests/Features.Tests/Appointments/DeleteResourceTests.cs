using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Calendars;
using KestrelVoice.Features.Tests.Identity;

namespace KestrelVoice.Features.Tests.Appointments;

public sealed class DeleteResourceTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whoever_has_appointments_to_come_stays_until_they_are_cancelled()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var (robin, service) = (await client.GivenAResource(), await client.GivenAService());
        var trade = new Trade(service.Id(), [robin.Id()]);
        using var booking = await client.Book(trade, "2026-03-05T18:00:00Z");
        var booked = await booking.Content.ReadFromJsonAsync<JsonElement>(Token);
        using (var refused = await DeleteAsync(client, robin))
            (await refused.ShouldBeProblem(HttpStatusCode.Conflict, "conflict")).GetProperty("message").GetString()!.ShouldContain("appointments to come");
        (await client.PostAsync($"/api/appointments/{booked.Id()}/cancel", null, Token)).EnsureSuccessStatusCode();

        for (var time = 0; time < 2; time++)
            await (await DeleteAsync(client, robin)).ShouldBe(HttpStatusCode.NoContent);

        (await client.ReadAsync("/api/resources")).Data().ShouldBeEmpty();
        (await client.ReadAsync("/api/resources/" + robin.Id())).GetProperty("archived_at").GetString().ShouldNotBeNull();
        (await client.OfferedOn(service.Id(), "2026-03-05")).ShouldBeEmpty();
        using var again = await client.Book(trade, "2026-03-05T18:00:00Z");
        await again.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
        (await client.ReadAsync("/api/appointments/" + booked.Id())).GetProperty("resource").GetProperty("name").GetString().ShouldBe("Robin");
        using var owner = await app.SignedIn(await app.GivenAMember((tenant, "owner")));
        (await owner.Audited(robin.Id())).ShouldBe(["resource.archived", "resource.created"]);
    }

    [Fact]
    public async Task Whoever_alone_performs_a_service_stays_until_somebody_else_does()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var (robin, sam) = (await client.GivenAResource("Robin"), await client.GivenAResource("Sam"));
        var service = await client.GivenAService("Gas work", robin.Id());
        using (var refused = await DeleteAsync(client, robin))
            (await refused.ShouldBeProblem(HttpStatusCode.Conflict, "conflict")).GetProperty("message").GetString()!.ShouldContain("Gas work");
        await (await client.SendJson("PATCH", "/api/services/" + service.Id(), $$"""{"resource_ids":["{{robin.Id()}}","{{sam.Id()}}"]}""")).ShouldBe(HttpStatusCode.OK);

        await (await DeleteAsync(client, robin)).ShouldBe(HttpStatusCode.NoContent);

        (await client.ReadAsync("/api/services/" + service.Id())).GetProperty("resource_ids").EnumerateArray().Single().GetString().ShouldBe(sam.Id());
        using var last = await DeleteAsync(client, sam);
        await last.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
    }

    [Fact]
    public async Task Its_calendars_are_disconnected_and_their_passwords_forgotten()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await client.GivenAResource();
        await app.GivenACalendarOfNobody(tenant);
        var calendar = (await client.ReadAsync("/api/calendars")).Data().Single();

        await (await client.DeleteAsync("/api/resources/" + calendar.GetProperty("resource_id").GetString(), Token)).ShouldBe(HttpStatusCode.NoContent);

        (await client.ReadAsync("/api/calendars")).Data().ShouldBeEmpty();
        using var owner = await app.SignedIn(await app.GivenAMember((tenant, "owner")));
        (await owner.Audited(calendar.Id())).ShouldBe(["calendar.disconnected"]);
    }

    [Fact]
    public async Task Nobody_is_booked_in_the_moment_in_which_they_are_deleted()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var service = await client.GivenAService();
        var ends = new List<(HttpStatusCode Deleted, HttpStatusCode Booked)>();
        for (var round = 0; round < 20; round++)
        {
            var robin = await client.GivenAResource();
            var answers = await Task.WhenAll(DeleteAsync(client, robin), client.Book(new Trade(service.Id(), []), "2026-03-05T18:00:00Z", robin.Id()));
            ends.Add((answers[0].StatusCode, answers[1].StatusCode));
        }

        ends.ShouldAllBe(end => end.Deleted == HttpStatusCode.NoContent ? end.Booked == HttpStatusCode.Conflict : end.Booked == HttpStatusCode.Created);
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        (await connection.QuerySingleAsync<int>(
            """
            select count(*)::integer from appointments a join resources r on r.tenant_id = a.tenant_id and r.id = a.resource_id
            where a.tenant_id = @Id and r.archived_at is not null
            """,
            new { tenant.Id })).ShouldBe(0);
    }

    [Fact]
    public async Task The_database_itself_leaves_out_who_is_archived()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var (robin, service) = (await client.GivenAResource(), await client.GivenAService());
        await (await DeleteAsync(client, robin)).ShouldBe(HttpStatusCode.NoContent);

        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        (await connection.ExecuteAsync(
            """
            insert into appointments (tenant_id, id, service_id, resource_id, status, starts_at, ends_at, blocked_start, blocked_end,
                customer_phone, source, version, created_at, updated_at)
            values (@TenantId, gen_random_uuid(), @Service, @Resource, 'scheduled', now(), now() + interval '1 hour', now(), now() + interval '1 hour',
                '+15035550142', 'api', 1, now(), now())
            """,
            new { TenantId = tenant.Id, Service = TypeId.Parse(TypeId.Service, service.Id()), Resource = TypeId.Parse(TypeId.Resource, robin.Id()) })).ShouldBe(0);
    }

    private static Task<HttpResponseMessage> DeleteAsync(HttpClient client, JsonElement resource) => client.DeleteAsync("/api/resources/" + resource.Id(), Token);
}
