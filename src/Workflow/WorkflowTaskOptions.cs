namespace Dapr.Workflow;

/// <summary>How much of its history a workflow shows to what it calls (Dapr 1.18).</summary>
public enum HistoryPropagationScope
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Its own.</summary>
    OwnHistory,

    /// <summary>Its own, and that of the workflows above it.</summary>
    Lineage,
}

/// <summary>How an activity is called.</summary>
/// <param name="RetryPolicy">Without one, the first failure counts.</param>
/// <param name="TargetAppId">The app that runs it, if not this one (Dapr 1.16).</param>
/// <param name="PropagationScope">The history that it may see.</param>
public record WorkflowTaskOptions(
    WorkflowRetryPolicy? RetryPolicy = null, string? TargetAppId = null, HistoryPropagationScope PropagationScope = HistoryPropagationScope.None);

/// <summary>How a child workflow is called.</summary>
/// <param name="InstanceId">Its id, also of its retries; made up, anew for each attempt, when it is null.</param>
/// <param name="RetryPolicy">Without one, the first failure counts.</param>
/// <param name="TargetAppId">The app that runs it, if not this one (Dapr 1.16).</param>
/// <param name="PropagationScope">The history that it may see.</param>
public record ChildWorkflowTaskOptions(
    string? InstanceId = null,
    WorkflowRetryPolicy? RetryPolicy = null,
    string? TargetAppId = null,
    HistoryPropagationScope PropagationScope = HistoryPropagationScope.None)
    : WorkflowTaskOptions(RetryPolicy, TargetAppId, PropagationScope);
