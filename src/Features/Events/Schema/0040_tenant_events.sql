-- One row a tenant: taking the next number locks it until the commit, so numbers are without gaps and in the order of commits.
create table tenant_event_counters (
    tenant_id uuid primary key references tenants (id),
    last      bigint not null
);
call isolate_by_tenant('tenant_event_counters');
grant select, insert, update on tenant_event_counters to kestrel_app;

create table tenant_events (
    tenant_id   uuid not null references tenants (id),
    sequence    bigint not null,
    id          uuid not null,
    type        text not null,
    -- What it may happen to once only, such as the end of a call.
    occasion    text not null,
    call_id     uuid,
    occurred_at timestamptz not null,
    -- The very bytes that every attempt sends; null once they are older than the retention.
    payload     bytea,
    primary key (tenant_id, sequence),
    unique (tenant_id, id),
    unique (tenant_id, occasion)
);
create index tenant_events_of_type on tenant_events (tenant_id, type, sequence desc);
create index tenant_events_oldest on tenant_events (occurred_at) where payload is not null;
call isolate_by_tenant('tenant_events');
grant select, insert, update on tenant_events to kestrel_app;

grant select (tenant_id, sequence, occurred_at, payload), update (payload) on tenant_events to kestrel_resolver;
create policy resolver_reads on tenant_events for select to kestrel_resolver using (true);
create policy resolver_forgets on tenant_events for update to kestrel_resolver using (true);

create function forget_event_payloads(before timestamptz, most integer) returns bigint
    language sql security definer set search_path = pg_catalog, public
    as $$
    with old as (
        select e.tenant_id, e.sequence from tenant_events e where e.payload is not null and e.occurred_at < before
        order by e.occurred_at limit most for update skip locked
    ), forgotten as (
        update tenant_events e set payload = null from old o where e.tenant_id = o.tenant_id and e.sequence = o.sequence returning 1
    )
    select count(*) from forgotten
$$;
call run_as_resolver('forget_event_payloads(timestamptz, integer)');
