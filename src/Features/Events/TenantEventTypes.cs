namespace KestrelVoice.Features.Events;

/// <summary>What a tenant is told about. The names are public: receivers branch on them.</summary>
internal static class TenantEventTypes
{
    public const string CallCompleted = "call.completed";
    public const string CallMissed = "call.missed";
    public const string EmergencyDetected = "emergency.detected";
    public const string AppointmentBooked = "appointment.booked";

    /// <summary>In the order in which they are documented.</summary>
    public static readonly IReadOnlyList<string> All = [CallCompleted, CallMissed, EmergencyDetected, AppointmentBooked];

    /// <summary>Waits behind nothing that is not.</summary>
    public static bool IsUrgent(string type) => type == EmergencyDetected;

    /// <summary>For a person who chooses.</summary>
    public static string LabelOf(string type) => type switch
    {
        CallCompleted => "Call completed",
        CallMissed => "Call missed",
        EmergencyDetected => "Emergency detected",
        AppointmentBooked => "Appointment booked",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Not a type of event."),
    };
}
