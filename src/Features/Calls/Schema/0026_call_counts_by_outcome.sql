-- Every number of analytics is the total of a list, so what is counted is whatever a list can be filtered by.
drop trigger count_new_call on call_logs;
drop trigger count_changed_call on call_logs;
drop function count_call();
drop function count_calls(uuid, timestamptz, timestamptz, text);
drop table call_counts;

create table call_counts (
    tenant_id uuid not null references tenants (id),
    grain     text not null check (grain in ('all', 'day', 'quarter')),
    bucket    timestamptz not null,
    status    text not null,
    -- Empty while the call is in progress.
    outcome   text not null,
    emergency boolean not null,
    recovered boolean not null,
    calls     bigint not null,
    primary key (tenant_id, grain, bucket, status, outcome, emergency, recovered)
) with (fillfactor = 70);

alter table call_logs drop constraint call_logs_outcome_check;
alter table call_logs add constraint call_logs_outcome_check check (outcome in
    ('appointment_booked', 'message_taken', 'transferred', 'voicemail', 'escalated', 'abandoned', 'no_answer', 'failed'));

alter table call_logs no force row level security;
insert into call_counts
select log.tenant_id, buckets.grain, buckets.bucket, log.status, coalesce(log.outcome, ''), log.emergency, log.recovered, count(*)
from call_logs log
cross join lateral (values
    ('all', '-infinity'::timestamptz),
    ('day', date_trunc('day', log.created_at, 'UTC')),
    ('quarter', date_bin('15 minutes', log.created_at, timestamptz '2000-01-01 00:00Z'))
) as buckets (grain, bucket)
group by 1, 2, 3, 4, 5, 6, 7;
alter table call_logs force row level security;

call isolate_by_tenant('call_counts');
grant select, insert, update on call_counts to kestrel_app;

create function count_call() returns trigger
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
        ('day', date_trunc('day', change.created_at, 'UTC')),
        ('quarter', date_bin('15 minutes', change.created_at, timestamptz '2000-01-01 00:00Z'))
    ) as buckets (grain, bucket)
    group by 1, 2, 3, 4, 5, 6, 7
    on conflict (tenant_id, grain, bucket, status, outcome, emergency, recovered) do update
    set calls = call_counts.calls + excluded.calls;
    return null;
end $$;

create trigger count_new_call after insert or delete on call_logs
    for each row execute function count_call();
create trigger count_changed_call after update of status, created_at, outcome, emergency, recovered on call_logs
    for each row when ((old.status, old.created_at, old.outcome, old.emergency, old.recovered)
        is distinct from (new.status, new.created_at, new.outcome, new.emergency, new.recovered))
    execute function count_call();

-- Calls created in [since, until), either of which may be infinite, of that kind; null asks for any. Whole days, then quarter hours at
-- the edges; call_logs itself is read only for what is left of a bound that does not fall on a quarter hour.
create function count_calls(
    tenant uuid, since timestamptz, until timestamptz, wanted_status text, wanted_outcomes text[], wanted_emergency boolean, wanted_recovered boolean) returns bigint
    language plpgsql stable set search_path = pg_catalog, public
    as $$
declare
    quarter constant interval := interval '15 minutes';
    epoch constant timestamptz := timestamptz '2000-01-01 00:00Z';
    first_quarter timestamptz := since;
    last_quarter timestamptz := until;
    first_day timestamptz := since;
    last_day timestamptz := until;
    counted bigint;
begin
    if since >= until then
        return 0;
    end if;
    if isfinite(since) then
        first_quarter := date_bin(quarter, since - interval '1 microsecond', epoch) + quarter;
        first_day := date_trunc('day', since - interval '1 microsecond', 'UTC') + interval '24 hours';
    end if;
    if isfinite(until) then
        last_quarter := date_bin(quarter, until, epoch);
        last_day := date_trunc('day', until, 'UTC');
    end if;
    -- A range within one quarter hour has no whole one: all of it is counted from the calls.
    if first_quarter > last_quarter then
        first_quarter := until;
        last_quarter := until;
    end if;
    if first_day > last_day then
        first_day := last_quarter;
        last_day := last_quarter;
    end if;

    select coalesce(sum(calls), 0)
    into counted
    from (
        select status, outcome, emergency, recovered, calls from call_counts
        where tenant_id = tenant and grain = 'all' and bucket = '-infinity' and since = '-infinity' and until = 'infinity'
        union all
        select status, outcome, emergency, recovered, calls from call_counts
        where tenant_id = tenant and grain = 'day' and bucket >= first_day and bucket < last_day and not (since = '-infinity' and until = 'infinity')
        union all
        select status, outcome, emergency, recovered, calls from call_counts
        where tenant_id = tenant and grain = 'quarter' and bucket >= first_quarter and bucket < first_day
        union all
        select status, outcome, emergency, recovered, calls from call_counts
        where tenant_id = tenant and grain = 'quarter' and bucket >= last_day and bucket < last_quarter
    ) as counts
    where (wanted_status is null or status = wanted_status) and (wanted_outcomes is null or outcome = any (wanted_outcomes))
      and (wanted_emergency is null or emergency = wanted_emergency) and (wanted_recovered is null or recovered = wanted_recovered);

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
revoke all on function count_call(), count_calls(uuid, timestamptz, timestamptz, text, text[], boolean, boolean) from public;
grant execute on function count_calls(uuid, timestamptz, timestamptz, text, text[], boolean, boolean) to kestrel_app;

-- So that a page of any kind costs the same, however rare it is.
create index call_logs_newest_by_outcome on call_logs (tenant_id, outcome, created_at desc, id desc);
create index call_logs_newest_bookable on call_logs (tenant_id, created_at desc, id desc) where outcome in ('message_taken', 'appointment_booked');
create index call_logs_newest_emergencies on call_logs (tenant_id, created_at desc, id desc) where emergency;
create index call_logs_newest_recovered on call_logs (tenant_id, created_at desc, id desc) where recovered;
