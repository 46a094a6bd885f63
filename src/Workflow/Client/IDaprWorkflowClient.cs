namespace Dapr.Workflow;

/// <summary>Starts, watches and steers instances. What the sidecar refuses arrives as <see cref="Grpc.Core.RpcException"/>.</summary>
public interface IDaprWorkflowClient : IAsyncDisposable
{
    /// <summary>
    /// Starts an instance and returns its id. Without a start time the sidecar answers when a worker has begun with it, so this waits until there is one.
    /// A start with the id of an instance that has not ended is refused: ALREADY_EXISTS, before Dapr 1.18.2 UNKNOWN.
    /// </summary>
    /// <param name="name">The registered name of the workflow.</param>
    /// <param name="instanceId">Made up when null; else at most 64 letters, digits, dots, dashes and underscores, to be valid everywhere.</param>
    /// <param name="input">Written as JSON.</param>
    Task<string> ScheduleNewWorkflowAsync(string name, string? instanceId = null, object? input = null);

    /// <summary>Starts an instance at a time, of local kind if it says no other, and returns as soon as the sidecar has written that down.</summary>
    Task<string> ScheduleNewWorkflowAsync(string name, string? instanceId, object? input, DateTime? startTime);

    /// <summary>Starts an instance at a time and returns as soon as the sidecar has written that down; a time that has passed is at once.</summary>
    Task<string> ScheduleNewWorkflowAsync(string name, string? instanceId, object? input, DateTimeOffset? startTime, CancellationToken cancellation = default);

    /// <summary>The instance as it stands now; a missing one is a state that does not exist.</summary>
    Task<WorkflowState?> GetWorkflowStateAsync(string instanceId, bool getInputsAndOutputs = true, CancellationToken cancellation = default);

    /// <summary>Waits until the instance has begun, also until it exists.</summary>
    Task<WorkflowState> WaitForWorkflowStartAsync(string instanceId, bool getInputsAndOutputs = true, CancellationToken cancellation = default);

    /// <summary>Waits until the instance has ended, also until it exists.</summary>
    Task<WorkflowState> WaitForWorkflowCompletionAsync(string instanceId, bool getInputsAndOutputs = true, CancellationToken cancellation = default);

    /// <summary>Hands an event to an instance; one that has ended ignores it.</summary>
    Task RaiseEventAsync(string instanceId, string eventName, object? eventPayload = null, CancellationToken cancellation = default);

    /// <summary>Ends an instance and its children, whatever they do; running activities are not interrupted.</summary>
    Task TerminateWorkflowAsync(string instanceId, object? output = null, CancellationToken cancellation = default);

    /// <summary>Lets an instance take no further step until it is resumed.</summary>
    Task SuspendWorkflowAsync(string instanceId, string? reason = null, CancellationToken cancellation = default);

    /// <summary>Lets a suspended instance go on.</summary>
    Task ResumeWorkflowAsync(string instanceId, string? reason = null, CancellationToken cancellation = default);

    /// <summary>Forgets an instance that has ended, and its children; false when there is none.</summary>
    Task<bool> PurgeInstanceAsync(string instanceId, CancellationToken cancellation = default);

    /// <summary>A page of the ids of all instances (Dapr 1.17).</summary>
    Task<WorkflowInstancePage> ListInstanceIdsAsync(string? continuationToken = null, int? pageSize = null, CancellationToken cancellation = default);

    /// <summary>What happened in an instance (Dapr 1.17).</summary>
    Task<IReadOnlyList<WorkflowHistoryEvent>> GetInstanceHistoryAsync(string instanceId, CancellationToken cancellation = default);

    /// <summary>Runs an ended instance again from one of its steps, as a new instance whose id is returned (Dapr 1.16).</summary>
    Task<string> RerunWorkflowFromEventAsync(
        string instanceId, uint eventId, RerunWorkflowFromEventOptions? options = null, CancellationToken cancellation = default);
}

/// <summary>Some ids of instances.</summary>
/// <param name="ContinuationToken">Asks for the next page; null on the last.</param>
public sealed record WorkflowInstancePage(IReadOnlyList<string> InstanceIds, string? ContinuationToken);

/// <summary>Something that happened in an instance.</summary>
/// <param name="EventId">The step's number; -1 for what came from outside.</param>
/// <param name="EventType">The name of the kind, as in the protocol.</param>
/// <param name="Timestamp">In UTC.</param>
public sealed record WorkflowHistoryEvent(int EventId, string EventType, DateTimeOffset Timestamp);

/// <summary>How an instance is run again.</summary>
public sealed class RerunWorkflowFromEventOptions
{
    /// <summary>Made up by the sidecar when null.</summary>
    public string? NewInstanceId { get; set; }

    /// <summary>Another input for the step; counts only with <see cref="OverwriteInput"/>.</summary>
    public object? Input { get; set; }

    /// <summary>Whether <see cref="Input"/> takes the place of the recorded one.</summary>
    public bool OverwriteInput { get; set; }
}
