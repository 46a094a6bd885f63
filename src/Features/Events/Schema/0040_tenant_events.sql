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
