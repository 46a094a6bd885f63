using Google.Protobuf.WellKnownTypes;
using KestrelVoice.TaskHub;

namespace KestrelVoice.LocalDapr.Workflows;

/// <summary>What is asked of history again and again.</summary>
internal static class HistoryEvents
{
    /// <summary>The id of events that answer no action.</summary>
    public const int NoAction = -1;

    // The last second of the calendar means "never": it must be neither armed nor added to.
    private const long Never = 253_402_300_799;

    public static bool IsTerminal(this OrchestrationStatus status) => status
        is OrchestrationStatus.Completed or OrchestrationStatus.Failed or OrchestrationStatus.Canceled or OrchestrationStatus.Terminated;

    /// <summary>When a timer is due, in ticks of UTC and never early; null for a timer that is not meant to fire.</summary>
    public static long? DueTicks(Timestamp? fireAt) => fireAt switch
    {
        null => 0,
        { Seconds: >= Never } => null,
        { Seconds: < 0 } => 0,
        _ => DateTimeOffset.UnixEpoch.Ticks + (fireAt.Seconds * TimeSpan.TicksPerSecond) + ((fireAt.Nanos + 99) / 100),
    };

    public static Timestamp Timestamp(long ticks) => new DateTimeOffset(ticks, TimeSpan.Zero).ToTimestamp();

    /// <summary>The id of the task, timer, child or message that an event records; null for every other event.</summary>
    public static int? ActionId(this HistoryEvent happened) => happened.EventTypeCase
        is HistoryEvent.EventTypeOneofCase.TaskScheduled
        or HistoryEvent.EventTypeOneofCase.TimerCreated
        or HistoryEvent.EventTypeOneofCase.ChildWorkflowInstanceCreated
        or HistoryEvent.EventTypeOneofCase.EventSent
            ? happened.EventId
            : null;

    public static bool IsSuspended(this IEnumerable<HistoryEvent> history) => history.LastOrDefault(happened => happened.EventTypeCase
        is HistoryEvent.EventTypeOneofCase.ExecutionSuspended or HistoryEvent.EventTypeOneofCase.ExecutionResumed)?.ExecutionSuspended is not null;
}
