//! What is done now and then while the server runs: the history is flushed, room is kept, old days and marks are forgotten.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::reserved_space::ReservedSpace;
use super::stores::Stores;
use crate::backpressure::DocumentRoom;
use crate::clock::Clock;
use crate::directory::State;
use crate::history::History;
use crate::intake::{self, Intake};
use crate::mail::Timestamp;

/// How long a line of the history may wait in memory: what a crash may cost `trace`. No mail is lost with it, and entries of the log are written
/// into it again at the next start.
const FLUSH: Duration = Duration::from_secs(1);
/// Flushes between two looks for what is old: an hour.
const FORGET: u32 = 3_600;
/// Hours between two looks through what pairs have brought one another.
const FORGET_PAIRS: u32 = 24;

/// Days that events for the marketplace are kept, and that it is known which documents were taken.
const EVENTS_DAYS: u64 = 90;

/// What is looked after.
#[derive(Clone)]
struct Maintained {
    history: Arc<History>,
    state: Arc<dyn State>,
    room: ReservedSpace,
    documents: Arc<DocumentRoom>,
}

impl Maintained {
    /// What of `stores` is looked after.
    fn of(stores: &Stores) -> Self {
        Self {
            history: stores.history.clone(),
            state: stores.state.clone(),
            room: stores.room.clone(),
            documents: stores.documents.clone(),
        }
    }
}

/// Starts the work of a server.
pub(super) fn start(stores: &Stores, shutdown: &CancellationToken) -> JoinHandle<()> {
    let config = &stores.config;
    tokio::spawn(run(
        Maintained::of(stores),
        stores.clock.clone(),
        config.delivery.token_days().saturating_add(1),
        config.policy.guess_memory,
        shutdown.clone(),
    ))
}

/// Works until `shutdown`. Once-only marks are kept for `mark_days`: a bounce token that is still good must find its mark. What a pair has brought is
/// kept for `guess_memory` after its last message.
async fn run(
    kept: Maintained,
    clock: Arc<dyn Clock>,
    mark_days: u16,
    guess_memory: Duration,
    shutdown: CancellationToken,
) {
    let mut ticks = tokio::time::interval(FLUSH);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // The first tick forgets, too: a server that is restarted every night would else never come to it.
    for tick in (0..FORGET * FORGET_PAIRS).cycle() {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let (kept, now) = (kept.clone(), clock.now());
        // Deleting files and scanning the store may take a while; nobody waits for it.
        let work = tokio::task::spawn_blocking(move || {
            if let Err(error) = kept.history.flush() {
                tracing::error!(event = "history_flush_failed", %error);
            }
            index(&kept.history, tick);
            kept.room.keep();
            tell_documents(&kept.documents, now, tick % FORGET == 0);
            if tick == 0 {
                let memory = u64::try_from(guess_memory.as_millis()).unwrap_or(u64::MAX);
                let oldest = Timestamp(now.0.saturating_sub(memory));
                if let Err(error) = kept.state.forget_brought(oldest).wait() {
                    tracing::warn!(event = "state_expire_failed", %error, "what pairs brought stays");
                }
            }
            if tick % FORGET > 0 {
                return;
            }
            let oldest = Timestamp(now.0.saturating_sub(EVENTS_DAYS * 86_400_000));
            if let Err(error) = kept.state.forget_events(oldest).wait() {
                tracing::warn!(event = "state_expire_failed", %error, "old events stay");
            }
            if let Err(error) = kept.state.forget_documents(oldest).wait() {
                tracing::warn!(event = "state_expire_failed", %error, "old documents stay");
            }
            if let Err(error) = kept.history.expire(now) {
                tracing::warn!(event = "history_expire_failed", %error, "old days stay");
            }
            let oldest = (now.0 / 86_400_000).saturating_sub(u64::from(mark_days));
            let oldest = u16::try_from(oldest).unwrap_or(u16::MAX);
            if let Err(error) = kept.state.forget_before(oldest).wait() {
                tracing::warn!(event = "state_expire_failed", %error, "old marks stay");
            }
        });
        // The next tick tries again: one bad file must not end it all.
        if work.await.is_err() {
            tracing::error!(event = "upkeep_panicked");
        }
    }
}

/// Flushes between two words on an index that cannot be written.
const INDEX_TOLD: u32 = 600;

/// Keeps the index of names: a piece of the work a second.
fn index(history: &History, tick: u32) {
    if let Err(error) = history.index()
        && tick.is_multiple_of(INDEX_TOLD)
    {
        tracing::warn!(event = "history_index_failed", %error, "trace reads the files of its lines meanwhile");
    }
}

/// Tells how long the oldest document has waited to be handed over; after a day somebody has to look.
fn tell_documents(documents: &DocumentRoom, now: Timestamp, hourly: bool) {
    let waited = documents.oldest().map(|since| now.since(since));
    let seconds = waited.map_or(0.0, |waited| waited.as_secs_f64());
    metrics::gauge!("allegromail_handover_oldest_seconds").set(seconds);
    if let Some(waited) = waited.filter(|waited| hourly && *waited >= DocumentRoom::OVERDUE) {
        tracing::warn!(
            event = "documents_wait",
            hours = waited.as_secs() / 3_600,
            "nobody has fetched documents of blocked messages; see GET /v1/documents and [handover]"
        );
    }
}

/// How long what is beyond the notices of a day waits for its digest.
const DIGESTS: Duration = Duration::from_secs(3_600);

/// Sends digests of notices until `shutdown`: once an hour, and what a restart left at once.
pub(super) async fn send_digests(intake: Arc<Intake>, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(DIGESTS);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => intake::send_digests(&intake).await,
        }
    }
}
