-- Writes that may be repeated: the answer is stored in the transaction that it tells of, so there is never one without the other.
create table idempotency_keys (
    tenant_id    uuid not null references tenants (id) on delete cascade,
    -- The member's user id, or the API key's id.
    principal_id uuid not null,
    -- Clients choose their keys; what they put into them stays theirs.
    key_hash     bytea not null,
    -- Of method, path, query and body.
    request_hash bytea not null,
    -- Whoever runs the request. A later one takes over when this one has not answered in time, and then this one can no longer commit.
    claim        uuid not null,
    leased_until timestamptz not null,
    expires_at   timestamptz not null,
    -- The answer; null while it is under way.
    status       integer,
    content_type text,
    location     text,
    -- Sealed: answers tell of customers, and some of secrets.
    body         text,
    primary key (tenant_id, principal_id, key_hash)
);
create index idempotency_keys_expiry on idempotency_keys (expires_at);
call isolate_by_tenant('idempotency_keys');
grant select, insert, update, delete on idempotency_keys to kestrel_app;

grant select (tenant_id, expires_at) on idempotency_keys to kestrel_resolver;
create policy resolver_reads on idempotency_keys for select to kestrel_resolver using (true);

create function tenants_with_expired_idempotency_keys(at timestamptz, most integer) returns setof uuid
    language sql stable security definer set search_path = pg_catalog, public
    as $$ select distinct tenant_id from idempotency_keys where expires_at <= at limit most $$;
call run_as_resolver('tenants_with_expired_idempotency_keys(timestamptz, integer)');
