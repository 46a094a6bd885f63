-- What a request may do depends on the plan, so whoever finds out who is asking finds that out too.
grant select (plan) on tenants to kestrel_resolver;

drop function memberships_of(uuid);
create function memberships_of(member uuid) returns table (tenant_id uuid, tenant_name text, role text, plan text)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select m.tenant_id, t.business_name, m.role, t.plan
    from members m join tenants t on t.id = m.tenant_id
    where m.user_id = member
    order by m.created_at, m.tenant_id
$$;
call run_as_resolver('memberships_of(uuid)');

drop function find_api_key(text);
create function find_api_key(wanted text)
    returns table (tenant_id uuid, id uuid, hash bytea, scopes text[], expires_at timestamptz, revoked_at timestamptz, plan text)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select k.tenant_id, k.id, k.hash, k.scopes, k.expires_at, k.revoked_at, t.plan
    from api_keys k join tenants t on t.id = k.tenant_id
    where k.lookup_id = wanted
$$;
call run_as_resolver('find_api_key(text)');
