-- By which call a time is held, or was booked: a call holds one time at most, and a request that is repeated finds what it did.
alter table appointments add column call_sid text;
create unique index appointments_one_hold_a_call on appointments (tenant_id, call_sid) where status = 'held';
create index appointments_expiring on appointments (expires_at) where status = 'held';

grant select (tenant_id, id, status, expires_at) on appointments to kestrel_resolver;
create policy resolver_reads on appointments for select to kestrel_resolver using (true);

create function expired_holds(at timestamptz, most integer) returns table (tenant_id uuid, id uuid)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select a.tenant_id, a.id from appointments a
    where a.status = 'held' and a.expires_at <= at
    order by a.expires_at
    limit most
$$;
call run_as_resolver('expired_holds(timestamptz, integer)');
