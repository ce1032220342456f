//! File descriptors: as many as the system gives, and some kept back from SMTP sessions, so that spool and delivery always have theirs.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Kept for stores, look-ups, the admin interface and deliveries. Sessions that took them all would leave accepted mail undeliverable
/// (docs/threats.md#123).
const RESERVE: u64 = 460;

/// Raises the limit of this process to what it may have, and returns how many of `connections` fit beneath it when `others` are kept for listeners that
/// are not SMTP's.
pub(super) fn fit(connections: usize, others: usize) -> usize {
    let limit = raise();
    let fits = fitting(limit.saturating_sub(others as u64), connections);
    if fits < connections {
        tracing::warn!(
            event = "few_descriptors",
            limit,
            connections = fits,
            "fewer SMTP sessions than [limits] connections; raise the limit of open files (LimitNOFILE)"
        );
    }
    fits
}

/// The number of descriptors that this process may have open.
fn raise() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return limit.current.unwrap_or(u64::MAX);
    }
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let now = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        // Not allowed to: what there is has to do.
        Err(_) => limit.current,
    };
    now.unwrap_or(u64::MAX)
}

/// How many of `connections` fit beneath `limit`, which is `u64::MAX` where there is none.
fn fitting(limit: u64, connections: usize) -> usize {
    // With very few, sessions get a quarter: a relay that cannot deliver need not take mail.
    let most = limit.saturating_sub(RESERVE).max(limit / 4);
    connections.min(usize::try_from(most).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::fitting;

    #[test]
    fn h123_sessions_leave_descriptors_to_the_rest() {
        assert_eq!(fitting(u64::MAX, 1_000), 1_000);
        assert_eq!(fitting(2_048, 1_000), 1_000);
        assert_eq!(fitting(1_024, 1_000), 564);
        assert_eq!(fitting(100, 1_000), 25);
    }
}
