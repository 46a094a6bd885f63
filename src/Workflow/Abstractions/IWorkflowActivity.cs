namespace Dapr.Workflow.Abstractions;

/// <summary>An activity as the worker sees it. Derive from <see cref="WorkflowActivity{TInput, TOutput}"/> instead of implementing this.</summary>
public interface IWorkflowActivity
{
    /// <summary>What the scheduled input is read as.</summary>
    Type InputType { get; }

    /// <summary>What the result is written as.</summary>
    Type OutputType { get; }

    /// <summary>Runs the activity once.</summary>
    Task<object?> RunAsync(WorkflowActivityContext context, object? input);
}
