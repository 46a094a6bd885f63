using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Events;

/// <summary>A made-up event of each type, with a value in every member, for those who have none of their own yet.</summary>
internal static class EventSamples
{
    private const string Caller = "+15035550142";

    private static readonly DateTimeOffset MadeUpAt = new(2026, 1, 15, 18, 24, 5, TimeSpan.Zero);
    private static readonly Guid EventId = new("019bc2f0-6a10-7c3d-9e4f-5a6b7c8d9e0f");
    private static readonly Guid CallId = new("019b1a2c-3d4e-7f50-8a6b-7c8d9e0f1a2b");
    private static readonly Guid AppointmentId = new("019b1a2c-5e6f-7a81-9b0c-1d2e3f4a5b6c");

    /// <summary>As it would be delivered, always the same.</summary>
    public static byte[] Payload(string type, PublicUrl publicUrl) => Of(type, MadeUpAt, publicUrl).Payload(EventId);

    /// <summary>As it would have been told at that moment.</summary>
    public static TenantEvent Of(string type, DateTimeOffset at, PublicUrl publicUrl) => new(type, "sample", at, DataOf(type, at, publicUrl));

    public static object DataOf(string type, DateTimeOffset toldAt, PublicUrl publicUrl)
    {
        var at = toldAt.UtcDateTime;
        var callId = TypeId.Format(TypeId.Call, CallId);
        var recordingUrl = $"{publicUrl.Base}/api/call-logs/{callId}/recording";
        return type switch
        {
            TenantEventTypes.CallCompleted => new CallEventData(
                callId, Caller, Duration: 94, "message_taken",
                "Receptionist: Thank you for calling Maple Street Plumbing. How can I help?\n"
                + "Caller: Hi, this is Dana Whitfield. The water heater at 12 Alder Court makes a rumbling noise.\n"
                + "Receptionist: Thank you. Somebody will call you back.",
                recordingUrl, "inbound", Emergency: false, at.AddSeconds(-94), at),
            TenantEventTypes.CallMissed => new CallEventData(
                callId, Caller, Duration: 7, "abandoned", "Receptionist: Thank you for calling Maple Street Plumbing. How can I help?",
                recordingUrl, "inbound", Emergency: false, at.AddSeconds(-7), at),
            TenantEventTypes.EmergencyDetected => new EmergencyEventData(
                callId, Caller, "burst pipe", "Hello, we have a burst pipe and the basement is filling up", at.AddSeconds(-21)),
            TenantEventTypes.AppointmentBooked => new AppointmentEventData(
                TypeId.Format(TypeId.Appointment, AppointmentId), callId, "Water heater repair", at.Date.AddDays(2).AddHours(17), at.Date.AddDays(2).AddHours(19),
                new AppointmentEventData.Party("Dana Whitfield", Caller, "12 Alder Court, Portland, OR 97201"), "scheduled"),
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Not a type of event."),
        };
    }
}
