-- Messages to customers. Twilio's API may be asked for each of them once: asked twice, it sends two.
create table texts (
    tenant_id      uuid not null,
    id             uuid not null,
    appointment_id uuid not null,
    from_number    text not null,
    to_number      text not null,
    -- unconfirmed: Twilio was asked, and nobody knows what became of it. Written before it is asked.
    status         text not null check (status in ('waiting', 'unconfirmed', 'sent', 'refused', 'dropped')),
    message_sid    text,
    -- Twilio's, of a refusal.
    error_code     integer,
    created_at     timestamptz not null,
    updated_at     timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, appointment_id),
    foreign key (tenant_id, appointment_id) references appointments (tenant_id, id) on delete cascade
);
call isolate_by_tenant('texts');
grant select, insert, update on texts to kestrel_app;
