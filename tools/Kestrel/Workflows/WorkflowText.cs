using System.Globalization;
using System.Text.RegularExpressions;
using KestrelVoice.TaskHub;
using Kind = KestrelVoice.TaskHub.HistoryEvent.EventTypeOneofCase;

namespace KestrelVoice.Cli.Workflows;

/// <summary>Workflows in words that fit a line.</summary>
internal static partial class WorkflowText
{
    private const int LongestPayload = 160;

    public static string Status(OrchestrationStatus status) => status.ToString().ToLowerInvariant();

    /// <summary>How long ago, in the largest unit that tells something.</summary>
    public static string Age(TimeSpan age) => age switch
    {
        { TotalDays: >= 2 } => Whole(age.TotalDays, "d"),
        { TotalHours: >= 2 } => Whole(age.TotalHours, "h"),
        { TotalMinutes: >= 2 } => Whole(age.TotalMinutes, "min"),
        _ => Whole(Math.Max(0, age.TotalSeconds), "s"),
    };

    /// <summary>What happened, and with what; null for the beginning of a turn, which tells nobody anything.</summary>
    public static string? Of(HistoryEvent happened) => happened.EventTypeCase switch
    {
        Kind.WorkflowStarted or Kind.WorkflowCompleted => null,
        Kind.ExecutionStarted => $"{happened.ExecutionStarted.Name} started{With(happened.ExecutionStarted.Input)}",
        Kind.ExecutionCompleted => Ended(happened.ExecutionCompleted),
        Kind.ExecutionTerminated => $"asked to terminate{With(happened.ExecutionTerminated.Input)}",
        Kind.ExecutionSuspended => $"suspended{With(happened.ExecutionSuspended.Input)}",
        Kind.ExecutionResumed => $"resumed{With(happened.ExecutionResumed.Input)}",
        Kind.ExecutionStalled => $"stalled: {Payload(happened.ExecutionStalled.Description)}",
        Kind.TaskScheduled => $"#{happened.EventId} activity {happened.TaskScheduled.Name} scheduled{With(happened.TaskScheduled.Input)}",
        Kind.TaskCompleted => $"#{happened.TaskCompleted.TaskScheduledId} activity completed{With(happened.TaskCompleted.Result)}",
        Kind.TaskFailed => $"#{happened.TaskFailed.TaskScheduledId} activity failed: {Failure(happened.TaskFailed.FailureDetails)}",
        Kind.ChildWorkflowInstanceCreated =>
            $"#{happened.EventId} child {happened.ChildWorkflowInstanceCreated.Name} started as {happened.ChildWorkflowInstanceCreated.InstanceId}"
            + With(happened.ChildWorkflowInstanceCreated.Input),
        Kind.ChildWorkflowInstanceCompleted =>
            $"#{happened.ChildWorkflowInstanceCompleted.TaskScheduledId} child completed{With(happened.ChildWorkflowInstanceCompleted.Result)}",
        Kind.ChildWorkflowInstanceFailed =>
            $"#{happened.ChildWorkflowInstanceFailed.TaskScheduledId} child failed: {Failure(happened.ChildWorkflowInstanceFailed.FailureDetails)}",
        Kind.TimerCreated => $"#{happened.EventId} timer set for {Time(happened.TimerCreated.FireAt)}{Purpose(happened.TimerCreated)}",
        Kind.TimerFired => $"#{happened.TimerFired.TimerId} timer fired",
        Kind.EventSent => $"#{happened.EventId} event {happened.EventSent.Name} sent to {happened.EventSent.InstanceId}{With(happened.EventSent.Input)}",
        Kind.EventRaised => $"event {happened.EventRaised.Name} raised{With(happened.EventRaised.Input)}",
        Kind.ContinueAsNew => $"begun anew{With(happened.ContinueAsNew.Input)}",
        _ => "something this version does not know",
    };

    /// <summary>On one line, without what would move the cursor, and no longer than can be read.</summary>
    public static string Payload(string? text)
    {
        var line = NotShown().Replace(text ?? "", " ");
        return line.Length <= LongestPayload ? line : $"{line[..LongestPayload]}… ({line.Length} characters)";
    }

    public static string Failure(TaskFailureDetails? failure) => failure is null ? "no reason was given" : Payload($"{failure.ErrorType}: {failure.ErrorMessage}");

    public static string Time(Google.Protobuf.WellKnownTypes.Timestamp time) => time.Seconds >= 253_402_300_799
        ? "never"
        : time.ToDateTimeOffset().ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static string Ended(ExecutionCompletedEvent end) => end.FailureDetails is null
        ? $"{Status(end.WorkflowStatus)}{With(end.Result)}"
        : $"{Status(end.WorkflowStatus)}: {Failure(end.FailureDetails)}";

    private static string Purpose(TimerCreatedEvent timer) => timer.OriginCase switch
    {
        TimerCreatedEvent.OriginOneofCase.ExternalEvent => $", the patience for event {timer.ExternalEvent.Name}",
        TimerCreatedEvent.OriginOneofCase.ActivityRetry or TimerCreatedEvent.OriginOneofCase.ChildWorkflowRetry => ", to try again",
        _ => "",
    };

    private static string With(string? payload) => string.IsNullOrEmpty(payload) ? "" : $": {Payload(payload)}";

    private static string Whole(double amount, string unit) => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(amount)} {unit}");

    [GeneratedRegex(@"[\p{C}\p{Zl}\p{Zp}]+")]
    private static partial Regex NotShown();
}
