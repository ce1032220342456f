//! What became of mail while nobody noted it: between the end of an entry and its row a crash may come.

use std::sync::Arc;

use super::fate::{self, Fate};
use super::ingest::NODE;
use crate::archive::{Archive, ArchiveError, EntryKey, MailState};
use crate::history::{History, TraceQuery};
use crate::mail::{QueueId, Timestamp};
use crate::spool::LogReader;

/// Entries that are looked into at once.
const BATCH: usize = 256;
/// What is said where the history has nothing.
const NOT_KNOWN: &str = "what became of it is not known any more";

/// Asks the history about mail that has ended, and is under way as far as the archive knows.
///
/// # Errors
/// The archive cannot be used.
pub(super) async fn settle(
    archive: &dyn Archive,
    log: &LogReader,
    history: Arc<History>,
    now: Timestamp,
) -> Result<(), ArchiveError> {
    let mut after = QueueId(0);
    loop {
        let entries = archive.under_way(NODE, after, BATCH).await?;
        let Some(last) = entries.last() else {
            return Ok(());
        };
        after = last.id;
        let ended = entries.into_iter().filter(|entry| !log.is_live(entry.id));
        let (ended, history): (Vec<EntryKey>, _) = (ended.collect(), history.clone());
        let states = tokio::task::spawn_blocking(move || {
            let states = ended
                .into_iter()
                .map(|entry| (entry, end(&history, entry.id)));
            states.collect::<Vec<_>>()
        });
        let states = states.await;
        let states = states.map_err(|error| ArchiveError::Unavailable(error.to_string()))?;
        archive.mail_states(states, now).await?;
    }
}

/// What happened to an entry, in order.
fn fates(history: &History, id: QueueId) -> impl Iterator<Item = Fate> {
    let lines = history.search(&TraceQuery::new(&id.to_string()));
    let fates = lines.unwrap_or_default().into_iter();
    let fates = fates.filter_map(|line| fate::of(&line));
    fates.filter(move |(of, _)| *of == id).map(|(_, fate)| fate)
}

/// Whether an entry that was held for its documents went to its recipient after all.
pub(super) fn was_released(history: &History, id: QueueId) -> bool {
    fates(history, id).any(|fate| fate == Fate::Released)
}

/// How the mail of an entry ended.
fn end(history: &History, id: QueueId) -> MailState {
    let states = fates(history, id).filter_map(|fate| match fate {
        Fate::Mail(state) => Some(state),
        Fate::Released | Fate::HandedOver => None,
    });
    let last = states.last();
    last.filter(|state| !matches!(state, MailState::Delayed { .. }))
        .unwrap_or_else(|| MailState::Failed {
            reason: NOT_KNOWN.to_owned(),
        })
}
