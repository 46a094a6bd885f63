using System.Text.Json;
using KestrelVoice.Contracts;

namespace KestrelVoice.Features.Calls;

/// <summary>What a finished call came to.</summary>
public enum CallOutcome
{
    AppointmentBooked,
    MessageTaken,
    Transferred,
    Voicemail,
    Escalated,
    Abandoned,
    NoAnswer,
    Failed,
}

/// <summary>Decides status and outcome from everything known of a call.</summary>
internal static class CallOutcomes
{
    /// <summary>Shorter than this, a "voicemail" is somebody hanging up.</summary>
    public const int ShortestVoicemailSeconds = 2;

    public static (CallStatus Status, CallOutcome? Outcome) Decide(CallFacts facts)
    {
        if (facts.Ended is not { } ended)
            return (CallStatus.InProgress, null);

        return ended.CallStatus switch
        {
            "busy" or "no-answer" => (CallStatus.Missed, CallOutcome.NoAnswer),
            "canceled" => (CallStatus.Missed, CallOutcome.Abandoned),
            "failed" => (CallStatus.Missed, CallOutcome.Failed),
            _ => DecideAnswered(facts),
        };
    }

    // Best thing that happened first: a caller who left a message and then reached somebody was transferred, and what is booked stays booked
    // whoever is talked to afterwards. An emergency is another matter.
    private static (CallStatus, CallOutcome?) DecideAnswered(CallFacts facts)
    {
        if (facts.Emergency && facts.Dials.Any(dial => dial is { Bridged: true, Target: DialTarget.OnCall }))
            return (CallStatus.Completed, CallOutcome.Escalated);
        if (facts.Bookings.Count > 0)
            return (CallStatus.Completed, CallOutcome.AppointmentBooked);
        if (facts.Dials.Any(dial => dial.Bridged))
            return (CallStatus.Completed, CallOutcome.Transferred);
        if (facts.VoicemailSeconds >= ShortestVoicemailSeconds)
            return (CallStatus.Completed, CallOutcome.Voicemail);
        if (facts.CallerSpoke)
            return (CallStatus.Completed, CallOutcome.MessageTaken);
        return (CallStatus.Missed, facts.Dials.Count > 0 ? CallOutcome.NoAnswer : CallOutcome.Abandoned);
    }
}

/// <summary>The words under which an outcome is stored.</summary>
internal static class CallOutcomeText
{
    public static IReadOnlyList<string> All { get; } = [.. Enum.GetValues<CallOutcome>().Select(Of)];

    /// <summary>Of calls that the receptionist brought to an end by talking.</summary>
    public static string[] Bookable { get; } = [Of(CallOutcome.MessageTaken), Of(CallOutcome.AppointmentBooked)];

    public static string Of(CallOutcome outcome) => JsonNamingPolicy.SnakeCaseLower.ConvertName(outcome.ToString());

    public static CallOutcome Read(string text) => text switch
    {
        "appointment_booked" => CallOutcome.AppointmentBooked,
        "message_taken" => CallOutcome.MessageTaken,
        "transferred" => CallOutcome.Transferred,
        "voicemail" => CallOutcome.Voicemail,
        "escalated" => CallOutcome.Escalated,
        "abandoned" => CallOutcome.Abandoned,
        "no_answer" => CallOutcome.NoAnswer,
        "failed" => CallOutcome.Failed,
        _ => throw new ArgumentOutOfRangeException(nameof(text), text, "Not an outcome."),
    };
}
