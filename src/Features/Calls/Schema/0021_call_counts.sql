-- How many calls there are, kept in the transaction that changes it: a list's total costs the same at any size.
-- Every time zone's midnight falls on a UTC quarter hour.
create table call_counts (
    tenant_id   uuid not null references tenants (id),
    grain       text not null check (grain in ('all', 'day', 'quarter')),
    bucket      timestamptz not null,
    completed   bigint not null,
    in_progress bigint not null,
    missed      bigint not null,
    primary key (tenant_id, grain, bucket)
);
call isolate_by_tenant('call_counts');
grant select, insert, update on call_counts to kestrel_app;

create function count_call() returns trigger
    language plpgsql set search_path = pg_catalog, public
    as $$
begin
    insert into call_counts (tenant_id, grain, bucket, completed, in_progress, missed)
    select change.tenant_id, buckets.grain, buckets.bucket,
           coalesce(sum(change.by) filter (where change.status = 'completed'), 0),
           coalesce(sum(change.by) filter (where change.status = 'in-progress'), 0),
           coalesce(sum(change.by) filter (where change.status = 'missed'), 0)
    from (
        select old.tenant_id, old.status, old.created_at, -1 as by where tg_op <> 'INSERT'
        union all
        select new.tenant_id, new.status, new.created_at, 1 where tg_op <> 'DELETE'
    ) as change
    cross join lateral (values
        ('all', '-infinity'::timestamptz),
        ('day', date_trunc('day', change.created_at, 'UTC')),
        ('quarter', date_bin('15 minutes', change.created_at, timestamptz '2000-01-01 00:00Z'))
    ) as buckets (grain, bucket)
    group by change.tenant_id, buckets.grain, buckets.bucket
    -- Always in this order, so that two calls can never wait for each other's rows.
    order by buckets.grain, buckets.bucket
    on conflict (tenant_id, grain, bucket) do update
    set completed = call_counts.completed + excluded.completed,
        in_progress = call_counts.in_progress + excluded.in_progress,
        missed = call_counts.missed + excluded.missed;
    return null;
end $$;

create trigger count_new_call after insert or delete on call_logs
    for each row execute function count_call();
create trigger count_changed_call after update of status, created_at on call_logs
    for each row when ((old.status, old.created_at) is distinct from (new.status, new.created_at))
    execute function count_call();

-- Calls created in [since, until), either of which may be infinite, with that status or any. Whole days, then quarter hours at
-- the edges; call_logs itself is read only for what is left of a bound that does not fall on a quarter hour.
create function count_calls(tenant uuid, since timestamptz, until timestamptz, wanted text) returns bigint
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
    if since = '-infinity' and until = 'infinity' then
        select case wanted when 'completed' then completed when 'in-progress' then in_progress when 'missed' then missed
               else completed + in_progress + missed end
        into counted
        from call_counts where tenant_id = tenant and grain = 'all' and bucket = '-infinity';
        return coalesce(counted, 0);
    end if;
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
    if first_quarter > last_quarter then
        return (select count(*) from call_logs
            where tenant_id = tenant and created_at >= since and created_at < until and (wanted is null or status = wanted));
    end if;
    if first_day > last_day then
        first_day := last_quarter;
        last_day := last_quarter;
    end if;

    select coalesce(sum(case wanted when 'completed' then completed when 'in-progress' then in_progress when 'missed' then missed
           else completed + in_progress + missed end), 0)
    into counted
    from (
        select completed, in_progress, missed from call_counts
        where tenant_id = tenant and grain = 'day' and bucket >= first_day and bucket < last_day
        union all
        select completed, in_progress, missed from call_counts
        where tenant_id = tenant and grain = 'quarter' and bucket >= first_quarter and bucket < first_day
        union all
        select completed, in_progress, missed from call_counts
        where tenant_id = tenant and grain = 'quarter' and bucket >= last_day and bucket < last_quarter
    ) as buckets;

    if since < first_quarter then
        counted := counted + (select count(*) from call_logs
            where tenant_id = tenant and created_at >= since and created_at < first_quarter and (wanted is null or status = wanted));
    end if;
    if last_quarter < until then
        counted := counted + (select count(*) from call_logs
            where tenant_id = tenant and created_at >= last_quarter and created_at < until and (wanted is null or status = wanted));
    end if;
    return counted;
end $$;
revoke all on function count_call(), count_calls(uuid, timestamptz, timestamptz, text) from public;
grant execute on function count_calls(uuid, timestamptz, timestamptz, text) to kestrel_app;
