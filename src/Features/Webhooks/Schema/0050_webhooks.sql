create table webhook_endpoints (
    tenant_id        uuid not null references tenants (id),
    id               uuid not null,
    -- A hook is what Zapier and Make subscribe: one event, and gone at a 410.
    kind             text not null check (kind in ('endpoint', 'hook')),
    url              text not null,
    description      text not null,
    events           text[] not null check (cardinality(events) > 0),
    -- Sealed: they commonly carry the receiver's own credentials.
    headers          text,
    header_names     text[] not null,
    rate_limit       integer not null check (rate_limit between 1 and 100),
    status           text not null check (status in ('active', 'paused', 'disabled')),
    disabled_reason  text check (disabled_reason in ('gone', 'failing')),
    disabled_at      timestamptz,
    -- The first failure since the last success.
    failing_since    timestamptz,
    last_success_at  timestamptz,
    last_failure_at  timestamptz,
    created_by       uuid not null,
    created_at       timestamptz not null,
    updated_at       timestamptz not null,
    primary key (tenant_id, id)
);
create index webhook_endpoints_newest on webhook_endpoints (tenant_id, kind, created_at desc, id desc);
create unique index webhook_hooks_once on webhook_endpoints (tenant_id, created_by, url, (events[1])) where kind = 'hook';
call isolate_by_tenant('webhook_endpoints');
grant select, insert, update, delete on webhook_endpoints to kestrel_app;

create table webhook_secrets (
    tenant_id   uuid not null,
    id          uuid not null,
    endpoint_id uuid not null,
    sealed      text not null,
    created_at  timestamptz not null,
    -- Null for the one in force; after a rotation the old one signs along until then.
    expires_at  timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, endpoint_id) references webhook_endpoints (tenant_id, id) on delete cascade
);
create index webhook_secrets_of_endpoint on webhook_secrets (tenant_id, endpoint_id, created_at desc);
create unique index webhook_secrets_one_in_force on webhook_secrets (tenant_id, endpoint_id) where expires_at is null;
call isolate_by_tenant('webhook_secrets');
grant select, insert, update, delete on webhook_secrets to kestrel_app;

-- Exactly one for each endpoint and event, whatever is delivered twice.
create table webhook_messages (
    tenant_id       uuid not null,
    id              uuid not null,
    endpoint_id     uuid not null,
    event_id        uuid not null,
    event_type      text not null,
    -- Emergencies wait behind nothing.
    urgent          boolean not null,
    state           text not null check (state in ('pending', 'retrying', 'delivered', 'failed', 'cancelled')),
    attempts        integer not null default 0,
    -- Of a pending message, when the first attempt is due; of a retrying one, when the workflow makes the next.
    next_attempt_at timestamptz,
    -- Whoever attempts it holds it until then.
    leased_until    timestamptz,
    last_status     integer,
    last_error      text,
    -- How often its schedule was begun: part of the workflow's id.
    schedule        integer not null default 0,
    created_at      timestamptz not null,
    finished_at     timestamptz,
    primary key (tenant_id, id),
    unique (tenant_id, endpoint_id, event_id),
    foreign key (tenant_id, endpoint_id) references webhook_endpoints (tenant_id, id) on delete cascade,
    foreign key (tenant_id, event_id) references tenant_events (tenant_id, id)
);
create index webhook_messages_newest on webhook_messages (tenant_id, endpoint_id, created_at desc, id desc);
create index webhook_messages_due on webhook_messages (urgent desc, next_attempt_at) where state = 'pending';
create index webhook_messages_overdue on webhook_messages (next_attempt_at) where state = 'retrying';
call isolate_by_tenant('webhook_messages');
grant select, insert, update, delete on webhook_messages to kestrel_app;

create table webhook_attempts (
    tenant_id     uuid not null,
    message_id    uuid not null,
    number        integer not null,
    manual        boolean not null,
    started_at    timestamptz not null,
    -- Null while it is under way, or when whoever made it did not live to tell.
    duration_ms   integer,
    status        integer,
    -- timeout, dns, connect, tls, blocked_address, response_too_large ...: why there is no status.
    error         text,
    -- The beginning of the answer, as text.
    response_body text,
    primary key (tenant_id, message_id, number),
    foreign key (tenant_id, message_id) references webhook_messages (tenant_id, id) on delete cascade
);
call isolate_by_tenant('webhook_attempts');
grant select, insert, update, delete on webhook_attempts to kestrel_app;
