using Dapr.Workflow.Abstractions;

namespace Dapr.Workflow;

/// <summary>What an activity knows about its run.</summary>
public abstract class WorkflowActivityContext
{
    /// <summary>The name under which the activity was scheduled.</summary>
    public abstract TaskIdentifier Identifier { get; }

    /// <summary>The same at each repetition of one scheduled run, and different for every other: fit to be an idempotency key.</summary>
    public abstract string TaskExecutionKey { get; }

    /// <summary>The instance that scheduled the activity.</summary>
    public abstract string InstanceId { get; }
}
