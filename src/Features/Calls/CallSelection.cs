using KestrelVoice.Features.Kernel;
using Npgsql;

namespace KestrelVoice.Features.Calls;

/// <summary>
/// The calls that a list asks for, in SQL. Only what is asked for is in a statement, and spelled as its index is: so a plan that is made once suits it.
/// </summary>
internal static class CallSelection
{
    /// <summary>Farther down than this, the counters are asked where the page begins.</summary>
    private const int LongestWalk = 100;

    private const string NewestFirst = "order by created_at desc, id desc";

    private const string Columns = "id, phone_number, status, duration, recording_sid is not null, transcript, created_at, direction, outcome, emergency";

    /// <summary>The version, and how many there are: read before the page, so that neither is newer.</summary>
    public static NpgsqlBatchCommand Count(Guid tenantId, ListCallLogs.Query query)
    {
        var sql = new Sql();
        var tenant = sql.Add(tenantId);
        return sql.Command($"select {CallVersion.Of(tenant)}, {Total(sql, tenant, query)}");
    }

    private static string Total(Sql sql, string tenant, ListCallLogs.Query query)
    {
        if (query is not { FromDate: null, ToDate: null })
            return $"count_calls({tenant}, {Since(sql, tenant, query) ?? "'-infinity'"}, {Until(sql, tenant, query) ?? "'infinity'"}, {KindArguments(sql, query)})";
        return Kind(sql, query) is { Length: > 0 } kind
            ? $"(select coalesce(sum(calls[kind]), 0)::bigint from call_counts cross join call_kinds {AllOf(tenant)} {kind})"
            : $"coalesce((select calls[1] from call_counts {AllOf(tenant)}), 0)::bigint";
    }

    public static NpgsqlBatchCommand Page(Guid tenantId, ListCallLogs.Query query, Paging page)
    {
        var sql = new Sql();
        var tenant = sql.Add(tenantId);
        var limit = sql.Add(page.Rows);
        var kind = Kind(sql, query);
        var since = Since(sql, tenant, query) is { } start ? $"and created_at >= {start} " : "";
        var until = Until(sql, tenant, query);
        var (seek, from, skip) = page.Offset > LongestWalk
            ? Sought(sql, tenant, query, page, kind, since, until)
            : ("", until is null ? "" : $"and created_at < {until} ", page.Offset == 0 ? null : sql.Add((long)page.Offset));
        var when = since + from + (page.ByCursor ? $"and (created_at, id) < ({sql.Add(page.After.CreatedAt)}, {sql.Add(page.After.Id)}) " : "");
        var order = $"{NewestFirst} limit {limit}";
        var offset = skip is null ? "" : $" offset {skip}";
        return sql.Command(seek + (HasAnIndex(query)
            ? $"select {Columns} from call_logs where tenant_id = {tenant} {kind}{when}{order}{offset}"
            : $"""
              select {Columns}
              from (
                  select newest.id as found
                  from (
                      select status, outcome, emergency, recovered
                      from call_counts cross join call_kinds
                      {AllOf(tenant)} and calls[kind] > 0 {kind}
                  ) as kind
                  cross join lateral (
                      select created_at, id
                      from call_logs
                      where tenant_id = {tenant} and status = kind.status and {SameOutcome(query)} and emergency = kind.emergency
                        and recovered = kind.recovered {when}
                      {order}{(skip is null ? "" : " + " + skip)}
                  ) as newest
                  {order}{offset}
              ) as page
              join call_logs on tenant_id = {tenant} and id = found
              {NewestFirst}
              """));
    }

    // The counters know the quarter hour in which the page begins. What is skipped inside it is walked over in the index, which says all but "no emergency" and "not recovered".
    private static (string Seek, string From, string? Skip) Sought(
        Sql sql, string tenant, ListCallLogs.Query query, Paging page, string kind, string since, string? until)
    {
        const string Before = "and created_at < (select before from place) ";
        const string Rest = "(select rest from place)";
        var place = $"with place as materialized (select before, rest from seek_call({tenant}, {until ?? "'infinity'"}, {KindArguments(sql, query)}, {sql.Add((long)page.Offset)})) ";
        return HasAnIndex(query)
            ? ($"{place}, first as materialized (select created_at, id from call_logs where tenant_id = {tenant} {kind}{since}{Before}{NewestFirst} limit 1 offset {Rest}) ",
                "and (created_at, id) <= ((select created_at from first), (select id from first)) ", null)
            : (place, Before, Rest);
    }

    private static string AllOf(string tenant) => $"where tenant_id = {tenant} and grain = 'all' and bucket = '-infinity'";

    // Any other kind is found through the few that it is made of.
    internal static bool HasAnIndex(ListCallLogs.Query query) => query switch
    {
        { Outcome: not null } or { Bookable: not null } => false,
        { Status: null } => query.Emergency is null || query.Recovered is not "true",
        _ => query is { Emergency: null, Recovered: null },
    };

    // A call that goes on has none, and nothing but its status says so.
    private static string SameOutcome(ListCallLogs.Query query) =>
        query.Status == CallStatusText.Of(CallStatus.InProgress) ? "outcome is null" : "outcome = kind.outcome";

    // Says the same of a call and of a kind of calls.
    private static string Kind(Sql sql, ListCallLogs.Query query) => string.Concat(
        query.Status is { } status ? $"and status = {sql.Add(status)} " : "",
        query.Outcome is { } outcome ? $"and outcome = {sql.Add(outcome)} " : "",
        query.Bookable is null ? "" : "and outcome in ('message_taken', 'appointment_booked') ",
        query.Emergency switch { null => "", "true" => "and emergency ", _ => "and not emergency " },
        query.Recovered switch { null => "", "true" => "and recovered ", _ => "and not recovered " });

    private static string KindArguments(Sql sql, ListCallLogs.Query query) => string.Join(
        ", ",
        query.Status is { } status ? sql.Add(status) : "null",
        query.Bookable is not null ? sql.Add(CallOutcomeText.Bookable) : query.Outcome is { } outcome ? $"array[{sql.Add(outcome)}]" : "null",
        query.Emergency switch { null => "null", "true" => "true", _ => "false" },
        query.Recovered switch { null => "null", "true" => "true", _ => "false" });

    private static string? Since(Sql sql, string tenant, ListCallLogs.Query query) => Bound(sql, tenant, DateBound.Parse(query.FromDate), daysLater: 0);

    private static string? Until(Sql sql, string tenant, ListCallLogs.Query query) => Bound(sql, tenant, DateBound.Parse(query.ToDate), daysLater: 1);

    private static string? Bound(Sql sql, string tenant, DateBound bound, int daysLater) => bound switch
    {
        { Day: { } day } => $"local_midnight({tenant}, {sql.Add(day.AddDays(daysLater))})",
        { Instant: { } instant } => sql.Add(instant),
        _ => null,
    };

    /// <summary>A statement whose parameters are numbered as they come.</summary>
    private sealed class Sql
    {
        private readonly NpgsqlBatchCommand _command = new();

        public string Add<T>(T value)
        {
            _command.Parameters.Add(new NpgsqlParameter<T> { TypedValue = value });
            return $"${_command.Parameters.Count}";
        }

        public NpgsqlBatchCommand Command(string text)
        {
            _command.CommandText = text;
            return _command;
        }
    }
}
