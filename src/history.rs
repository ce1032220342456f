//! The life of every message, one file a day: what a bounce leads back to, and what `allegromail trace` shows.
//!
//! A line is written when a message is accepted, refused, tried, delivered or failed. Lines of accepted messages are found again by number
//! through an index beside the file. Nothing is synced message by message: the spool's log has what was accepted, and before it drops
//! a segment [`History::sync`] is called; what a crash took is written again from there. Masked addresses only.

mod day;
mod line;
mod shown;
mod store;

pub use line::{Accepted, ContentHit, HistoryEvent, HistoryRecord};
pub use shown::TraceLine;
pub use store::{History, MessageFate, TraceQuery};

#[cfg(test)]
mod tests;
