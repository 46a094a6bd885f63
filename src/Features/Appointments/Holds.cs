using KestrelVoice.Features.Calendars;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.Idempotency;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Appointments;

/// <summary>A hold, or what became of it.</summary>
internal sealed record Hold(
    Guid Id, string Status, Guid ServiceId, Guid ResourceId, DateTime StartsAt, DateTime EndsAt, DateTime BlockedStart, DateTime BlockedEnd,
    DateTime? ExpiresAt, string? CallSid)
{
    public bool IsOf(WantedTime wanted) =>
        ServiceId == wanted.ServiceId && StartsAt == wanted.StartsAt && (wanted.ResourceId is null || wanted.ResourceId == ResourceId);
}

/// <summary>On whose behalf a time is held.</summary>
/// <param name="Source">As appointments name it.</param>
/// <param name="CallSid">The call that holds it; it holds one time at most.</param>
internal sealed record Holder(string Source, string? CustomerName = null, string? CustomerPhone = null, string? CallSid = null);

/// <summary>Keeps times from others for a while. A hold takes time exactly as an appointment does, by the same constraint.</summary>
internal sealed class Holds(
    LiveBusyTimes calendars, TenantDatabase database, IOptions<AppointmentSettings> options, TimeProvider clock)
{
    private const string Columns =
        "id, status, service_id, resource_id, starts_at, ends_at, blocked_start, blocked_end, expires_at, call_sid";

    private const string Find = $"select {Columns} from appointments where tenant_id = @TenantId and id = @Id";

    private const string FindOfCall = "select id from appointments where tenant_id = @TenantId and call_sid = @CallSid and status = 'held'";

    // Requests of one call take turns: one that is repeated while the first is under way must find what that one did.
    private const string TakeTurn = "select pg_advisory_xact_lock(hashtextextended(@TenantId::text || coalesce(@CallSid, ''), 3)) where @CallSid is not null";

    private const string Prolong =
        $"""
        update appointments
        set expires_at = @ExpiresAt, customer_name = coalesce(@CustomerName, customer_name), updated_at = @Now
        where tenant_id = @TenantId and call_sid = @CallSid and status = 'held' and service_id = @ServiceId and starts_at = @StartsAt
        returning {Columns}
        """;

    private const string Insert =
        $"""
        delete from appointments
        where tenant_id = @TenantId and status = 'held'
          and (call_sid = @CallSid
               or (resource_id = @ResourceId and expires_at <= @Now and blocked_start < @BlockedEnd and blocked_end > @BlockedStart));
        insert into appointments (tenant_id, id, service_id, resource_id, status, starts_at, ends_at, blocked_start, blocked_end,
            customer_name, customer_phone, source, call_sid, version, expires_at, created_at, updated_at)
        values (@TenantId, @Id, @ServiceId, @ResourceId, 'held', @StartsAt, @EndsAt, @BlockedStart, @BlockedEnd,
            @CustomerName, @CustomerPhone, @Source, @CallSid, 1, @ExpiresAt, @Now, @Now)
        on conflict do nothing
        returning {Columns}
        """;

    public Task<Hold?> FindAsync(Guid tenantId, Guid id, CancellationToken cancellationToken) =>
        database.ReadAsync(tenantId, Find, new { Id = id }, results => results.ReadSingleOrDefaultAsync<Hold?>(), cancellationToken);

    /// <returns>What the call holds; null when it holds nothing.</returns>
    public Task<Guid?> OfCallAsync(Guid tenantId, string callSid, CancellationToken cancellationToken) => database.ReadAsync(
        tenantId, FindOfCall, new { CallSid = callSid }, results => results.ReadSingleOrDefaultAsync<Guid?>(), cancellationToken);

    /// <returns>Null when nobody is free then.</returns>
    public async Task<Hold?> HoldAsync(
        OfferedService service, WantedTime wanted, Holder holder, IdempotentRequest request, CancellationToken cancellationToken)
    {
        if (holder.CallSid is not null && await ProlongAsync(wanted, holder, cancellationToken) is { } held)
            return held;
        foreach (var resource in service.Availability.FreeAt(wanted.StartsAt))
        {
            if (await InsertAsync(service, resource, wanted, holder, request, cancellationToken) is { } taken)
                return taken;
        }
        return null;
    }

    private async Task<Hold?> ProlongAsync(WantedTime wanted, Holder holder, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(wanted.TenantId, cancellationToken);
        var held = await ProlongAsync(transaction, wanted, holder, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return held;
    }

    private async Task<Hold?> ProlongAsync(TenantTransaction transaction, WantedTime wanted, Holder holder, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        return await transaction.QuerySingleOrDefaultAsync<Hold>(
            Prolong,
            new { holder.CallSid, wanted.ServiceId, wanted.StartsAt, holder.CustomerName, ExpiresAt = now + options.Value.HoldFor, Now = now },
            cancellationToken);
    }

    private async Task<Hold?> InsertAsync(
        OfferedService service, ScheduledResource resource, WantedTime wanted, Holder holder, IdempotentRequest request,
        CancellationToken cancellationToken)
    {
        var blocked = service.Availability.BlockedBy(resource, wanted.StartsAt);
        if (!await calendars.AllowAsync(wanted.TenantId, resource.Id, blocked.Start, blocked.End, cancellationToken))
            return null;
        var now = clock.GetUtcNow();
        await using var transaction = await database.BeginAsync(wanted.TenantId, cancellationToken);
        await transaction.ExecuteAsync(TakeTurn, new { holder.CallSid }, cancellationToken);
        var held = holder.CallSid is null ? null : await ProlongAsync(transaction, wanted, holder, cancellationToken);
        held ??= await transaction.QuerySingleOrDefaultAsync<Hold>(Insert, new
        {
            Id = Guid.CreateVersion7(now),
            ServiceId = service.Id,
            ResourceId = resource.Id,
            wanted.StartsAt,
            EndsAt = service.Availability.EndOf(wanted.StartsAt),
            BlockedStart = blocked.Start,
            BlockedEnd = blocked.End,
            holder.CustomerName,
            holder.CustomerPhone,
            holder.Source,
            holder.CallSid,
            ExpiresAt = now.UtcDateTime + options.Value.HoldFor,
            Now = now.UtcDateTime,
        }, cancellationToken);
        // What the call held before is held on as long as it gets nothing else.
        if (held is not null)
            await request.CommitAsync(transaction, cancellationToken);
        return held;
    }
}
