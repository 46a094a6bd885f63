-- A sandbox is furnished in the moment in which it is opened.
grant insert on services, resources, working_hours to kestrel_app;

-- The second wall behind the refusals of the API.
create policy not_from_a_sandbox on calendar_connections as restrictive for insert to kestrel_app with check (reaches_outside(tenant_id));
