create table spool_versions (
  version int primary key,
  made timestamptz not null default now()
);

-- Whose a partition is. Times are microseconds since 1970 by this server's clock; an owner that gave its lease back leaves 0.
create table lease (
  part bigint primary key,
  epoch bigint not null,
  owner text not null,
  until bigint not null
);
create table spool_counters (name text primary key, value bigint not null);
insert into spool_counters (name, value) values ('part', 0);

-- The quarters of an hour for which there are tables entry_N, done_N and progress_N; they are dropped as a whole, so that nothing is left to vacuum.
create table quarter (number bigint primary key);
