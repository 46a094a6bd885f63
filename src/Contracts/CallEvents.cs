namespace KestrelVoice.Contracts;

/// <summary>What every event says of its call, so that any one of them alone is enough to open the call log.</summary>
/// <param name="CallSid">Twilio's id of the caller's leg, <c>CA</c> + 32 hex: the identity of the call.</param>
/// <param name="AccountSid">Twilio account that owns the dialled number.</param>
/// <param name="TenantId">Owner of the dialled number; null when the voice app could not look it up, then the host does.</param>
/// <param name="From">The caller's number as Twilio gave it: E.164, or text for a withheld one.</param>
/// <param name="To">The dialled number, E.164.</param>
/// <param name="Direction"><c>inbound</c> or <c>outbound</c>.</param>
/// <param name="StartedAt">When the call reached us, UTC.</param>
public sealed record CallHeader(
    string CallSid, string AccountSid, Guid? TenantId, string From, string To, string Direction, DateTimeOffset StartedAt);

/// <summary>Something that happened in a call. Delivered at least once and in any order.</summary>
/// <param name="EventId">Stable: the same webhook, repeated, yields the same id. Also the CloudEvents id.</param>
/// <param name="Call">The call.</param>
/// <param name="Sequence">Position in the call, from 0; gaps are allowed, and a sequence is never used for two different events.</param>
/// <param name="At">When it happened, UTC.</param>
public abstract record CallEvent(string EventId, CallHeader Call, int Sequence, DateTimeOffset At);

/// <summary>The receptionist answered. CloudEvents type <see cref="CallEventTypes.Started"/>.</summary>
/// <param name="ForwardedFrom">The business's own line, when the carrier says that the call was forwarded from it.</param>
/// <param name="OpenNow">Whether the business was within its hours.</param>
/// <param name="RecordingNoticePlayed">Whether the greeting told the caller about the recording.</param>
public sealed record CallStarted(
    string EventId, CallHeader Call, int Sequence, DateTimeOffset At,
    string? ForwardedFrom, bool OpenNow, bool RecordingNoticePlayed) : CallEvent(EventId, Call, Sequence, At);

/// <summary>Who spoke a turn.</summary>
public enum Speaker
{
    /// <summary>The person on the phone.</summary>
    Caller,

    /// <summary>The thing that talks.</summary>
    Receptionist,
}

/// <summary>One utterance, or keys pressed. CloudEvents type <see cref="CallEventTypes.Turn"/>.</summary>
/// <param name="Speaker">Who.</param>
/// <param name="Text">What was said; for keys, the keys.</param>
/// <param name="Confidence">Of the speech recognition, 0 to 1; null when not given or not speech.</param>
/// <param name="Keys">True when the caller pressed keys instead of speaking.</param>
public sealed record TurnSpoken(
    string EventId, CallHeader Call, int Sequence, DateTimeOffset At,
    Speaker Speaker, string Text, double? Confidence, bool Keys) : CallEvent(EventId, Call, Sequence, At);

/// <summary>The caller described an emergency. CloudEvents type <see cref="CallEventTypes.Emergency"/>.</summary>
/// <param name="Phrase">The tenant's emergency phrase that matched.</param>
public sealed record EmergencyDetected(
    string EventId, CallHeader Call, int Sequence, DateTimeOffset At,
    string Phrase) : CallEvent(EventId, Call, Sequence, At);

/// <summary>Whom a call was put through to.</summary>
public enum DialTarget
{
    /// <summary>The business's person, asked for by the caller.</summary>
    Person,

    /// <summary>Whoever is on call, for an emergency.</summary>
    OnCall,
}

/// <summary>An attempt to put the caller through ended. CloudEvents type <see cref="CallEventTypes.Dialed"/>.</summary>
/// <param name="Target">Whom.</param>
/// <param name="Result">Twilio's <c>DialCallStatus</c>: <c>completed</c>, <c>busy</c>, <c>no-answer</c>, <c>failed</c>, <c>canceled</c>.</param>
/// <param name="Bridged">Whether caller and callee talked.</param>
/// <param name="DurationSeconds">Seconds they were connected; 0 when not.</param>
public sealed record PersonDialed(
    string EventId, CallHeader Call, int Sequence, DateTimeOffset At,
    DialTarget Target, string Result, bool Bridged, int DurationSeconds) : CallEvent(EventId, Call, Sequence, At);

/// <summary>What a recording holds.</summary>
public enum RecordingKind
{
    /// <summary>The whole conversation.</summary>
    Call,

    /// <summary>A voicemail.</summary>
    Voicemail,
}

/// <summary>Twilio finished, or failed to make, a recording. CloudEvents type <see cref="CallEventTypes.Recording"/>.</summary>
/// <param name="RecordingSid"><c>RE</c> + 32 hex.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Available">False when Twilio reports it absent or failed.</param>
/// <param name="DurationSeconds">Length; 0 when not available.</param>
public sealed record RecordingReady(
    string EventId, CallHeader Call, int Sequence, DateTimeOffset At,
    string RecordingSid, RecordingKind Kind, bool Available, int DurationSeconds) : CallEvent(EventId, Call, Sequence, At);

/// <summary>The caller left a voicemail. CloudEvents type <see cref="CallEventTypes.Voicemail"/>.</summary>
/// <param name="RecordingSid">Its recording; null when Twilio named none.</param>
/// <param name="DurationSeconds">Length as Twilio measured it.</param>
public sealed record VoicemailLeft(
    string EventId, CallHeader Call, int Sequence, DateTimeOffset At,
    string? RecordingSid, int DurationSeconds) : CallEvent(EventId, Call, Sequence, At);

/// <summary>The caller booked an appointment. CloudEvents type <see cref="CallEventTypes.Booked"/>.</summary>
/// <param name="AppointmentId">The appointment.</param>
/// <param name="Service">What for, by name.</param>
/// <param name="StartsAt">When it begins, UTC.</param>
public sealed record AppointmentBookedInCall(
    string EventId, CallHeader Call, int Sequence, DateTimeOffset At,
    Guid AppointmentId, string Service, DateTimeOffset StartsAt) : CallEvent(EventId, Call, Sequence, At);

/// <summary>The call is over. CloudEvents type <see cref="CallEventTypes.Ended"/>.</summary>
/// <param name="CallStatus">Twilio's terminal status: <c>completed</c>, <c>busy</c>, <c>no-answer</c>, <c>failed</c>, <c>canceled</c>.</param>
/// <param name="DurationSeconds">Seconds from answer to hang-up.</param>
/// <param name="SipResponseCode">The carrier's reason, when given.</param>
public sealed record CallEnded(
    string EventId, CallHeader Call, int Sequence, DateTimeOffset At,
    string CallStatus, int DurationSeconds, int? SipResponseCode) : CallEvent(EventId, Call, Sequence, At);

/// <summary>CloudEvents types on topic <see cref="Topics.Calls"/>; subscriptions route by them.</summary>
public static class CallEventTypes
{
    /// <summary><see cref="CallStarted"/>.</summary>
    public const string Started = "kestrelvoice.call.started.v1";

    /// <summary><see cref="TurnSpoken"/>.</summary>
    public const string Turn = "kestrelvoice.call.turn.v1";

    /// <summary><see cref="EmergencyDetected"/>.</summary>
    public const string Emergency = "kestrelvoice.call.emergency.v1";

    /// <summary><see cref="PersonDialed"/>.</summary>
    public const string Dialed = "kestrelvoice.call.dialed.v1";

    /// <summary><see cref="RecordingReady"/>.</summary>
    public const string Recording = "kestrelvoice.call.recording.v1";

    /// <summary><see cref="VoicemailLeft"/>.</summary>
    public const string Voicemail = "kestrelvoice.call.voicemail.v1";

    /// <summary><see cref="AppointmentBookedInCall"/>.</summary>
    public const string Booked = "kestrelvoice.call.booked.v1";

    /// <summary><see cref="CallEnded"/>.</summary>
    public const string Ended = "kestrelvoice.call.ended.v1";

    /// <summary>The type under which an event travels.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The record is not one of this file's.</exception>
    public static string Of(CallEvent callEvent) => callEvent switch
    {
        CallStarted => Started,
        TurnSpoken => Turn,
        EmergencyDetected => Emergency,
        PersonDialed => Dialed,
        RecordingReady => Recording,
        VoicemailLeft => Voicemail,
        AppointmentBookedInCall => Booked,
        CallEnded => Ended,
        _ => throw new ArgumentOutOfRangeException(nameof(callEvent), callEvent.GetType().Name, "Unknown call event."),
    };
}
