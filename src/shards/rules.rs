//! The spans of time that the nodes of a fleet agree on.

use std::time::Duration;

/// The spans of time that the nodes of a fleet agree on, and how much is asked for at once.
///
/// Safe as long as `stop` by one node's clock is shorter than `watch` by another's: the usual ones bear clocks whose rates differ by a seventh.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// How many partitions a node makes on each shard: so many others share its mail when it dies.
    pub partitions: usize,
    /// How long a lease runs, by the database's clock.
    pub lease: Duration,
    /// Between two renewals.
    pub renew: Duration,
    /// No attempt is started later than this after the last renewal was sent.
    pub stop: Duration,
    /// How long a lease must be seen unchanged before it is taken.
    pub watch: Duration,
    /// The longest of the random waits before one is taken.
    pub spread: Duration,
    /// Between two looks at the leases and standbys.
    pub look: Duration,
    /// How long a commit may take, from when it was asked for, before its client hears 451.
    pub patience: Duration,
    /// How long a statement about leases may take before its connection is given up.
    pub answer: Duration,
    /// Between a statement that failed and the next.
    pub retry: Duration,
    /// How old what waits to be written may be before new mail goes to another shard.
    pub stall: Duration,
    /// Bytes that may wait to be written before new mail goes to another shard.
    pub bytes: usize,
    /// Entries that are read at once at an adoption.
    pub page: usize,
}

impl Default for Rules {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            partitions: 4,
            lease: seconds(15),
            renew: seconds(3),
            stop: seconds(12),
            watch: seconds(14),
            spread: seconds(1),
            look: seconds(1),
            patience: seconds(30),
            answer: seconds(5),
            retry: Duration::from_millis(500),
            stall: seconds(5),
            bytes: 64 << 20,
            page: 1_000,
        }
    }
}
