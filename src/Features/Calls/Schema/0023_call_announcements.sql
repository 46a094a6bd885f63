-- What the tenant is told of a call a moment later, because an event that is still under way may change it: a hang-up that may yet turn out to have been
-- a conversation, and an emergency whose sentence has not arrived.
create table call_announcements (
    tenant_id uuid not null,
    call_id   uuid not null,
    kind      text not null check (kind in ('ended', 'emergency')),
    due_at    timestamptz not null,
    primary key (tenant_id, call_id, kind),
    foreign key (tenant_id, call_id) references call_logs (tenant_id, id) on delete cascade
);
create index call_announcements_due on call_announcements (due_at);
call isolate_by_tenant('call_announcements');
grant select, insert, delete on call_announcements to kestrel_app;

grant select (tenant_id, call_id, due_at) on call_announcements to kestrel_resolver;
create policy resolver_reads on call_announcements for select to kestrel_resolver using (true);

create function due_call_announcements(at timestamptz, most integer) returns table (tenant_id uuid, call_id uuid)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select a.tenant_id, a.call_id from call_announcements a where a.due_at <= at order by a.due_at limit most
$$;
call run_as_resolver('due_call_announcements(timestamptz, integer)');
