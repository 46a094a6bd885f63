using Dapr.Workflow;
using KestrelVoice.Features.Kernel;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.Features.Calls;

/// <summary>Has Twilio delete the recordings of erased calls, at once, and again until it has.</summary>
internal sealed class DeleteRecordingsWorkflow : Workflow<DeleteRecordingsWorkflow.Input, string>
{
    /// <param name="Round">How often it was tried before.</param>
    internal sealed record Input(Guid TenantId, Guid BatchId, int Round)
    {
        public bool IsLast => Round >= MostRounds;
    }

    // Three days of them.
    internal const int MostRounds = 80;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    private static readonly WorkflowTaskOptions UntilTheDatabaseIsBack = new(new WorkflowRetryPolicy(
        maxNumberOfAttempts: 100, firstRetryInterval: TimeSpan.FromSeconds(1), backoffCoefficient: 2, maxRetryInterval: TimeSpan.FromMinutes(5)));

    public static string InstanceOf(Guid batchId) => $"recordings-{batchId}";

    public override async Task<string> RunAsync(WorkflowContext context, Input input)
    {
        if (await context.CallActivityAsync<int>(nameof(DeleteRecordingsActivity), input, UntilTheDatabaseIsBack) == 0)
            return "deleted";
        if (input.IsLast)
            return "given up";
        await context.CreateTimer(PauseAfter(input.Round), CancellationToken.None);
        // Each round begins with an empty history.
        context.ContinueAsNew(input with { Round = input.Round + 1 });
        return "waiting";
    }

    private static TimeSpan PauseAfter(int round) =>
        round > 9 ? LongestPause : FirstPause * Math.Pow(2, round);
}

/// <summary>How many are left. Repeated, it asks for what is deleted already, and that is fine.</summary>
internal sealed partial class DeleteRecordingsActivity(
    TenantDatabase database, TwilioMedia twilio, TimeProvider clock, ILogger<DeleteRecordingsActivity> logger)
    : WorkflowActivity<DeleteRecordingsWorkflow.Input, int>
{
    private const string Find =
        """
        select id, recording_sid, reaches_outside(@TenantId) as is_at_twilio
        from erased_recordings
        where tenant_id = @TenantId and batch_id = @BatchId and status = 'pending'
        order by id
        """;

    private const string Forget =
        """
        update erased_recordings
        set status = 'deleted', recording_sid = null, finished_at = @Now
        where tenant_id = @TenantId and id = @Id and status = 'pending'
        """;

    private const string GiveUp =
        """
        update erased_recordings
        set status = 'failed', finished_at = @Now
        where tenant_id = @TenantId and batch_id = @BatchId and status = 'pending'
        """;

    private sealed record Row(Guid Id, string RecordingSid, bool IsAtTwilio);

    public override async Task<int> RunAsync(WorkflowActivityContext context, DeleteRecordingsWorkflow.Input input)
    {
        var rows = await database.ReadAsync(
            input.TenantId, Find, new { input.BatchId }, async results => (await results.ReadAsync<Row>()).ToList(), CancellationToken.None);
        var left = 0;
        foreach (var row in rows)
        {
            if (!row.IsAtTwilio || await TryDeleteAsync(input.TenantId, row))
                await ExecuteAsync(input.TenantId, Forget, new { row.Id, Now = clock.GetUtcNow().UtcDateTime });
            else
                left++;
        }
        if (left > 0 && input.IsLast)
        {
            LogGivenUp(logger, left, input.TenantId);
            await ExecuteAsync(input.TenantId, GiveUp, new { input.BatchId, Now = clock.GetUtcNow().UtcDateTime });
        }
        return left;
    }

    private async Task<bool> TryDeleteAsync(Guid tenantId, Row row)
    {
        try
        {
            await twilio.DeleteAsync(row.RecordingSid, CancellationToken.None);
            return true;
        }
        catch (Exception away) when (TwilioMedia.IsAway(away, CancellationToken.None))
        {
            LogPutOff(logger, tenantId, (away as HttpRequestException)?.StatusCode is { } status ? $"{(int)status}" : away.GetType().Name);
            return false;
        }
    }

    private async Task ExecuteAsync(Guid tenantId, string sql, object parameters)
    {
        await using var transaction = await database.BeginAsync(tenantId, CancellationToken.None);
        await transaction.ExecuteAsync(sql, parameters, CancellationToken.None);
        await transaction.CommitAsync(CancellationToken.None);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "A recording of an erased call of tenant {TenantId} cannot be deleted now ({Reason}); it is tried again")]
    private static partial void LogPutOff(ILogger logger, Guid tenantId, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} recordings of erased calls of tenant {TenantId} could not be deleted at Twilio in three days")]
    private static partial void LogGivenUp(ILogger logger, int count, Guid tenantId);
}
