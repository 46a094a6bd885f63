namespace Dapr.Workflow;

/// <summary>Where an instance stands.</summary>
public enum WorkflowRuntimeStatus
{
    /// <summary>Missing, or a status that this version does not know.</summary>
    Unknown = -1,

    /// <summary>It has begun and not ended.</summary>
    Running = 0,

    /// <summary>It returned.</summary>
    Completed = 1,

    /// <summary>It started afresh; never seen at rest.</summary>
    ContinuedAsNew = 2,

    /// <summary>It threw.</summary>
    Failed = 3,

    /// <summary>It was cancelled.</summary>
    Canceled = 4,

    /// <summary>It was terminated from outside.</summary>
    Terminated = 5,

    /// <summary>It has not begun.</summary>
    Pending = 6,

    /// <summary>It was suspended and awaits being resumed.</summary>
    Suspended = 7,

    /// <summary>The sidecar holds it back, as no worker's code fits its history (Dapr 1.17).</summary>
    Stalled = 8,
}
