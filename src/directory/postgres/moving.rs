//! [`PostgresTarget`]: a database that takes what a single machine has kept. All of it in one transaction, counted and read back before it is kept, so that
//! what was interrupted has left nothing.

use std::collections::BTreeMap;

use tokio::sync::mpsc;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::connection::{Connection, Copy};
use super::fault::{PostgresError, at_start, words};
use super::schema;
use super::settings::PostgresSettings;
use super::tls::Connector;
use crate::directory::moved::MovedRow;

mod tables;

use tables::{Sum, TABLES, Table};

/// What is on its way.
pub enum Moved {
    /// Rows; those of a table come one behind the other.
    Rows(Vec<MovedRow>),
    /// That was all. `loaded` is what the database is to say of the directory: `1` for one that answers, `0` for one of which more is to come; none for one
    /// that was never loaded.
    All {
        /// Its record.
        loaded: Option<&'static str>,
    },
}

/// Why nothing was moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The database cannot be used.
    #[error(transparent)]
    Target(#[from] PostgresError),
    /// It holds something already.
    #[error("{0}")]
    InTheWay(String),
    /// What came did not come to an end, or what is there is not what came.
    #[error("{0}")]
    Broken(String),
}

/// The rows of each table that were moved, by its name.
pub type MovedCounts = BTreeMap<&'static str, u64>;

/// A database that takes what the machine `source` has kept.
pub struct PostgresTarget {
    settings: PostgresSettings,
    source: String,
}

impl PostgresTarget {
    /// The database of `settings`. Whoever moves again says the same `source`.
    #[must_use]
    pub const fn new(settings: PostgresSettings, source: String) -> Self {
        Self { settings, source }
    }

    async fn connect(&self) -> Result<Connection, MoveError> {
        let connector = Connector::new(self.settings.roots.as_deref());
        let connector = connector
            .map_err(|error| PostgresError::Refused(format!("[directory] sslrootcert: {error}")))?;
        Ok(Connection::open(&self.settings, &connector).await?)
    }

    fn failed(&self, error: &Error) -> MoveError {
        match error.code() {
            None => MoveError::Target(at_start(&self.settings, error)),
            Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
                MoveError::Target(at_start(&self.settings, error))
            }
            Some(_) => MoveError::Broken(format!("PostgreSQL: {}", words(error))),
        }
    }

    /// Looks whether it could be moved, and changes nothing.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn look(&self) -> Result<(), MoveError> {
        let connection = self.connect().await?;
        if schema::is_there(&self.settings, &connection).await? {
            self.is_free(&connection).await?;
        }
        Ok(())
    }

    /// Whether there is nothing in it, or what the same machine has moved before and no node has used.
    async fn is_free(&self, connection: &Connection) -> Result<(), MoveError> {
        let failed = |error: Error| self.failed(&error);
        let database = self.settings.database();
        let nodes = "select name from nodes order by name limit 5";
        let nodes = connection.client.query(nodes, &[]).await.map_err(failed)?;
        if !nodes.is_empty() {
            let names: Result<Vec<String>, _> = nodes.iter().map(|row| row.try_get(0)).collect();
            let names = names.map_err(failed)?.join(", ");
            return Err(MoveError::InTheWay(format!(
                "nodes have used the database {database} ({names}): what they know and what this machine knows cannot be made one; make a fresh one with `createdb`, and name that in [directory] url"
            )));
        }
        let moved = "select value from settings where name = 'moved'";
        let moved = connection.client.query_opt(moved, &[]).await;
        let moved: Option<String> = match moved.map_err(failed)? {
            Some(row) => Some(row.try_get(0).map_err(failed)?),
            None => None,
        };
        match moved {
            Some(source) if source == self.source => return Ok(()),
            Some(source) => {
                return Err(MoveError::InTheWay(format!(
                    "the database {database} holds what was moved from {source}; make a fresh one with `createdb`, and name that in [directory] url"
                )));
            }
            None => {}
        }
        for table in &TABLES {
            match connection.client.query_opt(table.any, &[]).await {
                Ok(None) => {}
                Ok(Some(_)) => {
                    return Err(MoveError::InTheWay(format!(
                        "the database {database} is not empty: its table {} has rows; make a fresh one with `createdb`, and name that in [directory] url",
                        table.name
                    )));
                }
                // Of an older version, which has no such table.
                Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(())
    }

    /// Takes what comes. Until it has answered nothing is there; `progress` hears of how many rows were sent.
    ///
    /// # Errors
    /// [`MoveError`]; nothing was moved.
    pub async fn take(
        &self,
        rows: mpsc::Receiver<Moved>,
        progress: impl Fn(u64),
    ) -> Result<MovedCounts, MoveError> {
        let failed = |error: Error| self.failed(&error);
        let mut connection = self.connect().await?;
        schema::renew(&self.settings, &mut connection).await?;
        let begin = "begin; select value from counters where name = 'feed' for update";
        connection
            .client
            .batch_execute(begin)
            .await
            .map_err(failed)?;
        self.is_free(&connection).await?;
        for table in &TABLES {
            connection
                .client
                .batch_execute(table.clear)
                .await
                .map_err(failed)?;
        }
        let (sums, loaded) = self.copy(&connection, rows, progress).await?;
        for table in &TABLES {
            let sent = sums.get(table.name).copied().unwrap_or_default();
            let there = table.sum(&connection).await.map_err(failed)?;
            if sent != there {
                return Err(MoveError::Broken(format!(
                    "the table {} does not hold what was sent: {} of {} rows; nothing was moved, try again",
                    table.name, there.rows, sent.rows
                )));
            }
        }
        self.end(&connection, loaded).await.map_err(failed)?;
        Ok(sums
            .into_iter()
            .map(|(name, sum)| (name, sum.rows))
            .collect())
    }

    /// Writes all that comes.
    async fn copy(
        &self,
        connection: &Connection,
        mut rows: mpsc::Receiver<Moved>,
        progress: impl Fn(u64),
    ) -> Result<(BTreeMap<&'static str, Sum>, Option<&'static str>), MoveError> {
        let failed = |error: Error| self.failed(&error);
        let mut sums: BTreeMap<&'static str, Sum> = BTreeMap::new();
        let mut open: Option<(&Table, Copy)> = None;
        let mut sent = 0;
        while let Some(moved) = rows.recv().await {
            let some = match moved {
                Moved::Rows(some) => some,
                Moved::All { loaded } => {
                    if let Some((_, copy)) = open {
                        copy.end().await.map_err(failed)?;
                    }
                    return Ok((sums, loaded));
                }
            };
            for row in some {
                let (table, copy) = match open.take() {
                    Some(open) if open.0.name == row.table => open,
                    other => {
                        if let Some((_, copy)) = other {
                            copy.end().await.map_err(failed)?;
                        }
                        let table = TABLES.iter().find(|table| table.name == row.table);
                        let table = table.ok_or_else(|| {
                            MoveError::Broken(format!("there is no table {}", row.table))
                        })?;
                        (table, table.begin(connection).await.map_err(failed)?)
                    }
                };
                let (_, copy) = open.insert((table, copy));
                table.write(copy, &row.values).await.map_err(failed)?;
                sums.entry(table.name).or_default().add(&row.values);
                sent += 1;
            }
            progress(sent);
        }
        Err(MoveError::Broken(
            "what is to be moved could not be read to its end; nothing was moved".to_owned(),
        ))
    }

    /// Says what is there now, and keeps it.
    async fn end(
        &self,
        connection: &Connection,
        loaded: Option<&'static str>,
    ) -> Result<(), Error> {
        // Numbers go on behind those that were given.
        let counters = "update counters set value = greatest(value, (select coalesce(max(number), 0) from events)) where name = 'event'; \
             update counters set value = greatest(value, (select coalesce(max(number), 0) from digest_rows)) where name = 'digest'; \
             delete from settings where name in ('loaded', 'moved')";
        connection.client.batch_execute(counters).await?;
        let set = "insert into settings (name, value) values ($1, $2)";
        if let Some(loaded) = loaded {
            connection.run(set, &[&"loaded", &loaded]).await?;
        }
        connection.run(set, &[&"moved", &self.source]).await?;
        connection.client.batch_execute("commit").await
    }
}
