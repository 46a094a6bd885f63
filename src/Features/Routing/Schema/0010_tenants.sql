create table tenants (
    id                uuid primary key,
    business_name     text not null check (length(business_name) between 1 and 200),
    plan              text not null check (plan in ('personal', 'business', 'business_plus')),
    -- Fails for a name that the database does not know.
    time_zone         text not null check (timestamptz '2000-01-01 00:00Z' at time zone time_zone is not null),
    language          text not null,
    opening_hours     jsonb not null check (jsonb_typeof(opening_hours) = 'array'),
    greeting          text,
    record_calls      boolean not null,
    person_number     text check (person_number ~ '^\+[1-9][0-9]{1,14}$'),
    on_call_number    text check (on_call_number ~ '^\+[1-9][0-9]{1,14}$'),
    ring_seconds      integer not null check (ring_seconds between 5 and 60),
    emergency_phrases text[] not null,
    created_at        timestamptz not null
);
alter table tenants enable row level security;
alter table tenants force row level security;
create policy tenant_isolation on tenants using (id = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant select on tenants to kestrel_app;

create table phone_numbers (
    tenant_id  uuid not null references tenants (id) on delete cascade,
    number     text not null check (number ~ '^\+[1-9][0-9]{1,14}$'),
    created_at timestamptz not null,
    primary key (tenant_id, number),
    -- A number rings at one tenant. Only the operator assigns numbers, so nobody can probe for others' this way.
    unique (number)
);
call isolate_by_tenant('phone_numbers');
grant select on phone_numbers to kestrel_app, kestrel_resolver;
create policy resolver_reads on phone_numbers for select to kestrel_resolver using (true);

create function tenant_of_number(dialed text) returns uuid
    language sql stable security definer set search_path = pg_catalog, public
    as $$ select tenant_id from phone_numbers where number = dialed $$;
call run_as_resolver('tenant_of_number(text)');

-- When a day begins where the tenant is.
create function local_midnight(tenant uuid, day date) returns timestamptz
    language sql stable set search_path = pg_catalog, public
    as $$ select day::timestamp at time zone time_zone from tenants where id = tenant $$;
revoke all on function local_midnight(uuid, date) from public;
grant execute on function local_midnight(uuid, date) to kestrel_app;
