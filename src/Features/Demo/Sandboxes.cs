using KestrelVoice.Features.Appointments;
using KestrelVoice.Features.Calls;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Demo;

/// <summary>The tenant beside a live one in which its test keys act: with something to book and calls to read, and no way out.</summary>
internal sealed class Sandboxes(TenantDatabase database, CallJournal journal, TimeProvider clock)
{
    /// <summary>Of those that are kept free for fiction: nobody can dial it.</summary>
    private const string Number = "+15035550199";

    private const int DaysOfCalls = 7;
    private const int MostCallsADay = 2;

    // As the live one, without its people's numbers.
    private const string Open =
        """
        insert into tenants (id, sandbox_of, business_name, plan, time_zone, language, opening_hours, greeting, record_calls, ring_seconds,
            emergency_phrases, created_at)
        select @Id, id, left(business_name, 193) || ' (test)', plan, time_zone, language, opening_hours, greeting, record_calls, ring_seconds,
            emergency_phrases, @Now
        from tenants
        where id = @TenantId and sandbox_of is null
        on conflict do nothing
        """;

    private const string Find = "select sandbox_of_tenant(@TenantId)";

    private const string IsFurnished = "select exists (select from services where tenant_id = @TenantId)";

    /// <summary>Opens the sandbox of a live tenant, unless that was done before; what was begun and not finished is finished.</summary>
    public async Task OpenAsync(Guid liveTenantId, CancellationToken cancellationToken)
    {
        var sandboxId = await FindOrOpenAsync(liveTenantId, cancellationToken);
        if (await database.ReadAsync(sandboxId, IsFurnished, null, results => results.ReadSingleAsync<bool>(), cancellationToken))
            return;

        // Calls first: a sandbox that has services has everything.
        foreach (var callEvent in DemoCalls.Until(clock.GetUtcNow(), sandboxId, Number, DaysOfCalls, MostCallsADay))
            await journal.RestoreAsync(callEvent, cancellationToken);
        await using var transaction = await database.BeginAsync(sandboxId, cancellationToken);
        await DemoSchedule.AddAsync(transaction, clock.GetUtcNow(), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task<Guid> FindOrOpenAsync(Guid liveTenantId, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var transaction = await database.BeginAsync(liveTenantId, cancellationToken);
        await transaction.ExecuteAsync(Open, new { Id = Guid.CreateVersion7(now), Now = now.UtcDateTime }, cancellationToken);
        var sandboxId = await transaction.QuerySingleOrDefaultAsync<Guid?>(Find, null, cancellationToken)
            ?? throw new InvalidOperationException("A sandbox has no sandbox of its own.");
        await transaction.CommitAsync(cancellationToken);
        return sandboxId;
    }
}
