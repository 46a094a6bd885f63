-- What is to be published once the transaction that wrote it has committed. It holds references and no words of callers,
-- so one relay may read the rows of all tenants.
create table outbox (
    id         uuid primary key,
    topic      text not null,
    type       text not null,
    data       jsonb not null,
    created_at timestamptz not null
);
create index outbox_oldest on outbox (created_at, id);
grant select, insert, delete on outbox to kestrel_app;
