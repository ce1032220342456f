//! The Message Center: every message that passes the relay is also a message there, and what is written there leaves as mail.
//!
//! It reads what the spool has made durable and writes through the same intake as SMTP: one way in, one truth (the log), and one text for both, the
//! masked one that passed the leak gate. Where `[center]` is absent there is none of it.

mod addressed;
mod compose;
mod fate;
mod ids;
mod ingest;
mod letter;
mod news;
mod outbox;
mod post;
mod prepared;
mod retention;
mod under_way;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

pub use news::News;
pub use outbox::{Addressee, Draft, DraftFile, IdempotencyKey, Outbox, PostError, Posting};

use self::ids::Ids;
use self::ingest::{Ingest, Progress};
use self::post::Post;
use crate::archive::Archive;
use crate::clock::Clock;
use crate::directory::Directory;
use crate::history::History;
use crate::intake::Intake;
use crate::spool::LogReader;

/// What the Center works with.
pub struct CenterContext {
    /// Where it keeps messages.
    pub archive: Arc<dyn Archive>,
    /// What ids of threads and messages are made with.
    pub key: [u8; 32],
    /// What it reads.
    pub log: LogReader,
    /// Accounts and orders.
    pub directory: Arc<dyn Directory>,
    /// What becomes of mail.
    pub history: Arc<History>,
    /// What takes messages.
    pub intake: Arc<Intake>,
    /// `[smtp] max_message_size`.
    pub most_octets: usize,
    /// By how many octets of the log it may be behind before it gives up what it has not got (`when_behind = "skip"`); none: it never does.
    pub skip_beyond: Option<u64>,
    /// How long messages are kept.
    pub keep: Duration,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// A running Center.
pub struct Center {
    /// The archive, for those who read.
    pub archive: Arc<dyn Archive>,
    /// The way out.
    pub outbox: Arc<dyn Outbox>,
    /// Tells that feeds have grown.
    pub news: News,
}

impl Center {
    /// The Center and the work that keeps it: to be run until `shutdown`.
    pub fn new(
        context: CenterContext,
        shutdown: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let CenterContext {
            archive,
            key,
            log,
            directory,
            history,
            intake,
            most_octets,
            skip_beyond,
            keep,
            clock,
        } = context;
        let (news, ids) = (News::default(), Ids::new(key));
        let lives = history.clone();
        let (progress, seen) = watch::channel(Progress::default());
        let (tell, fates) = mpsc::unbounded_channel();
        history.watch(Box::new(move |record| {
            // The receiver ends with the relay.
            if let Some(fate) = fate::of(record) {
                let _ = tell.send(fate);
            }
        }));
        let post = Post {
            archive: archive.clone(),
            directory: directory.clone(),
            intake,
            log: log.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            most_octets,
            progress: seen,
            under_way: Arc::default(),
        };
        let ingest = Ingest {
            archive: archive.clone(),
            log: log.clone(),
            directory,
            clock: clock.clone(),
            news: news.clone(),
            ids,
            fates,
            progress,
            early: HashMap::new(),
            states: Vec::new(),
            skip_beyond,
            held: HashSet::new(),
            released: HashSet::new(),
            was_released: Arc::new(move |id| under_way::was_released(&lives, id)),
        };
        let center = Self {
            archive: archive.clone(),
            outbox: Arc::new(post),
            news,
        };
        let work = async move {
            let settled = under_way::settle(&*archive, &log, history, clock.now()).await;
            if let Err(error) = settled {
                tracing::warn!(event = "center_states_unknown", %error, "states of mail from before the start may be behind");
            }
            let kept = retention::keep(archive, keep, clock, shutdown.clone());
            tokio::join!(ingest.run(shutdown), kept);
        };
        (center, work)
    }
}

#[cfg(test)]
mod tests;
