using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Appointments;

/// <summary>What a business of our making does, and its two technicians, open every day. A tenant that has services keeps what it has.</summary>
internal static class DemoSchedule
{
    // Takes turns with itself, so that two that start together add once.
    private const string TakeTurn = "select pg_advisory_xact_lock(hashtextextended('schedule:' || @TenantId::text, 0))";

    private const string Add =
        """
        with offered as (
            insert into services (tenant_id, id, name, length_minutes, buffer_before_minutes, buffer_after_minutes, step_minutes, created_at)
            select @TenantId, id, name, minutes, 0, after, 30, @Now
            from (values (@Repair, 'Plumbing repair', 60, 15), (@Heater, 'Water heater service', 90, 30)) as service (id, name, minutes, after)
            where not exists (select from services where tenant_id = @TenantId)
            returning id
        ), people as (
            insert into resources (tenant_id, id, name, travel_minutes, created_at)
            select @TenantId, id, name, 15, @Now
            from (values (@Robin, 'Robin'), (@Sam, 'Sam')) as person (id, name)
            where exists (select from offered)
            returning id
        )
        insert into working_hours (tenant_id, resource_id, day, opens, closes)
        select @TenantId, people.id, day, '08:00', '17:00'
        from people, unnest(array['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']) as day
        """;

    /// <returns>False when the tenant had services already.</returns>
    public static async Task<bool> AddAsync(TenantTransaction transaction, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await transaction.ExecuteAsync(TakeTurn, null, cancellationToken);
        return await transaction.ExecuteAsync(
            Add,
            new
            {
                Repair = Guid.CreateVersion7(now),
                Heater = Guid.CreateVersion7(now.AddMilliseconds(1)),
                Robin = Guid.CreateVersion7(now),
                Sam = Guid.CreateVersion7(now.AddMilliseconds(1)),
                Now = now.UtcDateTime,
            },
            cancellationToken) > 0;
    }
}
