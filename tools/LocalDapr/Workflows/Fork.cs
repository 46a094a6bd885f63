using System.Globalization;
using KestrelVoice.TaskHub;

namespace KestrelVoice.LocalDapr.Workflows;

/// <summary>The history that a rerun begins with.</summary>
/// <param name="History">That of the source, up to and with the action that is taken once more.</param>
/// <param name="Unanswered">What in it has had no answer by then, and is asked for anew.</param>
internal sealed record Fork(IReadOnlyList<HistoryEvent> History, IReadOnlyList<HistoryEvent> Unanswered)
{
    public static Fork Of(IReadOnlyList<HistoryEvent> source, HistoryEvent beginning, RerunWorkflowFromEventRequest request)
    {
        var id = beginning.ExecutionStarted.WorkflowInstance.InstanceId;
        var last = source.ToList().FindIndex(happened => happened.ActionId() == request.EventID && happened.EventSent is null);
        if (last < 0)
            throw WorkflowRefusals.NotRerunnable(request.SourceInstanceID, $"event {request.EventID} is no activity, timer or child of its history");

        var history = source.Take(last + 1).Where(happened => happened.ExecutionStalled is null)
            .Select(happened => happened.ExecutionStarted is null ? happened.Clone() : beginning.Clone()).ToArray();
        var answered = history.Select(Answers).OfType<int>().ToHashSet();
        var unanswered = history.Where(happened => happened.ActionId() is { } action && happened.EventSent is null && !answered.Contains(action)).ToArray();
        foreach (var happened in unanswered)
            Disown(happened, id, request.SourceInstanceID);

        var target = history[^1];
        if (target.ChildWorkflowInstanceCreated is { } child && request.HasNewChildWorkflowInstanceID)
            child.InstanceId = request.NewChildWorkflowInstanceID;
        if (request.OverwriteInput)
            Overwrite(target, request);
        return new Fork(history, unanswered);
    }

    private static int? Answers(HistoryEvent happened) =>
        happened.TaskCompleted?.TaskScheduledId ?? happened.TaskFailed?.TaskScheduledId ?? happened.TimerFired?.TimerId
        ?? happened.ChildWorkflowInstanceCompleted?.TaskScheduledId ?? happened.ChildWorkflowInstanceFailed?.TaskScheduledId;

    private static void Disown(HistoryEvent happened, string id, string source)
    {
        var parent = new RerunParentInstanceInfo { InstanceID = source };
        if (happened.TaskScheduled is { } task)
            task.RerunParentInstanceInfo = parent;
        if (happened.TimerCreated is { } timer)
            timer.RerunParentInstanceInfo = parent;
        // The child's own id is taken by the child of the source.
        if (happened.ChildWorkflowInstanceCreated is { } child)
            (child.RerunParentInstanceInfo, child.InstanceId) = (parent, string.Create(CultureInfo.InvariantCulture, $"{id}:{happened.EventId:x4}"));
    }

    private static void Overwrite(HistoryEvent target, RerunWorkflowFromEventRequest request)
    {
        if (target.TaskScheduled is { } task)
            task.Input = request.Input;
        else if (target.ChildWorkflowInstanceCreated is { } child)
            child.Input = request.Input;
        else
            throw WorkflowRefusals.NotRerunnable(request.SourceInstanceID, "a timer has no input that could be overwritten");
    }
}
