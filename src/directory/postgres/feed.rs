//! The feed of changes, which every node reads four times a second: what others changed leaves its cache. One that has not read it for two seconds takes
//! its cache for empty, and nobody waits for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::accounts::column;
use super::connection::Values;
use super::link::Link;
use crate::directory::draft::{ACCOUNT, ADDRESS, ORDER, USERS};
use crate::directory::{CachedDirectory, DirectoryFuture, Unavailable};
use crate::failpoint;
use crate::mail::{Domain, Mailbox};
use crate::masking::{ParticipantId, TransactionId};

mod reading;

use reading::Reading;

/// Between two looks at the feed.
const LOOK: Duration = Duration::from_millis(250);
/// How long a cache is believed after a look at the feed.
const TRUST: Duration = Duration::from_secs(2);
/// Changes that are read at once; more, and the cache begins anew.
const MOST: i64 = 2_000;
/// Looks between two that forget what all nodes have long heard of.
const FORGET: u32 = 240;

/// What a change is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// An account.
    Account(ParticipantId),
    /// Whose an address is.
    Address(Mailbox),
    /// Who is at an organisation's domain.
    Users(Domain),
    /// A transaction.
    Order(TransactionId),
    /// What is kept in memory beside the cache, by the name of its table.
    Table(String),
    /// Anything.
    Anything,
}

impl Word {
    fn read(kind: &str, key: &str) -> Self {
        let known = match kind.as_bytes() {
            [ACCOUNT] => ParticipantId::parse(key).ok().map(Self::Account),
            [ADDRESS] => Mailbox::parse(key).ok().map(Self::Address),
            [USERS] => Domain::parse(key).ok().map(Self::Users),
            [ORDER] => TransactionId::parse(key).ok().map(Self::Order),
            b"table" => Some(Self::Table(key.to_owned())),
            _ => None,
        };
        // Of a newer version, perhaps.
        known.unwrap_or(Self::Anything)
    }
}

/// Who has more in memory than the cache.
pub trait Hear: Send + Sync + 'static {
    /// Reads again what is kept of `table`; none: of all of them.
    fn hear<'a>(&'a self, table: Option<&'a str>) -> DirectoryFuture<'a, ()>;
}

/// Nobody has.
impl Hear for () {
    fn hear<'a>(&'a self, _: Option<&'a str>) -> DirectoryFuture<'a, ()> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Reads the feed for one node.
pub struct Follower {
    link: Arc<Link>,
    name: String,
    cache: Arc<CachedDirectory>,
    reading: Reading,
}

/// One statement, so that who is told to have read it has: the row is written before the answer is heard. Where the node has no row, nobody waits for it.
const READ: &str = "with touched as (update nodes set seen = $2, seen_at = now() where name = $1 returning 1) \
     select seq, kind, key from feed where seq > $2 \
     union all select value, 'zzz', '' from counters where name = 'feed' order by 1, 2 limit $3";
const LAST: &str = "select value from counters where name = 'feed'";
const TOUCH: &str = "update nodes set seen = $2, seen_at = now() where name = $1";
const OLD: &str = "delete from feed where at < now() - interval '1 hour'";

impl Follower {
    /// One that reads the feed for the node `name`, from here on.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn new(
        link: Arc<Link>,
        name: String,
        cache: Arc<CachedDirectory>,
    ) -> Result<Self, Unavailable> {
        let reading = Reading::from(last(&link).await?);
        Ok(Self {
            link,
            name,
            cache,
            reading,
        })
    }

    /// Reads until `shutdown`; `hear` is told what is not of the cache.
    pub async fn run(mut self, hear: impl Hear, shutdown: CancellationToken) {
        for turn in (0..FORGET).cycle() {
            if !failpoint::fails("feed.held")
                && let Err(error) = self.look(&hear).await
            {
                tracing::warn!(event = "feed_unread", %error, "what is cached is not used meanwhile");
            }
            if turn == 0 {
                // Whoever has not heard of it by now begins anew.
                let _ = self.link.run(OLD, &[]).await;
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = self.link.changed.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Reads what is new.
    async fn look(&mut self, hear: &impl Hear) -> Result<(), Unavailable> {
        // From before the question: what is changed while it is on its way is told the next time, or not waited for.
        let asked = Instant::now();
        let before = self.reading.seen();
        let values: Values<'_> = &[&self.name, &before, &MOST];
        let rows = self.link.run(READ, values).await?;
        let read = |row| Ok((column(row, 0)?, column(row, 1)?, column(row, 2)?));
        let rows: Vec<(i64, String, String)> =
            rows.iter().map(read).collect::<Result<_, Unavailable>>()?;
        // What was not heard by all is read again.
        let mut reading = self.reading.clone();
        let words = reading.hear(
            rows.iter()
                .map(|(number, kind, key)| (*number, &**kind, &**key)),
        );
        self.cache.hear(&words);
        for word in &words {
            let table = match word {
                Word::Table(table) => Some(&**table),
                Word::Anything => None,
                _ => continue,
            };
            // Before it is said that this node has heard.
            hear.hear(table).await?;
        }
        self.reading = reading;
        let seen = self.reading.seen();
        if seen != before {
            // At once, for somebody waits for it.
            self.link.run(TOUCH, &[&self.name, &seen]).await?;
        }
        self.cache.believe_until(asked + TRUST);
        Ok(())
    }
}

async fn last(link: &Link) -> Result<i64, Unavailable> {
    let row = link.row(LAST, &[]).await?;
    row.map_or(Ok(0), |row| column(&row, 0))
}
