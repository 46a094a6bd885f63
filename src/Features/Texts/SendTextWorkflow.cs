using Dapr.Workflow;

namespace KestrelVoice.Features.Texts;

/// <summary>Sends a text at once, and again as long as it is certain that Twilio has not taken it.</summary>
internal sealed class SendTextWorkflow : Workflow<SendTextWorkflow.Input, string>
{
    /// <param name="Round">How often it was tried before.</param>
    internal sealed record Input(Guid TenantId, Guid TextId, int Round);

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    private static readonly WorkflowTaskOptions UntilTheDatabaseIsBack = new(new WorkflowRetryPolicy(
        maxNumberOfAttempts: 20, firstRetryInterval: TimeSpan.FromSeconds(1), backoffCoefficient: 2, maxRetryInterval: TimeSpan.FromMinutes(1)));

    public static string InstanceOf(Guid textId) => $"text-{textId}";

    public override async Task<string> RunAsync(WorkflowContext context, Input input)
    {
        // It ends by itself: a text that is too old is dropped.
        if (await context.CallActivityAsync<bool>(nameof(SendTextActivity), input, UntilTheDatabaseIsBack))
            return "done";
        await context.CreateTimer(input.Round > 6 ? LongestPause : FirstPause * Math.Pow(2, input.Round), CancellationToken.None);
        // Each round begins with an empty history.
        context.ContinueAsNew(input with { Round = input.Round + 1 });
        return "waiting";
    }
}

internal sealed class SendTextActivity(TextSender sender) : WorkflowActivity<SendTextWorkflow.Input, bool>
{
    public override Task<bool> RunAsync(WorkflowActivityContext context, SendTextWorkflow.Input input) =>
        sender.SendAsync(input.TenantId, input.TextId, CancellationToken.None);
}
