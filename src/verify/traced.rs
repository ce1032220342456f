//! Who asked for an address, in the history: for whoever asks `allegromail trace` about it.
//!
//! Only what stood for an order leaves a line, once an hour for each token and address, and each token leaves so many a day: neither guesses nor
//! questions that are asked again and again fill the disk, and no mail waits for the room.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use super::allowance::Allowance;
use super::answer::Found;
use crate::clock::Clock;
use crate::config::Budget;
use crate::history::{History, HistoryEvent, HistoryRecord};
use crate::mail::TraceId;
use crate::tokens::Asker;

/// How long after a line the same question leaves none.
const AGAIN: Duration = Duration::from_secs(3_600);
/// Questions that are remembered for that.
const REMEMBERED: u64 = 100_000;
/// Lines of one token: some 20 MB a day.
const LINES: Budget = Budget {
    count: 100_000,
    period: Duration::from_secs(86_400),
};

/// What writes those lines.
pub(super) struct Traced {
    history: Arc<History>,
    clock: Arc<dyn Clock>,
    asked: Cache<(Arc<str>, String), ()>,
    lines: Allowance,
}

impl Traced {
    pub(super) fn new(history: Arc<History>, clock: Arc<dyn Clock>) -> Self {
        Self::with_lines(history, clock, LINES)
    }

    pub(super) fn with_lines(history: Arc<History>, clock: Arc<dyn Clock>, lines: Budget) -> Self {
        Self {
            history,
            asked: Cache::builder()
                .max_capacity(REMEMBERED)
                .time_to_live(AGAIN)
                .build(),
            lines: Allowance::new(Some(lines), clock.clone()),
            clock,
        }
    }

    /// Notes that `asker` asked for an order.
    pub(super) fn note(&self, asker: &Asker, found: &Found) {
        let key = (asker.token.clone(), found.address.to_string());
        // The first of many that ask at once.
        if !self.asked.entry_by_ref(&key).or_insert(()).is_fresh() {
            return;
        }
        let line = self.lines.take(&asker.token, 1);
        let line = line.map(|line| line.spend(1));
        if line.is_err() || !self.write(asker, found, key.1) {
            metrics::counter!("allegromail_verify_untraced_total").increment(1);
        }
    }

    fn write(&self, asker: &Asker, found: &Found, to: String) -> bool {
        // A life of its own: lines of mail to the address are found by the address, not by this.
        let mut random = [0; 8];
        if aws_lc_rs::rand::fill(&mut random).is_err() {
            return false;
        }
        let event = HistoryEvent::Verified {
            token: asker.token.to_string(),
            entry: asker.entry.to_string(),
            result: found.state.word().to_owned(),
        };
        let trace = TraceId::new(u64::from_le_bytes(random), 1);
        let at = self.clock.now();
        self.history
            .note_aside(HistoryRecord::new(at, trace, None, to, event))
    }
}
