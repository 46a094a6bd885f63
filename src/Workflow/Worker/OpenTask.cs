using KestrelVoice.TaskHub;

namespace Dapr.Workflow.Worker;

/// <summary>Something that workflow code asked for and that history answers. Awaiting code goes on inside the call that settles it.</summary>
internal sealed class OpenTask(WorkflowAction action)
{
    private readonly TaskCompletionSource<string?> _source = new();
    private string _key = action.ScheduleTask?.TaskExecutionId ?? "";

    public WorkflowAction Action { get; } = action;

    /// <summary>History has it already, so it is not asked for again.</summary>
    public bool IsConfirmed { get; private set; }

    public bool IsSettled => _source.Task.IsCompleted;

    public Task<string?> Answer => _source.Task;

    public void Confirm(HistoryEvent record)
    {
        IsConfirmed = true;
        // Of an instance that was run again from another's step, history holds the other's key.
        if (record.TaskScheduled is { TaskExecutionId: { Length: > 0 } recorded })
            _key = recorded;
    }

    /// <summary>Whether an answer with the number of this step was meant for it, and not for the same number in the run that this one continues.</summary>
    public bool IsAnsweredBy(HistoryEvent answer) => answer.EventTypeCase switch
    {
        HistoryEvent.EventTypeOneofCase.TaskCompleted => Action.ScheduleTask is not null && IsOwnKey(answer.TaskCompleted.TaskExecutionId),
        HistoryEvent.EventTypeOneofCase.TaskFailed => Action.ScheduleTask is not null && IsOwnKey(answer.TaskFailed.TaskExecutionId),
        HistoryEvent.EventTypeOneofCase.TimerFired => Action.CreateTimer is not null,
        _ => Action.CreateChildWorkflow is not null,
    };

    public void Succeed(string? result) => _source.TrySetResult(result);

    public void Fail(WorkflowTaskFailureDetails details) =>
        _source.TrySetException(new WorkflowTaskFailedException($"Step {Action.Id}, {Describe(Action)}, failed: {details.ErrorMessage}", details));

    /// <summary>Ends the wait here; the sidecar is not told, and what it says later comes too late.</summary>
    public void Cancel(CancellationToken token) => _source.TrySetCanceled(token);

    /// <summary>Whether this event is the record of this task having been asked for.</summary>
    public bool IsRecordedAs(HistoryEvent recorded) => (Action.WorkflowActionTypeCase, recorded.EventTypeCase) switch
    {
        (WorkflowAction.WorkflowActionTypeOneofCase.ScheduleTask, HistoryEvent.EventTypeOneofCase.TaskScheduled) =>
            IsSameName(Action.ScheduleTask.Name, recorded.TaskScheduled.Name),
        (WorkflowAction.WorkflowActionTypeOneofCase.CreateChildWorkflow, HistoryEvent.EventTypeOneofCase.ChildWorkflowInstanceCreated) =>
            IsSameName(Action.CreateChildWorkflow.Name, recorded.ChildWorkflowInstanceCreated.Name),
        (WorkflowAction.WorkflowActionTypeOneofCase.CreateTimer, HistoryEvent.EventTypeOneofCase.TimerCreated) => true,
        _ => false,
    };

    public static string Describe(WorkflowAction action) => action.WorkflowActionTypeCase switch
    {
        WorkflowAction.WorkflowActionTypeOneofCase.ScheduleTask => $"activity '{action.ScheduleTask.Name}'",
        WorkflowAction.WorkflowActionTypeOneofCase.CreateChildWorkflow => $"child workflow '{action.CreateChildWorkflow.Name}'",
        _ => "a timer",
    };

    public static string Describe(HistoryEvent recorded) => recorded.EventTypeCase switch
    {
        HistoryEvent.EventTypeOneofCase.TaskScheduled => $"activity '{recorded.TaskScheduled.Name}'",
        HistoryEvent.EventTypeOneofCase.ChildWorkflowInstanceCreated => $"child workflow '{recorded.ChildWorkflowInstanceCreated.Name}'",
        HistoryEvent.EventTypeOneofCase.TimerCreated => "a timer",
        _ => "an event sent",
    };

    // Sidecars before 1.16 send none.
    private bool IsOwnKey(string key) => key.Length == 0 || _key.Length == 0 || key == _key;

    private static bool IsSameName(string asked, string recorded) => string.Equals(asked, recorded, StringComparison.OrdinalIgnoreCase);
}
