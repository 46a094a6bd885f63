using Google.Protobuf.WellKnownTypes;
using KestrelVoice.TaskHub;

namespace KestrelVoice.Workflow.Tests.Harness;

/// <summary>Events as a sidecar writes them.</summary>
internal static class Happened
{
    public static readonly DateTime Noon = new(2026, 3, 2, 12, 0, 0, DateTimeKind.Utc);

    public static HistoryEvent TurnStarted(DateTime? at = null, params string[] patches) => At(at, new()
    {
        WorkflowStarted = patches.Length == 0 ? new() : new() { Version = new() { Patches = { patches } } },
    });

    public static HistoryEvent Started(string name, string? input = null, string executionId = "8f14e45f-ceea-467f-a831-0b0a0a0a0a01", string instanceId = "order-1") => At(null, new()
    {
        ExecutionStarted = new() { Name = name, Input = input, WorkflowInstance = new() { InstanceId = instanceId, ExecutionId = executionId } },
    });

    public static HistoryEvent ActivityScheduled(int id, string name, string? input = null) => At(null, new() { EventId = id, TaskScheduled = new() { Name = name, Input = input } });

    public static HistoryEvent ChildCreated(int id, string name) => At(null, new() { EventId = id, ChildWorkflowInstanceCreated = new() { Name = name, InstanceId = "child" } });

    public static HistoryEvent TimerCreated(int id, DateTime fireAt) => At(null, new() { EventId = id, TimerCreated = new() { FireAt = Timestamp.FromDateTime(fireAt) } });

    public static HistoryEvent Completed(int id, string? result = null) => At(null, new() { TaskCompleted = new() { TaskScheduledId = id, Result = result } });

    public static HistoryEvent Failed(int id, string errorType = "System.TimeoutException", bool isNonRetriable = false) => At(null, new()
    {
        TaskFailed = new() { TaskScheduledId = id, FailureDetails = new() { ErrorType = errorType, ErrorMessage = "broken", IsNonRetriable = isNonRetriable } },
    });

    public static HistoryEvent ChildCompleted(int id, string? result = null) =>
        At(null, new() { ChildWorkflowInstanceCompleted = new() { TaskScheduledId = id, Result = result } });

    public static HistoryEvent ChildFailed(int id, TaskFailureDetails? details) =>
        At(null, new() { ChildWorkflowInstanceFailed = new() { TaskScheduledId = id, FailureDetails = details } });

    public static HistoryEvent Fired(int id) => At(null, new() { TimerFired = new() { TimerId = id } });

    public static HistoryEvent Raised(string name, string? input = null) => At(null, new() { EventRaised = new() { Name = name, Input = input } });

    public static HistoryEvent Suspended() => At(null, new() { ExecutionSuspended = new() { Input = "a reason" } });

    public static HistoryEvent Resumed() => At(null, new() { ExecutionResumed = new() });

    public static HistoryEvent Terminated(string? output = null) => At(null, new() { ExecutionTerminated = new() { Input = output } });

    private static HistoryEvent At(DateTime? at, HistoryEvent happened)
    {
        if (happened.EventId == 0 && !happened.Records)
            happened.EventId = -1;
        happened.Timestamp = Timestamp.FromDateTime(at ?? Noon);
        return happened;
    }

    extension(HistoryEvent happened)
    {
        private bool Records => happened.TaskScheduled is not null || happened.TimerCreated is not null || happened.ChildWorkflowInstanceCreated is not null;
    }
}
