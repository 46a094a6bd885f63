using Dapper;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace KestrelVoice.Features.Kernel.Idempotency;

/// <summary>Forgets keys, and what was answered to them, a day after they were used.</summary>
internal sealed partial class ExpiredKeys(NpgsqlDataSource source, TenantDatabase database, TimeProvider clock, ILogger<ExpiredKeys> logger)
    : BackgroundService
{
    private const int TenantsAtOnce = 100;
    private const int KeysAtOnce = 500;
    private const string FindTenants = "select tenants_with_expired_idempotency_keys(@Now, @TenantsAtOnce)";

    // Those that somebody uses in this moment are theirs.
    private const string Delete =
        """
        delete from idempotency_keys
        where (tenant_id, principal_id, key_hash) in (
            select tenant_id, principal_id, key_hash
            from idempotency_keys
            where tenant_id = @TenantId and expires_at <= @Now
            limit @KeysAtOnce
            for update skip locked)
        """;

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, clock);
        try
        {
            do
                await OnceAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Each step is one transaction.
        }
    }

    private async Task OnceAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await FindTenantsAsync(cancellationToken) is { Count: > 0 } tenants)
            {
                var deleted = 0;
                foreach (var tenant in tenants)
                    deleted += await DeleteAsync(tenant, cancellationToken);
                if (deleted == 0)
                    return;
            }
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException)
        {
            LogPutOff(logger, away.GetType().Name);
        }
    }

    private async Task<IReadOnlyList<Guid>> FindTenantsAsync(CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<Guid>(new CommandDefinition(
            FindTenants, new { Now = clock.GetUtcNow().UtcDateTime, TenantsAtOnce }, cancellationToken: cancellationToken))).AsList();
    }

    private async Task<int> DeleteAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(tenantId, cancellationToken);
        var deleted = await transaction.ExecuteAsync(Delete, new { Now = clock.GetUtcNow().UtcDateTime, KeysAtOnce }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return deleted;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Forgetting of old Idempotency-Keys is put off: {Reason}")]
    private static partial void LogPutOff(ILogger logger, string reason);
}
