using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Events;

/// <summary>Which event of which tenant: what travels over the topics in place of the event.</summary>
internal sealed record TenantEventReference(Guid TenantId, Guid EventId);

/// <summary>A tenant's stream of events: without gaps, in the order of commits, each occasion once.</summary>
internal sealed class TenantEvents(Outbox outbox, TimeProvider clock)
{
    /// <summary>Of the CloudEvents on <see cref="Topics.TenantEvents"/> and <see cref="Topics.TenantEventsUrgent"/>.</summary>
    public const string CloudEventType = "kestrelvoice.tenant-event.v1";

    // Taking the next number locks the tenant's counter until the commit, so numbers are committed in their order.
    private const string Append =
        """
        with taken as (
            insert into tenant_event_counters as counter (tenant_id, last)
            select @TenantId, 1
            where not exists (select from tenant_events where tenant_id = @TenantId and occasion = @Occasion)
            on conflict (tenant_id) do update set last = counter.last + 1
            returning last
        ), appended as (
            insert into tenant_events (tenant_id, sequence, id, type, occasion, call_id, occurred_at, payload)
            select @TenantId, last, @Id, @Type, @Occasion, @CallId, @OccurredAt, @Payload
            from taken
            on conflict (tenant_id, occasion) do nothing
            returning sequence
        )
        select (select last from taken) as taken, (select sequence from appended) as appended
        """;

    private const string GiveBack = "update tenant_event_counters set last = last - 1 where tenant_id = @TenantId";

    private const string Erase =
        """
        update tenant_events
        set payload = null, erased_at = @Now
        where tenant_id = @TenantId and split_part(occasion, ':', 2) = any (@Subjects) and erased_at is null
        returning id
        """;

    private sealed record Numbers(long? Taken, long? Appended);

    /// <summary>Tells it when the transaction commits; false when this occasion has been told of before.</summary>
    public async Task<bool> RecordAsync(TenantTransaction transaction, TenantEvent told, CancellationToken cancellationToken)
    {
        var id = Guid.CreateVersion7(clock.GetUtcNow());
        var numbers = await transaction.QuerySingleOrDefaultAsync<Numbers>(
            Append,
            new { Id = id, told.Type, told.Occasion, told.CallId, OccurredAt = told.OccurredAt.UtcDateTime, Payload = told.Payload(id) },
            cancellationToken);
        if (numbers is not { Appended: not null })
        {
            // Somebody told of it while this waited for the number, which is still ours to return.
            if (numbers is { Taken: not null })
                await transaction.ExecuteAsync(GiveBack, null, cancellationToken);
            return false;
        }
        var urgent = TenantEventTypes.IsUrgent(told.Type);
        await outbox.AddAsync(
            transaction, urgent ? Topics.TenantEventsUrgent : Topics.TenantEvents, CloudEventType,
            new TenantEventReference(transaction.TenantId, id), urgent, cancellationToken);
        return true;
    }

    /// <summary>Forgets what was told of these calls or appointments: the numbers stay, the words go.</summary>
    /// <returns>The ids of the events.</returns>
    public async Task<Guid[]> EraseAsync(TenantTransaction transaction, IEnumerable<Guid> subjects, CancellationToken cancellationToken) =>
        [
            .. await transaction.QueryAsync<Guid>(
                Erase, new { Subjects = subjects.Select(subject => subject.ToString()).ToArray(), Now = clock.GetUtcNow().UtcDateTime }, cancellationToken),
        ];
}

internal static class EventsRegistration
{
    public static IServiceCollection AddEvents(this IServiceCollection services) => services.AddSingleton<TenantEvents>();
}
