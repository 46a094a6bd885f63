using KestrelVoice.Contracts;

namespace KestrelVoice.Features.Calls;

/// <summary>What the events of one call, taken together, say. A function of the set of events: order and repetition do not matter.</summary>
internal sealed class CallFacts
{
    private CallFacts(CallHeader call, IReadOnlyList<CallEvent> events)
    {
        Events = events;
        Call = call;
        Started = events.OfType<CallStarted>().FirstOrDefault();
        Turns = [.. events.OfType<TurnSpoken>()];
        Emergencies = [.. events.OfType<EmergencyDetected>()];
        Dials = [.. events.OfType<PersonDialed>()];
        Recordings = [.. events.OfType<RecordingReady>()];
        Voicemails = [.. events.OfType<VoicemailLeft>()];
        Bookings = [.. events.OfType<AppointmentBookedInCall>()];
        Ended = events.OfType<CallEnded>().LastOrDefault();
    }

    public IReadOnlyList<CallEvent> Events { get; }
    public CallHeader Call { get; }
    public CallStarted? Started { get; }
    public IReadOnlyList<TurnSpoken> Turns { get; }
    public IReadOnlyList<EmergencyDetected> Emergencies { get; }
    public IReadOnlyList<PersonDialed> Dials { get; }
    public IReadOnlyList<RecordingReady> Recordings { get; }
    public IReadOnlyList<VoicemailLeft> Voicemails { get; }
    public IReadOnlyList<AppointmentBookedInCall> Bookings { get; }
    public CallEnded? Ended { get; }

    public bool Emergency => Emergencies.Count > 0;

    /// <summary>The number that is not the business's.</summary>
    public string OtherParty => Call.Direction == "inbound" ? Call.From : Call.To;

    /// <summary>Whether what the caller said, or pressed, just before the first emergency is among the turns.</summary>
    public bool EmergencySentenceArrived => Emergency && BeforeEmergency?.Sequence == Emergencies[0].Sequence - 1;

    /// <summary>What the caller said that made it an emergency; null when it was a key.</summary>
    public string? EmergencySentence => BeforeEmergency is { Keys: false } turn ? turn.Text : null;

    /// <summary>Pressing keys is not yet a conversation.</summary>
    public bool CallerSpoke => Turns.Any(turn => turn is { Speaker: Speaker.Caller, Keys: false } && !string.IsNullOrWhiteSpace(turn.Text));

    /// <summary>Length of the longest voicemail that was kept; 0 without one.</summary>
    public int VoicemailSeconds => Voicemails
        .Where(voicemail => voicemail.RecordingSid is null || !IsAbsent(voicemail.RecordingSid))
        .Select(voicemail => voicemail.DurationSeconds)
        .Concat(Recordings
            .Where(recording => recording is { Kind: RecordingKind.Voicemail, Available: true })
            .Select(recording => recording.DurationSeconds))
        .DefaultIfEmpty()
        .Max();

    /// <summary>What there is to listen to: the whole conversation when that was recorded, else the voicemail.</summary>
    public string? RecordingSid =>
        Recordings.LastOrDefault(recording => recording is { Kind: RecordingKind.Call, Available: true })?.RecordingSid
        ?? Recordings.LastOrDefault(recording => recording is { Kind: RecordingKind.Voicemail, Available: true })?.RecordingSid
        ?? Voicemails.LastOrDefault(voicemail => voicemail.RecordingSid is { } sid && !IsAbsent(sid))?.RecordingSid;

    /// <summary>Whether there is something to listen to, or will be once Twilio has finished it.</summary>
    public bool RecordingExpected => RecordingSid is not null
        || (Started is { RecordingNoticePlayed: true } && !Recordings.Any(recording => recording is { Kind: RecordingKind.Call, Available: false }));

    public static CallFacts From(IEnumerable<CallEvent> events)
    {
        CallEvent[] ordered =
        [
            .. events
                .DistinctBy(callEvent => callEvent.EventId)
                .OrderBy(callEvent => callEvent.Sequence)
                .ThenBy(callEvent => callEvent.EventId, StringComparer.Ordinal),
        ];
        return new(ordered.MinBy(callEvent => callEvent.Call.StartedAt)!.Call, ordered);
    }

    /// <summary>A call of which no event has arrived yet.</summary>
    public static CallFacts Of(CallHeader call) => new(call, []);

    private TurnSpoken? BeforeEmergency =>
        Turns.LastOrDefault(turn => turn.Speaker == Speaker.Caller && turn.Sequence < Emergencies[0].Sequence);

    private bool IsAbsent(string recordingSid) =>
        Recordings.LastOrDefault(recording => recording.RecordingSid == recordingSid) is { Available: false };
}
