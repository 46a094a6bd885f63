-- When Twilio is asked next about a call that is in progress. It tells of a call's end for fifteen seconds, and not again.
create table call_lookups (
    tenant_id uuid not null,
    call_id   uuid not null,
    looks     integer not null,
    due_at    timestamptz not null,
    primary key (tenant_id, call_id),
    foreign key (tenant_id, call_id) references call_logs (tenant_id, id) on delete cascade
);
create index call_lookups_due on call_lookups (due_at);
call isolate_by_tenant('call_lookups');
grant select, insert, update, delete on call_lookups to kestrel_app;

create index call_logs_in_progress on call_logs (created_at) where status = 'in-progress';
grant select (tenant_id, id, status, created_at) on call_logs to kestrel_resolver;
create policy resolver_reads on call_logs for select to kestrel_resolver using (status = 'in-progress');
grant select (tenant_id, call_id, due_at) on call_lookups to kestrel_resolver;
create policy resolver_reads on call_lookups for select to kestrel_resolver using (true);

-- A sandbox's calls were on no line.
create function due_call_lookups(at timestamptz, since timestamptz, until timestamptz, most integer) returns table (tenant_id uuid, call_id uuid)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select l.tenant_id, l.call_id from call_lookups l where l.due_at <= at
    union all
    select c.tenant_id, c.id
    from call_logs c
    join tenants t on t.id = c.tenant_id and t.sandbox_of is null
    where c.status = 'in-progress' and c.created_at between since and until
        and not exists (select from call_lookups l where l.tenant_id = c.tenant_id and l.call_id = c.id)
    limit most
$$;
call run_as_resolver('due_call_lookups(timestamptz, timestamptz, timestamptz, integer)');
