-- People of the embedded identity. They belong to no tenant: membership does (members, below).
create schema identity;
grant usage on schema identity to kestrel_app;

create table identity.users (
    id                 uuid primary key,
    email              text not null unique check (email = lower(email)),
    password_hash      text not null,
    app_metadata       jsonb not null,
    user_metadata      jsonb not null,
    banned_until       timestamptz,
    email_confirmed_at timestamptz not null,
    last_sign_in_at    timestamptz,
    created_at         timestamptz not null,
    updated_at         timestamptz not null
);

create table identity.sessions (
    id             uuid primary key,
    user_id        uuid not null references identity.users (id) on delete cascade,
    refresh_secret bytea not null,
    generation     integer not null,
    created_at     timestamptz not null,
    refreshed_at   timestamptz not null
);
create index sessions_of_user on identity.sessions (user_id);
create index sessions_idle on identity.sessions (refreshed_at);

-- Used ones stay as long as the session: presenting one again is how a theft shows.
create table identity.refresh_tokens (
    hash       bytea primary key,
    session_id uuid not null references identity.sessions (id) on delete cascade,
    generation integer not null,
    created_at timestamptz not null,
    unique (session_id, generation)
);

create table identity.signing_keys (
    kid         text primary key,
    public_jwk  jsonb not null,
    private_key text not null,
    active_from timestamptz not null,
    created_at  timestamptz not null
);
grant select, insert, update, delete on all tables in schema identity to kestrel_app;

-- Not bound to identity.users: with an external Supabase project the people live there.
create table members (
    tenant_id  uuid not null references tenants (id),
    user_id    uuid not null,
    role       text not null check (role in ('owner', 'admin', 'staff')),
    created_at timestamptz not null,
    primary key (tenant_id, user_id)
);
create index members_by_user on members (user_id, created_at, tenant_id);
call isolate_by_tenant('members');
grant select, insert, update, delete on members to kestrel_app;

create table api_keys (
    tenant_id    uuid not null references tenants (id),
    id           uuid not null,
    -- Random and made by us, so that its being unique over all tenants tells nobody anything.
    lookup_id    text not null unique,
    hash         bytea not null check (length(hash) = 32),
    prefix       text not null,
    last4        text not null,
    name         text not null,
    scopes       text[] not null check (cardinality(scopes) > 0 and scopes <@ array['read', 'write']),
    created_by   uuid,
    created_at   timestamptz not null,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz,
    primary key (tenant_id, id)
);
create index api_keys_newest on api_keys (tenant_id, created_at desc, id desc);
call isolate_by_tenant('api_keys');
grant select, insert, update on api_keys to kestrel_app;

-- Asked before the tenant is known, so by a role of its own that sees every tenant's rows, and these columns only.
grant select (id, business_name) on tenants to kestrel_resolver;
grant select (tenant_id, user_id, role, created_at) on members to kestrel_resolver;
grant select (tenant_id, id, lookup_id, hash, scopes, expires_at, revoked_at, last_used_at), update (last_used_at) on api_keys to kestrel_resolver;
create policy resolver_reads on tenants for select to kestrel_resolver using (true);
create policy resolver_reads on members for select to kestrel_resolver using (true);
create policy resolver_reads on api_keys for select to kestrel_resolver using (true);
create policy resolver_touches on api_keys for update to kestrel_resolver using (true);

-- Oldest first: that one is meant when a member of several names none.
create function memberships_of(member uuid) returns table (tenant_id uuid, tenant_name text, role text)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select m.tenant_id, t.business_name, m.role
    from members m join tenants t on t.id = m.tenant_id
    where m.user_id = member
    order by m.created_at, m.tenant_id
$$;
call run_as_resolver('memberships_of(uuid)');

create function find_api_key(wanted text)
    returns table (tenant_id uuid, id uuid, hash bytea, scopes text[], expires_at timestamptz, revoked_at timestamptz)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select k.tenant_id, k.id, k.hash, k.scopes, k.expires_at, k.revoked_at from api_keys k where k.lookup_id = wanted
$$;
call run_as_resolver('find_api_key(text)');

create function touch_api_keys(ids uuid[], times timestamptz[]) returns void
    language sql security definer set search_path = pg_catalog, public
    as $$
    update api_keys k set last_used_at = used.at
    from unnest(ids, times) as used (id, at)
    where k.id = used.id and (k.last_used_at is null or k.last_used_at < used.at)
$$;
call run_as_resolver('touch_api_keys(uuid[], timestamptz[])');
