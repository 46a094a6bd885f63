-- Months and years too: what covers years, or begins far down, is a few rows more instead of hundreds.
alter table call_counts drop constraint call_counts_grain_check;
alter table call_counts add constraint call_counts_grain_check check (grain in ('all', 'year', 'month', 'day', 'quarter'));

alter table call_counts no force row level security;
insert into call_counts
select tenant_id, coarse.grain, date_trunc(coarse.grain, bucket, 'UTC'), status, outcome, emergency, recovered, sum(calls)
from call_counts
cross join (values ('year'), ('month')) as coarse (grain)
where call_counts.grain = 'day'
group by 1, 2, 3, 4, 5, 6, 7;
alter table call_counts force row level security;
-- What is added up together lies together, as it does when calls come one after the other.
cluster call_counts using call_counts_pkey;

create or replace function count_call() returns trigger
    language plpgsql set search_path = pg_catalog, public
    as $$
begin
    -- One writer of a tenant at a time, from here to its commit: it is going to touch rows of other kinds and other calls, in whatever order.
    perform pg_advisory_xact_lock(hashtextextended(coalesce(new.tenant_id, old.tenant_id)::text, 2));
    insert into call_counts (tenant_id, grain, bucket, status, outcome, emergency, recovered, calls)
    select change.tenant_id, buckets.grain, buckets.bucket, change.status, coalesce(change.outcome, ''), change.emergency, change.recovered, sum(change.by)
    from (
        select old.tenant_id, old.created_at, old.status, old.outcome, old.emergency, old.recovered, -1 as by where tg_op <> 'INSERT'
        union all
        select new.tenant_id, new.created_at, new.status, new.outcome, new.emergency, new.recovered, 1 where tg_op <> 'DELETE'
    ) as change
    cross join lateral (values
        ('all', '-infinity'::timestamptz),
        ('year', date_trunc('year', change.created_at, 'UTC')),
        ('month', date_trunc('month', change.created_at, 'UTC')),
        ('day', date_trunc('day', change.created_at, 'UTC')),
        ('quarter', date_bin('15 minutes', change.created_at, timestamptz '2000-01-01 00:00Z'))
    ) as buckets (grain, bucket)
    group by 1, 2, 3, 4, 5, 6, 7
    on conflict (tenant_id, grain, bucket, status, outcome, emergency, recovered) do update
    set calls = call_counts.calls + excluded.calls;
    return null;
end $$;

-- Calls created in [since, until), either of which may be infinite, of that kind; null asks for any. Whole years, and at their edges months,
-- days and quarter hours; call_logs itself is read only for what is left of a bound that does not fall on a quarter hour.
create or replace function count_calls(
    tenant uuid, since timestamptz, until timestamptz, wanted_status text, wanted_outcomes text[], wanted_emergency boolean, wanted_recovered boolean) returns bigint
    language plpgsql stable set search_path = pg_catalog, public set timezone = 'UTC'
    as $$
declare
    moment constant interval := interval '1 microsecond';
    epoch constant timestamptz := timestamptz '2000-01-01 00:00Z';
    first_quarter timestamptz := date_bin('15 minutes', since - moment, epoch) + interval '15 minutes';
    last_quarter timestamptz := date_bin('15 minutes', until, epoch);
    first_day timestamptz;
    last_day timestamptz;
    first_month timestamptz;
    last_month timestamptz;
    first_year timestamptz;
    last_year timestamptz;
    counted bigint;
begin
    if since >= until then
        return 0;
    end if;
    -- What has no whole bucket inside is counted from finer ones: the calls themselves, in the end.
    if first_quarter > last_quarter then
        first_quarter := until;
        last_quarter := until;
    end if;
    first_day := date_trunc('day', first_quarter - moment) + interval '1 day';
    last_day := date_trunc('day', last_quarter);
    if first_day > last_day then
        first_day := last_quarter;
        last_day := last_quarter;
    end if;
    first_month := date_trunc('month', first_day - moment) + interval '1 month';
    last_month := date_trunc('month', last_day);
    if first_month > last_month then
        first_month := last_day;
        last_month := last_day;
    end if;
    first_year := date_trunc('year', first_month - moment) + interval '1 year';
    last_year := date_trunc('year', last_month);
    if first_year > last_year then
        first_year := last_month;
        last_year := last_month;
    end if;

    select coalesce(sum(piece.calls), 0)
    into counted
    from (values
        ('year', first_year, last_year),
        ('month', first_month, first_year), ('month', last_year, last_month),
        ('day', first_day, first_month), ('day', last_month, last_day),
        ('quarter', first_quarter, first_day), ('quarter', last_day, last_quarter)) as pieces (grain, first, last)
    cross join lateral (
        select sum(counts.calls) as calls
        from call_counts counts
        where counts.tenant_id = tenant and counts.grain = pieces.grain and counts.bucket >= pieces.first and counts.bucket < pieces.last
          and (wanted_status is null or status = wanted_status) and (wanted_outcomes is null or outcome = any (wanted_outcomes))
          and (wanted_emergency is null or emergency = wanted_emergency) and (wanted_recovered is null or recovered = wanted_recovered)) as piece
    where pieces.first < pieces.last;

    if since < first_quarter or last_quarter < until then
        counted := counted + (
            select count(*)
            from (values (since, first_quarter), (last_quarter, until)) as rest (first, last)
            join call_logs on tenant_id = tenant and created_at >= rest.first and created_at < rest.last
            where (wanted_status is null or status = wanted_status) and (wanted_outcomes is null or outcome = any (wanted_outcomes))
              and (wanted_emergency is null or emergency = wanted_emergency) and (wanted_recovered is null or recovered = wanted_recovered));
    end if;
    return counted;
end $$;

-- Where a page begins that skips so many calls of that kind created before `until`, newest first: skip `rest` of those created before `before`,
-- all of which are of one quarter hour. Goes back by quarter hours to the day's beginning, by days to the month's, by months to the year's, by years;
-- and from the first bucket that holds more than is still to be skipped, through the finer ones inside it.
create function seek_call(
    tenant uuid, until timestamptz, wanted_status text, wanted_outcomes text[], wanted_emergency boolean, wanted_recovered boolean, skip bigint,
    out before timestamptz, out rest bigint)
    language plpgsql stable set search_path = pg_catalog, public set timezone = 'UTC'
    as $$
declare
    grains constant text[] := array['quarter', 'day', 'month', 'year'];
    widths constant interval[] := array['15 minutes', '1 day', '1 month', '1 year'];
    level integer := 1;
    first timestamptz;
    step record;
    inside boolean := false;
begin
    before := date_bin('15 minutes', until, timestamptz '2000-01-01 00:00Z');
    rest := skip;
    if before < until then
        rest := skip - (
            select count(*)
            from (
                select from call_logs
                where tenant_id = tenant and created_at >= before and created_at < until
                  and (wanted_status is null or status = wanted_status) and (wanted_outcomes is null or outcome = any (wanted_outcomes))
                  and (wanted_emergency is null or emergency = wanted_emergency) and (wanted_recovered is null or recovered = wanted_recovered)
                limit skip + 1) as newest);
        if rest < 0 then
            before := until;
            rest := skip;
            return;
        end if;
    end if;

    first := date_trunc('day', before);
    loop
        inside := false;
        for step in
            select bucket, sum(calls) as calls
            from call_counts
            where tenant_id = tenant and grain = grains[level] and bucket >= first and bucket < before
              and (wanted_status is null or status = wanted_status) and (wanted_outcomes is null or outcome = any (wanted_outcomes))
              and (wanted_emergency is null or emergency = wanted_emergency) and (wanted_recovered is null or recovered = wanted_recovered)
            group by bucket
            order by bucket desc
        loop
            inside := rest < step.calls;
            exit when inside;
            rest := rest - step.calls;
        end loop;

        if inside then
            first := step.bucket;
            before := step.bucket + widths[level];
            exit when level = 1;
            level := level - 1;
        elsif level = 4 then
            -- Past the last one.
            before := '-infinity';
            rest := 0;
            return;
        else
            before := first;
            level := level + 1;
            first := case when level = 4 then '-infinity' else date_trunc(grains[level + 1], before) end;
        end if;
    end loop;
end $$;
revoke all on function seek_call(uuid, timestamptz, text, text[], boolean, boolean, bigint) from public;
grant execute on function seek_call(uuid, timestamptz, text, text[], boolean, boolean, bigint) to kestrel_app;
