//! Drops tables of a shard in which nothing lives any more.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::ids::beginning;
use super::lanes::ShardSettings;
use super::session::Session;
use crate::clock::Clock;
use crate::mail::{QueueId, Timestamp};

/// Between two looks at a shard. Every node looks, and finds what no other has dropped.
const LOOK: Duration = Duration::from_secs(15 * 60);
/// Nodes begin at different times within so many seconds.
const SPREAD: u64 = 60;
/// How old ids must be: nothing with such a one is being committed any more.
const AGE: Duration = Duration::from_secs(60 * 60);
/// How long it may take; what is left then the next look drops.
const PATIENCE: Duration = Duration::from_secs(60);

/// Looks for ever.
pub(super) async fn sweep(settings: ShardSettings, clock: Arc<dyn Clock>) {
    let shard = settings.number;
    loop {
        sleep(LOOK + Duration::from_secs(settings.seed % SPREAD)).await;
        let age = u64::try_from(AGE.as_millis()).unwrap_or(u64::MAX);
        let before = beginning(Timestamp(clock.now().0.saturating_sub(age)));
        match timeout(PATIENCE, drop_empty(&settings, before)).await {
            Ok(Ok(0)) => {}
            Ok(Ok(quarters)) => tracing::info!(event = "shard_tables_dropped", shard, quarters),
            Ok(Err(why)) => tracing::warn!(event = "shard_tables_stay", shard, why),
            Err(_) => {
                tracing::warn!(
                    event = "shard_tables_stay",
                    shard,
                    why = "it takes too long"
                );
            }
        }
    }
}

async fn drop_empty(settings: &ShardSettings, before: QueueId) -> Result<usize, String> {
    let ShardSettings {
        postgres,
        copies,
        owner,
        rules,
        ..
    } = settings;
    let session = Session::open(postgres, *copies, owner, rules.lease).await;
    let mut session = session.map_err(|error| error.to_string())?;
    let dropped = session.drop_empty(before).await;
    dropped.map_err(|error| error.to_string())
}
