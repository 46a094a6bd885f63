create table call_logs (
    tenant_id         uuid not null references tenants (id),
    id                uuid not null,
    call_sid          text not null,
    phone_number      text not null,
    dialed_number     text not null,
    direction         text not null check (direction in ('inbound', 'outbound')),
    status            text not null check (status in ('completed', 'in-progress', 'missed')),
    outcome           text check (outcome in
                          ('message_taken', 'transferred', 'voicemail', 'escalated', 'abandoned', 'no_answer', 'failed')),
    emergency         boolean not null,
    duration          integer not null check (duration >= 0),
    transcript        text,
    summary           text,
    recording_sid     text,
    carrier_status    text,
    sip_response_code integer,
    created_at        timestamptz not null,
    ended_at          timestamptz,
    primary key (tenant_id, id),
    unique (tenant_id, call_sid),
    check ((status = 'in-progress') = (outcome is null))
);
create index call_logs_newest on call_logs (tenant_id, created_at desc, id desc);
create index call_logs_newest_by_status on call_logs (tenant_id, status, created_at desc, id desc);
call isolate_by_tenant('call_logs');
grant select, insert, update on call_logs to kestrel_app;

-- Everything that was said of a call, each event once. The call log is a function of these rows, whatever order they came in.
create table call_events (
    tenant_id   uuid not null,
    event_id    text not null,
    call_sid    text not null,
    type        text not null,
    body        jsonb not null,
    received_at timestamptz not null,
    primary key (tenant_id, event_id),
    -- Deferred: the event is written first, because it decides whether there is anything to do.
    foreign key (tenant_id, call_sid) references call_logs (tenant_id, call_sid) on delete cascade deferrable initially deferred
);
create index call_events_of_call on call_events (tenant_id, call_sid);
call isolate_by_tenant('call_events');
grant select, insert on call_events to kestrel_app;

-- Holds callers' words of whichever tenant, or of none: the app may add to it and not read it.
create table dead_letters (
    digest      bytea primary key,
    received_at timestamptz not null,
    reason      text not null,
    event_type  text,
    event_id    text,
    body        bytea not null
);
grant insert on dead_letters to kestrel_app;
