//! A commit of many entries that is written piece by piece, so that their messages need not be in memory together.
//!
//! Nothing of it counts before its end is durable: no entry is delivered, and none is there after a crash. What is given up on the way, by a
//! refusal, an error or a task that ends, leaves dead bytes in the log and nothing else.

use super::{Entry, NewEntry, Spool, SpoolError};
use crate::failpoint;
use crate::mail::QueueId;

/// Bytes of messages that are gathered before they are written. What stays below is an ordinary commit, with one sync.
pub const PART_SIZE: usize = 1024 * 1024;

/// A commit on its way.
pub struct MultipartCommit<'a> {
    spool: &'a dyn Spool,
    /// Its number, once a piece of it has been written.
    number: Option<QueueId>,
    /// What was written of it, for the queue to hear of in the end.
    written: Vec<Entry>,
    /// What was not written yet.
    gathered: Vec<NewEntry>,
    /// Bytes of messages in `gathered`.
    bytes: usize,
}

impl<'a> MultipartCommit<'a> {
    /// A commit without entries.
    #[must_use]
    pub fn new(spool: &'a dyn Spool) -> Self {
        Self {
            spool,
            number: None,
            written: Vec::new(),
            gathered: Vec::new(),
            bytes: 0,
        }
    }

    /// Adds an entry. From [`PART_SIZE`] bytes on what was added is written, and the messages are let go.
    ///
    /// # Errors
    /// As of [`Spool::commit`]: the commit can only be given up.
    pub async fn add(&mut self, committed: NewEntry) -> Result<(), SpoolError> {
        self.bytes += committed.body.len();
        self.gathered.push(committed);
        if self.bytes < PART_SIZE {
            return Ok(());
        }
        self.bytes = 0;
        let piece = std::mem::take(&mut self.gathered);
        let entries: Vec<Entry> = piece.iter().map(|new| new.entry.clone()).collect();
        // Noted before it is written: a piece that is cut short is given up like a whole one.
        let number = *self.number.get_or_insert_with(|| self.spool.next_id());
        // A commit of this kind may be many times the largest message, and was asked about once.
        self.spool.ready()?;
        self.spool.write_part(number, piece).await?;
        failpoint::pass("spool.piece_written");
        self.written.extend(entries);
        Ok(())
    }

    /// Whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.written.is_empty() && self.gathered.is_empty()
    }

    /// The ids of all that was added, in the order of adding.
    pub fn ids(&self) -> impl Iterator<Item = QueueId> + '_ {
        let gathered = self.gathered.iter().map(|new| new.entry.id);
        self.written.iter().map(|entry| entry.id).chain(gathered)
    }

    /// Makes all entries durable and hands them to the queue.
    ///
    /// # Errors
    /// As of [`Spool::commit`]: then it is none of them.
    pub async fn commit(mut self) -> Result<(), SpoolError> {
        let gathered = std::mem::take(&mut self.gathered);
        match self.number {
            None => self.spool.commit(gathered).await,
            Some(number) => {
                let written = std::mem::take(&mut self.written);
                self.spool.finish(number, written, gathered).await?;
                // Not before: one that could not be finished is given up.
                self.number = None;
                Ok(())
            }
        }
    }
}

impl Drop for MultipartCommit<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.spool.abandon(number);
        }
    }
}
