create table services (
    tenant_id             uuid not null references tenants (id) on delete cascade,
    id                    uuid not null,
    name                  text not null check (length(name) between 1 and 100),
    length_minutes        integer not null check (length_minutes between 5 and 1440),
    buffer_before_minutes integer not null check (buffer_before_minutes between 0 and 480),
    buffer_after_minutes  integer not null check (buffer_after_minutes between 0 and 480),
    -- How far apart the times are that are offered.
    step_minutes          integer not null check (step_minutes between 5 and 1440),
    created_at            timestamptz not null,
    primary key (tenant_id, id)
);
call isolate_by_tenant('services');
grant select on services to kestrel_app;

-- Whoever can be at one place at a time: a technician, a van.
create table resources (
    tenant_id      uuid not null references tenants (id) on delete cascade,
    id             uuid not null,
    name           text not null check (length(name) between 1 and 100),
    -- To the next customer; kept free after whatever the resource does.
    travel_minutes integer not null check (travel_minutes between 0 and 480),
    created_at     timestamptz not null,
    primary key (tenant_id, id)
);
call isolate_by_tenant('resources');
grant select on resources to kestrel_app;

-- Local times. One that closes at or before it opens closes on the next day.
create table working_hours (
    tenant_id   uuid not null,
    resource_id uuid not null,
    day         text not null check (day in ('monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday')),
    opens       time not null check (opens < time '24:00'),
    closes      time not null,
    primary key (tenant_id, resource_id, day, opens),
    foreign key (tenant_id, resource_id) references resources (tenant_id, id) on delete cascade
);
call isolate_by_tenant('working_hours');
grant select on working_hours to kestrel_app;

create table holidays (
    tenant_id uuid not null references tenants (id) on delete cascade,
    day       date not null,
    primary key (tenant_id, day)
);
call isolate_by_tenant('holidays');
grant select on holidays to kestrel_app;

-- Lets an exclusion constraint compare ids without an extension, which not every database may install.
create type uuid_range as range (subtype = uuid);
revoke all on function
    uuid_range(uuid, uuid), uuid_range(uuid, uuid, text), uuid_multirange(), uuid_multirange(uuid_range), uuid_multirange(uuid_range[]) from public;
grant execute on function uuid_range(uuid, uuid, text) to kestrel_app;

create table appointments (
    tenant_id        uuid not null,
    id               uuid not null,
    service_id       uuid not null,
    resource_id      uuid not null,
    status           text not null check (status in ('held', 'scheduled', 'completed', 'cancelled')),
    starts_at        timestamptz not null,
    ends_at          timestamptz not null,
    -- With buffers and travel: what nobody else may have.
    blocked_start    timestamptz not null,
    blocked_end      timestamptz not null,
    customer_name    text,
    customer_phone   text,
    customer_address text,
    notes            text,
    source           text not null check (source in ('call', 'api', 'dashboard', 'calendar')),
    call_id          uuid,
    version          integer not null check (version > 0),
    expires_at       timestamptz,
    created_at       timestamptz not null,
    updated_at       timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, service_id) references services (tenant_id, id),
    foreign key (tenant_id, resource_id) references resources (tenant_id, id),
    check (blocked_start <= starts_at and starts_at < ends_at and ends_at <= blocked_end),
    check ((status = 'held') = (expires_at is not null)),
    check (status = 'held' or customer_phone is not null),
    constraint appointments_never_overlap exclude using gist (
        uuid_range(tenant_id, tenant_id, '[]') with =,
        uuid_range(resource_id, resource_id, '[]') with =,
        tstzrange(blocked_start, blocked_end) with &&)
        where (status in ('held', 'scheduled'))
);
create index appointments_latest on appointments (tenant_id, starts_at desc, id desc) where status <> 'held';
create index appointments_blocking on appointments (tenant_id, blocked_end) where status in ('held', 'scheduled');
call isolate_by_tenant('appointments');
grant select, insert, update, delete on appointments to kestrel_app;

-- What connected calendars say of the same resources: nothing while there are none.
create view busy_times with (security_invoker = true) as
    select tenant_id, id as resource_id, created_at as starts_at, created_at as ends_at from resources where false;
grant select on busy_times to kestrel_app;
