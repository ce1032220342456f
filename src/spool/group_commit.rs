//! Whether the writer waits a moment for more to commit together.
//!
//! While one sync runs, the next batch gathers by itself. Where many sessions are busy, a wait before that gathers more: fewer syncs, fewer threads that
//! are woken, and everybody is served sooner. Where few are, it only would keep them waiting.

use std::time::Duration;

/// How long it waits: less than a sync takes on most disks.
const WAIT: Duration = Duration::from_micros(500);
/// A batch for which it was worth to wait has so many requests at least.
const WORTH: usize = 3;
/// After waits that were worth nothing, it waits again after so many batches at most.
const LONGEST_PAUSE: u32 = 256;

/// Learns from each batch whether to wait for the next one.
#[derive(Debug, Default)]
pub(super) struct GroupCommit {
    /// Batches until it waits again.
    pause: u32,
    /// Batches between two waits, while they are worth nothing.
    interval: u32,
    waited: bool,
}

impl GroupCommit {
    /// How long to wait before what has come is taken; none: not at all.
    pub(super) fn wait(&mut self) -> Option<Duration> {
        self.waited = self.pause == 0;
        self.pause = self.pause.saturating_sub(1);
        self.waited.then_some(WAIT)
    }

    /// Tells how many requests the batch had.
    pub(super) fn gathered(&mut self, requests: usize) {
        if !self.waited {
            return;
        }
        self.interval = match requests >= WORTH {
            true => 0,
            false => (self.interval * 2).clamp(1, LONGEST_PAUSE),
        };
        self.pause = self.interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of `batches` batches of so many requests were waited for.
    fn waits(group: &mut GroupCommit, batches: usize, requests: usize) -> usize {
        let waited = (0..batches).filter(|_| {
            let waits = group.wait().is_some();
            group.gathered(requests);
            waits
        });
        waited.count()
    }

    #[test]
    fn it_waits_while_many_come_and_hardly_ever_while_few_do() {
        let mut group = GroupCommit::default();
        assert_eq!(waits(&mut group, 1_000, WORTH), 1_000);
        let few = waits(&mut group, 10_000, 1);
        assert!((39..60).contains(&few), "{few} of 10,000");
        // Within as many batches as it had given up for, it finds out that there are many again.
        let many = waits(&mut group, 1_000, WORTH);
        assert!(many >= 1_000 - LONGEST_PAUSE as usize, "{many} of 1,000");
    }
}
