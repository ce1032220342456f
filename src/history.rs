//! The life of every message, one file a day: what a bounce leads back to, and what `allegromail trace` shows.
//!
//! A line is written when a message is accepted, refused, tried, delivered or failed. Lines of accepted messages are found again by number
//! through an index beside the file, all lines by whatever names them through another. Nothing is synced message by message: the spool's log has
//! what was accepted, and before it drops a segment [`History::sync`] is called; what a crash took is written again from there. Masked addresses
//! only; what names somebody is sealed.

mod account;
mod day;
mod indexing;
mod line;
mod names;
mod query;
mod records;
mod runs;
mod search;
mod shown;
mod store;
mod view;

pub use account::{Attempt, Came, Hidden, Tls};
pub use line::{Accepted, ContentHit, HistoryEvent, HistoryRecord};
pub use query::{TraceQuery, moment};
pub use records::{FoundRecord, LocalRecords, Records};
pub use shown::{ShownAttempt, ShownCame, TraceLine, shown};
pub use store::{History, MessageFate, Watch};

#[cfg(test)]
mod tests;
