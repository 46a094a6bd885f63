using System.Security.Cryptography;
using KestrelVoice.Features.Kernel;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Calendars;

/// <summary>Reads a connected calendar, and keeps when its owner is busy. What it cannot read leaves what it knew.</summary>
internal sealed partial class CalendarSync(
    TenantDatabase database, CalendarConnections connections, CalendarAdoption adoption, IOptions<CalendarSettings> options, TimeProvider clock,
    ILogger<CalendarSync> logger)
{
    // What begins and ends between two readings is busy until the window has moved on.
    private static readonly TimeSpan Behind = TimeSpan.FromDays(1);
    private static readonly TimeSpan WindowMovesBy = TimeSpan.FromHours(12);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    private const string Take =
        """
        update calendar_connections
        set leased_until = @Until
        where tenant_id = @TenantId and id = @Id and (leased_until is null or leased_until <= @Now) and (due_at <= @Now or not @OnlyWhenDue)
        returning kind, url, user_name, secret, (select time_zone from tenants where id = @TenantId) as time_zone, sync_token, synced_to, poll_seconds,
            failing_since, leased_until
        """;

    private const string KeepUnchanged =
        """
        update calendar_connections
        set status = 'connected', error = case when status = 'connected' then error end, failing_since = null,
            synced_at = @Now, due_at = @DueAt, leased_until = null
        where tenant_id = @TenantId and id = @Id and leased_until is not distinct from @Lease::timestamptz
        """;

    private const string KeepRead =
        """
        update calendar_connections
        set status = 'connected', error = @Warning, failing_since = null, sync_token = @Token,
            synced_at = @Now, synced_from = @From, synced_to = @To, due_at = @DueAt, leased_until = null
        where tenant_id = @TenantId and id = @Id and leased_until is not distinct from @Lease::timestamptz
        """;

    private const string KeepBusy =
        """
        delete from calendar_busy where tenant_id = @TenantId and connection_id = @Id;
        insert into calendar_busy (tenant_id, connection_id, starts_at, ends_at)
        select @TenantId, @Id, busy.starts_at, busy.ends_at
        from unnest(@Starts, @Ends) as busy (starts_at, ends_at)
        """;

    private const string KeepFailure =
        """
        update calendar_connections
        set status = 'failing', error = @Error, failing_since = coalesce(failing_since, @Now), due_at = @DueAt, leased_until = null
        where tenant_id = @TenantId and id = @Id and leased_until is not distinct from @Lease::timestamptz
        """;

    private const string FindOwn = "select href from calendar_entries where tenant_id = @TenantId and connection_id = @Id";

    private sealed record Row(
        string Kind, string Url, string UserName, string Secret, string TimeZone, string? SyncToken, DateTime? SyncedTo, int PollSeconds,
        DateTime? FailingSince, DateTime LeasedUntil);

    /// <summary>What was found in a calendar before it was stored.</summary>
    /// <param name="Window">Where was looked.</param>
    /// <param name="Found">Null when it could not be read.</param>
    /// <param name="Error">Why it could not.</param>
    internal sealed record FirstReading(BusyTime Window, CalendarReading? Found, string? Error);

    /// <returns>False when there is no such calendar, when it is not due, or when somebody else is reading it.</returns>
    public async Task<bool> RunAsync(Guid tenantId, Guid id, bool onlyWhenDue, CancellationToken cancellationToken)
    {
        if (await TakeAsync(tenantId, id, onlyWhenDue, cancellationToken) is not { } row)
            return false;

        var window = Window();
        try
        {
            var calendar = connections.Open(new CalendarConnection(tenantId, id, row.Kind, row.Url, row.UserName, row.Secret, row.TimeZone));
            var isFarEnough = row.SyncedTo is { } known && window.End - known < WindowMovesBy;
            var reading = await calendar.ReadAsync(window, isFarEnough ? row.SyncToken : null, cancellationToken);
            IReadOnlySet<string> stuck = reading is null ? new HashSet<string>() : await adoption.FollowAsync(tenantId, id, calendar, reading, cancellationToken);
            await using var transaction = await database.BeginAsync(tenantId, cancellationToken);
            await KeepAsync(transaction, id, row.LeasedUntil, row.PollSeconds, window, reading, stuck, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        catch (CalendarException failure)
        {
            LogFailed(logger, id, tenantId, failure.Failure);
            await FailAsync(tenantId, id, row, failure.Message, cancellationToken);
        }
        catch (CryptographicException locked)
        {
            LogLocked(logger, locked, id, tenantId);
            await FailAsync(tenantId, id, row, "What opens this calendar cannot be read any more. Connect it again.", cancellationToken);
        }
        return true;
    }

    /// <summary>Reads a calendar that is to be taken in. Nothing in there is ours.</summary>
    public async Task<FirstReading> ReadFirstAsync(CalendarConnection connection, CancellationToken cancellationToken)
    {
        var window = Window();
        try
        {
            return new FirstReading(window, await connections.Open(connection).ReadAsync(window, null, cancellationToken), Error: null);
        }
        catch (CalendarException failure)
        {
            LogFailed(logger, connection.Id, connection.TenantId, failure.Failure);
            return new FirstReading(window, Found: null, failure.Message);
        }
    }

    /// <summary>Keeps what was found in a calendar together with the calendar, which nobody else knows yet.</summary>
    public Task KeepFirstAsync(TenantTransaction transaction, Guid id, int pollSeconds, FirstReading reading, CancellationToken cancellationToken) =>
        reading.Error is { } error
            ? KeepFailureAsync(transaction, id, lease: null, TimeSpan.FromSeconds(pollSeconds), error, cancellationToken)
            : KeepAsync(transaction, id, lease: null, pollSeconds, reading.Window, reading.Found, new HashSet<string>(), cancellationToken);

    private BusyTime Window()
    {
        var now = clock.GetUtcNow();
        return new BusyTime(now - Behind, now + options.Value.Horizon);
    }

    private async Task<Row?> TakeAsync(Guid tenantId, Guid id, bool onlyWhenDue, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var transaction = await database.BeginAsync(tenantId, cancellationToken);
        var row = await transaction.QuerySingleOrDefaultAsync<Row>(
            Take, new { Id = id, Now = now.UtcDateTime, Until = (now + options.Value.Lease).UtcDateTime, OnlyWhenDue = onlyWhenDue }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return row;
    }

    private async Task KeepAsync(
        TenantTransaction transaction, Guid id, DateTime? lease, int pollSeconds, BusyTime window, CalendarReading? reading, IReadOnlySet<string> stuck,
        CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var kept = await transaction.ExecuteAsync(reading is null ? KeepUnchanged : KeepRead, new
        {
            Id = id,
            Lease = lease,
            Now = now.UtcDateTime,
            DueAt = now.AddSeconds(pollSeconds).UtcDateTime,
            reading?.Token,
            Warning = WarningOf(reading, stuck.Count),
            From = window.Start.UtcDateTime,
            To = window.End.UtcDateTime,
        }, cancellationToken);
        // Somebody else has taken over, or it is gone.
        if (kept == 0)
            return;
        if (reading is not null)
        {
            var own = (await transaction.QueryAsync<string>(FindOwn, new { Id = id }, cancellationToken)).ToHashSet(StringComparer.Ordinal);
            own.ExceptWith(stuck);
            var busy = BusyTime.Merged(reading.Entries.Where(entry => !own.Contains(entry.Href)).SelectMany(entry => entry.Busy));
            await transaction.ExecuteAsync(
                KeepBusy,
                new { Id = id, Starts = busy.Select(time => time.Start.UtcDateTime).ToArray(), Ends = busy.Select(time => time.End.UtcDateTime).ToArray() },
                cancellationToken);
        }
    }

    private static string? WarningOf(CalendarReading? reading, int stuck) => (reading?.Unreadable, stuck) switch
    {
        (_, > 0) => $"Appointments that were moved there to where another one is, and so were not moved here: {stuck}.",
        ( > 0, _) => $"Entries that say no time that can be read, and so take none: {reading.Unreadable}.",
        _ => null,
    };

    private async Task FailAsync(Guid tenantId, Guid id, Row row, string error, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        // The longer it fails, the less often it is asked: a wrong password that is tried for days locks people out.
        var failing = (now.UtcDateTime - (row.FailingSince ?? now.UtcDateTime)) / 4;
        var pause = TimeSpan.FromSeconds(row.PollSeconds);
        pause = failing > LongestPause ? LongestPause > pause ? LongestPause : pause : failing > pause ? failing : pause;
        await using var transaction = await database.BeginAsync(tenantId, cancellationToken);
        await KeepFailureAsync(transaction, id, row.LeasedUntil, pause, error, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private Task<int> KeepFailureAsync(
        TenantTransaction transaction, Guid id, DateTime? lease, TimeSpan pause, string error, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        return transaction.ExecuteAsync(
            KeepFailure, new { Id = id, Lease = lease, Error = error, Now = now.UtcDateTime, DueAt = (now + pause).UtcDateTime }, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Calendar {CalendarId} of tenant {TenantId} cannot be read: {Failure}")]
    private static partial void LogFailed(ILogger logger, Guid calendarId, Guid tenantId, CalendarFailure failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "Calendar {CalendarId} of tenant {TenantId} cannot be read: its secret does not open")]
    private static partial void LogLocked(ILogger logger, Exception exception, Guid calendarId, Guid tenantId);
}
