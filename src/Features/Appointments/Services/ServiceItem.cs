using System.ComponentModel;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Appointments.Services;

/// <summary>A service as the API shows it.</summary>
internal sealed record ServiceItem(
    string Id, string Name, int LengthMinutes,
    [property: Description("Kept free before it.")] int BufferBeforeMinutes,
    [property: Description("Kept free after it, besides travel.")] int BufferAfterMinutes,
    [property: Description("How far apart its times are offered.")] int StepMinutes,
    [property: Description("Who performs it; everybody when empty.")] IReadOnlyList<string> ResourceIds,
    DateTime CreatedAt,
    [property: Description("Since when it is offered no more.")] DateTime? ArchivedAt);

/// <summary>What is selected for a <see cref="ServiceItem"/>.</summary>
internal sealed record ServiceRow(
    Guid Id, string Name, int LengthMinutes, int BufferBeforeMinutes, int BufferAfterMinutes, int StepMinutes, string ResourceIds,
    DateTime CreatedAt, DateTime? ArchivedAt)
{
    public const string Select =
        """
        select s.id, s.name, s.length_minutes, s.buffer_before_minutes, s.buffer_after_minutes, s.step_minutes,
            array_to_string(array(
                select r.id
                from service_resources l
                join resources r on r.tenant_id = l.tenant_id and r.id = l.resource_id
                where l.tenant_id = s.tenant_id and l.service_id = s.id and r.archived_at is null
                order by r.created_at, r.id), ' ') as resource_ids,
            s.created_at, s.archived_at
        from services s
        where s.tenant_id = @TenantId
        """;

    public const string Find = $"{Select} and s.id = @Id";

    public ServiceItem Shown() => new(
        TypeId.Format(TypeId.Service, Id), Name, LengthMinutes, BufferBeforeMinutes, BufferAfterMinutes, StepMinutes,
        [.. ResourceIds.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(id => TypeId.Format(TypeId.Resource, Guid.Parse(id)))], CreatedAt, ArchivedAt);
}
