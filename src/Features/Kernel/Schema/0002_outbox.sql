-- What is to be published once the transaction that wrote it has committed. It holds references and no words of callers,
-- so one relay may read the rows of all tenants.
create table outbox (
    id         uuid primary key,
    topic      text not null,
    type       text not null,
    data       jsonb not null,
    -- Overtakes whatever an outage of the broker has piled up.
    urgent     boolean not null,
    created_at timestamptz not null
);
create index outbox_next on outbox (urgent desc, created_at, id);
-- To lock a row it must be allowed to change one: the id, which nobody changes.
grant select, insert, delete, update (id) on outbox to kestrel_app;
