//! What is too old goes: messages after `[center] keep`, events after a month, what both sides have deleted after a month.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::archive::{Archive, Retention};
use crate::clock::Clock;
use crate::mail::Timestamp;

/// Between two looks for what is old.
const HOUR: Duration = Duration::from_secs(3_600);
/// How long a feed goes back, and what both sides have deleted is kept.
const MONTH: Duration = Duration::from_secs(30 * 86_400);
/// How long the key of a request is known.
const DAY: Duration = Duration::from_secs(86_400);
/// Messages that go with one commit: whoever writes waits no longer than that.
const PIECE: usize = 200;

/// What is too old at a time.
fn due(now: Timestamp, keep: Duration) -> Retention {
    let before = |span: Duration| {
        let span = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Timestamp(now.0.saturating_sub(span))
    };
    Retention {
        messages: before(keep),
        events: before(keep.min(MONTH)),
        deleted: before(MONTH),
        requests: before(DAY),
    }
}

/// Works until `shutdown`.
pub(super) async fn keep(
    archive: Arc<dyn Archive>,
    keep: Duration,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) {
    let mut ticks = tokio::time::interval(HOUR);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let due = due(clock.now(), keep);
        loop {
            let forgotten = tokio::select! {
                () = shutdown.cancelled() => return,
                forgotten = archive.forget(due, PIECE) => forgotten,
            };
            match forgotten {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(event = "center_expire_failed", %error, "old messages stay for now");
                    break;
                }
            }
        }
    }
}
