-- What was staff is a member, and who only looks is a viewer.
alter table members drop constraint members_role_check;
update members set role = 'member' where role = 'staff';
alter table members add constraint members_role_check check (role in ('owner', 'admin', 'member', 'viewer'));

-- As they were invited: with an external project the people live there, and this is all that we know of them.
alter table members add column email text check (length(email) <= 254);
create index members_newest on members (tenant_id, created_at desc, user_id desc);
