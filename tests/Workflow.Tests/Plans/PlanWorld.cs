using System.Collections.Concurrent;
using Dapr.Workflow;

namespace KestrelVoice.Workflow.Tests.Plans;

/// <summary>Where plans are carried out. It outlives workers and sidecars, and knows what was done how often.</summary>
internal sealed class PlanWorld
{
    public const string Workflow = "CarryOut";
    private const string BrokenWorkflow = "Break";
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(5);
    private static readonly WorkflowTaskOptions Retry = new(new WorkflowRetryPolicy(4, Soon));

    private readonly ConcurrentDictionary<string, List<string>> _keys = new(StringComparer.Ordinal);

    /// <summary>Awaited in the middle of each activity.</summary>
    public Func<Task> OnActivity { get; set; } = () => Task.CompletedTask;

    /// <summary>How many different runs of each activity there were; repetitions of one count once.</summary>
    public IReadOnlyDictionary<string, int> Attempts => _keys.ToDictionary(entry => entry.Key, entry => entry.Value.Count);

    public void Register(WorkflowRuntimeOptions options)
    {
        options.RegisterWorkflow<Plan, string>(Workflow, CarryOutAsync);
        options.RegisterWorkflow<string, string>(BrokenWorkflow, (_, label) => throw new InvalidDataException(label));
        options.RegisterActivity<string, string>("Echo", (context, label) => DoAsync(context, label, failures: 0));
        options.RegisterActivity<Guid, Guid>("Same", (_, id) => Task.FromResult(id));
        options.RegisterActivity<Step, string>("Flaky", (context, step) => DoAsync(context, step.Label, step.Failures));
        options.RegisterActivity<string, string>("Broken", (context, label) => DoAsync(context, label, failures: int.MaxValue));
    }

    private async Task<string> DoAsync(WorkflowActivityContext context, string label, int failures)
    {
        var keys = _keys.GetOrAdd(label, _ => []);
        int attempt;
        lock (keys)
        {
            if (!keys.Contains(context.TaskExecutionKey))
                keys.Add(context.TaskExecutionKey);
            attempt = keys.IndexOf(context.TaskExecutionKey);
        }
        await OnActivity();
        return attempt < failures ? throw new TimeoutException(label) : label;
    }

    private static async Task<string> CarryOutAsync(WorkflowContext context, Plan plan)
    {
        var text = plan.SoFar;
        foreach (var step in plan.Runs[plan.Run])
        {
            text += await TakeAsync(context, step);
            context.SetCustomStatus(text);
        }
        if (plan.Run + 1 < plan.Runs.Length)
            context.ContinueAsNew(plan with { Run = plan.Run + 1, SoFar = text });
        return text;
    }

    private static async Task<string> TakeAsync(WorkflowContext context, Step step)
    {
        switch (step.Kind)
        {
            case StepKind.Echo:
                return await context.CallActivityAsync<string>("Echo", step.Label);
            case StepKind.Flaky:
                return await context.CallActivityAsync<string>("Flaky", step, Retry);
            case StepKind.Broken:
                return await BreakAsync(context.CallActivityAsync<string>("Broken", step.Label), $"[{step.Label} broke]");
            case StepKind.Timer:
                await context.CreateTimer(Soon);
                return step.Label;
            case StepKind.Event:
                return await context.WaitForExternalEventAsync<string>(step.Label);
            case StepKind.EventInTime:
                return await context.WaitForExternalEventAsync<string>(step.Label, TimeSpan.FromHours(1));
            case StepKind.EventTooLate:
                try
                {
                    return await context.WaitForExternalEventAsync<string>(step.Label, Soon);
                }
                catch (TaskCanceledException)
                {
                    return $"[{step.Label} missed]";
                }
            case StepKind.Race:
                using (var cancel = new CancellationTokenSource())
                {
                    var activity = context.CallActivityAsync<string>("Echo", step.Label);
                    await Task.WhenAny(activity, context.CreateTimer(TimeSpan.FromHours(1), cancel.Token));
                    await cancel.CancelAsync();
                    return await activity;
                }
            case StepKind.NewId:
                var id = context.NewGuid();
                await context.CallActivityAsync("Echo", step.Label);
                return await context.CallActivityAsync<string>("Same", id) == id.ToString() ? $"[{step.Label} same]" : $"[{step.Label} changed]";
            case StepKind.Patch:
                return context.IsPatched(step.Label) ? step.Label : $"[{step.Label} unpatched]";
            case StepKind.Parallel:
                return $"({string.Join(',', await Task.WhenAll(step.Inner!.Select(inner => TakeAsync(context, inner)).ToList()))})";
            case StepKind.Child:
                return $"<{await context.CallChildWorkflowAsync<string>(Workflow, new Plan([step.Inner!]))}>";
            case StepKind.BrokenChild:
                return await BreakAsync(context.CallChildWorkflowAsync<string>(BrokenWorkflow, step.Label), $"[{step.Label} child broke]");
            default:
                throw new InvalidOperationException($"There is no {step.Kind}.");
        }
    }

    private static async Task<string> BreakAsync(Task<string> task, string broken)
    {
        try
        {
            return await task;
        }
        catch (WorkflowTaskFailedException)
        {
            return broken;
        }
    }
}
