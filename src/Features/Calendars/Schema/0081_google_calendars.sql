-- Who was sent to Google to connect a calendar, until they are back, or for ten minutes.
create table google_authorizations (
    tenant_id             uuid not null,
    -- Of what travels with the browser; only it can bring this to an end, and only once.
    state_hash            bytea not null check (length(state_hash) = 32),
    resource_id           uuid not null,
    -- Null: the one that Google calls primary.
    calendar_id           text,
    receives_appointments boolean,
    poll_seconds          integer check (poll_seconds between 60 and 86400),
    -- Sealed: with the code alone nobody gets a token.
    code_verifier         text not null,
    started_by_kind       text not null check (started_by_kind in ('member', 'api_key')),
    started_by            uuid not null,
    started_by_email      text,
    expires_at            timestamptz not null,
    primary key (tenant_id, state_hash),
    foreign key (tenant_id, resource_id) references resources (tenant_id, id) on delete cascade
);
create index google_authorizations_of_state on google_authorizations (state_hash);
call isolate_by_tenant('google_authorizations');
grant select, insert, delete on google_authorizations to kestrel_app;

-- Google sends the browser back before anybody knows whose it is.
grant select (tenant_id, state_hash) on google_authorizations to kestrel_resolver;
create policy resolver_reads on google_authorizations for select to kestrel_resolver using (true);

create function tenant_of_google_authorization(wanted bytea) returns uuid
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select a.tenant_id from google_authorizations a where a.state_hash = wanted
$$;
call run_as_resolver('tenant_of_google_authorization(bytea)');
