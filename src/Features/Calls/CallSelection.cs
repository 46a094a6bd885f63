using KestrelVoice.Features.Kernel;
using Npgsql;

namespace KestrelVoice.Features.Calls;

/// <summary>
/// The calls that a list asks for, in SQL. Only what is asked for is in a statement, and spelled as its index is: so a plan that is made once suits it.
/// </summary>
internal sealed class CallSelection
{
    /// <summary>Farther down than this, the counters are asked where the page begins.</summary>
    private const int LongestWalk = 100;

    private const string NewestFirst = "order by created_at desc, id desc";

    private const string Columns = "id, phone_number, status, duration, recording_sid is not null, transcript, created_at, direction, outcome, emergency";

    private readonly ListCallLogs.Query _query;
    private readonly NpgsqlBatchCommand _command = new();
    private readonly string _tenant;
    private readonly string? _since;
    private readonly string? _until;

    private CallSelection(Guid tenantId, ListCallLogs.Query query)
    {
        _query = query;
        _tenant = Parameter(tenantId);
        _since = Bound(DateBound.Parse(query.FromDate), daysLater: 0);
        _until = Bound(DateBound.Parse(query.ToDate), daysLater: 1);
    }

    /// <summary>Where a page begins.</summary>
    /// <param name="With">What the statement finds out first, as common table expressions.</param>
    /// <param name="Condition">Holds of the calls from there on.</param>
    /// <param name="Skip">How many of those are still walked over; null for none.</param>
    private sealed record Beginning(string With = "", string Condition = "", string? Skip = null)
    {
        public static Beginning AtTheNewest { get; } = new();
    }

    /// <summary>The version, and how many there are: read before the page, so that neither is newer.</summary>
    public static NpgsqlBatchCommand Count(Guid tenantId, ListCallLogs.Query query)
    {
        var selection = new CallSelection(tenantId, query);
        return selection.Reading($"select {CallVersion.Of(selection._tenant)}, {selection.Total()}");
    }

    public static NpgsqlBatchCommand Page(Guid tenantId, ListCallLogs.Query query, Paging page)
    {
        var selection = new CallSelection(tenantId, query);
        return selection.Reading(selection.Rows(page));
    }

    // Any other kind is found through the few that it is made of.
    internal static bool HasAnIndex(ListCallLogs.Query query) => query switch
    {
        { Outcome: not null } or { Bookable: not null } => false,
        { Status: null } => query.Emergency is null || query.Recovered is not "true",
        _ => query is { Emergency: null, Recovered: null },
    };

    private string Total()
    {
        if (_query is not { FromDate: null, ToDate: null })
            return $"count_calls({_tenant}, {_since ?? "'-infinity'"}, {_until ?? "'infinity'"}, {KindArguments()})";
        return Kind() is { Length: > 0 } kind
            ? $"(select coalesce(sum(calls[kind]), 0)::bigint from call_counts cross join call_kinds {CountsOfAllTime} {kind})"
            : $"coalesce((select calls[1] from call_counts {CountsOfAllTime}), 0)::bigint";
    }

    private string Rows(Paging page)
    {
        var kind = Kind();
        var days = (_since is null ? "" : $"and created_at >= {_since} ") + (_until is null ? "" : $"and created_at < {_until} ");
        var from = BeginningOf(page, kind + days);
        var order = $"{NewestFirst} limit {Parameter(page.Rows)}";
        var offset = from.Skip is null ? "" : $" offset {from.Skip}";
        return from.With + (HasAnIndex(_query)
            ? $"select {Columns} from call_logs where tenant_id = {_tenant} {kind}{days}{from.Condition}{order}{offset}"
            : $"""
              select {Columns}
              from (
                  select newest.id as found
                  from (
                      select status, outcome, emergency, recovered
                      from call_counts cross join call_kinds
                      {CountsOfAllTime} and calls[kind] > 0 {kind}
                  ) as kind
                  cross join lateral (
                      select created_at, id
                      from call_logs
                      where tenant_id = {_tenant} and status = kind.status and {SameOutcome} and emergency = kind.emergency
                        and recovered = kind.recovered {days}{from.Condition}
                      {order}{(from.Skip is null ? "" : " + " + from.Skip)}
                  ) as newest
                  {order}{offset}
              ) as page
              join call_logs on tenant_id = {_tenant} and id = found
              {NewestFirst}
              """);
    }

    private Beginning BeginningOf(Paging page, string conditions) => page switch
    {
        { ByCursor: true } => new(Condition: $"and (created_at, id) < ({Parameter(page.After.CreatedAt)}, {Parameter(page.After.Id)}) "),
        { Offset: 0 } => Beginning.AtTheNewest,
        { Offset: <= LongestWalk } => new(Skip: Parameter((long)page.Offset)),
        _ => Sought(page.Offset, conditions),
    };

    // The counters know the quarter hour in which the page begins. What is skipped inside it is walked over in the index, which says all but "no emergency" and "not recovered".
    private Beginning Sought(long offset, string conditions)
    {
        const string Before = "and created_at < (select before from place) ";
        const string Rest = "(select rest from place)";
        var place =
            $"with place as materialized (select before, rest from seek_call({_tenant}, {_until ?? "'infinity'"}, {KindArguments()}, {Parameter(offset)})) ";
        if (!HasAnIndex(_query))
            return new(place, Before, Rest);
        var first = $"select created_at, id from call_logs where tenant_id = {_tenant} {conditions}{Before}{NewestFirst} limit 1 offset {Rest}";
        return new($"{place}, first as materialized ({first}) ", "and (created_at, id) <= ((select created_at from first), (select id from first)) ");
    }

    private string CountsOfAllTime => $"where tenant_id = {_tenant} and grain = 'all' and bucket = '-infinity'";

    // A call that goes on has none, and nothing but its status says so.
    private string SameOutcome => _query.Status == CallStatusText.Of(CallStatus.InProgress) ? "outcome is null" : "outcome = kind.outcome";

    // Says the same of a call and of a kind of calls.
    private string Kind() => string.Concat(
        _query.Status is { } status ? $"and status = {Parameter(status)} " : "",
        _query.Outcome is { } outcome ? $"and outcome = {Parameter(outcome)} " : "",
        _query.Bookable is null ? "" : "and outcome in ('message_taken', 'appointment_booked') ",
        _query.Emergency switch { null => "", "true" => "and emergency ", _ => "and not emergency " },
        _query.Recovered switch { null => "", "true" => "and recovered ", _ => "and not recovered " });

    private string KindArguments() => string.Join(
        ", ",
        _query.Status is { } status ? Parameter(status) : "null",
        _query.Bookable is not null ? Parameter(CallOutcomeText.Bookable) : _query.Outcome is { } outcome ? $"array[{Parameter(outcome)}]" : "null",
        _query.Emergency switch { null => "null", "true" => "true", _ => "false" },
        _query.Recovered switch { null => "null", "true" => "true", _ => "false" });

    private string? Bound(DateBound bound, int daysLater) => bound switch
    {
        { Day: { } day } => $"local_midnight({_tenant}, {Parameter(day.AddDays(daysLater))})",
        { Instant: { } instant } => Parameter(instant),
        _ => null,
    };

    /// <summary>Parameters are numbered as they come, and each is used.</summary>
    private string Parameter<T>(T value)
    {
        _command.Parameters.Add(new NpgsqlParameter<T> { TypedValue = value });
        return $"${_command.Parameters.Count}";
    }

    private NpgsqlBatchCommand Reading(string sql)
    {
        _command.CommandText = sql;
        return _command;
    }
}
