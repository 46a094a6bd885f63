using Dapper;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace KestrelVoice.Features.Calls;

/// <summary>Tells what <see cref="CallAnnouncements"/> put off, whichever process put it off.</summary>
internal sealed partial class CallAnnouncer(
    NpgsqlDataSource source, CallJournal journal, CallAnnouncements announcements, TimeProvider clock, ILogger<CallAnnouncer> logger) : BackgroundService
{
    private const int Most = 100;
    private const string FindDue = "select tenant_id, call_id from due_call_announcements(@Now, @Most)";

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongPause = TimeSpan.FromSeconds(15);

    private sealed record Due(Guid TenantId, Guid CallId);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            if (await AnnounceAsync(stoppingToken))
                await announcements.WaitAsync(Pause, stoppingToken);
            else
                await PauseAsync(LongPause, stoppingToken);
            // Nothing that was put off just now is due sooner.
            await PauseAsync(CallAnnouncements.Settling, stoppingToken);
        }
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken stoppingToken) =>
        await Task.Delay(pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task<bool> AnnounceAsync(CancellationToken stoppingToken)
    {
        try
        {
            var allTold = true;
            foreach (var due in await FindDueAsync(stoppingToken))
                allTold &= await TryAnnounceAsync(due, stoppingToken);
            return allTold;
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException)
        {
            LogPutOff(logger, away.GetType().Name);
            return false;
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return false;
        }
    }

    // One call that cannot be told must not keep the others from being told.
    private async Task<bool> TryAnnounceAsync(Due due, CancellationToken stoppingToken)
    {
        try
        {
            await journal.AnnounceDueAsync(due.TenantId, due.CallId, stoppingToken);
            return true;
        }
        catch (Exception failure) when (failure is not (NpgsqlException or TimeoutException or OperationCanceledException))
        {
            LogFailed(logger, failure, due.CallId, due.TenantId);
            return false;
        }
    }

    private async Task<IReadOnlyList<Due>> FindDueAsync(CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<Due>(new CommandDefinition(
            FindDue, new { Now = clock.GetUtcNow().UtcDateTime, Most }, cancellationToken: cancellationToken))).AsList();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Announcing calls is put off: {Reason}")]
    private static partial void LogPutOff(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Call {CallId} of tenant {TenantId} cannot be announced")]
    private static partial void LogFailed(ILogger logger, Exception exception, Guid callId, Guid tenantId);
}
