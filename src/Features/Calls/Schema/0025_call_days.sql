-- Whether somebody who was missed was talked to within a day, whoever called whom.
alter table call_logs add column recovered boolean not null default false;
create index call_logs_of_caller on call_logs (tenant_id, phone_number, created_at);

-- What analytics adds up: a row a day, as the tenant counts days, kept in the transaction that changes a call. docs/analytics.md says what each number is.
create table call_days (
    tenant_id uuid not null references tenants (id),
    day       date not null,
    total     bigint not null,
    completed bigint not null,
    missed    bigint not null,
    seconds   bigint not null,
    bookable  bigint not null,
    booked    bigint not null,
    emergency bigint not null,
    recovered bigint not null,
    primary key (tenant_id, day)
);

-- What the days should be, counted from the calls.
create view counted_call_days with (security_invoker = true) as
select log.tenant_id, (log.created_at at time zone tenant.time_zone)::date as day,
       count(*) as total,
       count(*) filter (where log.status = 'completed') as completed,
       count(*) filter (where log.status = 'missed') as missed,
       coalesce(sum(log.duration) filter (where log.status = 'completed'), 0) as seconds,
       count(*) filter (where log.outcome in ('message_taken', 'appointment_booked')) as bookable,
       count(*) filter (where log.outcome = 'appointment_booked') as booked,
       count(*) filter (where log.emergency) as emergency,
       count(*) filter (where log.recovered) as recovered
from call_logs log
join tenants tenant on tenant.id = log.tenant_id
group by log.tenant_id, (log.created_at at time zone tenant.time_zone)::date;

-- One caller's calls take turns, before any counter is touched: each must see the other to know whether it recovers it, or is recovered.
create function take_turn_of_caller() returns trigger
    language plpgsql set search_path = pg_catalog, public
    as $$
begin
    perform pg_advisory_xact_lock(hashtextextended(new.tenant_id::text || new.phone_number, 1));
    return new;
end $$;

create function recover_missed_calls() returns trigger
    language plpgsql set search_path = pg_catalog, public
    as $$
declare
    changed record;
begin
    for changed in
        select old.tenant_id, old.phone_number, old.created_at where tg_op <> 'INSERT' and old.phone_number like '+%'
        union
        select new.tenant_id, new.phone_number, new.created_at where tg_op <> 'DELETE' and new.phone_number like '+%'
    loop
        update call_logs log
        set recovered = not log.recovered
        where log.tenant_id = changed.tenant_id and log.phone_number = changed.phone_number
          and log.created_at between changed.created_at - interval '24 hours' and changed.created_at
          and log.recovered <> (log.status = 'missed' and exists (
              select from call_logs later
              where later.tenant_id = log.tenant_id and later.phone_number = log.phone_number and later.status = 'completed'
                and later.created_at > log.created_at and later.created_at <= log.created_at + interval '24 hours'));
    end loop;
    return null;
end $$;

create function add_to_call_day() returns trigger
    language plpgsql set search_path = pg_catalog, public
    as $$
begin
    insert into call_days (tenant_id, day, total, completed, missed, seconds, bookable, booked, emergency, recovered)
    select change.tenant_id, (change.created_at at time zone tenant.time_zone)::date,
           sum(change.by),
           coalesce(sum(change.by) filter (where change.status = 'completed'), 0),
           coalesce(sum(change.by) filter (where change.status = 'missed'), 0),
           coalesce(sum(change.by * change.duration) filter (where change.status = 'completed'), 0),
           coalesce(sum(change.by) filter (where change.outcome in ('message_taken', 'appointment_booked')), 0),
           coalesce(sum(change.by) filter (where change.outcome = 'appointment_booked'), 0),
           coalesce(sum(change.by) filter (where change.emergency), 0),
           coalesce(sum(change.by) filter (where change.recovered), 0)
    from (
        select old.tenant_id, old.created_at, old.status, old.outcome, old.duration, old.emergency, old.recovered, -1 as by where tg_op <> 'INSERT'
        union all
        select new.tenant_id, new.created_at, new.status, new.outcome, new.duration, new.emergency, new.recovered, 1 where tg_op <> 'DELETE'
    ) as change
    join tenants tenant on tenant.id = change.tenant_id
    group by 1, 2
    -- Always in this order, so that two calls can never wait for each other's rows.
    order by 2
    on conflict (tenant_id, day) do update
    set total = call_days.total + excluded.total,
        completed = call_days.completed + excluded.completed,
        missed = call_days.missed + excluded.missed,
        seconds = call_days.seconds + excluded.seconds,
        bookable = call_days.bookable + excluded.bookable,
        booked = call_days.booked + excluded.booked,
        emergency = call_days.emergency + excluded.emergency,
        recovered = call_days.recovered + excluded.recovered;
    return null;
end $$;

-- The calls of before. The owner looks past the wall for a moment.
alter table call_logs no force row level security;
alter table tenants no force row level security;
update call_logs log
set recovered = true
where log.status = 'missed' and log.phone_number like '+%' and exists (
    select from call_logs later
    where later.tenant_id = log.tenant_id and later.phone_number = log.phone_number and later.status = 'completed'
      and later.created_at > log.created_at and later.created_at <= log.created_at + interval '24 hours');
insert into call_days select * from counted_call_days;
alter table call_logs force row level security;
alter table tenants force row level security;

call isolate_by_tenant('call_days');
grant select, insert, update on call_days to kestrel_app;
grant select on counted_call_days to kestrel_app;

-- Where the tenant's midnight is decides on which day a call was.
create function recount_call_days() returns trigger
    language plpgsql set search_path = pg_catalog, public
    as $$
begin
    delete from call_days where tenant_id = new.id;
    insert into call_days select * from counted_call_days where tenant_id = new.id;
    return null;
end $$;

-- Triggers of one moment run by name: all-time counters first, which every writer of a tenant takes turns at, then days, then other calls.
create trigger await_caller before insert or update of status, phone_number, created_at on call_logs
    for each row execute function take_turn_of_caller();
create trigger day_of_new_call after insert or delete on call_logs
    for each row execute function add_to_call_day();
create trigger day_of_changed_call after update of created_at, status, outcome, duration, emergency, recovered on call_logs
    for each row when ((old.created_at, old.status, old.outcome, old.duration, old.emergency, old.recovered)
        is distinct from (new.created_at, new.status, new.outcome, new.duration, new.emergency, new.recovered))
    execute function add_to_call_day();
create trigger recovery_by_new_call after insert or delete on call_logs
    for each row execute function recover_missed_calls();
create trigger recovery_by_changed_call after update of status, phone_number, created_at on call_logs
    for each row when ((old.status, old.phone_number, old.created_at) is distinct from (new.status, new.phone_number, new.created_at))
    execute function recover_missed_calls();
create trigger move_to_time_zone after update of time_zone on tenants
    for each row when (old.time_zone is distinct from new.time_zone)
    execute function recount_call_days();

revoke all on function take_turn_of_caller(), recover_missed_calls(), add_to_call_day(), recount_call_days() from public;
