using Dapr.Workflow;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Privacy;

/// <summary>Erases the calls of a caller, or those that are too old, some at a time, until none is left.</summary>
internal sealed class EraseCallsWorkflow : Workflow<EraseCallsWorkflow.Input, string>
{
    internal sealed record Input(Guid TenantId, Guid ErasureId);

    private const int BatchesInAHistory = 20;

    private static readonly WorkflowTaskOptions UntilTheDatabaseIsBack = new(new WorkflowRetryPolicy(
        maxNumberOfAttempts: 100, firstRetryInterval: TimeSpan.FromSeconds(1), backoffCoefficient: 2, maxRetryInterval: TimeSpan.FromMinutes(5)));

    public static string InstanceOf(Guid erasureId) => $"erasure-{erasureId}";

    public override async Task<string> RunAsync(WorkflowContext context, Input input)
    {
        for (var batch = 0; batch < BatchesInAHistory; batch++)
        {
            if (!await context.CallActivityAsync<bool>(nameof(EraseBatchActivity), input, UntilTheDatabaseIsBack))
                return "erased";
        }
        context.ContinueAsNew(input);
        return "more";
    }
}

/// <summary>Whether there may be more. Repeated, it erases what is left.</summary>
internal sealed class EraseBatchActivity(TenantDatabase database, Erasing erasing) : WorkflowActivity<EraseCallsWorkflow.Input, bool>
{
    // A tenant's calls are written one after the other, and wait for a batch to end.
    private const int Most = 25;

    private const string Find =
        """
        select kind, phone_number, up_to
        from erasures
        where tenant_id = @TenantId and id = @ErasureId and finished_at is null
        for no key update
        """;

    private const string OfCaller =
        """
        select id from call_logs
        where tenant_id = @TenantId and phone_number = @PhoneNumber and created_at <= @UpTo
        order by created_at
        limit @Most
        """;

    private const string TooOld =
        """
        select id from call_logs
        where tenant_id = @TenantId and created_at < @UpTo
        order by created_at, id
        limit @Most
        """;

    private sealed record Row(string Kind, string? PhoneNumber, DateTime UpTo);

    public override async Task<bool> RunAsync(WorkflowActivityContext context, EraseCallsWorkflow.Input input)
    {
        await using var transaction = await database.BeginAsync(input.TenantId, CancellationToken.None);
        if (await transaction.QuerySingleOrDefaultAsync<Row>(Find, new { input.ErasureId }, CancellationToken.None) is not { } erasure)
            return false;
        var ids = (await transaction.QueryAsync<Guid>(
            erasure.Kind is "caller" ? OfCaller : TooOld, new { erasure.PhoneNumber, erasure.UpTo, Most }, CancellationToken.None)).ToArray();
        if (ids is [])
            await erasing.EndAsync(transaction, input.ErasureId, CancellationToken.None);
        else
            await erasing.EraseCallsAsync(transaction, input.ErasureId, ids, CancellationToken.None);
        await transaction.CommitAsync(CancellationToken.None);
        return ids is not [];
    }
}
