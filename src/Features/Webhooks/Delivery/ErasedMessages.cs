using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Webhooks.Delivery;

/// <summary>Messages of erased events: no further attempt is made, and nothing that was answered is kept. One under way is not called back.</summary>
internal sealed class ErasedMessages(TimeProvider clock)
{
    // Messages first: whoever is about to write down an answer waits for them, and then finds that it is not to be kept.
    private const string Erase =
        """
        update webhook_messages
        set erased_at = @Now, payload = null, resend_at = null, next_attempt_at = null,
            finished_at = case when state in ('pending', 'retrying') then @Now else finished_at end,
            state = case when state in ('pending', 'retrying') then 'cancelled' else state end
        where tenant_id = @TenantId and event_id = any (@EventIds);
        update webhook_attempts attempt
        set response_body = null
        from webhook_messages message
        where message.tenant_id = @TenantId and message.event_id = any (@EventIds)
          and attempt.tenant_id = message.tenant_id and attempt.message_id = message.id and attempt.response_body is not null
        """;

    public Task EraseAsync(TenantTransaction transaction, Guid[] eventIds, CancellationToken cancellationToken) =>
        transaction.ExecuteAsync(Erase, new { EventIds = eventIds, Now = clock.GetUtcNow().UtcDateTime }, cancellationToken);
}
