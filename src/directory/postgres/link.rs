//! The connections to the database: a few that all questions share, and one for changes of several statements.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, Notify};
use tokio::time::{Instant, timeout};
use tokio_postgres::{Error, Row};

use super::connection::{Connection, Values};
use super::fault::{PostgresError, is_undone, unavailable};
use super::schema;
use super::settings::PostgresSettings;
use super::tls::Connector;
use crate::directory::Unavailable;

/// Connections that questions share.
const SHARED: usize = 4;
/// How long a statement may take before whoever asked hears that there is no answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How long a failed attempt to connect stands for the next ones.
const REST: Duration = Duration::from_millis(250);
/// How often a statement that was undone is done again.
const TRIES: usize = 6;

/// What is done within a transaction: the database's errors, and then our own.
pub(super) type Work<'c, T> =
    Pin<Box<dyn Future<Output = Result<Result<T, Unavailable>, Error>> + Send + 'c>>;

/// One connection, while there is one.
#[derive(Default)]
struct Slot {
    open: Option<Arc<Connection>>,
    failed: Option<(Instant, String)>,
}

impl Slot {
    /// Why there is no connection, for a moment after it could not be made.
    fn rests(&self) -> Option<&str> {
        let lives = self
            .open
            .as_ref()
            .is_some_and(|open| !open.client.is_closed());
        let failed = self
            .failed
            .as_ref()
            .filter(|(at, _)| !lives && at.elapsed() < REST);
        failed.map(|(_, why)| &**why)
    }
}

/// The connections to the database of one node.
pub struct Link {
    settings: PostgresSettings,
    connector: Connector,
    shared: [Mutex<Slot>; SHARED],
    next: AtomicUsize,
    /// Told when something was changed here: the own cache need not wait for the next look at the feed.
    pub(super) changed: Notify,
    /// Held by whoever changes something in several statements.
    alone: Mutex<Slot>,
}

impl Link {
    /// Connects, and makes or renews the tables.
    ///
    /// # Errors
    /// [`PostgresError`].
    pub async fn open(settings: PostgresSettings) -> Result<Arc<Self>, PostgresError> {
        let connector = Connector::new(settings.roots.as_deref())
            .map_err(|error| PostgresError::Refused(format!("[directory] sslrootcert: {error}")))?;
        let mut first = Connection::open(&settings, &connector).await?;
        schema::renew(&settings, &mut first).await?;
        let link = Self {
            settings,
            connector,
            shared: std::array::from_fn(|_| Mutex::default()),
            next: AtomicUsize::new(0),
            changed: Notify::new(),
            alone: Mutex::default(),
        };
        link.alone.lock().await.open = Some(Arc::new(first));
        Ok(Arc::new(link))
    }

    /// A connection in `slot` that lives, made anew where it has ended.
    async fn living(&self, slot: &mut Slot) -> Result<Arc<Connection>, Unavailable> {
        if let Some(open) = slot.open.as_ref().filter(|open| !open.client.is_closed()) {
            return Ok(open.clone());
        }
        if let Some(why) = slot.rests() {
            return Err(Unavailable(why.to_owned()));
        }
        let opened = timeout(PATIENCE, Connection::open(&self.settings, &self.connector)).await;
        let opened = opened.unwrap_or_else(|_| {
            Err(PostgresError::Unreachable(
                "PostgreSQL does not answer in time".to_owned(),
            ))
        });
        match opened {
            Ok(connection) => {
                let connection = Arc::new(connection);
                *slot = Slot {
                    open: Some(connection.clone()),
                    failed: None,
                };
                Ok(connection)
            }
            Err(error) => {
                slot.failed = Some((Instant::now(), error.to_string()));
                Err(error.into())
            }
        }
    }

    /// One of those that are shared, by turns. One that could not be made a moment ago is passed over: the database may be back, and another one know it.
    async fn any(&self) -> Result<Arc<Connection>, Unavailable> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let mut resting = String::new();
        for number in 0..SHARED {
            let slot = self.shared.get(first.wrapping_add(number) % SHARED);
            let Some(slot) = slot else { continue };
            let mut slot = slot.lock().await;
            match slot.rests() {
                Some(why) => why.clone_into(&mut resting),
                None => return self.living(&mut slot).await,
            }
        }
        Err(Unavailable(resting))
    }

    /// Asks, or changes something in one statement, which may be run again where its answer is lost.
    pub(super) async fn run(
        &self,
        sql: &'static str,
        values: Values<'_>,
    ) -> Result<Vec<Row>, Unavailable> {
        self.repeat(sql, values, |error| is_undone(error) || error.is_closed())
            .await
    }

    /// As [`Link::run`], for what must not be run again unless nothing came of it.
    pub(super) async fn run_once(
        &self,
        sql: &'static str,
        values: Values<'_>,
    ) -> Result<Vec<Row>, Unavailable> {
        self.repeat(sql, values, is_undone).await
    }

    async fn repeat(
        &self,
        sql: &'static str,
        values: Values<'_>,
        is_again: fn(&Error) -> bool,
    ) -> Result<Vec<Row>, Unavailable> {
        let mut last = None;
        for _ in 0..TRIES {
            let connection = self.any().await?;
            match in_time(connection.run(sql, values)).await? {
                Ok(rows) => return Ok(rows),
                Err(error) if is_again(&error) => last = Some(error),
                Err(error) => return Err(unavailable(&error)),
            }
        }
        Err(last.map_or_else(|| Unavailable(String::new()), |error| unavailable(&error)))
    }

    /// As [`Link::run`], of what has one row at most.
    pub(super) async fn row(
        &self,
        sql: &'static str,
        values: Values<'_>,
    ) -> Result<Option<Row>, Unavailable> {
        Ok(self.run(sql, values).await?.into_iter().next())
    }

    /// Runs statements as one: all of them or none, within `patience`. `work` may be called several times.
    pub(super) async fn together<T>(
        &self,
        patience: Duration,
        work: impl for<'c> Fn(&'c Connection) -> Work<'c, T>,
    ) -> Result<T, Unavailable> {
        let mut slot = self.alone.lock().await;
        let mut last = None;
        for _ in 0..TRIES {
            let connection = self.living(&mut slot).await?;
            let done = within(patience, attempt(&connection, &work)).await;
            match done {
                Ok(Ok(answer)) => return answer,
                Ok(Err(error)) if is_undone(&error) => last = Some(unavailable(&error)),
                // Whether it was done is not known, or the connection is within a transaction that nobody ends: it goes, and what was begun with it.
                Ok(Err(error)) => {
                    slot.open = None;
                    return Err(unavailable(&error));
                }
                Err(error) => {
                    slot.open = None;
                    return Err(error);
                }
            }
        }
        Err(last.unwrap_or_else(|| Unavailable(String::new())))
    }
}

/// One transaction.
async fn attempt<T>(
    connection: &Connection,
    work: &impl for<'c> Fn(&'c Connection) -> Work<'c, T>,
) -> Result<Result<T, Unavailable>, Error> {
    connection.client.batch_execute("begin").await?;
    let done = work(connection).await;
    match &done {
        Ok(Ok(_)) => connection.client.batch_execute("commit").await?,
        // What the statement said counts, and not what its end does.
        _ => connection
            .client
            .batch_execute("rollback")
            .await
            .unwrap_or_default(),
    }
    done
}

async fn in_time<T>(work: impl Future<Output = T>) -> Result<T, Unavailable> {
    within(PATIENCE, work).await
}

async fn within<T>(patience: Duration, work: impl Future<Output = T>) -> Result<T, Unavailable> {
    let done = timeout(patience, work).await;
    done.map_err(|_| Unavailable("PostgreSQL does not answer in time".to_owned()))
}
