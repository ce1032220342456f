//! Two kinds of time that must not be mixed up.

use std::time::Duration;

/// A moment by the node's own monotonic clock, in milliseconds since some moment of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Monotonic(pub u64);

impl Monotonic {
    /// So much later.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        let span = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(span))
    }
}

/// A moment by the clock of a shard's primary, in microseconds since 1970. It has no order here: another primary has another clock, so a node may only ask
/// whether two are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerTime(pub i64);

impl ServerTime {
    /// Until when a lease runs that its owner has given back.
    pub const RELEASED: Self = Self(0);
}
