-- The transactions of an order, by its number at the marketplace.
create table order_numbers (
  number text not null,
  transaction text not null,
  primary key (number, transaction)
);
