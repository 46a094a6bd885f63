-- How long a tenant keeps its calls; for good without a row, or without days.
create table retention (
    tenant_id  uuid not null references tenants (id) on delete cascade,
    call_days  integer check (call_days between 30 and 3650),
    updated_at timestamptz not null,
    -- When somebody is to look next. Whoever does moves it on first, so of several hosts one does.
    due_at     timestamptz not null,
    primary key (tenant_id)
);
create index retention_due on retention (due_at) where call_days is not null;
call isolate_by_tenant('retention');
grant select, insert, update on retention to kestrel_app;

grant select (tenant_id, call_days, due_at) on retention to kestrel_resolver;
create policy resolver_reads on retention for select to kestrel_resolver using (true);

create function due_retention(at timestamptz, most integer) returns setof uuid
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select r.tenant_id from retention r where r.call_days is not null and r.due_at <= at order by r.due_at limit most
$$;
call run_as_resolver('due_retention(timestamptz, integer)');
