create table calendar_connections (
    tenant_id             uuid not null,
    id                    uuid not null,
    -- Whose calendar it is.
    resource_id           uuid not null,
    kind                  text not null check (kind in ('caldav', 'google')),
    url                   text not null,
    name                  text not null,
    user_name             text not null,
    -- Sealed: a password, or a token.
    secret                text not null,
    receives_appointments boolean not null,
    status                text not null check (status in ('connected', 'failing')),
    -- Why it fails, or what of it could not be read, in a sentence.
    error                 text,
    failing_since         timestamptz,
    -- Where the server's list of changes was left; null when it keeps none.
    sync_token            text,
    -- Null until it was read once; what is known is of this stretch of time.
    synced_at             timestamptz,
    synced_from           timestamptz,
    synced_to             timestamptz,
    poll_seconds          integer not null check (poll_seconds between 60 and 86400),
    due_at                timestamptz not null,
    -- Whoever reads it holds it until then.
    leased_until          timestamptz,
    created_at            timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, resource_id, url),
    foreign key (tenant_id, resource_id) references resources (tenant_id, id) on delete cascade,
    check ((synced_at is null) = (synced_to is null) and (synced_at is null) = (synced_from is null))
);
create index calendar_connections_newest on calendar_connections (tenant_id, created_at desc, id desc);
create index calendar_connections_due on calendar_connections (due_at);
create unique index calendar_connections_one_receives on calendar_connections (tenant_id, resource_id) where receives_appointments;
call isolate_by_tenant('calendar_connections');
grant select, insert, update, delete on calendar_connections to kestrel_app;

create table calendar_busy (
    tenant_id     uuid not null,
    connection_id uuid not null,
    starts_at     timestamptz not null,
    ends_at       timestamptz not null,
    primary key (tenant_id, connection_id, starts_at),
    foreign key (tenant_id, connection_id) references calendar_connections (tenant_id, id) on delete cascade,
    check (starts_at < ends_at)
);
call isolate_by_tenant('calendar_busy');
grant select, insert, update, delete on calendar_busy to kestrel_app;

-- Our own appointments, as they were last written to a calendar. They keep nobody busy twice.
create table calendar_entries (
    tenant_id      uuid not null,
    connection_id  uuid not null,
    appointment_id uuid not null,
    href           text not null,
    -- Of what is there, as far as we know; null while it is not known to be there.
    etag           text,
    -- What was written last, or is being written as long as that is not confirmed.
    version        integer not null,
    starts_at      timestamptz not null,
    ends_at        timestamptz not null,
    confirmed      boolean not null,
    primary key (tenant_id, connection_id, appointment_id),
    foreign key (tenant_id, connection_id) references calendar_connections (tenant_id, id) on delete cascade,
    foreign key (tenant_id, appointment_id) references appointments (tenant_id, id) on delete cascade
);
create index calendar_entries_of_appointment on calendar_entries (tenant_id, appointment_id);
call isolate_by_tenant('calendar_entries');
grant select, insert, update, delete on calendar_entries to kestrel_app;

-- A calendar that was never read may hold anything, so its owner is not free.
create or replace view busy_times with (security_invoker = true) as
    select c.tenant_id, c.resource_id, b.starts_at, b.ends_at
    from calendar_connections c
    join calendar_busy b on b.tenant_id = c.tenant_id and b.connection_id = c.id
    union all
    select tenant_id, resource_id, created_at - interval '1 day', created_at + interval '10 years'
    from calendar_connections
    where synced_at is null;

grant select (tenant_id, id, due_at, leased_until) on calendar_connections to kestrel_resolver;
create policy resolver_reads on calendar_connections for select to kestrel_resolver using (true);

create function due_calendars(at timestamptz, most integer) returns table (tenant_id uuid, id uuid)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select c.tenant_id, c.id from calendar_connections c
    where c.due_at <= at and (c.leased_until is null or c.leased_until <= at)
    order by c.due_at
    limit most
$$;
call run_as_resolver('due_calendars(timestamptz, integer)');
