-- In PL/pgSQL, whose plans are kept: a function in SQL is planned anew by every statement that calls it.
create or replace function local_midnight(tenant uuid, day date) returns timestamptz
    language plpgsql stable set search_path = pg_catalog, public
    as $$
begin
    return (select day::timestamp at time zone time_zone from tenants where id = tenant);
end $$;
