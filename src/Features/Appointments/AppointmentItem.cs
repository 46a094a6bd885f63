using System.ComponentModel;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Appointments;

/// <summary>An appointment as the API shows it.</summary>
internal sealed record AppointmentItem(
    string Id,
    [property: Description("scheduled, completed or cancelled.")] string Status,
    DateTime StartsAt, DateTime EndsAt, AppointmentItem.Named Service, AppointmentItem.Named Resource, AppointmentItem.Party Customer, string? Notes,
    [property: Description("call, api, dashboard or calendar.")] string Source,
    string? CallId, DateTime CreatedAt, DateTime UpdatedAt)
{
    public sealed record Named(string Id, string Name);

    public sealed record Party(string? Name, string PhoneNumber, string? Address);
}

/// <summary>A time that could be booked.</summary>
internal sealed record SlotItem(DateTime StartsAt, DateTime EndsAt, string ResourceId)
{
    public static SlotItem Of(Slot slot) => new(slot.StartsAt, slot.EndsAt, TypeId.Format(TypeId.Resource, slot.ResourceId));
}

/// <summary>What is selected for an <see cref="AppointmentItem"/>.</summary>
internal sealed record AppointmentRow(
    Guid Id, string Status, DateTime StartsAt, DateTime EndsAt, Guid ServiceId, string ServiceName, Guid ResourceId, string ResourceName,
    string? CustomerName, string CustomerPhone, string? CustomerAddress, string? Notes, string Source, Guid? CallId, DateTime CreatedAt, DateTime UpdatedAt)
{
    public const string Select =
        """
        select a.id, a.status, a.starts_at, a.ends_at, a.service_id, s.name as service_name, a.resource_id, r.name as resource_name,
            a.customer_name, a.customer_phone, a.customer_address, a.notes, a.source, a.call_id, a.created_at, a.updated_at
        from appointments a
        join services s on s.tenant_id = a.tenant_id and s.id = a.service_id
        join resources r on r.tenant_id = a.tenant_id and r.id = a.resource_id
        """;

    /// <summary>One that is anybody's business: a hold is nobody's until it is booked.</summary>
    public const string Find =
        $"""
        {Select}
        where a.tenant_id = @TenantId and a.id = @Id and a.status <> 'held'
        """;

    public AppointmentItem Shown() => new(
        TypeId.Format(TypeId.Appointment, Id), Status, StartsAt, EndsAt,
        new AppointmentItem.Named(TypeId.Format(TypeId.Service, ServiceId), ServiceName),
        new AppointmentItem.Named(TypeId.Format(TypeId.Resource, ResourceId), ResourceName),
        new AppointmentItem.Party(CustomerName, CustomerPhone, CustomerAddress), Notes, Source,
        CallId is { } callId ? TypeId.Format(TypeId.Call, callId) : null, CreatedAt, UpdatedAt);
}
