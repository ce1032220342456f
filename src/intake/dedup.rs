//! What happens once: one report for a bounce of a kind, one automatic reply of a pair on a day.
//!
//! The mark stands in the entry that is committed, so it is as durable as that. Until then a claim in memory keeps a second message of the
//! same kind, which comes at the same moment, from being passed on too.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::arrival::Purpose;
use crate::directory::{Mark, State, Unavailable};
use crate::spool::OnceMark;

/// The mark of `what` on `day`.
pub(super) fn mark(day: u16, what: &str) -> OnceMark {
    let digest = Sha256::digest(what.as_bytes());
    OnceMark {
        day,
        // A digest is longer than that; the default stands for no case.
        digest: digest.first_chunk().copied().unwrap_or_default(),
    }
}

/// Marks that are being made durable, on this machine.
pub(super) struct Claims(Arc<Open>);

struct Open {
    state: Arc<dyn State>,
    marks: Mutex<HashSet<OnceMark>>,
}

impl Open {
    fn marks(&self) -> MutexGuard<'_, HashSet<OnceMark>> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claims {
    /// No claims yet, over the marks that `state` has.
    pub(super) fn new(state: Arc<dyn State>) -> Self {
        Self(Arc::new(Open {
            state,
            marks: Mutex::default(),
        }))
    }

    /// The right to do what `mark` stands for; none: it was done, or is being done. Hold it until the entry that carries the mark is durable and
    /// the state has it: dropped earlier, a second message could pass between.
    ///
    /// A question learns the same and holds nothing: mail that comes meanwhile would be turned away for it.
    pub(super) async fn claim(
        &self,
        mark: OnceMark,
        purpose: Purpose,
    ) -> Result<Option<Claim>, Unavailable> {
        // First here, then in the state: whoever lets go in between has sealed before, and the state knows.
        if purpose == Purpose::Question {
            let is_open = self.0.marks().contains(&mark);
            let is_free = !is_open && !self.0.state.is_marked(key(mark)).await?;
            return Ok(is_free.then(|| Claim::new(mark, None)));
        }
        if !self.0.marks().insert(mark) {
            return Ok(None);
        }
        let mut claim = Claim::new(mark, Some(self.0.clone()));
        match self.0.state.claim(key(mark)).await {
            Ok(true) => {
                claim.is_ours = true;
                Ok(Some(claim))
            }
            Ok(false) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn key(mark: OnceMark) -> Mark {
    (mark.day, mark.digest)
}

/// Sets the marks of what has been committed, before their claims are let go. The entries have them too, so a write that fails here is made
/// good when the log is read at the next start.
pub(super) async fn seal(state: &dyn State, mut claims: Vec<Claim>) {
    // From here on all of it was done, whatever becomes of the writes, and of whoever waits for them.
    claims.iter_mut().for_each(Claim::seal);
    for claim in claims {
        for mark in claim.marks() {
            if let Err(error) = state.mark(key(mark)).await {
                tracing::error!(event = "state_write_failed", %error);
            }
        }
    }
}

/// A mark that nobody else may make; let go when dropped.
pub(super) struct Claim {
    pub(super) mark: OnceMark,
    /// Another one that is made with it, or not at all.
    beside: Option<Box<Self>>,
    /// Where it is held; none: that of a question.
    open: Option<Arc<Open>>,
    /// Whether the state has given us the right, and nothing has come of it yet.
    is_ours: bool,
}

impl Claim {
    fn new(mark: OnceMark, open: Option<Arc<Open>>) -> Self {
        Self {
            mark,
            beside: None,
            open,
            is_ours: false,
        }
    }

    /// With another one: both are made by the same commit.
    pub(super) fn beside(mut self, other: Self) -> Self {
        self.beside = Some(Box::new(other));
        self
    }

    /// All marks that it stands for.
    pub(super) fn marks(&self) -> Vec<OnceMark> {
        let beside = self.beside.iter().flat_map(|claim| claim.marks());
        std::iter::once(self.mark).chain(beside).collect()
    }

    fn seal(&mut self) {
        self.is_ours = false;
        if let Some(beside) = &mut self.beside {
            beside.seal();
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(open) = &self.open {
            if self.is_ours {
                open.state.release(key(self.mark));
            }
            open.marks().remove(&self.mark);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::SledState;

    #[tokio::test]
    async fn a_question_holds_nothing_and_hears_what_mail_would() {
        let folder = tempfile::tempdir().unwrap();
        let state = Arc::new(SledState::open(&folder.path().join("state")).unwrap());
        let claims = Claims::new(state.clone());
        let today = mark(20_000, "reply/a/b");
        let claim = async |purpose| claims.claim(today, purpose).await.unwrap();
        let asked = claim(Purpose::Question).await;
        let again = claim(Purpose::Question).await;
        assert!(asked.is_some() && again.is_some());
        let held = claim(Purpose::Mail).await;
        assert!(held.is_some(), "mail beside a question");
        // The end of a question must not let go what mail holds.
        drop((asked, again));
        assert!(claim(Purpose::Mail).await.is_none(), "two of one day");
        assert!(claim(Purpose::Question).await.is_none());
        drop(held);
        let held = claim(Purpose::Mail).await;
        assert!(held.is_some(), "nothing came of the one before");
        seal(&*state, held.into_iter().collect()).await;
        assert!(
            claim(Purpose::Question).await.is_none(),
            "one has passed today"
        );
    }
}
