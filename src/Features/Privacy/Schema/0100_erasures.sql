-- What somebody, or retention, had erased, and how far that is. Nothing in it says of whom once it is done.
create table erasures (
    tenant_id    uuid not null references tenants (id) on delete cascade,
    id           uuid not null,
    kind         text not null check (kind in ('call', 'caller', 'retention')),
    -- Whose calls are still to be erased.
    phone_number text,
    -- Calls that came in later stay.
    up_to        timestamptz not null,
    calls        integer not null default 0,
    appointments integer not null default 0,
    created_at   timestamptz not null,
    -- When the last call was erased; recordings may still be with Twilio then.
    finished_at  timestamptz,
    primary key (tenant_id, id),
    check (phone_number is null or (kind = 'caller' and finished_at is null))
);
create unique index erasures_one_retention on erasures (tenant_id) where kind = 'retention' and finished_at is null;
create index erasures_unfinished on erasures (created_at) where finished_at is null;
call isolate_by_tenant('erasures');
grant select, insert, update on erasures to kestrel_app;

-- That a call was erased, for as long as there is anything: an event of it that comes late must not bring it back.
-- A CallSid is 128 random bits, so its hash leads nowhere.
create table erased_calls (
    tenant_id  uuid not null,
    call_hash  bytea not null check (length(call_hash) = 32),
    erasure_id uuid not null,
    erased_at  timestamptz not null,
    primary key (tenant_id, call_hash),
    foreign key (tenant_id, erasure_id) references erasures (tenant_id, id) on delete cascade
);
create index erased_calls_by_hash on erased_calls (call_hash);
call isolate_by_tenant('erased_calls');
grant select, insert on erased_calls to kestrel_app;

create function hash_of_call(call_sid text) returns bytea
    language sql stable set search_path = pg_catalog
    as $$ select sha256(convert_to(call_sid, 'UTF8')) $$;
revoke all on function hash_of_call(text) from public;
grant execute on function hash_of_call(text) to kestrel_app, kestrel_resolver;

-- What Twilio is to delete. Once it has, the row keeps no SID.
create table erased_recordings (
    tenant_id     uuid not null,
    id            uuid not null,
    erasure_id    uuid not null,
    -- Those of one transaction: one workflow deletes them.
    batch_id      uuid not null,
    recording_sid text,
    status        text not null check (status in ('pending', 'deleted', 'failed')),
    created_at    timestamptz not null,
    finished_at   timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, erasure_id) references erasures (tenant_id, id) on delete cascade,
    check ((status = 'deleted') = (recording_sid is null)),
    check ((status = 'pending') = (finished_at is null))
);
create index erased_recordings_of_erasure on erased_recordings (tenant_id, erasure_id);
create index erased_recordings_of_batch on erased_recordings (tenant_id, batch_id) where status = 'pending';
call isolate_by_tenant('erased_recordings');
grant select, insert, update on erased_recordings to kestrel_app;

-- Whatever hangs on a call goes with it.
grant delete on call_logs to kestrel_app;

grant select (tenant_id, id, created_at, finished_at) on erasures to kestrel_resolver;
create policy resolver_reads on erasures for select to kestrel_resolver using (true);

create function unfinished_erasures(before timestamptz, most integer) returns table (tenant_id uuid, id uuid)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select e.tenant_id, e.id from erasures e where e.finished_at is null and e.created_at < before order by e.created_at limit most
$$;
call run_as_resolver('unfinished_erasures(timestamptz, integer)');
