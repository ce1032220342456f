//! The tables that are moved, and what they hold.

use sha2::{Digest, Sha256};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Row};

use crate::directory::moved::MovedValue;
use crate::directory::postgres::connection::{Connection, Copy};

/// Rows that are read back at once.
const FETCH: &str = "fetch 5000 from moved";

/// The type of a column.
#[derive(Clone, Copy)]
enum Column {
    Text,
    Octets,
    Long,
    Int,
    Truth,
    Maybe,
}

/// A table, and what is said about it.
pub(super) struct Table {
    pub(super) name: &'static str,
    columns: &'static [Column],
    copy: &'static str,
    read: &'static str,
    /// Finds a row.
    pub(super) any: &'static str,
    /// Removes all rows.
    pub(super) clear: &'static str,
}

macro_rules! table {
    ($name:literal, $columns:literal, $($types:ident)*) => {
        Table {
            name: $name,
            columns: &[$(Column::$types),*],
            copy: concat!("copy ", $name, " (", $columns, ") from stdin binary"),
            read: concat!("declare moved no scroll cursor for select ", $columns, " from ", $name),
            any: concat!("select 1 from ", $name, " limit 1"),
            clear: concat!("delete from ", $name),
        }
    };
}

/// All of them.
pub(super) static TABLES: [Table; 19] = [
    table!("participants", "id, record", Text Text),
    table!("addresses", "address, participant", Text Text),
    table!("domain_users", "domain, record", Text Text),
    table!("transactions", "id, record", Text Text),
    table!("order_numbers", "number, transaction", Text Text),
    table!("masks", "mask, participant, counterparty", Text Text Maybe),
    table!("last_writers", "transaction, participant, mark", Text Text Octets),
    table!("first_requests", "participant, transaction, asker, at", Text Text Text Long),
    table!("signers", "digest", Octets),
    table!("once", "day, digest", Int Octets),
    table!("kept_ids", "digest, kept", Octets Text),
    table!("brought", "writer, reader, number, at, record", Text Text Long Long Text),
    table!("wrote", "participant, transaction, at, document", Text Text Long Truth),
    table!("documents", "digest, at, lost", Octets Long Truth),
    table!("events", "number, event", Long Text),
    table!("digest_rows", "account, number, line", Text Long Text),
    table!("suspensions", "domain, record", Text Octets),
    table!("tokens", "id, record", Text Octets),
    table!("records", "id, day, line", Long Int Text),
];

/// How many rows there are, and a digest of all of them in whatever order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) rows: u64,
    digests: u128,
}

impl Sum {
    /// Adds a row.
    pub(super) fn add(&mut self, values: &[MovedValue]) {
        let mut digest = Sha256::new();
        let mut octets = |octets: &[u8]| {
            digest.update((octets.len() as u64).to_be_bytes());
            digest.update(octets);
        };
        for value in values {
            match value {
                MovedValue::Text(text) => octets(text.as_bytes()),
                MovedValue::Octets(value) => octets(value),
                MovedValue::Long(number) => octets(&number.to_be_bytes()),
                MovedValue::Int(number) => octets(&number.to_be_bytes()),
                MovedValue::Truth(is_so) => octets(&[u8::from(*is_so)]),
                MovedValue::Maybe(None) => octets(&[]),
                MovedValue::Maybe(Some(text)) => octets(format!("+{text}").as_bytes()),
            }
        }
        let digest = digest.finalize();
        let part = digest.first_chunk().copied().unwrap_or_default();
        self.rows += 1;
        self.digests = self.digests.wrapping_add(u128::from_be_bytes(part));
    }
}

impl Table {
    /// Begins to send rows.
    pub(super) async fn begin(&self, connection: &Connection) -> Result<Copy, Error> {
        let types: Vec<Type> = self.columns.iter().map(|column| column.sql()).collect();
        connection.copy(self.copy, &types).await
    }

    /// Sends one.
    pub(super) async fn write(&self, copy: &mut Copy, values: &[MovedValue]) -> Result<(), Error> {
        let values: Vec<&(dyn ToSql + Sync)> = values
            .iter()
            .map(|value| match value {
                MovedValue::Text(value) => value as &(dyn ToSql + Sync),
                MovedValue::Octets(value) => value,
                MovedValue::Long(value) => value,
                MovedValue::Int(value) => value,
                MovedValue::Truth(value) => value,
                MovedValue::Maybe(value) => value,
            })
            .collect();
        copy.row(&values).await
    }

    /// What it holds.
    pub(super) async fn sum(&self, connection: &Connection) -> Result<Sum, Error> {
        let client = &connection.client;
        client.batch_execute(self.read).await?;
        let mut sum = Sum::default();
        loop {
            let rows = client.query(FETCH, &[]).await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                let columns = self.columns.iter().enumerate();
                let values = columns.map(|(at, column)| column.read(row, at));
                sum.add(&values.collect::<Result<Vec<_>, _>>()?);
            }
        }
        client.batch_execute("close moved").await?;
        Ok(sum)
    }
}

impl Column {
    const fn sql(self) -> Type {
        match self {
            Self::Text | Self::Maybe => Type::TEXT,
            Self::Octets => Type::BYTEA,
            Self::Long => Type::INT8,
            Self::Int => Type::INT4,
            Self::Truth => Type::BOOL,
        }
    }

    fn read(self, row: &Row, at: usize) -> Result<MovedValue, Error> {
        Ok(match self {
            Self::Text => MovedValue::Text(row.try_get(at)?),
            Self::Octets => MovedValue::Octets(row.try_get(at)?),
            Self::Long => MovedValue::Long(row.try_get(at)?),
            Self::Int => MovedValue::Int(row.try_get(at)?),
            Self::Truth => MovedValue::Truth(row.try_get(at)?),
            Self::Maybe => MovedValue::Maybe(row.try_get(at)?),
        })
    }
}
