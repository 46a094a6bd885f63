using System.Text.Json;
using System.Text.Json.Serialization;
using KestrelVoice.Contracts;

namespace KestrelVoice.Voice.Dapr;

/// <summary>An event as it is handed to the sidecar, and as it waits on disk.</summary>
internal sealed record OutgoingEvent(string EventId, string Type, string CallSid, JsonElement Payload)
{
    [JsonIgnore]
    public ReadOnlyMemory<byte> Data => JsonSerializer.SerializeToUtf8Bytes(Payload);

    // By its own type: the base record would lose what makes the event.
    public static OutgoingEvent Of(CallEvent callEvent) => new(
        callEvent.EventId, CallEventTypes.Of(callEvent), callEvent.Call.CallSid,
        JsonSerializer.SerializeToElement(callEvent, callEvent.GetType(), ContractJson.Options));
}
