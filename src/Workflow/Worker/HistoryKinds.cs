using KestrelVoice.TaskHub;

namespace Dapr.Workflow.Worker;

/// <summary>What an event of a history is to the code that is run through it.</summary>
internal static class HistoryKinds
{
    // 9999-12-31T23:59:59Z: later than any moment that somebody meant.
    private const long NeverSeconds = 253_402_300_799;

    extension(HistoryEvent happened)
    {
        /// <summary>The code asked for something; the event's id is the step's number.</summary>
        public bool IsRecord => happened.EventTypeCase is HistoryEvent.EventTypeOneofCase.TaskScheduled
            or HistoryEvent.EventTypeOneofCase.ChildWorkflowInstanceCreated
            or HistoryEvent.EventTypeOneofCase.TimerCreated
            or HistoryEvent.EventTypeOneofCase.EventSent;

        /// <summary>The step that this event answers, if it answers one.</summary>
        public int? AnsweredStep => happened.EventTypeCase switch
        {
            HistoryEvent.EventTypeOneofCase.TaskCompleted => happened.TaskCompleted.TaskScheduledId,
            HistoryEvent.EventTypeOneofCase.TaskFailed => happened.TaskFailed.TaskScheduledId,
            HistoryEvent.EventTypeOneofCase.ChildWorkflowInstanceCompleted => happened.ChildWorkflowInstanceCompleted.TaskScheduledId,
            HistoryEvent.EventTypeOneofCase.ChildWorkflowInstanceFailed => happened.ChildWorkflowInstanceFailed.TaskScheduledId,
            HistoryEvent.EventTypeOneofCase.TimerFired => happened.TimerFired.TimerId,
            _ => null,
        };

        /// <summary>The event that is awaited without end, where another SDK recorded such a wait as a timer that never fires.</summary>
        public string? EndlesslyAwaited => happened.TimerCreated is { FireAt.Seconds: >= NeverSeconds, ExternalEvent.Name: var name } ? name : null;
    }
}
