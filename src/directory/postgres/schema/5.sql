-- The MTA-STS policies of other servers' domains that any node has fetched: who was reached once by one of them is protected at all.
create table policies (
  domain text primary key,
  record text not null,
  fetched bigint not null,
  until bigint not null
);
create index policies_until on policies (until);
