create table schema_versions (
  version int primary key,
  made timestamptz not null default now()
);

-- What the marketplace loads. Records are JSON, as in an export.
create table participants (id text primary key, record text not null);
create table addresses (address text primary key, participant text not null);
create table domain_users (domain text primary key, record text not null);
create table transactions (id text primary key, record text not null);
create table masks (mask text primary key, participant text not null, counterparty text);
create table settings (name text primary key, value text not null);

-- What changed, for the caches of nodes. Numbers come from a row that whoever changes something holds until the end: none appears behind a later one.
create table counters (name text primary key, value bigint not null);
insert into counters (name, value) values ('feed', 0), ('event', 0), ('digest', 0), ('slot', 0);
create table feed (
  seq bigint primary key,
  kind text not null,
  key text not null,
  at timestamptz not null default now()
);
create index feed_at on feed (at);
create table nodes (
  name text primary key,
  region text not null default '',
  version text not null default '',
  seen bigint not null,
  seen_at timestamptz not null,
  started_at timestamptz not null,
  allowlist text not null default '',
  rules text not null default '',
  config text not null default '',
  keys text not null default '',
  -- What the ids of its messages begin with.
  slot int not null unique
);

-- What mail teaches. No real address stands in any of these: they are marks, digests, and ids.
create table last_writers (
  transaction text not null,
  participant text not null,
  mark bytea not null,
  primary key (transaction, participant)
);
create table first_requests (
  participant text not null,
  transaction text not null,
  asker text not null,
  at bigint not null,
  primary key (participant, transaction, asker)
);
create index first_requests_of_asker on first_requests (asker, at);
create table signers (digest bytea primary key);
create table once (
  day int not null,
  digest bytea not null,
  -- A right that nobody has used yet: whose, and when it lapses. Null: the mark is set.
  owner text,
  until timestamptz,
  primary key (day, digest)
);
create table kept_ids (digest bytea primary key, kept text not null);
create table brought (
  writer text not null,
  reader text not null,
  number bigint not null,
  at bigint not null,
  record text not null,
  primary key (writer, reader, number)
);
create index brought_at on brought (at);
create table wrote (
  participant text not null,
  transaction text not null,
  at bigint not null,
  document boolean not null,
  primary key (participant, transaction)
);
create table documents (digest bytea primary key, at bigint not null, lost boolean not null);
create index documents_at on documents (at);
create table events (number bigint primary key, event text not null);
create table digest_rows (
  account text not null,
  number bigint not null,
  line text not null,
  primary key (account, number)
);
create table suspensions (domain text primary key, record bytea not null);
create table tokens (id text primary key, record bytea not null);
