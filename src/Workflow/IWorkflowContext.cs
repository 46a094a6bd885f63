namespace Dapr.Workflow;

/// <summary>What decisions in workflow code may rest on.</summary>
public interface IWorkflowContext
{
    /// <summary>True while the code passes through what happened in an earlier turn.</summary>
    bool IsReplaying { get; }

    /// <summary>The time of the turn, in UTC; it stands still between two awaits.</summary>
    DateTime CurrentUtcDateTime { get; }

    /// <summary>True for instances that reach this point for the first time with the patched code, and ever after for them; false for those that passed it before.</summary>
    bool IsPatched(string patchName);
}
