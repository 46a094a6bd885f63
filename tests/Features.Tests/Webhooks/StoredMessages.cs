using Dapper;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Events;

namespace KestrelVoice.Features.Tests.Webhooks;

/// <summary>A message of an endpoint or hook as it lies in the database.</summary>
internal sealed record StoredMessage(string Id, StoredEvent Event);

internal static class StoredMessages
{
    /// <summary>An event, and its message, straight into the database: nobody delivers it.</summary>
    public static async Task<StoredMessage> GivenAMessage(
        this KestrelVoiceApp app, TestTenant tenant, string receiverId, string state = "delivered", string type = "call.completed")
    {
        var told = await app.GivenAnEvent(tenant, type);
        var now = app.Clock.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        await using var connection = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await connection.ExecuteAsync(
            """
            insert into webhook_messages (tenant_id, id, endpoint_id, event_id, event_type, urgent, state, attempts, next_attempt_at,
                last_status, created_at, finished_at)
            values (@TenantId, @Id, @EndpointId, @EventId, @Type, false, @State, 1,
                case when @State in ('pending', 'retrying') then @Now + interval '1 hour' end,
                case when @State = 'delivered' then 200 else 500 end, @Now,
                case when @State in ('delivered', 'failed', 'cancelled') then @Now end);
            insert into webhook_attempts (tenant_id, message_id, number, manual, started_at, duration_ms, status, response_body)
            values (@TenantId, @Id, 1, false, @Now, 12, case when @State = 'delivered' then 200 else 500 end, 'as it answered')
            """,
            new
            {
                TenantId = tenant.Id,
                Id = id,
                EndpointId = TypeId.Parse(receiverId.Split('_')[0], receiverId),
                EventId = told.Id,
                Type = type,
                State = state,
                Now = now.UtcDateTime,
            });
        return new StoredMessage(TypeId.Format(TypeId.WebhookMessage, id), told);
    }
}
