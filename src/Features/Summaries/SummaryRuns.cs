using Dapr.Workflow;
using Grpc.Core;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Summaries;

/// <summary>Starts the workflow of a call. However often that is asked for, there is one at a time, and one summary.</summary>
internal sealed class SummaryRuns(DaprWorkflowClient workflows, TenantDatabase database, TimeProvider clock)
{
    // Before the workflow begins, so that it cannot meet what is left of the failed one.
    private const string ForgetFailure =
        """
        update call_summaries
        set status = 'running', summary = null, engine = null, model = null, engine_problem = null, fields = null, fields_problem = null,
            started_at = @Now, finished_at = null
        where tenant_id = @TenantId and call_id = @CallId and status = 'failed'
        """;

    private const string ForgetParts = "delete from call_summary_parts where tenant_id = @TenantId and call_id = @CallId";

    private const string Note =
        """
        insert into call_summaries (tenant_id, call_id, status, started_at)
        select @TenantId, call_id, 'running', @Now
        from call_results
        where tenant_id = @TenantId and call_id = @CallId
        on conflict (tenant_id, call_id) do nothing
        """;

    /// <param name="settling">How long the last words of the call may still be under way to us.</param>
    /// <exception cref="RpcException">The sidecar is away; nothing says then that a summary is running.</exception>
    public async Task StartAsync(Guid tenantId, Guid callId, TimeSpan settling, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using (var transaction = await database.BeginAsync(tenantId, cancellationToken))
        {
            if (await transaction.ExecuteAsync(ForgetFailure, new { CallId = callId, Now = now.UtcDateTime }, cancellationToken) > 0)
                await transaction.ExecuteAsync(ForgetParts, new { CallId = callId }, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        await workflows.BeginOnceAsync(
            nameof(SummariseCallWorkflow), InstanceOf(callId), new SummariseCallWorkflow.Input(tenantId, callId), cancellationToken,
            settling > TimeSpan.Zero ? now + settling : null);

        await using var noted = await database.BeginAsync(tenantId, cancellationToken);
        await noted.ExecuteAsync(Note, new { CallId = callId, Now = now.UtcDateTime }, cancellationToken);
        await noted.CommitAsync(cancellationToken);
    }

    /// <summary>Returns when the workflow has ended, or when patience has.</summary>
    public async Task WaitAsync(Guid callId, TimeSpan patience, CancellationToken cancellationToken)
    {
        if (patience <= TimeSpan.Zero)
            return;
        using var over = new CancellationTokenSource(patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellationToken);
        try
        {
            await workflows.WaitForWorkflowCompletionAsync(InstanceOf(callId), getInputsAndOutputs: false, either.Token);
        }
        catch (Exception ended) when (ended is RpcException or OperationCanceledException)
        {
            // Whoever asked may look again; that the sidecar is away now is no failure of theirs.
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    public static string InstanceOf(Guid callId) => $"summary-{callId}";
}
