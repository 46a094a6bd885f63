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
    -- How often we have said, since then, that it is about to be disabled, and when last.
    warnings         integer not null default 0,
    warned_at        timestamptz,
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
    -- Of tenant_events, unless it is a test.
    event_id        uuid not null,
    event_type      text not null,
    -- A test is sent to one endpoint, once, and is no event of the tenant's; its payload is here for want of one.
    is_test         boolean not null default false,
    payload         bytea,
    -- Emergencies wait behind nothing.
    urgent          boolean not null,
    state           text not null check (state in ('pending', 'retrying', 'delivered', 'failed', 'cancelled')),
    attempts        integer not null default 0,
    -- Those of the attempts that the schedule made.
    tries           integer not null default 0,
    -- Of a pending message, when the dispatcher makes the next attempt; of a retrying one, when the workflow does.
    next_attempt_at timestamptz,
    -- Somebody wants it sent now, whatever its state.
    resend_at       timestamptz,
    -- Whoever attempts it holds it until then.
    leased_until    timestamptz,
    last_status     integer,
    last_error      text,
    -- How often a workflow was begun for it: part of the workflow's id, and what an outdated one is known by.
    schedule        integer not null default 0,
    created_at      timestamptz not null,
    finished_at     timestamptz,
    primary key (tenant_id, id),
    unique (tenant_id, endpoint_id, event_id),
    foreign key (tenant_id, endpoint_id) references webhook_endpoints (tenant_id, id) on delete cascade
);
create index webhook_messages_newest on webhook_messages (tenant_id, endpoint_id, created_at desc, id desc);
create index webhook_messages_waiting on webhook_messages (tenant_id, endpoint_id, urgent, created_at, id)
    where state = 'pending' or resend_at is not null;
create index webhook_messages_overdue on webhook_messages (next_attempt_at) where state = 'retrying';
create index webhook_messages_oldest_tests on webhook_messages (created_at) where payload is not null;
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
    -- timeout, dns, connect, tls, blocked_address, protocol, payload_expired: why there is no status.
    error         text,
    -- The beginning of the answer, as text.
    response_body text,
    primary key (tenant_id, message_id, number),
    foreign key (tenant_id, message_id) references webhook_messages (tenant_id, id) on delete cascade
);
call isolate_by_tenant('webhook_attempts');
grant select, insert, update, delete on webhook_attempts to kestrel_app;
create index webhook_attempts_oldest on webhook_attempts (started_at) where response_body is not null;

-- What happens by itself happens for every tenant: these find it, or forget it, across the walls.
grant select (tenant_id, id, status) on webhook_endpoints to kestrel_resolver;
grant select (tenant_id, id, endpoint_id, is_test, payload, urgent, state, next_attempt_at, resend_at, leased_until, created_at), update (payload)
    on webhook_messages to kestrel_resolver;
grant select (tenant_id, message_id, number, started_at, response_body), update (response_body) on webhook_attempts to kestrel_resolver;
create policy resolver_reads on webhook_endpoints for select to kestrel_resolver using (true);
create policy resolver_reads on webhook_messages for select to kestrel_resolver using (true);
create policy resolver_forgets on webhook_messages for update to kestrel_resolver using (true);
create policy resolver_reads on webhook_attempts for select to kestrel_resolver using (true);
create policy resolver_forgets on webhook_attempts for update to kestrel_resolver using (true);

-- Where something is to be sent. It goes from lane to lane along the index, so a lane costs the same however many messages wait in it.
create function waiting_webhook_lanes(at timestamptz) returns table (tenant_id uuid, endpoint_id uuid, urgent boolean)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    with recursive lanes as (
        (select m.tenant_id, m.endpoint_id, m.urgent
         from webhook_messages m
         where m.state = 'pending' or m.resend_at is not null
         order by m.tenant_id, m.endpoint_id, m.urgent
         limit 1)
        union all
        select further.tenant_id, further.endpoint_id, further.urgent
        from lanes
        cross join lateral (
            select m.tenant_id, m.endpoint_id, m.urgent
            from webhook_messages m
            where (m.state = 'pending' or m.resend_at is not null)
              and (m.tenant_id, m.endpoint_id, m.urgent) > (lanes.tenant_id, lanes.endpoint_id, lanes.urgent)
            order by m.tenant_id, m.endpoint_id, m.urgent
            limit 1
        ) as further
    )
    select l.tenant_id, l.endpoint_id, l.urgent
    from lanes l
    join webhook_endpoints e on e.tenant_id = l.tenant_id and e.id = l.endpoint_id
    where exists (
        select from webhook_messages m
        where m.tenant_id = l.tenant_id and m.endpoint_id = l.endpoint_id and m.urgent = l.urgent
          and (m.state = 'pending' or m.resend_at is not null)
          and (m.resend_at is not null or (m.next_attempt_at <= at and (e.status = 'active' or m.is_test)))
          and (m.leased_until is null or m.leased_until <= at))
$$;
call run_as_resolver('waiting_webhook_lanes(timestamptz)');

create function overdue_webhook_messages(before timestamptz, most integer) returns table (tenant_id uuid, id uuid)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select m.tenant_id, m.id from webhook_messages m
    where m.state = 'retrying' and m.next_attempt_at < before
    order by m.next_attempt_at
    limit most
$$;
call run_as_resolver('overdue_webhook_messages(timestamptz, integer)');

create function forget_webhook_answers(before timestamptz, most integer) returns bigint
    language sql security definer set search_path = pg_catalog, public
    as $$
    with old_tests as (
        select m.tenant_id, m.id from webhook_messages m where m.payload is not null and m.created_at < before
        order by m.created_at limit most for update skip locked
    ), tests as (
        update webhook_messages m set payload = null from old_tests o where m.tenant_id = o.tenant_id and m.id = o.id returning 1
    ), old_answers as (
        select a.tenant_id, a.message_id, a.number from webhook_attempts a where a.response_body is not null and a.started_at < before
        order by a.started_at limit most for update skip locked
    ), answers as (
        update webhook_attempts a set response_body = null from old_answers o
        where a.tenant_id = o.tenant_id and a.message_id = o.message_id and a.number = o.number returning 1
    )
    select (select count(*) from tests) + (select count(*) from answers)
$$;
call run_as_resolver('forget_webhook_answers(timestamptz, integer)');
