-- Where test keys act: a tenant of its own beside the live one, with numbers that nobody can dial and no way out of this machine.
alter table tenants add column sandbox_of uuid unique references tenants (id) on delete cascade check (sandbox_of <> id);

-- Tenants are the operator's to open, but for this: from within a tenant its one sandbox may be.
create policy opens_its_sandbox on tenants for insert to kestrel_app
    with check (sandbox_of = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy opens_nothing_else on tenants as restrictive for insert to kestrel_app
    with check (sandbox_of = nullif(current_setting('app.tenant_id', true), '')::uuid);
grant insert on tenants to kestrel_app;

-- Whether what a tenant does may be felt outside: requests to other people's servers, text messages, calendars, models.
-- Whoever reaches out asks this first, from within the tenant. Nobody's reach is none.
create function reaches_outside(tenant uuid) returns boolean
    language sql stable set search_path = pg_catalog, public
    as $$ select exists (select from tenants where id = tenant and sandbox_of is null) $$;
revoke all on function reaches_outside(uuid) from public;
grant execute on function reaches_outside(uuid) to kestrel_app;

-- What happens by itself for every tenant begins with their ids.
create function tenant_ids() returns table (id uuid)
    language sql stable security definer set search_path = pg_catalog, public
    as $$ select t.id from tenants t order by t.id $$;
call run_as_resolver('tenant_ids()');
