-- A hang-up that turns out to have been a conversation is told sooner than it was going to be.
grant update (due_at) on call_announcements to kestrel_app;
