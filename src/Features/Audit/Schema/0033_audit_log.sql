-- Who did what. The app adds to it, and can neither change nor remove what it added.
create table audit_log (
    tenant_id  uuid not null references tenants (id),
    id         uuid not null,
    created_at timestamptz not null,
    actor_kind text not null check (actor_kind in ('member', 'api_key')),
    actor_id   uuid not null,
    -- As it was then: members leave, and this stays.
    email      text,
    action     text not null,
    target     text not null,
    detail     text,
    primary key (tenant_id, id)
);
create index audit_log_newest on audit_log (tenant_id, created_at desc, id desc);
call isolate_by_tenant('audit_log');
grant select, insert on audit_log to kestrel_app;
