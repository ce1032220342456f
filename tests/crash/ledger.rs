//! What was sent, acknowledged, delivered and reported, by the number in the subject of each message.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The books of one run; client and sink write them.
#[derive(Default)]
pub struct Ledger {
    next: AtomicU64,
    /// Number -> queue id that the reply named.
    pub acknowledged: Mutex<BTreeMap<u64, String>>,
    /// Number -> how often it arrived.
    pub delivered: Mutex<BTreeMap<u64, u32>>,
    /// Numbers that a report to their writer tells of.
    pub reported: Mutex<BTreeSet<u64>>,
    /// Reports of failure.
    pub reports: AtomicU64,
    /// Notices of delay.
    pub notices: AtomicU64,
    /// Number and envelope sender of what arrived last.
    pub token: Mutex<Option<(u64, String)>>,
}

/// How the books close.
#[derive(Debug)]
pub struct Closing {
    pub acknowledged: usize,
    pub lost: Vec<u64>,
    /// Arrivals beyond the first of each message.
    pub duplicates: usize,
    /// Arrivals of what nobody sent.
    pub unsent: usize,
    pub reported: usize,
}

impl Ledger {
    /// The number of a new message.
    pub fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::SeqCst)
    }

    pub fn acknowledged(&self, number: u64, reply: &str) {
        let id = reply.split("accepted as ").nth(1).unwrap_or_default();
        let id = id.split(' ').next().unwrap_or_default().to_owned();
        self.acknowledged.lock().unwrap().insert(number, id);
    }

    pub fn count(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    fn lost(&self) -> Vec<u64> {
        let (delivered, reported) = (
            self.delivered.lock().unwrap(),
            self.reported.lock().unwrap(),
        );
        let acknowledged = self.acknowledged.lock().unwrap();
        let missing = acknowledged.keys();
        missing
            .filter(|number| !delivered.contains_key(number) && !reported.contains(number))
            .copied()
            .collect()
    }

    /// Waits until everything acknowledged is accounted for, or nothing has changed for `patience`.
    pub fn close(&self, patience: Duration) -> Closing {
        let mut seen = (usize::MAX, Instant::now());
        loop {
            let lost = self.lost();
            if lost.len() != seen.0 {
                seen = (lost.len(), Instant::now());
            }
            if lost.is_empty() || seen.1.elapsed() > patience {
                let delivered = self.delivered.lock().unwrap();
                let next = self.next.load(Ordering::SeqCst);
                return Closing {
                    acknowledged: self.count(),
                    lost,
                    duplicates: delivered.values().map(|times| *times as usize - 1).sum(),
                    unsent: delivered.keys().filter(|number| **number >= next).count(),
                    reported: self.reported.lock().unwrap().len(),
                };
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Closing {
    /// Fails if a message was lost or made up.
    #[track_caller]
    pub fn assert_whole(&self) {
        assert!(self.lost.is_empty() && self.unsent == 0, "{self:?}");
    }
}
