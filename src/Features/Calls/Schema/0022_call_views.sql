-- What other features read of calls.
create view call_results with (security_invoker = true) as
select tenant_id, id as call_id, status, outcome, emergency, phone_number, dialed_number, duration, recording_sid is not null as recorded
from call_logs;

create view call_turns with (security_invoker = true) as
select log.tenant_id, log.id as call_id, (event.body ->> 'sequence')::integer as sequence, event.body ->> 'speaker' as speaker,
       event.body ->> 'text' as text, coalesce((event.body ->> 'keys')::boolean, false) as keys
from call_logs log
join call_events event on event.tenant_id = log.tenant_id and event.call_sid = log.call_sid
where event.type = 'kestrelvoice.call.turn.v1';

create view call_emergencies with (security_invoker = true) as
select log.tenant_id, log.id as call_id, (event.body ->> 'sequence')::integer as sequence, event.body ->> 'phrase' as phrase
from call_logs log
join call_events event on event.tenant_id = log.tenant_id and event.call_sid = log.call_sid
where event.type = 'kestrelvoice.call.emergency.v1';

grant select on call_results, call_turns, call_emergencies to kestrel_app;
