-- What nodes have spent of budgets together. Whose it is stands there as a keyed digest; a crash of the database may forget it.
create unlogged table spent (
  whose bytea primary key,
  -- What was spent by then, less what had come back by itself.
  amount double precision not null,
  -- What comes back in a second.
  rate double precision not null,
  at timestamptz not null,
  -- When all of it has come back at the latest.
  until timestamptz not null
);
