using Dapr.Workflow.Abstractions;

namespace Dapr.Workflow;

/// <summary>One step of a workflow that touches the world. It is run at least once for each time that it is scheduled, so it has to bear being repeated.</summary>
/// <typeparam name="TInput">Written as JSON.</typeparam>
/// <typeparam name="TOutput">Written as JSON.</typeparam>
public abstract class WorkflowActivity<TInput, TOutput> : IWorkflowActivity
{
    Type IWorkflowActivity.InputType => typeof(TInput);

    Type IWorkflowActivity.OutputType => typeof(TOutput);

    /// <summary>The step. An exception that leaves it reaches the workflow as a <see cref="WorkflowTaskFailedException"/>.</summary>
    public abstract Task<TOutput> RunAsync(WorkflowActivityContext context, TInput input);

    async Task<object?> IWorkflowActivity.RunAsync(WorkflowActivityContext context, object? input) => await RunAsync(context, (TInput)input!);
}
