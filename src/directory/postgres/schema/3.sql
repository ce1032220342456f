-- What each node has accepted, for reports that come to another one. No address stands in it.
create table records (
  id bigint primary key,
  day int not null,
  line text not null
);
create index records_day on records (day);
