namespace KestrelVoice.Features.Appointments;

/// <summary>Which appointment of which tenant has changed: what travels over the topic in place of the appointment.</summary>
internal sealed record AppointmentReference(Guid TenantId, Guid AppointmentId)
{
    public const string CloudEventType = "kestrelvoice.appointment-changed.v1";
}
