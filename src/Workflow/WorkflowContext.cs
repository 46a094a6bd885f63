using Microsoft.Extensions.Logging;

namespace Dapr.Workflow;

/// <summary>Everything that workflow code may ask for. It serves one thread only: the one that runs the workflow.</summary>
public abstract class WorkflowContext : IWorkflowContext
{
    /// <summary>The name under which the workflow was started.</summary>
    public abstract string Name { get; }

    /// <summary>The id of this instance.</summary>
    public abstract string InstanceId { get; }

    /// <inheritdoc/>
    public abstract DateTime CurrentUtcDateTime { get; }

    /// <inheritdoc/>
    public abstract bool IsReplaying { get; }

    /// <inheritdoc/>
    public abstract bool IsPatched(string patchName);

    /// <summary>Runs an activity.</summary>
    /// <exception cref="WorkflowTaskFailedException">It failed, and the retry policy, if there is one, is exhausted.</exception>
    public virtual Task CallActivityAsync(string name, object? input = null, WorkflowTaskOptions? options = null) => CallActivityAsync<object>(name, input, options);

    /// <summary>Runs an activity and returns what it returned.</summary>
    /// <exception cref="WorkflowTaskFailedException">It failed, and the retry policy, if there is one, is exhausted.</exception>
    public abstract Task<T> CallActivityAsync<T>(string name, object? input = null, WorkflowTaskOptions? options = null);

    /// <summary>Waits, be it for months. Negative delays are over at once; <see cref="Timeout.InfiniteTimeSpan"/> never is.</summary>
    public virtual Task CreateTimer(TimeSpan delay, CancellationToken cancellationToken = default)
    {
        var now = CurrentUtcDateTime;
        var fireAt = delay == Timeout.InfiniteTimeSpan || delay > DateTime.MaxValue - now ? DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc)
            : delay < TimeSpan.Zero ? now
            : now + delay;
        return CreateTimer(fireAt, cancellationToken);
    }

    /// <summary>Waits until a moment, given in UTC. Cancelling ends the wait with a <see cref="TaskCanceledException"/>.</summary>
    public abstract Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken);

    /// <summary>Waits for an event by name, whatever its case. Events that came before the wait count, oldest first.</summary>
    public abstract Task<T> WaitForExternalEventAsync<T>(string eventName, CancellationToken cancellationToken = default);

    /// <summary>Waits for an event for a while: not at all when <paramref name="timeout"/> is zero, without end when it is negative.</summary>
    /// <exception cref="TaskCanceledException">No event came in time.</exception>
    public abstract Task<T> WaitForExternalEventAsync<T>(string eventName, TimeSpan timeout);

    /// <summary>Not supported, since sidecars do not: raise events from an activity, through <see cref="DaprWorkflowClient"/>.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public abstract void SendEvent(string instanceId, string eventName, object payload);

    /// <summary>What clients see beside the status until it is set again; null clears it.</summary>
    public abstract void SetCustomStatus(object? customStatus);

    /// <summary>Runs another workflow.</summary>
    /// <exception cref="WorkflowTaskFailedException">It did not complete, and the retry policy, if there is one, is exhausted.</exception>
    public virtual Task CallChildWorkflowAsync(string workflowName, object? input = null, ChildWorkflowTaskOptions? options = null) =>
        CallChildWorkflowAsync<object>(workflowName, input, options);

    /// <summary>Runs another workflow and returns what it returned.</summary>
    /// <exception cref="WorkflowTaskFailedException">It did not complete, and the retry policy, if there is one, is exhausted.</exception>
    public abstract Task<TResult> CallChildWorkflowAsync<TResult>(string workflowName, object? input = null, ChildWorkflowTaskOptions? options = null);

    /// <summary>A logger that says nothing while replaying.</summary>
    public abstract ILogger CreateReplaySafeLogger(string categoryName);

    /// <summary>A logger that says nothing while replaying.</summary>
    public abstract ILogger CreateReplaySafeLogger(Type type);

    /// <summary>A logger that says nothing while replaying.</summary>
    public abstract ILogger CreateReplaySafeLogger<T>();

    /// <summary>Starts afresh with a new input and an empty history once the code returns; what it returns is then of no account.</summary>
    /// <param name="preserveUnprocessedEvents">Whether events that nobody waited for yet reach the new run.</param>
    public abstract void ContinueAsNew(object? newInput = null, bool preserveUnprocessedEvents = true);

    /// <summary>An id that is new, and yet the same at each replay.</summary>
    public abstract Guid NewGuid();
}
