-- A test key belongs to the live tenant, which lists and revokes it, and acts in its sandbox.
alter table api_keys add column mode text not null default 'live' check (mode in ('live', 'test'));

grant select (sandbox_of) on tenants to kestrel_resolver;
grant select (mode, name) on api_keys to kestrel_resolver;

create function sandbox_of_tenant(live uuid) returns uuid
    language sql stable security definer set search_path = pg_catalog, public
    as $$ select t.id from tenants t where t.sandbox_of = live $$;
call run_as_resolver('sandbox_of_tenant(uuid)');

-- Plans are bought by the live tenant, for both.
drop function find_api_key(text);
create function find_api_key(wanted text)
    returns table (
        tenant_id uuid, id uuid, hash bytea, scopes text[], expires_at timestamptz, revoked_at timestamptz, plan text, mode text)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select coalesce(s.id, k.tenant_id), k.id, k.hash, k.scopes, k.expires_at, k.revoked_at, t.plan, k.mode
    from api_keys k
    join tenants t on t.id = k.tenant_id
    left join tenants s on k.mode = 'test' and s.sandbox_of = k.tenant_id
    where k.lookup_id = wanted and (k.mode = 'live' or s.id is not null)
$$;
call run_as_resolver('find_api_key(text)');

-- What a key is called is asked where it acts.
create function name_of_api_key(key uuid) returns text
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select k.name
    from tenants t
    join api_keys k on k.tenant_id = coalesce(t.sandbox_of, t.id) and k.id = key
    where t.id = nullif(current_setting('app.tenant_id', true), '')::uuid and (k.mode = 'test') = (t.sandbox_of is not null)
$$;
call run_as_resolver('name_of_api_key(uuid)');

-- Nobody signs in to a sandbox.
create or replace function memberships_of(member uuid) returns table (tenant_id uuid, tenant_name text, role text, plan text)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select m.tenant_id, t.business_name, m.role, t.plan
    from members m join tenants t on t.id = m.tenant_id
    where m.user_id = member and t.sandbox_of is null
    order by m.created_at, m.tenant_id
$$;
