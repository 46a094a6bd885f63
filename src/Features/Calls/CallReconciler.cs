using Dapper;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace KestrelVoice.Features.Calls;

/// <summary>
/// Asks Twilio about calls that have been in progress for long. Twilio tells of a call's end for fifteen seconds; whoever is down for longer would have the
/// call in progress for ever. Of several hosts, one asks.
/// </summary>
internal sealed partial class CallReconciler(
    NpgsqlDataSource source, TenantDatabase database, CallJournal journal, TwilioCalls twilio, TwilioMedia.Account account, TimeProvider clock,
    ILogger<CallReconciler> logger) : BackgroundService
{
    private const int Most = 100;

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    // Most calls are shorter, and of the others most are over by the second look.
    private static readonly TimeSpan FirstLook = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(6);
    private static readonly TimeSpan GivenUpAfter = TimeSpan.FromDays(7);

    private const string FindDue = "select tenant_id, call_id from due_call_lookups(@Now, @Since, @Until, @Most)";

    // The next look is set before this one is made: whoever dies over it delays it and no more. Each pause is twice the one before it.
    private const string Take =
        """
        with call as (
            select call_sid, phone_number, dialed_number, direction, created_at
            from call_logs
            where tenant_id = @TenantId and id = @Id and status = 'in-progress' and created_at >= @Since
        ), taken as (
            insert into call_lookups as known (tenant_id, call_id, looks, due_at)
            select @TenantId, @Id, 1, @Now + @FirstLook from call
            on conflict (tenant_id, call_id) do update
            set looks = known.looks + 1, due_at = @Now + least(@FirstLook * power(2, least(known.looks, 20)), @LongestPause)
            where known.due_at <= @Now
            returning 1
        ), over as (
            delete from call_lookups where tenant_id = @TenantId and call_id = @Id and not exists (select from call)
        )
        select call.* from call, taken
        """;

    private sealed record Due(Guid TenantId, Guid CallId);

    private sealed record Row(string CallSid, string PhoneNumber, string DialedNumber, string Direction, DateTime CreatedAt);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!account.IsConfigured)
            return;
        using var timer = new PeriodicTimer(Pause, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await OnceAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What was taken is due again later.
        }
    }

    private async Task OnceAsync(CancellationToken stoppingToken)
    {
        try
        {
            foreach (var due in await FindDueAsync(stoppingToken))
                await AskAsync(due, stoppingToken);
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException || TwilioMedia.IsAway(away, stoppingToken))
        {
            LogPutOff(logger, away.GetType().Name);
        }
#pragma warning disable CA1031 // One call that surprises us must not end the questions about all others; it is due again later.
        catch (Exception surprise) when (surprise is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogSurprise(logger, surprise);
        }
    }

    private async Task<IReadOnlyList<Due>> FindDueAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<Due>(new CommandDefinition(
            FindDue, new { Now = now, Since = now - GivenUpAfter, Until = now - FirstLook, Most }, cancellationToken: cancellationToken))).AsList();
    }

    private async Task AskAsync(Due due, CancellationToken cancellationToken)
    {
        if (await TakeAsync(due, cancellationToken) is not { } call || await twilio.FindEndAsync(call.CallSid, cancellationToken) is not { } end)
            return;
        var recordings = await twilio.FindRecordingsAsync(call.CallSid, cancellationToken);
        var (from, to) = call.Direction == "inbound" ? (call.PhoneNumber, call.DialedNumber) : (call.DialedNumber, call.PhoneNumber);
        var startedAt = new DateTimeOffset(call.CreatedAt, TimeSpan.Zero);
        var header = new CallHeader(call.CallSid, account.AccountSid, due.TenantId, from, to, call.Direction, startedAt);
        var at = end.At ?? startedAt + end.Duration;
        // First what was recorded, which the end is told with: what looks like a hang-up may have left a message.
        foreach (var (index, recording) in recordings.Index())
            await journal.RecordAsync(
                new RecordingReady(
                    CallEventIds.Of(recording.Sid, CallEventTypes.Recording, CallEventIds.EndedSequence), header, CallEventIds.EndedSequence + 1 + index, at,
                    recording.Sid, recording.Kind, recording.Available, (int)recording.Duration.TotalSeconds),
                cancellationToken);
        // The same event as of the callback that did not come: should it come yet, it is a repetition.
        await journal.RecordAsync(
            new CallEnded(
                CallEventIds.Of(call.CallSid, CallEventTypes.Ended, CallEventIds.EndedSequence), header, CallEventIds.EndedSequence, at,
                end.Status, (int)end.Duration.TotalSeconds, SipResponseCode: null),
            cancellationToken);
        LogFound(logger, due.CallId, due.TenantId, end.Status);
    }

    /// <returns>Null when the call is over, or another host asks about it.</returns>
    private async Task<Row?> TakeAsync(Due due, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        await using var transaction = await database.BeginAsync(due.TenantId, cancellationToken);
        var call = await transaction.QuerySingleOrDefaultAsync<Row>(
            Take, new { Id = due.CallId, Now = now, Since = now - GivenUpAfter, FirstLook, LongestPause }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return call;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Call {CallId} of tenant {TenantId} was over and nobody had told us: {Status}")]
    private static partial void LogFound(ILogger logger, Guid callId, Guid tenantId, string status);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Asking Twilio about calls in progress is put off: {Reason}")]
    private static partial void LogPutOff(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Twilio cannot be asked about a call in progress; it is tried again")]
    private static partial void LogSurprise(ILogger logger, Exception exception);
}
