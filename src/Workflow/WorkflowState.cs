using Dapr.Workflow.Serialization;
using KestrelVoice.TaskHub;

namespace Dapr.Workflow;

/// <summary>An instance at one moment.</summary>
public sealed class WorkflowState
{
    private readonly KestrelVoice.TaskHub.WorkflowState? _state;
    private readonly IWorkflowSerializer _serializer;

    internal WorkflowState(KestrelVoice.TaskHub.WorkflowState? state, IWorkflowSerializer serializer) => (_state, _serializer) = (state, serializer);

    /// <summary>The name under which it was started.</summary>
    public string? WorkflowName => _state?.Name;

    /// <summary>False when there is no such instance; then everything else says nothing.</summary>
    public bool Exists => _state is not null;

    /// <summary>Begun, not ended, not suspended.</summary>
    public bool IsWorkflowRunning => RuntimeStatus is WorkflowRuntimeStatus.Running;

    /// <summary>Ended, one way or the other.</summary>
    public bool IsWorkflowCompleted => RuntimeStatus is WorkflowRuntimeStatus.Completed or WorkflowRuntimeStatus.Failed or WorkflowRuntimeStatus.Terminated;

    /// <summary>When it, or the run that it continued as, began.</summary>
    public DateTimeOffset CreatedAt => _state?.CreatedTimestamp?.ToDateTimeOffset() ?? default;

    /// <summary>When the last thing happened in it.</summary>
    public DateTimeOffset LastUpdatedAt => _state?.LastUpdatedTimestamp?.ToDateTimeOffset() ?? default;

    /// <summary>Where it stands.</summary>
    public WorkflowRuntimeStatus RuntimeStatus => _state is not { } state ? WorkflowRuntimeStatus.Unknown
        : state.WorkflowStatus is >= OrchestrationStatus.Running and <= OrchestrationStatus.Stalled ? (WorkflowRuntimeStatus)(int)state.WorkflowStatus
        : WorkflowRuntimeStatus.Unknown;

    /// <summary>Why it failed, if it did and outputs were asked for.</summary>
    public WorkflowTaskFailureDetails? FailureDetails => Failures.Read(_state?.FailureDetails);

    /// <summary>The input, if inputs were asked for.</summary>
    public T? ReadInputAs<T>() => _serializer.Deserialize<T>(_state?.Input);

    /// <summary>The result, if outputs were asked for and there is one.</summary>
    public T? ReadOutputAs<T>() => _serializer.Deserialize<T>(_state?.Output);

    /// <summary>The custom status, if outputs were asked for and there is one.</summary>
    public T? ReadCustomStatusAs<T>() => _serializer.Deserialize<T>(_state?.CustomStatus);
}
