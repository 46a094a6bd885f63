using System.Text.Json;
using KestrelVoice.Contracts;

namespace KestrelVoice.Features.Calls;

/// <summary>A call event as it lies in <c>call_events</c>.</summary>
internal sealed record StoredCallEvent(string Type, string Body)
{
    public static StoredCallEvent Of(CallEvent callEvent) =>
        new(CallEventTypes.Of(callEvent), JsonSerializer.Serialize(callEvent, callEvent.GetType(), ContractJson.Options));

    public CallEvent Read() => (CallEvent)JsonSerializer.Deserialize(Body, RecordOf(Type), ContractJson.Options)!;

    private static Type RecordOf(string type) => type switch
    {
        CallEventTypes.Started => typeof(CallStarted),
        CallEventTypes.Turn => typeof(TurnSpoken),
        CallEventTypes.Emergency => typeof(EmergencyDetected),
        CallEventTypes.Dialed => typeof(PersonDialed),
        CallEventTypes.Recording => typeof(RecordingReady),
        CallEventTypes.Voicemail => typeof(VoicemailLeft),
        CallEventTypes.Booked => typeof(AppointmentBookedInCall),
        CallEventTypes.Ended => typeof(CallEnded),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Not the type of a call event."),
    };
}
