//! What happens once over all nodes: the key of a row decides who does it.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{PostgresState, RIGHT};
use crate::directory::postgres::link::Link;
use crate::directory::{Mark, Unavailable};

/// Where a right has lapsed another may have it; a mark that is set has no end.
const CLAIM: &str = "insert into once (day, digest, owner, until) values ($1, $2, $3, now() + $4 * interval '1 second') \
     on conflict (day, digest) do update set owner = excluded.owner, until = excluded.until where once.until < now() returning 1";
const SET: &str = "insert into once (day, digest) values ($1, $2) \
     on conflict (day, digest) do update set owner = null, until = null where once.until is not null";
const IS_SET: &str =
    "select 1 from once where day = $1 and digest = $2 and (until is null or until >= now())";
const RELEASE: &str =
    "delete from once where day = $1 and digest = $2 and owner = $3 and until is not null";

impl PostgresState {
    pub(super) async fn claim_mark(&self, (day, digest): Mark) -> Result<bool, Unavailable> {
        let (day, digest) = (i32::from(day), digest.to_vec());
        let right = RIGHT.as_secs_f64();
        // Not run again where its answer is lost: the row could be ours and look like another's. A right that nobody uses lapses.
        let won = self
            .link
            .run_once(CLAIM, &[&day, &digest, &self.owner, &right])
            .await?;
        Ok(!won.is_empty())
    }

    pub(super) async fn set_mark(&self, (day, digest): Mark) -> Result<(), Unavailable> {
        self.tell(SET, &[&i32::from(day), &digest.to_vec()]).await
    }

    /// Whether it is set, or another is about to.
    pub(super) async fn has_mark(&self, (day, digest): Mark) -> Result<bool, Unavailable> {
        self.any(IS_SET, &[&i32::from(day), &digest.to_vec()]).await
    }
}

/// Lets rights go, for as long as anybody has the state.
pub(super) async fn release(
    link: Arc<Link>,
    owner: String,
    mut waiting: mpsc::UnboundedReceiver<Mark>,
) {
    while let Some((day, digest)) = waiting.recv().await {
        let released = link
            .run(RELEASE, &[&i32::from(day), &digest.to_vec(), &owner])
            .await;
        if let Err(error) = released {
            tracing::debug!(event = "right_lapses", %error);
        }
    }
}
