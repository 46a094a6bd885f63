-- One row a bucket, whatever kinds of calls are in it: a place or a range is then found among as many counters of a busy tenant as of a quiet one.
-- And hours, so that a day's edge is at most 23 of those and three quarter hours.
drop trigger count_new_call on call_logs;
drop trigger count_changed_call on call_logs;
drop function count_call();
drop function count_calls(uuid, timestamptz, timestamptz, text, text[], boolean, boolean);
drop function seek_call(uuid, timestamptz, text, text[], boolean, boolean, bigint);
drop table call_counts;

-- Every kind of call and its place among the numbers of a bucket. The first place is that of all calls; common kinds come early, so most rows are short.
create table call_kinds (
    kind      integer primary key check (kind > 1),
    status    text not null,
    -- Empty while the call is in progress.
    outcome   text not null,
    emergency boolean not null,
    recovered boolean not null,
    unique (status, outcome, emergency, recovered)
);
grant select on call_kinds to kestrel_app;

insert into call_kinds
select 1 + row_number() over (order by recovered, emergency, status, outcome), status, outcome, emergency, recovered
from (
    select 'in-progress' as status, '' as outcome
    union all
    select over.status, outcome
    from unnest(array['completed', 'missed']) as over (status)
    cross join unnest(array['appointment_booked', 'message_taken', 'transferred', 'voicemail', 'escalated', 'abandoned', 'no_answer', 'failed']) as outcome
) as known
cross join (values (false), (true)) as one (emergency)
cross join (values (false), (true)) as other (recovered);

create table call_counts (
    tenant_id uuid not null references tenants (id),
    grain     text not null check (grain in ('all', 'year', 'month', 'day', 'hour', 'quarter')),
    bucket    timestamptz not null,
    -- By call_kinds.kind; what is not there is none.
    calls     integer[] not null,
    primary key (tenant_id, grain, bucket)
) with (fillfactor = 70);

create function add_calls(calls integer[], others integer[]) returns integer[]
    language plpgsql immutable parallel safe set search_path = pg_catalog, public
    as $$
begin
    if cardinality(calls) < cardinality(others) then
        calls := calls || array_fill(0, array[cardinality(others) - cardinality(calls)]);
    end if;
    for place in 1 .. cardinality(others) loop
        calls[place] := calls[place] + others[place];
    end loop;
    return calls;
end $$;

create function add_calls_of_kind(calls integer[], kind integer, number bigint) returns integer[]
    language plpgsql immutable parallel safe set search_path = pg_catalog, public
    as $$
begin
    if cardinality(calls) < kind then
        calls := calls || array_fill(0, array[kind - cardinality(calls)]);
    end if;
    calls[1] := calls[1] + number;
    calls[kind] := calls[kind] + number;
    return calls;
end $$;

create aggregate calls_by_kind (kind integer, number bigint) (sfunc = add_calls_of_kind, stype = integer[], initcond = '{0}');

-- The buckets to which a call of that moment belongs.
create function call_buckets(moment timestamptz) returns table (grain text, bucket timestamptz)
    language sql immutable parallel safe rows 6
    as $$
    values
        ('all', '-infinity'::timestamptz),
        ('year', date_trunc('year', moment, 'UTC')),
        ('month', date_trunc('month', moment, 'UTC')),
        ('day', date_trunc('day', moment, 'UTC')),
        ('hour', date_trunc('hour', moment, 'UTC')),
        ('quarter', date_bin('15 minutes', moment, timestamptz '2000-01-01 00:00Z'))
    $$;

-- What the counters should be, counted from the calls. Every bucket begins and ends with a quarter hour, so the calls are counted by those alone.
create view counted_call_counts with (security_invoker = true) as
with quarters as (
    select tenant_id, date_bin('15 minutes', created_at, timestamptz '2000-01-01 00:00Z') as quarter,
           status, coalesce(outcome, '') as outcome, emergency, recovered, count(*) as number
    from call_logs
    group by 1, 2, 3, 4, 5, 6
), kinds as (
    select tenant_id, grain, bucket, kind, sum(number)::bigint as number
    from quarters
    join call_kinds using (status, outcome, emergency, recovered)
    cross join lateral call_buckets(quarter)
    group by 1, 2, 3, 4
)
select tenant_id, grain, bucket, calls_by_kind(kind, number) as calls
from kinds
group by 1, 2, 3;
grant select on counted_call_counts to kestrel_app;

alter table call_logs no force row level security;
-- What is added up together lies together, as it does when calls come one after the other.
insert into call_counts select * from counted_call_counts order by tenant_id, grain, bucket;
alter table call_logs force row level security;

call isolate_by_tenant('call_counts');
grant select, insert, update on call_counts to kestrel_app;

create function count_call() returns trigger
    language plpgsql set search_path = pg_catalog, public
    as $$
begin
    -- One writer of a tenant at a time, from here to its commit: it is going to touch rows of other buckets and other calls, in whatever order.
    perform pg_advisory_xact_lock(hashtextextended(coalesce(new.tenant_id, old.tenant_id)::text, 2));
    insert into call_counts (tenant_id, grain, bucket, calls)
    select change.tenant_id, buckets.grain, buckets.bucket, calls_by_kind(call_kinds.kind, change.by)
    from (
        select old.tenant_id, old.created_at, old.status, old.outcome, old.emergency, old.recovered, -1::bigint as by where tg_op <> 'INSERT'
        union all
        select new.tenant_id, new.created_at, new.status, new.outcome, new.emergency, new.recovered, 1 where tg_op <> 'DELETE'
    ) as change
    join call_kinds on call_kinds.status = change.status and call_kinds.outcome = coalesce(change.outcome, '')
        and call_kinds.emergency = change.emergency and call_kinds.recovered = change.recovered
    cross join lateral call_buckets(change.created_at) as buckets
    group by 1, 2, 3
    on conflict (tenant_id, grain, bucket) do update
    set calls = add_calls(call_counts.calls, excluded.calls);
    return null;
end $$;

create trigger count_new_call after insert or delete on call_logs
    for each row execute function count_call();
create trigger count_changed_call after update of status, created_at, outcome, emergency, recovered on call_logs
    for each row when ((old.status, old.created_at, old.outcome, old.emergency, old.recovered)
        is distinct from (new.status, new.created_at, new.outcome, new.emergency, new.recovered))
    execute function count_call();

-- Functions below are in PL/pgSQL even where SQL would do, because its plans are kept: a function in SQL is planned anew by every statement that calls it.

-- Places of the numbers that add up to those of a kind; null asks for any.
create function places_of_kind(wanted_status text, wanted_outcomes text[], wanted_emergency boolean, wanted_recovered boolean) returns integer[]
    language plpgsql stable set search_path = pg_catalog, public
    as $$
begin
    if wanted_status is null and wanted_outcomes is null and wanted_emergency is null and wanted_recovered is null then
        return array[1];
    end if;
    return array(
        select kind
        from call_kinds
        where (wanted_status is null or status = wanted_status) and (wanted_outcomes is null or outcome = any (wanted_outcomes))
          and (wanted_emergency is null or emergency = wanted_emergency) and (wanted_recovered is null or recovered = wanted_recovered));
end $$;

-- Calls created in [since, until), either of which may be infinite, of that kind; null asks for any. Whole years, and at their edges months,
-- days, hours and quarter hours; call_logs itself is read only for what is left of a bound that does not fall on a quarter hour.
create function count_calls(
    tenant uuid, since timestamptz, until timestamptz, wanted_status text, wanted_outcomes text[], wanted_emergency boolean, wanted_recovered boolean) returns bigint
    language plpgsql stable set search_path = pg_catalog, public set timezone = 'UTC'
    as $$
declare
    moment constant interval := interval '1 microsecond';
    epoch constant timestamptz := timestamptz '2000-01-01 00:00Z';
    places constant integer[] := places_of_kind(wanted_status, wanted_outcomes, wanted_emergency, wanted_recovered);
    first_quarter timestamptz := date_bin('15 minutes', since - moment, epoch) + interval '15 minutes';
    last_quarter timestamptz := date_bin('15 minutes', until, epoch);
    first_hour timestamptz;
    last_hour timestamptz;
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
    first_hour := date_trunc('hour', first_quarter - moment) + interval '1 hour';
    last_hour := date_trunc('hour', last_quarter);
    if first_hour > last_hour then
        first_hour := last_quarter;
        last_hour := last_quarter;
    end if;
    first_day := date_trunc('day', first_hour - moment) + interval '1 day';
    last_day := date_trunc('day', last_hour);
    if first_day > last_day then
        first_day := last_hour;
        last_day := last_hour;
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
        ('hour', first_hour, first_day), ('hour', last_day, last_hour),
        ('quarter', first_quarter, first_hour), ('quarter', last_hour, last_quarter)) as pieces (grain, first, last)
    cross join lateral (
        select sum(counts.calls[place]) as calls
        from call_counts counts
        cross join unnest(places) as place
        where counts.tenant_id = tenant and counts.grain = pieces.grain and counts.bucket >= pieces.first and counts.bucket < pieces.last) as piece
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
-- all of which are of one quarter hour. Goes back by quarter hours to the hour's beginning, by hours to the day's, by days to the month's, by months to
-- the year's, by years; and from the first bucket that holds more than is still to be skipped, through the finer ones inside it.
create function seek_call(
    tenant uuid, until timestamptz, wanted_status text, wanted_outcomes text[], wanted_emergency boolean, wanted_recovered boolean, skip bigint,
    out before timestamptz, out rest bigint)
    language plpgsql stable set search_path = pg_catalog, public set timezone = 'UTC'
    as $$
declare
    grains constant text[] := array['quarter', 'hour', 'day', 'month', 'year'];
    widths constant interval[] := array['15 minutes', '1 hour', '1 day', '1 month', '1 year'];
    coarsest constant integer := cardinality(grains);
    places constant integer[] := places_of_kind(wanted_status, wanted_outcomes, wanted_emergency, wanted_recovered);
    level integer := case when isfinite(until) then 1 else coarsest end;
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

    first := case when level = coarsest then '-infinity' else date_trunc(grains[2], before) end;
    loop
        inside := false;
        for step in
            select bucket,
                   case cardinality(places)
                       when 1 then coalesce(counts.calls[places[1]], 0)
                       else (select coalesce(sum(counts.calls[place]), 0) from unnest(places) as place)
                   end as calls
            from call_counts counts
            where tenant_id = tenant and grain = grains[level] and bucket >= first and bucket < before
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
        elsif level = coarsest then
            -- Past the last one.
            before := '-infinity';
            rest := 0;
            return;
        else
            before := first;
            level := level + 1;
            first := case when level = coarsest then '-infinity' else date_trunc(grains[level + 1], before) end;
        end if;
    end loop;
end $$;

revoke all on function
    add_calls(integer[], integer[]), add_calls_of_kind(integer[], integer, bigint), calls_by_kind(integer, bigint), call_buckets(timestamptz), count_call(),
    places_of_kind(text, text[], boolean, boolean), count_calls(uuid, timestamptz, timestamptz, text, text[], boolean, boolean),
    seek_call(uuid, timestamptz, text, text[], boolean, boolean, bigint)
    from public;
grant execute on function
    add_calls(integer[], integer[]), add_calls_of_kind(integer[], integer, bigint), calls_by_kind(integer, bigint), call_buckets(timestamptz),
    places_of_kind(text, text[], boolean, boolean), count_calls(uuid, timestamptz, timestamptz, text, text[], boolean, boolean),
    seek_call(uuid, timestamptz, text, text[], boolean, boolean, bigint)
    to kestrel_app;
