namespace Dapr.Workflow;

/// <summary>What an awaited activity or child workflow that failed throws into the workflow.</summary>
public class WorkflowTaskFailedException(string message, WorkflowTaskFailureDetails failureDetails) : Exception(message)
{
    /// <summary>The failure as it was written down where it happened.</summary>
    public WorkflowTaskFailureDetails FailureDetails { get; } = failureDetails;
}
