//! When to try again, and when to give up. Pure.

use std::time::Duration;

use super::QueueSettings;
use crate::mail::{QueueId, Timestamp};
use crate::spool::Entry;

/// The wait after attempt number `attempts`, spread by up to a tenth either way, so that what failed together does not come back together.
pub(super) fn wait(settings: &QueueSettings, id: QueueId, attempts: u32) -> Duration {
    let at = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let base = settings
        .retry
        .get(at)
        .or_else(|| settings.retry.last())
        .copied()
        .unwrap_or(Duration::from_secs(300));
    // Spread by the id: the same entry always gets the same, and no two entries the same.
    let spread = id.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54;
    base * 9 / 10 + base * u32::try_from(spread).unwrap_or(0) / 5 / 1024
}

/// Whether an entry is put off further than any wait can be: the clock was wrong when that was written.
pub(super) fn is_beyond_schedule(settings: &QueueSettings, entry: &Entry, now: Timestamp) -> bool {
    let longest = settings.retry.iter().max().copied().unwrap_or_default();
    let last = now.plus(longest * 2);
    let latest = entry
        .to_hand_over()
        .map_or(last, |held| held.until.max(last));
    entry.progress.next_attempt > latest
}

/// Whether an entry has waited long enough. The clock alone does not decide: after a jump of years everything would expire at once, so an
/// entry must also have had half of the attempts that its time allows (docs/threats.md#124).
pub(super) fn expired(settings: &QueueSettings, entry: &Entry, now: Timestamp) -> bool {
    let mut total = Duration::ZERO;
    let allowed = settings.retry.iter().take_while(|wait| {
        total += **wait;
        total <= settings.expire
    });
    let attempts = u32::try_from(allowed.count()).unwrap_or(u32::MAX);
    now.since(entry.deliverable_since()) >= settings.expire
        && entry.progress.attempts >= (attempts / 2).max(1)
}
