using System.ComponentModel;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Appointments.Resources;

/// <summary>Who can be booked, as the API shows it.</summary>
internal sealed record ResourceItem(
    string Id, string Name,
    [property: Description("To the next customer; kept free after each appointment.")] int TravelMinutes,
    IReadOnlyList<WorkingHours> WorkingHours, DateTime CreatedAt,
    [property: Description("Since when it is booked no more.")] DateTime? ArchivedAt);

/// <summary>What is selected for a <see cref="ResourceItem"/>.</summary>
internal sealed record ResourceRow(Guid Id, string Name, int TravelMinutes, string Hours, DateTime CreatedAt, DateTime? ArchivedAt)
{
    public const string Select =
        """
        select r.id, r.name, r.travel_minutes,
            array_to_string(array(
                select h.day || ' ' || to_char(h.opens, 'HH24:MI') || ' ' || to_char(h.closes, 'HH24:MI')
                from working_hours h
                where h.tenant_id = r.tenant_id and h.resource_id = r.id
                order by array_position(array['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'], h.day), h.opens), ',') as hours,
            r.created_at, r.archived_at
        from resources r
        where r.tenant_id = @TenantId
        """;

    public const string Find = $"{Select} and r.id = @Id";

    public ResourceItem Shown() => new(
        TypeId.Format(TypeId.Resource, Id), Name, TravelMinutes, [.. Hours.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(ReadHours)], CreatedAt, ArchivedAt);

    // The database also knows the end of a day, which is the beginning of the next one.
    private static WorkingHours ReadHours(string text) =>
        text.Split(' ') is [var day, var opens, var closes] ? new(day, opens, closes == "24:00" ? "00:00" : closes) : throw new FormatException(text);
}
