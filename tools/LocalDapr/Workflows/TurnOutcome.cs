using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using KestrelVoice.TaskHub;
using Action = KestrelVoice.TaskHub.WorkflowAction.WorkflowActionTypeOneofCase;

namespace KestrelVoice.LocalDapr.Workflows;

/// <summary>A turn as it is sent to a worker.</summary>
/// <param name="LastInbox">The newest entry of the inbox among <paramref name="New"/>.</param>
internal sealed record Turn(
    long Key, string Id, long Generation, ExecutionStartedEvent Started, IReadOnlyList<HistoryEvent> Past, IReadOnlyList<HistoryEvent> New, long LastInbox);

/// <summary>Why an instance cannot go on with the workers that there are.</summary>
internal sealed record Stall(StalledReason Reason, string Description);

/// <summary>What a worker's answer to a turn comes to. Nothing of it has happened yet.</summary>
internal sealed class TurnOutcome
{
    private readonly List<HistoryEvent> _recorded = [];
    private readonly List<HistoryEvent> _answers = [];
    private readonly List<TerminateWorkflowAction> _terminations = [];
    private readonly Turn _turn;
    private readonly string _app;
    private readonly Timestamp _now;

    private TurnOutcome(Turn turn, string app, DateTimeOffset now) => (_turn, _app, _now) = (turn, app, now.ToTimestamp());

    /// <summary>Events to append to history after those of the turn itself: work to do, and the end, which is always the last.</summary>
    public IReadOnlyList<HistoryEvent> Recorded => _recorded;

    /// <summary>Events the instance is to receive at once: failures of work that cannot be done here.</summary>
    public IReadOnlyList<HistoryEvent> Answers => _answers;

    public IReadOnlyList<TerminateWorkflowAction> Terminations => _terminations;

    public HistoryEvent? Completed { get; private set; }

    public CompleteWorkflowAction? ContinueAsNew { get; private set; }

    public Stall? Stall { get; private set; }

    /// <summary>What to write on the turn's first event about the version that ran it.</summary>
    public WorkflowVersion? Version { get; private set; }

    /// <summary>The turn ended the instance because it was asked to, and its children are to follow.</summary>
    public bool TerminatesChildren { get; private set; }

    public static TurnOutcome Of(Turn turn, WorkflowResponse response, string app, DateTimeOffset now)
    {
        var outcome = new TurnOutcome(turn, app, now);
        var termination = turn.New.LastOrDefault(happened => happened.ExecutionTerminated is not null)?.ExecutionTerminated;
        var end = response.Actions.FirstOrDefault(action => action.CompleteWorkflow is not null);
        if (end?.CompleteWorkflow.WorkflowStatus == OrchestrationStatus.ContinuedAsNew && termination is not null)
            end = null;

        outcome.TerminatesChildren = termination?.Recurse == true;
        // Workers that overlook a termination exist, and it must not be lost.
        if (termination is not null && end is null)
            outcome.Complete(HistoryEvents.NoAction, OrchestrationStatus.Terminated, termination.Input, null);
        else if (response.Actions.Any(action => action.WorkflowVersionNotAvailable is not null))
            outcome.Stall = new Stall(StalledReason.VersionNotAvailable, "no worker has the version of the workflow that the instance began with");
        else if (outcome.ReadVersion(response.Version))
            outcome.Read(response.Actions, end);
        return outcome;
    }

    private void Read(IEnumerable<WorkflowAction> actions, WorkflowAction? end)
    {
        if (end?.CompleteWorkflow.WorkflowStatus == OrchestrationStatus.ContinuedAsNew)
        {
            ContinueAsNew = end.CompleteWorkflow;
            return;
        }
        // A worker may repeat actions that history already holds, as some do after a suspension.
        var known = _turn.Past.Select(happened => happened.ActionId()).OfType<int>().ToHashSet();
        foreach (var action in actions)
        {
            switch (action.WorkflowActionTypeCase)
            {
                case Action.CompleteWorkflow:
                    break;
                case Action.TerminateWorkflow:
                    _terminations.Add(action.TerminateWorkflow);
                    break;
                case Action.ScheduleTask or Action.CreateTimer or Action.CreateChildWorkflow or Action.SendEvent:
                    if (known.Add(action.Id))
                        Record(action);
                    break;
                default:
                    Fail("UnsupportedWorkflowAction", $"action {action.Id} is of a kind that LocalDapr does not know");
                    return;
            }
        }
        if (end is { CompleteWorkflow: var completion })
            Complete(end.Id, completion.WorkflowStatus, completion.Result, completion.FailureDetails);
    }

    private void Record(WorkflowAction action)
    {
        var happened = new HistoryEvent { EventId = action.Id, Timestamp = _now };
        switch (action.WorkflowActionTypeCase)
        {
            case Action.ScheduleTask:
                happened.TaskScheduled = new TaskScheduledEvent
                {
                    Name = action.ScheduleTask.Name,
                    Version = action.ScheduleTask.Version,
                    Input = action.ScheduleTask.Input,
                    TaskExecutionId = action.ScheduleTask.TaskExecutionId,
                    ParentTraceContext = _turn.Started.ParentTraceContext,
                };
                if (Elsewhere(action.ScheduleTask.Router ?? action.Router) is { } activityApp)
                    _answers.Add(Answer(new HistoryEvent { TaskFailed = new TaskFailedEvent { TaskScheduledId = action.Id, FailureDetails = NotHere(activityApp) } }));
                break;
            case Action.CreateChildWorkflow:
                happened.ChildWorkflowInstanceCreated = new ChildWorkflowInstanceCreatedEvent
                {
                    InstanceId = ChildId(action),
                    Name = action.CreateChildWorkflow.Name,
                    Version = action.CreateChildWorkflow.Version,
                    Input = action.CreateChildWorkflow.Input,
                    ParentTraceContext = _turn.Started.ParentTraceContext,
                };
                if (Elsewhere(action.CreateChildWorkflow.Router ?? action.Router) is { } childApp)
                    _answers.Add(Answer(Failure(action.Id, NotHere(childApp))));
                break;
            case Action.CreateTimer:
                happened.TimerCreated = Timer(action.CreateTimer);
                break;
            default:
                happened.EventSent = new EventSentEvent
                {
                    InstanceId = action.SendEvent.Instance?.InstanceId ?? "",
                    Name = action.SendEvent.Name,
                    Input = action.SendEvent.Data,
                };
                break;
        }
        _recorded.Add(happened);
    }

    public static HistoryEvent Failure(int taskId, TaskFailureDetails details) => new()
    {
        ChildWorkflowInstanceFailed = new ChildWorkflowInstanceFailedEvent { TaskScheduledId = taskId, FailureDetails = details },
    };

    private HistoryEvent Answer(HistoryEvent answer)
    {
        (answer.EventId, answer.Timestamp) = (HistoryEvents.NoAction, _now);
        return answer;
    }

    // Names as the wire has them: the origins of action and event differ in their numbers only.
    private static TimerCreatedEvent Timer(CreateTimerAction action)
    {
        var timer = new TimerCreatedEvent { FireAt = action.FireAt };
        if (action.HasName)
            timer.Name = action.Name;
        switch (action.OriginCase)
        {
            case CreateTimerAction.OriginOneofCase.CreateTimer:
                timer.CreateTimer = action.CreateTimer;
                break;
            case CreateTimerAction.OriginOneofCase.ExternalEvent:
                timer.ExternalEvent = action.ExternalEvent;
                break;
            case CreateTimerAction.OriginOneofCase.ActivityRetry:
                timer.ActivityRetry = action.ActivityRetry;
                break;
            case CreateTimerAction.OriginOneofCase.ChildWorkflowRetry:
                timer.ChildWorkflowRetry = action.ChildWorkflowRetry;
                break;
            default:
                break;
        }
        return timer;
    }

    private string ChildId(WorkflowAction action) => action.CreateChildWorkflow.InstanceId is { Length: > 0 } given
        ? given
        : string.Create(CultureInfo.InvariantCulture, $"{_turn.Id}:{action.Id:x4}");

    private string? Elsewhere(TaskRouter? router) => router is { HasTargetAppID: true, TargetAppID: { Length: > 0 } target } && target != _app ? target : null;

    private static TaskFailureDetails NotHere(string target) => new()
    {
        ErrorType = "UnsupportedTargetApp",
        ErrorMessage = $"LocalDapr runs the work of a workflow in its own app, not in '{target}'",
        IsNonRetriable = true,
    };

    private void Fail(string type, string message)
    {
        _recorded.Clear();
        _answers.Clear();
        _terminations.Clear();
        Complete(HistoryEvents.NoAction, OrchestrationStatus.Failed, null, new TaskFailureDetails { ErrorType = type, ErrorMessage = message, IsNonRetriable = true });
    }

    private void Complete(int actionId, OrchestrationStatus status, string? result, TaskFailureDetails? failure)
    {
        Completed = new HistoryEvent
        {
            EventId = actionId,
            Timestamp = _now,
            ExecutionCompleted = new ExecutionCompletedEvent { WorkflowStatus = status, Result = result, FailureDetails = failure },
        };
        _recorded.Add(Completed);
    }

    // A patch once taken is taken for good: what a worker reports must begin with what is on record.
    private bool ReadVersion(WorkflowVersion? version)
    {
        if (version is null)
            return true;
        var recorded = _turn.Past.Select(happened => happened.WorkflowStarted?.Version).OfType<WorkflowVersion>().ToArray();
        var known = recorded.SelectMany(earlier => earlier.Patches).ToArray();
        if (!version.Patches.Take(known.Length).SequenceEqual(known, StringComparer.Ordinal))
        {
            Stall = new Stall(
                StalledReason.PatchMismatch,
                $"history took the patches [{string.Join(", ", known)}], the worker takes [{string.Join(", ", version.Patches)}]");
            return false;
        }
        var added = new WorkflowVersion { Patches = { version.Patches.Skip(known.Length) } };
        if (version.HasName && version.Name != recorded.LastOrDefault(earlier => earlier.HasName)?.Name)
            added.Name = version.Name;
        Version = added.HasName || added.Patches.Count > 0 ? added : null;
        return true;
    }
}
