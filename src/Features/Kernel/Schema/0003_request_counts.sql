-- How many requests all instances of the host let through, by tenant and minute. Numbers and nothing else, written for many tenants in one
-- statement. Worth nothing a minute later, so it is not written ahead, and a crash may empty it.
create unlogged table request_counts (
    tenant   uuid not null,
    minute   bigint not null,
    admitted integer not null,
    primary key (tenant, minute)
);
grant select, insert, update, delete on request_counts to kestrel_app;
