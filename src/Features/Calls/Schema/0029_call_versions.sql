-- Counts the transactions that changed what is read of a tenant's calls: an answer made at the same version is still right. The version is the sum of
-- a few rows, so that writers who have nothing else to wait for do not wait here. Every such transaction adds to one of them, and of two readers
-- one sees all that the other sees: the same sum means the same transactions.
create table call_versions (
    tenant_id uuid not null references tenants (id) on delete cascade,
    slot      smallint not null,
    changes   bigint not null,
    primary key (tenant_id, slot)
) with (fillfactor = 50);
call isolate_by_tenant('call_versions');
grant select, insert, update on call_versions to kestrel_app;

create function note_change_of_calls() returns trigger
    language plpgsql set search_path = pg_catalog, public
    as $$
declare
    tenant uuid;
begin
    if tg_table_name = 'tenants' then
        tenant := new.id;
    else
        tenant := coalesce(new.tenant_id, old.tenant_id);
    end if;
    -- Once a transaction, however many rows it changes.
    if current_setting('app.calls_changed_of', true) is distinct from tenant::text then
        perform set_config('app.calls_changed_of', tenant::text, true);
        insert into call_versions (tenant_id, slot, changes)
        select id, pg_backend_pid() % 16, 1 from tenants where id = tenant
        on conflict (tenant_id, slot) do update set changes = call_versions.changes + 1;
    end if;
    return null;
end $$;
revoke all on function note_change_of_calls() from public;

-- At the end of the transaction: whoever holds a row of versions waits for nothing any more but its own commit.
create constraint trigger version_by_call after insert or update or delete on call_logs
    deferrable initially deferred for each row execute function note_change_of_calls();
create constraint trigger version_by_event after insert or update or delete on call_events
    deferrable initially deferred for each row execute function note_change_of_calls();
-- Filters and analytics count days where the tenant is.
create constraint trigger version_by_time_zone after update on tenants
    deferrable initially deferred for each row when (old.time_zone is distinct from new.time_zone) execute function note_change_of_calls();

-- A page of any kind, and of any combination of kinds, costs the same however rare it is: the counters know which kinds there are.
create index call_logs_newest_of_kind on call_logs (tenant_id, status, outcome, emergency, recovered, created_at desc, id desc);
drop index call_logs_newest_by_outcome;
drop index call_logs_newest_bookable;
