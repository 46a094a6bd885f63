-- The long summary of a call, written once. While it is running, the columns fill as the steps of the workflow finish.
create table call_summaries (
    tenant_id       uuid not null,
    call_id         uuid not null,
    status          text not null check (status in ('running', 'ready', 'failed')),
    summary         text,
    -- Who wrote that text, and why it was not the one that was configured.
    engine          text,
    model           text,
    engine_problem  text,
    -- reason, customer_name, address ...: each a value and the turn that it came from.
    fields          jsonb,
    fields_problem  text,
    started_at      timestamptz not null,
    finished_at     timestamptz,
    primary key (tenant_id, call_id),
    foreign key (tenant_id, call_id) references call_logs (tenant_id, id) on delete cascade,
    check ((status = 'running') = (finished_at is null)),
    check (status <> 'ready' or (summary is not null and engine is not null and fields is not null))
);
call isolate_by_tenant('call_summaries');
grant select, insert, update on call_summaries to kestrel_app;

-- The stretches of turns that are summarised side by side.
create table call_summary_parts (
    tenant_id       uuid not null,
    call_id         uuid not null,
    number          integer not null check (number > 0),
    first_turn      integer not null,
    last_turn       integer not null,
    engine          text,
    model           text,
    engine_problem  text,
    -- Null until they are taken, and again once the summary is there: they quote the caller.
    notes           jsonb,
    primary key (tenant_id, call_id, number),
    foreign key (tenant_id, call_id) references call_summaries (tenant_id, call_id) on delete cascade
);
call isolate_by_tenant('call_summary_parts');
grant select, insert, update, delete on call_summary_parts to kestrel_app;
