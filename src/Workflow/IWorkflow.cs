namespace Dapr.Workflow;

/// <summary>A workflow as the worker sees it. Derive from <see cref="Workflow{TInput, TOutput}"/> instead of implementing this.</summary>
public interface IWorkflow
{
    /// <summary>What the start's input is read as.</summary>
    Type InputType { get; }

    /// <summary>What the result is written as.</summary>
    Type OutputType { get; }

    /// <summary>Runs, or runs again, the workflow's code against the history that <paramref name="context"/> holds.</summary>
    Task<object?> RunAsync(WorkflowContext context, object? input);
}
