//! [`PostgresRecords`]: what each node has accepted, for a report that comes to another one. Lines are those of the history, which name nobody by an address.

use std::sync::Arc;

use super::accounts::column;
use super::connection::Values;
use super::link::Link;
use crate::directory::Unavailable;
use crate::mail::QueueId;

/// The first line of a message's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRecord {
    /// Its queue id.
    pub id: QueueId,
    /// The day on which it was accepted, since the epoch.
    pub day: u16,
    /// The line, as JSON.
    pub line: String,
}

/// Records of accepted messages, for all nodes.
#[derive(Clone)]
pub struct PostgresRecords(Arc<Link>);

const WRITE: &str = "insert into records (id, day, line) select unnest($1::bigint[]), unnest($2::int[]), unnest($3::text[]) on conflict (id) do nothing";
const FIND: &str = "select line from records where id = $1";
const FORGET: &str = "delete from records where id in (select id from records where day < $1 limit 10000) returning 1";

/// As the database has it: its numbers have a sign.
const fn number(id: QueueId) -> i64 {
    id.0.cast_signed()
}

impl PostgresRecords {
    /// The records behind `link`.
    #[must_use]
    pub const fn new(link: Arc<Link>) -> Self {
        Self(link)
    }

    /// Keeps records; those that are known stay as they are.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn write(&self, records: &[MessageRecord]) -> Result<(), Unavailable> {
        let ids: Vec<i64> = records.iter().map(|record| number(record.id)).collect();
        let days: Vec<i32> = records.iter().map(|record| i32::from(record.day)).collect();
        let lines: Vec<&str> = records.iter().map(|record| &*record.line).collect();
        let values: Values<'_> = &[&ids, &days, &lines];
        self.0.run(WRITE, values).await.map(drop)
    }

    /// The line of a message; none: no node has accepted one of this id, or it is forgotten.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn find(&self, id: QueueId) -> Result<Option<String>, Unavailable> {
        let row = self.0.row(FIND, &[&number(id)]).await?;
        row.map(|row| column(&row, 0)).transpose()
    }

    /// Forgets records of days before `day`, 10,000 at most; whether there may be more.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn forget(&self, day: u16) -> Result<bool, Unavailable> {
        let gone = self.0.run(FORGET, &[&i32::from(day)]).await?;
        Ok(gone.len() == 10_000)
    }
}
