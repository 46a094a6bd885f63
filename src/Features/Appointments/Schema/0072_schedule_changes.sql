-- What is offered no more stays, since appointments were made of it.
alter table services add column archived_at timestamptz;
alter table resources add column archived_at timestamptz;
alter table holidays add column name text check (length(name) between 1 and 100);

-- Who performs a service; everybody when nobody is named.
create table service_resources (
    tenant_id   uuid not null,
    service_id  uuid not null,
    resource_id uuid not null,
    primary key (tenant_id, service_id, resource_id),
    foreign key (tenant_id, service_id) references services (tenant_id, id) on delete cascade,
    foreign key (tenant_id, resource_id) references resources (tenant_id, id) on delete cascade
);
create index service_resources_of_resource on service_resources (tenant_id, resource_id);
call isolate_by_tenant('service_resources');
grant select, insert, delete on service_resources to kestrel_app;

grant insert, update on services, resources to kestrel_app;
grant insert, delete on working_hours, holidays to kestrel_app;

-- Whoever is archived in the very moment of a booking is not booked: the row is left out, as if the time were taken.
-- The lock waits for whoever archives, who in turn waits for the bookings that were before.
create function book_nobody_archived() returns trigger
    language plpgsql set search_path = pg_catalog, public
    as $$
begin
    perform from resources
    where tenant_id = new.tenant_id and id = new.resource_id and archived_at is null
    for key share;
    if not found then
        return null;
    end if;
    return new;
end $$;
revoke all on function book_nobody_archived() from public;
create trigger appointments_book_nobody_archived before insert or update of resource_id on appointments
    for each row execute function book_nobody_archived();
