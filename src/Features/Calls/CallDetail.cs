using System.ComponentModel;
using KestrelVoice.Contracts;

namespace KestrelVoice.Features.Calls;

/// <summary>One utterance.</summary>
public sealed record CallTurn(
    int Sequence, Speaker Speaker, string Text,
    [property: Description("True when the caller pressed keys; text holds them.")] bool Keys,
    [property: Description("Of the speech recognition, 0 to 1; null when unknown.")] double? Confidence,
    DateTime At,
    [property: Description("Milliseconds since the call began.")] long OffsetMs)
{
    internal static IReadOnlyList<CallTurn> Of(CallFacts facts) =>
    [
        .. facts.Turns.Select(turn => new CallTurn(
            turn.Sequence, turn.Speaker, turn.Text, turn.Keys, turn.Confidence, turn.At.UtcDateTime,
            Math.Max(0, (long)(turn.At - facts.Call.StartedAt).TotalMilliseconds))),
    ];
}

/// <summary>When things happened, and how long they took.</summary>
public sealed record CallTimings(
    DateTime StartedAt,
    [property: Description("Null while the call is in progress.")] DateTime? EndedAt,
    [property: Description("When the caller first spoke or pressed a key.")] DateTime? FirstCallerTurnAt,
    [property: Description("Seconds the caller talked with a person.")] int ConnectedSeconds,
    int VoicemailSeconds)
{
    internal static CallTimings Of(CallFacts facts) => new(
        facts.Call.StartedAt.UtcDateTime,
        facts.Ended?.At.UtcDateTime,
        facts.Turns.FirstOrDefault(turn => turn.Speaker == Speaker.Caller)?.At.UtcDateTime,
        facts.Dials.Where(dial => dial.Bridged).Sum(dial => dial.DurationSeconds),
        facts.VoicemailSeconds);
}

/// <summary>What the receptionist decided, or learned, at one moment, and why.</summary>
public sealed record CallDecision(
    DateTime At,
    [property: Description("answered, emergency, dialed, booked, voicemail, recording or ended.")] string Kind,
    string Reason)
{
    internal static IReadOnlyList<CallDecision> Of(CallFacts facts) =>
    [
        .. facts.Events
            .Where(callEvent => callEvent is not TurnSpoken)
            // A recording is announced after the call, under a sequence number set aside when it began.
            .OrderBy(callEvent => callEvent.At)
            .Select(callEvent => new CallDecision(callEvent.At.UtcDateTime, KindOf(callEvent), Because(callEvent))),
    ];

    private static string KindOf(CallEvent callEvent) => callEvent switch
    {
        CallStarted => "answered",
        EmergencyDetected => "emergency",
        PersonDialed => "dialed",
        AppointmentBookedInCall => "booked",
        VoicemailLeft => "voicemail",
        RecordingReady => "recording",
        CallEnded => "ended",
        _ => throw new ArgumentOutOfRangeException(nameof(callEvent), callEvent.GetType().Name, "Unknown call event."),
    };

    private static string Because(CallEvent callEvent) => callEvent switch
    {
        CallStarted started => (started.OpenNow ? "Answered within opening hours" : "Answered outside opening hours")
            + (started.RecordingNoticePlayed ? "; the caller was told about the recording." : "."),
        EmergencyDetected emergency => $"Recognised as an emergency by “{emergency.Phrase}”.",
        PersonDialed dialed => (dialed.Target == DialTarget.OnCall ? "Whoever is on call was dialled: " : "The business was dialled: ")
            + (dialed.Bridged ? $"they talked for {CallSummary.Seconds(dialed.DurationSeconds)}." : $"{dialed.Result}."),
        AppointmentBookedInCall booked => $"The caller booked an appointment: {booked.Service}.",
        VoicemailLeft voicemail => $"The caller left a voicemail of {CallSummary.Seconds(voicemail.DurationSeconds)}.",
        RecordingReady recording => recording.Available
            ? $"A recording of {CallSummary.Seconds(recording.DurationSeconds)} was kept."
            : "The carrier kept no recording.",
        CallEnded ended => $"The carrier reports {ended.CallStatus} after {CallSummary.Seconds(ended.DurationSeconds)}.",
        _ => throw new ArgumentOutOfRangeException(nameof(callEvent), callEvent.GetType().Name, "Unknown call event."),
    };
}
