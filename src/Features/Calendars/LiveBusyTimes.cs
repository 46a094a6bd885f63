using System.Security.Cryptography;
using KestrelVoice.Features.Kernel;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Calendars;

/// <summary>The look into a resource's calendars in the moment before it is booked: what was read some minutes ago may be wrong by now.</summary>
internal sealed partial class LiveBusyTimes(
    TenantDatabase database, CalendarConnections connections, IOptions<CalendarSettings> options, TimeProvider clock, ILogger<LiveBusyTimes> logger)
{
    // Somebody waits for the answer, perhaps on the phone.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private const string Find =
        """
        select c.id, c.kind, c.url, c.user_name, c.secret, (select time_zone from tenants where id = @TenantId) as time_zone, c.synced_at,
            array_to_string(array(
                select e.href from calendar_entries e where e.tenant_id = c.tenant_id and e.connection_id = c.id), E'\n') as own
        from calendar_connections c
        where c.tenant_id = @TenantId and c.resource_id = @ResourceId
        """;

    private const string ReadSoon = "update calendar_connections set due_at = @Now where tenant_id = @TenantId and id = @Id and due_at > @Now";

    // However many want the same slot of somebody, their calendar's server is asked once at a time.
    private readonly JoinedQuestions<(Guid Calendar, BusyTime Time), CalendarReading> _looks = new();

    private sealed record Row(
        Guid Id, string Kind, string Url, string UserName, string Secret, string TimeZone, DateTime? SyncedAt, string Own);

    /// <summary>Whether nothing in any calendar of the resource speaks against that time.</summary>
    /// <remarks>
    /// A calendar that does not answer is taken at what it said last, as long as that is not older than <see cref="CalendarSettings.TrustFor"/>;
    /// after that nobody knows, and the time is not free.
    /// </remarks>
    public async Task<bool> AllowAsync(Guid tenantId, Guid resourceId, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var rows = await database.ReadAsync(
            tenantId, Find, new { ResourceId = resourceId }, results => results.ReadAsync<Row>(), cancellationToken);
        var answers = await Task.WhenAll(rows.Select(row => AllowsAsync(tenantId, row, new BusyTime(from, to), cancellationToken)));
        return Array.TrueForAll(answers, allows => allows);
    }

    private async Task<bool> AllowsAsync(Guid tenantId, Row row, BusyTime time, CancellationToken cancellationToken)
    {
        try
        {
            var calendar = connections.Open(new CalendarConnection(tenantId, row.Id, row.Kind, row.Url, row.UserName, row.Secret, row.TimeZone));
            var own = row.Own.Split('\n').ToHashSet(StringComparer.Ordinal);
            var seen = await _looks.AskAsync((row.Id, time), () => LookAsync(calendar, time), cancellationToken);
            if (seen.Entries.All(entry => own.Contains(entry.Href) || entry.Busy.Count == 0))
                return true;
            // Whoever is turned away is to be offered what is really free.
            await ReadSoonAsync(tenantId, row.Id, cancellationToken);
            return false;
        }
        catch (Exception failure) when (failure is CalendarException or CryptographicException
            || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            LogSilent(logger, row.Id, tenantId, (failure as CalendarException)?.Failure);
            return row.SyncedAt is { } read && clock.GetUtcNow().UtcDateTime - read <= options.Value.TrustFor;
        }
    }

    private async Task<CalendarReading> LookAsync(ICalendar calendar, BusyTime time)
    {
        using var patience = new CancellationTokenSource(Patience, clock);
        return await calendar.LookAsync(time, patience.Token);
    }

    private async Task ReadSoonAsync(Guid tenantId, Guid id, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(tenantId, cancellationToken);
        await transaction.ExecuteAsync(ReadSoon, new { Id = id, Now = clock.GetUtcNow().UtcDateTime }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Calendar {CalendarId} of tenant {TenantId} did not answer before a booking: {Failure}")]
    private static partial void LogSilent(ILogger logger, Guid calendarId, Guid tenantId, CalendarFailure? failure);
}
