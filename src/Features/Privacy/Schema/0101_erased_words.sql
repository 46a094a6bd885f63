-- The number of an event stays, so that nobody who counts misses one; what it said does not.
alter table tenant_events add column erased_at timestamptz;
-- Occasions are a word, a colon, and the id of what it is about.
create index tenant_events_of_subject on tenant_events (tenant_id, split_part(occasion, ':', 2));

alter table webhook_messages add column erased_at timestamptz;
create index webhook_messages_of_event on webhook_messages (tenant_id, event_id);

create index appointments_of_customer on appointments (tenant_id, customer_phone);
create index appointments_of_call on appointments (tenant_id, call_id) where call_id is not null;

-- Retention does what nobody asked for at that moment.
alter table audit_log drop constraint audit_log_actor_kind_check;
alter table audit_log add constraint audit_log_actor_kind_check check (actor_kind in ('member', 'api_key', 'system'));

-- A dead letter is of no tenant, but of a call.
create function call_sid_in(body bytea) returns text
    language sql immutable set search_path = pg_catalog
    as $$ select substring(encode(body, 'escape') from 'CA[0-9a-fA-F]{32}') $$;
revoke all on function call_sid_in(bytea) from public;
grant execute on function call_sid_in(bytea) to kestrel_resolver;

alter table dead_letters add column call_sid text;
update dead_letters set call_sid = call_sid_in(body);
create index dead_letters_of_call on dead_letters (call_sid) where call_sid is not null;

grant select (call_hash) on erased_calls to kestrel_resolver;
create policy resolver_reads on erased_calls for select to kestrel_resolver using (true);

-- One that turns up after its call was erased is not kept.
create function bury_dead_letter() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public
    as $$
begin
    new.call_sid := call_sid_in(new.body);
    if new.call_sid is not null and exists (select from erased_calls where call_hash = hash_of_call(new.call_sid)) then
        return null;
    end if;
    return new;
end $$;
create trigger bury_dead_letter before insert on dead_letters for each row execute function bury_dead_letter();
call run_as_resolver('bury_dead_letter()');

-- That there was one, when, and why, is no secret.
grant select (call_sid), update (body, event_id, call_sid) on dead_letters to kestrel_resolver;
create function empty_dead_letters(call_sids text[]) returns bigint
    language sql security definer set search_path = pg_catalog, public
    as $$
    with emptied as (
        update dead_letters d set body = '', event_id = null, call_sid = null where d.call_sid = any (call_sids) returning 1
    )
    select count(*) from emptied
$$;
call run_as_resolver('empty_dead_letters(text[])');
