using KestrelVoice.Features.Audit;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.Idempotency;
using Npgsql;

namespace KestrelVoice.Features.Calendars;

/// <summary>A calendar that somebody has shown to be open to them.</summary>
/// <param name="Secret">What opens it.</param>
/// <param name="Receives">Null: if it can be written to, and no other calendar of the resource receives.</param>
/// <param name="PollSeconds">Null: as it was, or 300.</param>
internal sealed record NewCalendar(
    string Kind, Guid ResourceId, string Url, string Name, string UserName, string Secret, bool IsWritable, bool? Receives, int? PollSeconds)
{
    // A record would print its secret.
    public override string ToString() => nameof(NewCalendar);
}

/// <summary>Takes calendars in, and reads each for the first time.</summary>
internal sealed class NewCalendars(
    TenantDatabase database, CalendarConnections connections, CalendarSync sync, IdempotentRequest request, TimeProvider clock)
{
    private const int MostCalendars = 50;
    private const int DefaultPollSeconds = 300;

    // One at a time, so that two requests cannot both take the last place.
    private const string Lock = "select pg_advisory_xact_lock(hashtextextended('calendar_connections:' || @TenantId::text, 0))";

    private const string FindBefore =
        "select id from calendar_connections where tenant_id = @TenantId and resource_id = @ResourceId and url = @Url and kind = @Kind";

    private const string Insert =
        """
        insert into calendar_connections (tenant_id, id, resource_id, kind, url, name, user_name, secret, receives_appointments, status,
            poll_seconds, due_at, created_at)
        select @TenantId, @Id, @ResourceId, @Kind, @Url, @Name, @UserName, @Secret,
            coalesce(@Receives, @IsWritable and not exists (
                select from calendar_connections
                where tenant_id = @TenantId and resource_id = @ResourceId and receives_appointments)),
            'connected', coalesce(@PollSeconds, @DefaultPollSeconds), @Now, @Now
        where (select count(*) from calendar_connections where tenant_id = @TenantId) < @MostCalendars
        """;

    private const string Renew =
        """
        update calendar_connections
        set name = @Name, user_name = @UserName, secret = @Secret, receives_appointments = coalesce(@Receives, receives_appointments),
            poll_seconds = coalesce(@PollSeconds, poll_seconds), status = 'connected', error = null, failing_since = null, due_at = @Now
        where tenant_id = @TenantId and id = @Id
        """;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record TakenIn(CalendarRow Calendar) : Outcome;

        /// <param name="Reason">For people.</param>
        internal sealed record Refused(string Reason) : Outcome;
    }

    /// <summary>Takes in one that is not connected yet, with what is in it: both are there, or neither.</summary>
    /// <param name="by">Whose doing it is, as the audit log says.</param>
    /// <param name="timeZone">The tenant's.</param>
    public async Task<Outcome> TakeInAsync(Principal by, NewCalendar calendar, string timeZone, CancellationToken cancellationToken)
    {
        var id = Guid.CreateVersion7(clock.GetUtcNow());
        var opened = new CalendarConnection(
            by.TenantId, id, calendar.Kind, calendar.Url, calendar.UserName, connections.Seal(by.TenantId, id, calendar.Secret), timeZone);
        return await StoreAsync(by, id, calendar, await sync.ReadFirstAsync(opened, cancellationToken), cancellationToken);
    }

    /// <summary>Takes one in, or opens one that is connected already with the new secret from now on; then reads it.</summary>
    /// <param name="by">Whose doing it is, as the audit log says.</param>
    public async Task<Outcome> TakeInOrRenewAsync(Principal by, NewCalendar calendar, CancellationToken cancellationToken)
    {
        var outcome = await StoreAsync(by, Guid.CreateVersion7(clock.GetUtcNow()), calendar, reading: null, cancellationToken);
        if (outcome is Outcome.TakenIn(var taken))
            await sync.RunAsync(by.TenantId, taken.Id, onlyWhenDue: false, cancellationToken);
        return outcome;
    }

    private async Task<Outcome> StoreAsync(
        Principal by, Guid newId, NewCalendar calendar, CalendarSync.FirstReading? reading, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(by.TenantId, cancellationToken);
        try
        {
            await transaction.ExecuteAsync(Lock, parameters: null, cancellationToken);
            var before = await transaction.QuerySingleOrDefaultAsync<Guid?>(FindBefore, calendar, cancellationToken);
            if (before is not null && reading is not null)
                return new Outcome.Refused("This calendar is connected to the resource already.");
            var id = before ?? newId;
            var stored = await transaction.ExecuteAsync(before is null ? Insert : Renew, new
            {
                Id = id,
                calendar.Kind,
                calendar.ResourceId,
                calendar.Url,
                calendar.Name,
                calendar.UserName,
                Secret = connections.Seal(by.TenantId, id, calendar.Secret),
                calendar.IsWritable,
                calendar.Receives,
                calendar.PollSeconds,
                DefaultPollSeconds,
                Now = clock.GetUtcNow().UtcDateTime,
                MostCalendars,
            }, cancellationToken);
            if (stored == 0)
                return new Outcome.Refused($"There are {MostCalendars} calendars already; disconnect one first.");
            await new AuditLog(by, clock).AddAsync(
                transaction, AuditActions.CalendarConnected, TypeId.Format(TypeId.Calendar, id), detail: null, cancellationToken);
            if (reading is not null)
                await sync.KeepFirstAsync(transaction, id, calendar.PollSeconds ?? DefaultPollSeconds, reading, cancellationToken);
            var taken = await transaction.QuerySingleOrDefaultAsync<CalendarRow>(CalendarRow.Find, new { Id = id }, cancellationToken);
            await request.CommitAsync(transaction, cancellationToken);
            return new Outcome.TakenIn(taken!);
        }
        catch (PostgresException taken) when (taken.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return new Outcome.Refused(taken.ConstraintName == "calendar_connections_one_receives"
                ? "Another calendar of the resource receives its appointments already."
                : "This calendar is connected to the resource already.");
        }
        catch (PostgresException gone) when (gone.SqlState == PostgresErrorCodes.ForeignKeyViolation)
        {
            return new Outcome.Refused("The resource is not there any more.");
        }
    }
}

/// <summary>What both ways to connect a calendar ask for.</summary>
internal static class CalendarRules
{
    public const string PollInterval = "poll_interval is 60 to 86400.";

    public static bool IsPollInterval(int? seconds) => seconds is null or (>= 60 and <= 86_400);
}
