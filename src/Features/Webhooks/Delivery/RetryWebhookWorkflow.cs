using Dapr.Workflow;

namespace KestrelVoice.Features.Webhooks.Delivery;

/// <summary>Comes back to a message that could not be delivered, until it is, or need not be any more. When to come back is decided where the answer is known.</summary>
internal sealed class RetryWebhookWorkflow : Workflow<RetryWebhookWorkflow.Input, string>
{
    /// <param name="Schedule">Which workflow of the message this is; an older one finds that it is not meant.</param>
    internal sealed record Input(Guid TenantId, Guid MessageId, int Schedule, DateTime At);

    private static readonly WorkflowTaskOptions UntilTheDatabaseIsBack = new(new WorkflowRetryPolicy(
        maxNumberOfAttempts: 20, firstRetryInterval: TimeSpan.FromSeconds(1), backoffCoefficient: 2, maxRetryInterval: TimeSpan.FromMinutes(1)));

    public static string InstanceOf(Guid messageId, int schedule) => $"webhook-{messageId}-{schedule}";

    public override async Task<string> RunAsync(WorkflowContext context, Input input)
    {
        await context.CreateTimer(input.At, CancellationToken.None);
        var outcome = await context.CallActivityAsync<AttemptWebhookActivity.Outcome>(nameof(AttemptWebhookActivity), input, UntilTheDatabaseIsBack);
        // Each round begins with an empty history: the log of attempts is where it belongs.
        if (outcome.NextAt is { } next)
            context.ContinueAsNew(input with { At = next });
        return outcome.Result;
    }
}
