//! A connection to a shard, and what it says there for the statements of the core.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row};

use super::guard::Copies;
use super::quarters::{self, id, lives, quarter_of, stored};
use super::schema::renew;
use super::writes::{self, columns, number};
use crate::directory::{PostgresError, PostgresSettings, is_beside_another};
use crate::mail::QueueId;
use crate::shards::{Answer, Epoch, Failure, Fence, Kept, Part, Seen, ServerTime, Statement};

/// Texts of batches that are kept prepared. They differ by the quarters that they touch.
const PREPARED: usize = 100;
/// How often the tables of a quarter are made anew, where they were dropped meanwhile.
const TRIES: usize = 3;
/// Microseconds since 1970 by the server's clock.
const NOW: &str = "(extract(epoch from clock_timestamp()) * 1000000)::bigint";

/// A connection to a shard.
pub struct Session {
    client: Client,
    /// Set by the server's warnings.
    warned: Arc<AtomicBool>,
    copies: Copies,
    /// The node, for those who look at the tables.
    owner: String,
    /// Microseconds.
    lease: i64,
    prepared: HashMap<String, tokio_postgres::Statement>,
    quarters: BTreeSet<i64>,
}

/// Why a statement has no answer.
enum Fault {
    /// A commit there would not wait for standbys.
    Unreplicated,
    Database(Error),
    /// An answer that is none of ours.
    Strange,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

/// Values of a statement.
type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

impl Session {
    /// Connects, and makes or renews the tables. `lease` is how long leases run.
    ///
    /// # Errors
    /// [`PostgresError`].
    pub async fn open(
        settings: &PostgresSettings,
        copies: Copies,
        owner: &str,
        lease: Duration,
    ) -> Result<Self, PostgresError> {
        let warned = Arc::new(AtomicBool::new(false));
        let mut client = settings.connect(warned.clone()).await?;
        let at_start = |error: Error| PostgresError::Unreachable(format!("a shard: {error}"));
        copies
            .check(&client)
            .await
            .map_err(at_start)?
            .map_err(PostgresError::Refused)?;
        // Whoever ends a wait leaves it open whether the commit is on a standby.
        client
            .batch_execute("set statement_timeout = 0; set lock_timeout = 0")
            .await
            .map_err(at_start)?;
        renew(&mut client)
            .await
            .map_err(at_start)?
            .map_err(PostgresError::Refused)?;
        Ok(Self {
            client,
            warned,
            copies,
            owner: owner.to_owned(),
            lease: i64::try_from(lease.as_micros()).unwrap_or(i64::MAX),
            prepared: HashMap::new(),
            quarters: BTreeSet::new(),
        })
    }

    /// Whether the connection has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Whether there are standbys enough for a commit not to wait for one that is away.
    ///
    /// # Errors
    /// What the database says.
    pub async fn can_commit(&self) -> Result<bool, Error> {
        self.copies.can_be(&self.client).await
    }

    /// Drops the tables of quarters of an hour before that of `before` in which nothing lives, and returns how many quarters.
    ///
    /// # Errors
    /// What the database says.
    pub async fn drop_empty(&mut self, before: QueueId) -> Result<usize, Error> {
        self.quarters.clear();
        quarters::drop_empty(&mut self.client, quarter_of(before)).await
    }

    /// Runs a statement.
    ///
    /// # Errors
    /// [`Failure`]: only what is known to be synced on enough machines is an answer.
    pub async fn run(&mut self, statement: &Statement) -> Result<Answer, Failure> {
        self.warned.store(false, Ordering::SeqCst);
        let answer = match statement {
            Statement::Open => self.make_partition().await,
            Statement::Renew(fences) => self.extend(fences, false).await,
            Statement::Release(fences) => self.extend(fences, true).await,
            Statement::Look => return self.look().await.map_err(|fault| failure(&fault)),
            Statement::Take(fence, until) => self.take(*fence, *until).await,
            Statement::Read { fence, after, most } => {
                let read = self.read(*fence, *after, *most).await;
                return read.map_err(|fault| failure(&fault));
            }
            Statement::Write(rows) => self.write(rows).await,
            Statement::Remove(fence) => self.remove(*fence).await,
        };
        let answer = answer.map_err(|fault| failure(&fault))?;
        // A warning at a commit is of a wait that was cancelled: it is on this machine alone.
        let is_warned = self.warned.swap(false, Ordering::SeqCst);
        let unknown = |text: String| Failure::Unknown(text);
        if is_warned && self.copies != Copies::Engine {
            return Err(unknown("the server warned at a commit".to_owned()));
        }
        match self.copies.are_there(&self.client).await {
            Ok(true) => Ok(answer),
            Ok(false) => Err(unknown("no standby says that it has synced it".to_owned())),
            Err(error) => Err(unknown(words(&error))),
        }
    }

    async fn make_partition(&mut self) -> Result<Answer, Fault> {
        let sql = format!(
            "with next as (update spool_counters set value = value + 1 where name = 'part' and {} returning value) \
             insert into lease (part, epoch, owner, until) select value, 1, $1, {NOW} + $2 from next returning part",
            self.copies.condition()
        );
        let rows = self.client.query(&sql, &[&self.owner, &self.lease]).await?;
        let row = rows.first().ok_or(Fault::Unreplicated)?;
        Ok(Answer::Opened(fence(row.try_get(0)?, 1)))
    }

    /// Sets until when leases run, whose fences hold.
    async fn extend(&mut self, fences: &[Fence], is_release: bool) -> Result<Answer, Fault> {
        let condition = self.copies.condition();
        let sql = format!(
            "with held as (update lease l set until = case when $4 then 0 else {NOW} + $3 end \
             from unnest($1::bigint[], $2::bigint[]) as f (part, epoch) where l.part = f.part and l.epoch = f.epoch and {condition} \
             returning l.part, l.epoch) \
             select {condition}, h.part, h.epoch from (select 1) as one left join held h on true"
        );
        let (parts, epochs) = columns(fences);
        let values: Values<'_> = &[&parts, &epochs, &self.lease, &is_release];
        let rows = self.client.query(&sql, values).await?;
        held(&rows)
    }

    async fn look(&mut self) -> Result<Answer, Fault> {
        let is_replicated = self.copies.can_be(&self.client).await?;
        let sql = format!(
            "select part, epoch, until, {} from lease order by part",
            is_lapsed(1)
        );
        let rows = self.client.query(&sql, &[&self.lease]).await?;
        let leases = rows.iter().map(|row| {
            Ok(Seen {
                fence: fence(row.try_get(0)?, row.try_get(1)?),
                until: ServerTime(row.try_get(2)?),
                is_lapsed: row.try_get(3)?,
            })
        });
        let leases = leases.collect::<Result<_, Error>>()?;
        Ok(Answer::Looked {
            leases,
            is_replicated,
        })
    }

    async fn take(&mut self, seen: Fence, until: ServerTime) -> Result<Answer, Fault> {
        let condition = self.copies.condition();
        let sql = format!(
            "with taken as (update lease set epoch = epoch + 1, owner = $4, until = {NOW} + $5 \
             where part = $1 and epoch = $2 and until = $3 and {} and {condition} returning part, epoch) \
             select {condition}, t.part, t.epoch from (select 1) as one left join taken t on true",
            is_lapsed(5)
        );
        let (part, epoch) = (number(seen.part.0), number(seen.epoch.0));
        let values: Values<'_> = &[&part, &epoch, &until.0, &self.owner, &self.lease];
        let rows = self.client.query(&sql, values).await?;
        let Answer::Held(taken) = held(&rows)? else {
            return Err(Fault::Strange);
        };
        Ok(Answer::Taken(taken.first().copied()))
    }

    async fn read(&mut self, of: Fence, after: QueueId, most: usize) -> Result<Answer, Fault> {
        let (part, epoch) = (number(of.part.0), number(of.epoch.0));
        let mut kept: Vec<Kept> = Vec::new();
        for quarter in quarters::there(&self.client).await? {
            if quarter < quarter_of(after) {
                continue;
            }
            let sql = format!(
                "select e.id, e.head, p.kept from entry_{quarter} e left join progress_{quarter} p on p.id = e.id \
                 where e.part = $1 and e.id > $2 and {} order by e.id limit $3",
                lives(quarter)
            );
            let left = i64::try_from(most.saturating_sub(kept.len())).unwrap_or(i64::MAX);
            let rows = self
                .client
                .query(&sql, &[&part, &stored(after), &left])
                .await;
            let rows = match rows {
                // Dropped since, for nothing lived there.
                Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => continue,
                other => other?,
            };
            for row in rows {
                kept.push(Kept {
                    id: id(row.try_get(0)?),
                    head: bytes(&row, 1)?.unwrap_or_default(),
                    progress: bytes(&row, 2)?,
                });
            }
            if kept.len() >= most {
                break;
            }
        }
        // Asked last: it has held all the while.
        let holds = "select 1 from lease where part = $1 and epoch = $2";
        let holds = self.client.query_opt(holds, &[&part, &epoch]).await?;
        Ok(Answer::Read(holds.map(|_| kept)))
    }

    async fn write(&mut self, rows: &[crate::shards::Row]) -> Result<Answer, Fault> {
        use crate::shards::Row::{Done, Entry, Progress, Report};
        let quarters = rows.iter().map(|row| match row {
            Entry(_, entry) | Report(_, entry) => quarter_of(entry.id),
            Done(_, id) | Progress { id, .. } => quarter_of(*id),
        });
        let quarters: BTreeSet<i64> = quarters.collect();
        for _ in 0..TRIES {
            let made = quarters::make(&mut self.client, &quarters, &mut self.quarters).await;
            match made {
                Err(error) if is_beside_another(&error) => continue,
                other => other?,
            }
            let (sql, values) = writes::statement(rows, self.copies.condition());
            match self.ask(&sql, &values).await {
                // Dropped by another node meanwhile.
                Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => {
                    self.prepared.clear();
                    self.quarters.clear();
                }
                other => return held(&other?),
            }
        }
        Err(Fault::Strange)
    }

    async fn ask(&mut self, sql: &str, values: &[writes::Value<'_>]) -> Result<Vec<Row>, Error> {
        let values: Vec<&(dyn ToSql + Sync)> = values
            .iter()
            .map(|value| &**value as &(dyn ToSql + Sync))
            .collect();
        if self.prepared.len() >= PREPARED {
            self.prepared.clear();
        }
        let statement = match self.prepared.get(sql) {
            Some(known) => known.clone(),
            None => {
                let new = self.client.prepare(sql).await?;
                self.prepared.insert(sql.to_owned(), new.clone());
                new
            }
        };
        self.client.query(&statement, &values).await
    }

    async fn remove(&mut self, of: Fence) -> Result<Answer, Fault> {
        let condition = self.copies.condition();
        let live = quarters::there(&self.client).await?;
        let live = live.iter().map(|quarter| {
            format!(
                " and not exists (select 1 from entry_{quarter} e where e.part = $1 and {})",
                lives(*quarter)
            )
        });
        let live: String = live.collect();
        let sql = format!(
            "with gone as (delete from lease where part = $1 and epoch = $2 and {condition}{live} returning part, epoch) \
             select {condition}, g.part, g.epoch from (select 1) as one left join gone g on true"
        );
        let (part, epoch) = (number(of.part.0), number(of.epoch.0));
        let rows = self.client.query(&sql, &[&part, &epoch]).await?;
        held(&rows)
    }
}

/// Whether a lease is over, which runs for the parameter of this number: no owner says that it runs on for longer than that, so a clock that has gone back
/// keeps nobody waiting. Who may take it has seen it unchanged, by a clock of its own.
fn is_lapsed(lease: usize) -> String {
    format!("(until < {NOW} or until > {NOW} + ${lease})")
}

fn fence(part: i64, epoch: i64) -> Fence {
    let number = |stored: i64| u64::try_from(stored).unwrap_or_default();
    Fence {
        part: Part(number(part)),
        epoch: Epoch(number(epoch)),
    }
}

fn bytes(row: &Row, at: usize) -> Result<Option<Bytes>, Error> {
    let found: Option<Vec<u8>> = row.try_get(at)?;
    Ok(found.map(Bytes::from))
}

/// Rows of: whether a commit waits for standbys, part and epoch of a fence that holds.
fn held(rows: &[Row]) -> Result<Answer, Fault> {
    let mut fences = Vec::new();
    for row in rows {
        if !row.try_get::<_, bool>(0)? {
            return Err(Fault::Unreplicated);
        }
        if let (Some(part), Some(epoch)) = (row.try_get(1)?, row.try_get(2)?) {
            fences.push(fence(part, epoch));
        }
    }
    fences.sort_unstable();
    Ok(Answer::Held(fences))
}

/// What a fault means for whoever asked.
fn failure(fault: &Fault) -> Failure {
    match fault {
        Fault::Unreplicated => Failure::Undone(
            "commits do not wait for a standby: synchronous_standby_names is empty, or synchronous_commit is not on for this role".to_owned(),
        ),
        // An error of the server has undone the statement, but for those that come of its end.
        Fault::Database(error) if error.as_db_error().is_some() && !is_of_its_end(error) => {
            Failure::Undone(words(error))
        }
        Fault::Database(error) => Failure::Unknown(words(error)),
        Fault::Strange => Failure::Unknown("the shard answered what was not asked".to_owned()),
    }
}

/// Whether the server, or the connection, was ended: then a commit may have been made.
fn is_of_its_end(error: &Error) -> bool {
    let code = error.code().map_or("", |code| code.code());
    code.starts_with("57P") || code.starts_with("08") || code.starts_with("XX")
}

/// The words of an error, without its details: they repeat values.
pub(super) fn words(error: &Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("{} ({})", said.message(), said.code().code()),
        None => error.to_string(),
    }
}
