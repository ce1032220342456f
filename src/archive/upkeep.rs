//! What is looked after in the archive: what is too old, and whether it is whole.

use crate::mail::Timestamp;

/// What a look at the whole archive found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Messages.
    pub messages: u64,
    /// What is not as it should be, a sentence each.
    pub faults: Vec<String>,
}

/// What is too old: all that is from before these times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Messages, by when they were written.
    pub messages: Timestamp,
    /// Events of feeds.
    pub events: Timestamp,
    /// What all who saw it had deleted by then.
    pub deleted: Timestamp,
    /// Keys of requests.
    pub requests: Timestamp,
}
