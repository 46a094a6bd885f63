using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Tests.Appointments;

/// <summary>What a business does, and who does it.</summary>
internal sealed record Trade(string ServiceId, IReadOnlyList<string> ResourceIds);

internal static class Trades
{
    /// <summary>An hour's work with 15 minutes of travel after it, 08:00 to 17:00 on every day.</summary>
    public static async Task<Trade> GivenATrade(this KestrelVoiceApp app, TestTenant tenant, int technicians = 1)
    {
        var service = Guid.CreateVersion7(app.Clock.GetUtcNow());
        var resources = Enumerable.Range(0, technicians).Select(_ => Guid.CreateVersion7(app.Clock.GetUtcNow())).ToArray();
        await using var connection = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await connection.ExecuteAsync(
            """
            insert into services (tenant_id, id, name, length_minutes, buffer_before_minutes, buffer_after_minutes, step_minutes, created_at)
            values (@TenantId, @Service, 'Drain cleaning', 60, 0, 0, 60, @Now);
            insert into resources (tenant_id, id, name, travel_minutes, created_at)
            select @TenantId, id, 'Technician ' || place, 15, @Now from unnest(@Resources) with ordinality as wanted (id, place);
            insert into working_hours (tenant_id, resource_id, day, opens, closes)
            select @TenantId, id, day, '08:00', '17:00'
            from unnest(@Resources) as id, unnest(array['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']) as day
            """,
            new { TenantId = tenant.Id, Service = service, Resources = resources, Now = app.Clock.GetUtcNow().UtcDateTime });
        return new Trade(TypeId.Format(TypeId.Service, service), [.. resources.Select(id => TypeId.Format(TypeId.Resource, id))]);
    }

    public static Task<HttpResponseMessage> Book(this HttpClient client, Trade trade, string startsAt, string? resourceId = null, string? holdId = null) =>
        client.PostAsJsonAsync(
            "/api/appointments",
            new
            {
                service_id = trade.ServiceId,
                starts_at = startsAt,
                resource_id = resourceId,
                hold_id = holdId,
                customer = new { name = "Dana Whitfield", phone_number = "+15035550142", address = "12 Alder Court" },
            },
            TestContext.Current.CancellationToken);

    public static Task<HttpResponseMessage> Hold(this HttpClient client, Trade trade, string startsAt, string? resourceId = null) =>
        client.PostAsJsonAsync(
            "/api/appointments/holds", new { service_id = trade.ServiceId, starts_at = startsAt, resource_id = resourceId },
            TestContext.Current.CancellationToken);

    public static async Task<string> GivenAHold(this KestrelVoiceApp app, TestTenant tenant)
    {
        using var client = app.ClientFor(tenant);
        using var held = await client.Hold(await app.GivenATrade(tenant), "2026-03-05T18:00:00Z");
        await held.ShouldBe(HttpStatusCode.Created);
        return (await held.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).Id();
    }

    public static async Task<JsonElement> GivenAnAppointment(this KestrelVoiceApp app, TestTenant tenant)
    {
        using var client = app.ClientFor(tenant);
        using var booked = await client.Book(await app.GivenATrade(tenant), "2026-03-05T18:00:00Z");
        await booked.ShouldBe(HttpStatusCode.Created);
        return await booked.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
    }
}
