using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Analytics;

/// <summary>What is kept of a tenant's calls in numbers, against counting the calls. The database does the counting, and a call is read twice at most.</summary>
internal static class CallRollups
{
    /// <param name="Rollup">The table that holds the number.</param>
    /// <param name="Bucket">The day, or the beginning of the quarter hour, hour, day, month or year, of whose calls it is.</param>
    /// <param name="Metric">Which number it is.</param>
    internal sealed record Difference(string Rollup, string Bucket, string Metric, long Stored, long Counted);

    private sealed record Row(string Rollup, string Bucket, string Metric, long Stored, long Counted, long Total);

    // Each statement sees stored and counted as of the same moment, so what is being written meanwhile is no difference.
    private const string WrongDays =
        """
        select coalesce(stored.day, counted.day) as day,
               coalesce(stored.total, 0) as stored_total, coalesce(counted.total, 0) as total,
               coalesce(stored.completed, 0) as stored_completed, coalesce(counted.completed, 0) as completed,
               coalesce(stored.missed, 0) as stored_missed, coalesce(counted.missed, 0) as missed,
               coalesce(stored.seconds, 0) as stored_seconds, coalesce(counted.seconds, 0) as seconds,
               coalesce(stored.bookable, 0) as stored_bookable, coalesce(counted.bookable, 0) as bookable,
               coalesce(stored.booked, 0) as stored_booked, coalesce(counted.booked, 0) as booked,
               coalesce(stored.emergency, 0) as stored_emergency, coalesce(counted.emergency, 0) as emergency,
               coalesce(stored.recovered, 0) as stored_recovered, coalesce(counted.recovered, 0) as recovered
        from (
            select day, total, completed, missed, seconds, bookable, booked, emergency, recovered from call_days where tenant_id = @TenantId
        ) as stored
        full join (
            select day, total, completed, missed, seconds, bookable, booked, emergency, recovered from counted_call_days where tenant_id = @TenantId
        ) as counted on counted.day = stored.day
        """;

    private const string WrongCounts =
        """
        select grain, bucket, coalesce(stored.calls, '{}') as stored, coalesce(counted.calls, '{}') as counted
        from (select grain, bucket, calls from call_counts where tenant_id = @TenantId) as stored
        full join (select grain, bucket, calls from counted_call_counts where tenant_id = @TenantId) as counted using (grain, bucket)
        where stored.calls is distinct from counted.calls
        """;

    private const string Find =
        $"""
        select rollup, bucket, metric, stored, counted, count(*) over () as total
        from (
            select 'call_days' as rollup, day::text as bucket, figure.metric, figure.stored, figure.counted
            from ({WrongDays}) as days
            cross join lateral (values
                ('total', stored_total, total), ('completed', stored_completed, completed), ('missed', stored_missed, missed),
                ('seconds', stored_seconds, seconds), ('bookable', stored_bookable, bookable), ('booked', stored_booked, booked),
                ('emergency', stored_emergency, emergency), ('recovered', stored_recovered, recovered)
            ) as figure (metric, stored, counted)
            where figure.stored <> figure.counted
            union all
            select 'call_counts', case grain when 'all' then 'all' else grain || ' ' || to_char(bucket at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"') end,
                   case place when 1 then 'total' else
                       concat_ws(' ', status, nullif(outcome, ''), case when emergency then 'emergency' end, case when recovered then 'recovered' end) end,
                   coalesce(figure.stored, 0), coalesce(figure.counted, 0)
            from ({WrongCounts}) as counts
            cross join lateral unnest(counts.stored, counts.counted) with ordinality as figure (stored, counted, place)
            left join call_kinds on kind = place
            where coalesce(figure.stored, 0) <> coalesce(figure.counted, 0)
        ) as wrong
        order by rollup, bucket, metric
        limit @Most
        """;

    // As every writer of the tenant's counters does, and with it every other repair.
    private const string TakeTurn = "select pg_advisory_xact_lock(hashtextextended(@TenantId::text, 2))";

    // By what they are off, rather than to what they should be: what is counted meanwhile is added all the same.
    private const string CorrectDays =
        $"""
        insert into call_days (tenant_id, day, total, completed, missed, seconds, bookable, booked, emergency, recovered)
        select @TenantId, day, total - stored_total, completed - stored_completed, missed - stored_missed, seconds - stored_seconds,
               bookable - stored_bookable, booked - stored_booked, emergency - stored_emergency, recovered - stored_recovered
        from ({WrongDays}) as days
        where (total, completed, missed, seconds, bookable, booked, emergency, recovered) is distinct from
            (stored_total, stored_completed, stored_missed, stored_seconds, stored_bookable, stored_booked, stored_emergency, stored_recovered)
        on conflict (tenant_id, day) do update
        set total = call_days.total + excluded.total, completed = call_days.completed + excluded.completed, missed = call_days.missed + excluded.missed,
            seconds = call_days.seconds + excluded.seconds, bookable = call_days.bookable + excluded.bookable, booked = call_days.booked + excluded.booked,
            emergency = call_days.emergency + excluded.emergency, recovered = call_days.recovered + excluded.recovered
        """;

    private const string CorrectCounts =
        $"""
        insert into call_counts (tenant_id, grain, bucket, calls)
        select @TenantId, grain, bucket, array(
            select coalesce(should_be, 0) - coalesce(is_now, 0) from unnest(counted, stored) with ordinality as figure (should_be, is_now, place) order by place)
        from ({WrongCounts}) as counts
        on conflict (tenant_id, grain, bucket) do update
        set calls = add_calls(call_counts.calls, excluded.calls)
        """;

    /// <summary>How many numbers of the tenant are off, and which, up to <paramref name="most"/>.</summary>
    public static async Task<(long Total, IReadOnlyList<Difference> Shown)> FindDifferencesAsync(
        TenantTransaction transaction, int most, CancellationToken cancellationToken)
    {
        var rows = (await transaction.QueryAsync<Row>(Find, new { Most = Math.Max(most, 1) }, cancellationToken)).ToList();
        return (rows is [var first, ..] ? first.Total : 0, [.. rows.Take(most).Select(row => new Difference(row.Rollup, row.Bucket, row.Metric, row.Stored, row.Counted))]);
    }

    /// <summary>Makes the numbers right. Calls of the tenant wait meanwhile.</summary>
    public static async Task CorrectAsync(TenantTransaction transaction, CancellationToken cancellationToken)
    {
        await transaction.ExecuteAsync(TakeTurn, null, cancellationToken);
        await transaction.ExecuteAsync(CorrectCounts, null, cancellationToken);
        await transaction.ExecuteAsync(CorrectDays, null, cancellationToken);
    }
}
