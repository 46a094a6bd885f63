-- Roles belong to the cluster, and another database of it may be migrating at this very moment.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['kestrel_app', 'kestrel_resolver'] loop
        begin
            if not exists (select from pg_roles where rolname = wanted) then
                execute format('create role %I nologin', wanted);
            end if;
        exception when duplicate_object or unique_violation then
            null;
        end;
    end loop;
    begin
        execute format('grant kestrel_resolver to %I', current_user);
    exception when unique_violation or internal_error then
        null;
    end;
end $$;

revoke create on schema public from public;
grant usage on schema public to kestrel_app, kestrel_resolver;

-- One wall around a tenant's rows, for the owner too. Without the setting there are no rows rather than an error,
-- and a committed transaction leaves the setting empty, not null.
create procedure isolate_by_tenant(target regclass) language plpgsql as $$
begin
    execute format('alter table %s enable row level security', target);
    execute format('alter table %s force row level security', target);
    execute format(
        'create policy tenant_isolation on %s using (tenant_id = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)', target);
end $$;

-- For the few look-ups that must happen before the tenant is known: the function runs as kestrel_resolver,
-- which sees only the tables that name it in a policy of their own. Creating in the schema is allowed for the moment of the handover.
create procedure run_as_resolver(target regprocedure) language plpgsql as $$
begin
    grant create on schema public to kestrel_resolver;
    execute format('revoke all on function %s from public', target);
    execute format('grant execute on function %s to kestrel_app', target);
    execute format('alter function %s owner to kestrel_resolver', target);
    revoke create on schema public from kestrel_resolver;
end $$;

revoke all on procedure isolate_by_tenant(regclass), run_as_resolver(regprocedure) from public;
