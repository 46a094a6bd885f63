using System.Globalization;
using Dapper;
using KestrelVoice.Features.Audit;
using KestrelVoice.Features.Kernel;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace KestrelVoice.Features.Privacy.Retention;

/// <summary>Has calls erased that are older than their tenant keeps them, and takes up erasures that somebody left half done.</summary>
internal sealed partial class RetentionSweep(
    NpgsqlDataSource source, TenantDatabase database, Erasing erasing, UnattendedAuditLog audit, TimeProvider clock, ILogger<RetentionSweep> logger)
    : BackgroundService
{
    private const int Most = 100;

    private const string FindDue = "select due_retention from due_retention(@Now, @Most)";

    // Moves on whoever finds it due: another host does not.
    private const string Claim =
        """
        update retention
        set due_at = @Next
        where tenant_id = @TenantId and call_days is not null and due_at <= @Now
        returning call_days
        """;

    private const string HasOld = "select exists (select from call_logs where tenant_id = @TenantId and created_at < @UpTo)";

    private const string FindUnfinished = "select tenant_id, id from unfinished_erasures(@Before, @Most)";

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan BetweenSweeps = TimeSpan.FromDays(1);
    private static readonly TimeSpan Overdue = TimeSpan.FromHours(1);

    private sealed record Unfinished(Guid TenantId, Guid Id);

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
            // Nothing is left half done: each step is one transaction.
        }
    }

    private async Task OnceAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var tenantId in await FindAsync<Guid>(FindDue, new { Now = clock.GetUtcNow().UtcDateTime, Most }, cancellationToken))
                await ApplyAsync(tenantId, cancellationToken);
            var before = (clock.GetUtcNow() - Overdue).UtcDateTime;
            foreach (var left in await FindAsync<Unfinished>(FindUnfinished, new { Before = before, Most }, cancellationToken))
                await TakeUpAsync(left, cancellationToken);
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException)
        {
            LogPutOff(logger, away.GetType().Name);
        }
    }

    private async Task ApplyAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var transaction = await database.BeginAsync(tenantId, cancellationToken);
        if (await transaction.QuerySingleOrDefaultAsync<int?>(
            Claim, new { Now = now.UtcDateTime, Next = (now + BetweenSweeps).UtcDateTime }, cancellationToken) is not { } days)
            return;
        var upTo = now.AddDays(-days);
        if (await transaction.QuerySingleOrDefaultAsync<bool>(HasOld, new { UpTo = upTo.UtcDateTime }, cancellationToken)
            && await erasing.BeginAsync(transaction, "retention", phoneNumber: null, upTo, cancellationToken) is { } erasureId)
        {
            await erasing.HandOverAsync(transaction, erasureId, cancellationToken);
            await audit.AddAsync(
                transaction, AuditActions.RetentionApplied, TypeId.Format(TypeId.Erasure, erasureId),
                string.Create(CultureInfo.InvariantCulture, $"calls before {upTo.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}"), cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
    }

    // One that is still at work is not begun twice.
    private async Task TakeUpAsync(Unfinished left, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(left.TenantId, cancellationToken);
        await erasing.HandOverAsync(transaction, left.Id, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task<IReadOnlyList<T>> FindAsync<T>(string sql, object parameters, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: cancellationToken))).AsList();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Retention is put off: {Reason}")]
    private static partial void LogPutOff(ILogger logger, string reason);
}
