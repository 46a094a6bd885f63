-- What a sandbox would have sent: to be read, and never attempted.
alter table webhook_messages drop constraint webhook_messages_state_check;
alter table webhook_messages add constraint webhook_messages_state_check
    check (state in ('pending', 'retrying', 'delivered', 'failed', 'cancelled', 'withheld'));

-- How a message begins: due at once, or over already.
create function first_state_of_webhook_messages(tenant uuid, at timestamptz)
    returns table (state text, next_attempt_at timestamptz, finished_at timestamptz)
    language sql stable set search_path = pg_catalog, public
    as $$
    select case when outside then 'pending' else 'withheld' end, case when outside then at end, case when not outside then at end
    from reaches_outside(tenant) as outside
$$;
revoke all on function first_state_of_webhook_messages(uuid, timestamptz) from public;
grant execute on function first_state_of_webhook_messages(uuid, timestamptz) to kestrel_app;
