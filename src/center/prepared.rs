//! Messages on their way from the log to the archive: all that is known of them, and then what they say.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::task::JoinError;

use super::ids::Ids;
use super::ingest::key;
use super::letter::{self, Known};
use crate::archive::{LatestMessage, NewMessage, Thread};
use crate::masking::ParticipantId;
use crate::message::Message;
use crate::spool::Entry;

/// A message before it is digested.
pub(super) struct Prepared {
    pub(super) entry: Entry,
    pub(super) writer: Option<ParticipantId>,
    pub(super) thread: Thread,
    pub(super) message: Message,
    pub(super) earlier: Vec<LatestMessage>,
}

/// Digests messages, off the threads that serve sessions.
///
/// # Errors
/// The thread has ended in a panic.
pub(super) async fn digested(
    ids: Ids,
    prepared: Vec<Prepared>,
) -> Result<Vec<NewMessage>, JoinError> {
    if prepared.is_empty() {
        return Ok(Vec::new());
    }
    let digested = tokio::task::spawn_blocking(move || {
        let digested = prepared.into_iter().map(|prepared| {
            let id = prepared.entry.id;
            // One that we cannot read must not keep all behind it.
            let digested = catch_unwind(AssertUnwindSafe(|| prepared.digested(&ids)));
            digested.unwrap_or_else(|_| {
                tracing::error!(event = "center_unreadable", queue_id = %id, error = "a panic");
                None
            })
        });
        digested.flatten().collect()
    });
    digested.await
}

impl Prepared {
    fn digested(self, ids: &Ids) -> Option<NewMessage> {
        let message = match letter::without_threading(&self.message) {
            // Fields were taken away, so it can be read as before.
            Some(shared) => Message::parse(shared).ok()?,
            None => self.message,
        };
        let earlier: Vec<&str> = self.earlier.iter().map(|one| one.text.as_str()).collect();
        let known = Known {
            key: key(self.entry.id),
            entry: &self.entry,
            thread: self.thread,
            writer: self.writer,
            earlier: &earlier,
        };
        Some(letter::archived(ids, known, &message))
    }
}
