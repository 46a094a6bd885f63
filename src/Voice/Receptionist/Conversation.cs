using KestrelVoice.Contracts;
using KestrelVoice.Voice.Calls;
using KestrelVoice.Voice.Twilio;

namespace KestrelVoice.Voice.Receptionist;

/// <summary>A call and the rules it is treated by.</summary>
/// <param name="Call">The call.</param>
/// <param name="Settings">Null when neither the host nor any copy could tell.</param>
/// <param name="BaseUrl">Where Twilio reaches us, without a trailing slash.</param>
/// <param name="SealedParties">Who talks to whom, for callbacks that do not say.</param>
internal sealed record Line(CallHeader Call, RoutingSettings? Settings, string BaseUrl, string SealedParties);

/// <summary>What Twilio is told, and what the rest of the house is.</summary>
internal sealed record Reply(VoiceResponse Document, IReadOnlyList<CallEvent> Events);

/// <summary>One request in, one reply out: the engine's decision as events and TwiML. Pure, so that a repeated request repeats its reply.</summary>
internal static class Conversation
{
    // Twilio measures whole seconds; below one there is only the tone.
    private const int MinVoicemailSeconds = 1;

    public static Reply Open(Line line, DateTimeOffset at, string? forwardedFrom)
    {
        // Unknown hours count as open, as an unknown zone does.
        var open = line.Settings is null || BusinessHours.AreOpen(line.Settings, line.Call.StartedAt);
        var position = CallPosition.First(line.Call.StartedAt, line.Call.TenantId);
        var recorded = line.Settings is { RecordCalls: true };
        var sequence = CallSequence.Of(position.Block, Slot.Opening);
        var started = new CallStarted(
            CallEventIds.Of(line.Call.CallSid, CallEventTypes.Started, sequence), line.Call, sequence, at, forwardedFrom, open, recorded);
        return Perform(line, position, ScriptedEngine.Greet(line.Settings, open), at, [started]);
    }

    /// <summary>What must be done at the host before <see cref="Hear"/> can answer; null when nothing must.</summary>
    public static Errand? ErrandOf(Line line, CallPosition position, CallerInput input) =>
        (ScriptedEngine.Hear(line.Settings, line.Call, position.Progress, input).Move as Move.Inquire)?.Errand;

    /// <param name="answer">To the errand; null when there was none, or when the host could not be asked.</param>
    public static Reply Hear(Line line, CallPosition position, CallerInput input, BookingAnswer? answer, bool callerGone, DateTimeOffset at)
    {
        var events = new List<CallEvent>();
        if (!input.IsSilence)
        {
            var sequence = CallSequence.Of(position.Block, Slot.Opening);
            events.Add(new TurnSpoken(
                CallEventIds.Of(line.Call.CallSid, CallEventTypes.Turn, sequence), line.Call, sequence, at,
                Speaker.Caller, input.Keys ?? input.Speech!, input.Confidence, Keys: input.Keys is not null));
        }
        var decision = ScriptedEngine.Hear(line.Settings, line.Call, position.Progress, input);
        if (decision.Move is Move.Inquire inquiry)
            decision = ScriptedEngine.Learn(line.Settings!, inquiry, answer);
        return Perform(line, position, decision, at, events, callerGone);
    }

    public static Reply AfterDial(Line line, CallPosition position, string result, bool bridged, int durationSeconds, bool callerGone, DateTimeOffset at)
    {
        var sequence = CallSequence.Of(position.Block, Slot.Opening);
        var dialed = new PersonDialed(
            CallEventIds.Of(line.Call.CallSid, CallEventTypes.Dialed, sequence), line.Call, sequence, at,
            position.Target, result, bridged, bridged ? durationSeconds : 0);
        return Perform(line, position, ScriptedEngine.AfterDial(position.Target, bridged), at, [dialed], callerGone);
    }

    public static Reply AfterVoicemail(Line line, CallPosition position, string? recordingSid, int durationSeconds, bool callerGone, DateTimeOffset at)
    {
        var events = new List<CallEvent>();
        var left = durationSeconds >= MinVoicemailSeconds;
        if (left)
        {
            var sequence = CallSequence.Of(position.Block, Slot.Opening);
            events.Add(new VoicemailLeft(
                CallEventIds.Of(line.Call.CallSid, CallEventTypes.Voicemail, sequence), line.Call, sequence, at, recordingSid, durationSeconds));
        }
        return Perform(line, position, ScriptedEngine.AfterVoicemail(left, position.Urgent), at, events, callerGone);
    }

    private static Reply Perform(Line line, CallPosition position, Decision decision, DateTimeOffset at, List<CallEvent> events, bool callerGone = false)
    {
        if (decision.EmergencyPhrase is { } phrase)
        {
            var sequence = CallSequence.Of(position.Block, Slot.Emergency);
            events.Add(new EmergencyDetected(
                CallEventIds.Of(line.Call.CallSid, CallEventTypes.Emergency, sequence), line.Call, sequence, at, phrase));
        }
        // Nobody is there to hear it, and a transcript tells only what was said.
        if (!callerGone && decision.Said is { } text)
        {
            var sequence = CallSequence.Of(position.Block, Slot.ReceptionistTurn);
            events.Add(new TurnSpoken(
                CallEventIds.Of(line.Call.CallSid, CallEventTypes.Turn, sequence), line.Call, sequence, at,
                Speaker.Receptionist, text, Confidence: null, Keys: false));
        }
        if (decision.Made is { } made)
        {
            var sequence = CallSequence.Of(position.Block, Slot.Booked);
            events.Add(new AppointmentBookedInCall(
                CallEventIds.Of(line.Call.CallSid, CallEventTypes.Booked, sequence), line.Call, sequence, at, made.Id, made.Service, made.StartsAt));
        }
        return new Reply(callerGone ? new VoiceResponse().Hangup() : Stage.Direct(line, position, decision), events);
    }
}
