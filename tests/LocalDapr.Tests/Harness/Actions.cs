using Google.Protobuf.WellKnownTypes;
using KestrelVoice.TaskHub;

namespace KestrelVoice.LocalDapr.Tests.Harness;

/// <summary>What a worker decides, in short.</summary>
internal static class Actions
{
    public static WorkflowAction Activity(int id, string name = "Do", string? input = null) =>
        new() { Id = id, ScheduleTask = new ScheduleTaskAction { Name = name, Input = input, TaskExecutionId = $"execution-{id}" } };

    public static WorkflowAction Timer(int id, DateTimeOffset fireAt) =>
        new() { Id = id, CreateTimer = new CreateTimerAction { FireAt = fireAt.ToTimestamp(), CreateTimer = new TimerOriginCreateTimer() } };

    public static WorkflowAction Child(int id, string instanceId = "", string? input = null, string name = "Child") =>
        new() { Id = id, CreateChildWorkflow = new CreateChildWorkflowAction { InstanceId = instanceId, Name = name, Input = input } };

    public static WorkflowAction Send(int id, string instanceId, string name, string? data = null) =>
        new() { Id = id, SendEvent = new SendEventAction { Instance = new WorkflowInstance { InstanceId = instanceId }, Name = name, Data = data } };

    public static WorkflowAction Complete(string? result = null, OrchestrationStatus status = OrchestrationStatus.Completed, int id = -1) =>
        new() { Id = id, CompleteWorkflow = new CompleteWorkflowAction { WorkflowStatus = status, Result = result } };

    public static WorkflowAction Fail(string type, string message) => new()
    {
        Id = -1,
        CompleteWorkflow = new CompleteWorkflowAction
        {
            WorkflowStatus = OrchestrationStatus.Failed,
            FailureDetails = new TaskFailureDetails { ErrorType = type, ErrorMessage = message },
        },
    };

    public static WorkflowAction ContinueAsNew(string input, params IEnumerable<HistoryEvent> carryover) => new()
    {
        Id = -1,
        CompleteWorkflow = new CompleteWorkflowAction { WorkflowStatus = OrchestrationStatus.ContinuedAsNew, Result = input, CarryoverEvents = { carryover } },
    };

    /// <summary>All that a worker knows of the instance, in order.</summary>
    public static IEnumerable<HistoryEvent> History(this WorkflowRequest request) => request.PastEvents.Concat(request.NewEvents);

    public static IEnumerable<string> Kinds(this IEnumerable<HistoryEvent> events) => events.Select(happened => happened.EventTypeCase.ToString());

    public static bool Has(this WorkflowRequest request, HistoryEvent.EventTypeOneofCase kind) => request.History().Any(happened => happened.EventTypeCase == kind);
}
