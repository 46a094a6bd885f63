-- What other features read of bookings: which call made one, and when.
create view call_bookings with (security_invoker = true) as
select tenant_id, call_id, created_at from appointments where call_id is not null and status <> 'held';
grant select on call_bookings to kestrel_app;
