using System.Globalization;
using System.Text;
using Dapper;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Tests.Events;

/// <summary>An event of a tenant as it lies in the database.</summary>
internal sealed record StoredEvent(Guid Id, long Sequence, string Type, byte[] Payload);

internal static class StoredEvents
{
    /// <summary>The tenant's next event, straight into the database: nobody is told of it.</summary>
    public static async Task<StoredEvent> GivenAnEvent(
        this KestrelVoiceApp app, TestTenant tenant, string type = "call.completed", string data = """{"call_id":"call_1","transcript":null}""")
    {
        var now = app.Clock.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        var payload = Encoding.UTF8.GetBytes(
            $$"""{"event":"{{type}}","timestamp":"{{now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)}}","id":"{{TypeId.Format(TypeId.Event, id)}}","data":{{data}}}""");
        await using var connection = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        var sequence = await connection.QuerySingleAsync<long>(
            """
            insert into tenant_event_counters (tenant_id, last) values (@TenantId, 1)
            on conflict (tenant_id) do update set last = tenant_event_counters.last + 1;
            insert into tenant_events (tenant_id, sequence, id, type, occasion, occurred_at, payload)
            select @TenantId, last, @Id, @Type, @Id::text, @Now, @Payload from tenant_event_counters where tenant_id = @TenantId
            returning sequence
            """,
            new { TenantId = tenant.Id, Id = id, Type = type, Now = now.UtcDateTime, Payload = payload });
        return new StoredEvent(id, sequence, type, payload);
    }

    public static async Task GivenPayloadsPastRetention(this KestrelVoiceApp app, TestTenant tenant)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await connection.ExecuteAsync("update tenant_events set payload = null where tenant_id = @Id", new { tenant.Id });
    }
}
