using KestrelVoice.Features.Kernel;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Audit;

/// <summary>Writes down who did what, in the transaction that does it: neither is there without the other.</summary>
internal sealed class AuditLog(Principal principal, TimeProvider clock)
{
    /// <param name="transaction">That of the deed.</param>
    /// <param name="action">One of <see cref="AuditActions"/>.</param>
    /// <param name="target">The public id of what it was done to.</param>
    /// <param name="detail">What is worth knowing besides; never a secret, a number, or anybody's words.</param>
    public Task AddAsync(TenantTransaction transaction, string action, string target, string? detail, CancellationToken cancellationToken) =>
        AuditRow.AddAsync(
            transaction, clock.GetUtcNow(), principal.Kind is PrincipalKind.Member ? "member" : "api_key", principal.Id, principal.Email,
            action, target, detail, cancellationToken);
}

/// <summary>As <see cref="AuditLog"/>, for what happens by itself, because somebody once said so.</summary>
internal sealed class UnattendedAuditLog(TimeProvider clock)
{
    public Task AddAsync(TenantTransaction transaction, string action, string target, string? detail, CancellationToken cancellationToken) =>
        AuditRow.AddAsync(transaction, clock.GetUtcNow(), "system", Guid.Empty, email: null, action, target, detail, cancellationToken);
}

internal static class AuditRow
{
    private const string Insert =
        """
        insert into audit_log (tenant_id, id, created_at, actor_kind, actor_id, email, action, target, detail)
        values (@TenantId, @Id, @Now, @ActorKind, @ActorId, @Email, @Action, @Target, @Detail)
        """;

    public static Task AddAsync(
        TenantTransaction transaction, DateTimeOffset now, string actorKind, Guid actorId, string? email, string action, string target, string? detail,
        CancellationToken cancellationToken) => transaction.ExecuteAsync(Insert, new
        {
            Id = Guid.CreateVersion7(now),
            Now = now.UtcDateTime,
            ActorKind = actorKind,
            ActorId = actorId,
            Email = email,
            Action = action,
            Target = target,
            Detail = detail,
        }, cancellationToken);
}

/// <summary>What is written down.</summary>
internal static class AuditActions
{
    public const string CallErased = "call.erased";
    public const string CallerErased = "caller.erased";
    public const string CallerExported = "caller.exported";
    public const string CallsExported = "calls.exported";
    public const string RetentionApplied = "retention.applied";
    public const string RetentionChanged = "retention.changed";
    public const string CalendarConnected = "calendar.connected";
    public const string CalendarDisconnected = "calendar.disconnected";
    public const string HolidaysChanged = "holidays.changed";
    public const string KeyCreated = "api_key.created";
    public const string KeyRevoked = "api_key.revoked";
    public const string MemberAdded = "member.added";
    public const string MemberChanged = "member.changed";
    public const string MemberRemoved = "member.removed";
    public const string ResourceArchived = "resource.archived";
    public const string ResourceChanged = "resource.changed";
    public const string ResourceCreated = "resource.created";
    public const string ServiceArchived = "service.archived";
    public const string ServiceChanged = "service.changed";
    public const string ServiceCreated = "service.created";
    public const string WebhookCreated = "webhook.created";
    public const string WebhookSecretRotated = "webhook.secret_rotated";
}

internal static class AuditRegistration
{
    public static IServiceCollection AddAudit(this IServiceCollection services) => services.AddTransient<AuditLog>().AddSingleton<UnattendedAuditLog>();
}
