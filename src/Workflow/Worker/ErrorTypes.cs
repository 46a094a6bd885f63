namespace Dapr.Workflow.Worker;

/// <summary>Failures that are no exception of anybody's code, as clients see them in <see cref="WorkflowTaskFailureDetails.ErrorType"/>.</summary>
internal static class ErrorTypes
{
    /// <summary>The code does not do what its history says that it did.</summary>
    public const string NonDeterminism = "NonDeterminismError";

    public const string WorkflowNotFound = "WorkflowNotFound";
    public const string WorkflowNameMissing = "WorkflowNameMissing";
    public const string ActivityNotFound = "ActivityNotFoundException";

    /// <summary>What was to be written down is larger than the sidecar takes.</summary>
    public const string PayloadTooLarge = "PayloadTooLarge";

    /// <summary>It failed, and nobody wrote down why: so a terminated child looks to its parent.</summary>
    public const string Unknown = "Unknown";
}
