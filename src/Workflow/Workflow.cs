namespace Dapr.Workflow;

/// <summary>
/// A durable process. Its code is run again from the start whenever something happened, with everything that it asked the context for answered from history,
/// and so has to decide the same way each time: time, ids and randomness come from the context, everything else from activities, and only tasks of the
/// context (and combinations of them) are awaited.
/// </summary>
/// <typeparam name="TInput">Written as JSON.</typeparam>
/// <typeparam name="TOutput">Written as JSON.</typeparam>
public abstract class Workflow<TInput, TOutput> : IWorkflow
{
    Type IWorkflow.InputType => typeof(TInput);

    Type IWorkflow.OutputType => typeof(TOutput);

    /// <summary>The process. An exception that leaves it ends the instance as failed.</summary>
    public abstract Task<TOutput> RunAsync(WorkflowContext context, TInput input);

    async Task<object?> IWorkflow.RunAsync(WorkflowContext context, object? input) => await RunAsync(context, (TInput)input!);
}
