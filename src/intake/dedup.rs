//! What happens once: one report for a bounce of a kind, one automatic reply of a pair on a day.
//!
//! The mark stands in the entry that is committed, so it is as durable as that. Until then a claim in memory keeps a second message of the
//! same kind, which comes at the same moment, from being passed on too.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::arrival::Purpose;
use crate::directory::{StateStore, Unavailable};
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

/// Marks that are being made durable.
#[derive(Default)]
pub(super) struct Claims(Arc<Mutex<HashSet<OnceMark>>>);

impl Claims {
    /// The right to do what `mark` stands for; none: it was done, or is being done. Hold it until the entry that carries the mark is durable and
    /// the state has it: dropped earlier, a second message could pass between.
    ///
    /// A question learns the same and holds nothing: mail that comes meanwhile would be turned away for it.
    pub(super) fn claim(
        &self,
        state: &StateStore,
        mark: OnceMark,
        purpose: Purpose,
    ) -> Result<Option<Claim>, Unavailable> {
        let claims = self.0.clone();
        let mut open = claims.lock().unwrap_or_else(PoisonError::into_inner);
        // Both under the lock, or a claim that is let go between the two looks would be missed.
        if open.contains(&mark) || state.is_marked(mark.day, &mark.digest)? {
            return Ok(None);
        }
        let held = purpose == Purpose::Mail;
        if held {
            open.insert(mark);
        }
        drop(open);
        let claims = held.then_some(claims);
        Ok(Some(Claim {
            mark,
            beside: None,
            claims,
        }))
    }
}

/// Sets the marks of what has been committed, before their claims are let go. The entries have them too, so a write that fails here is made
/// good when the log is read at the next start.
pub(super) fn seal(state: &StateStore, claims: Vec<Claim>) {
    for claim in claims {
        for mark in claim.marks() {
            if let Err(error) = state.mark(mark.day, &mark.digest) {
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
    claims: Option<Arc<Mutex<HashSet<OnceMark>>>>,
}

impl Claim {
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
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(claims) = &self.claims {
            let mut claims = claims.lock().unwrap_or_else(PoisonError::into_inner);
            claims.remove(&self.mark);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_holds_nothing_and_hears_what_mail_would() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateStore::open(&folder.path().join("state")).unwrap();
        let claims = Claims::default();
        let today = mark(20_000, "reply/a/b");
        let claim = |purpose| claims.claim(&state, today, purpose).unwrap();
        let asked = claim(Purpose::Question);
        let again = claim(Purpose::Question);
        assert!(asked.is_some() && again.is_some());
        let held = claim(Purpose::Mail);
        assert!(held.is_some(), "mail beside a question");
        // The end of a question must not let go what mail holds.
        drop((asked, again));
        assert!(claim(Purpose::Mail).is_none(), "two of one day");
        assert!(claim(Purpose::Question).is_none());
        drop(held);
        state.mark(today.day, &today.digest).unwrap();
        assert!(claim(Purpose::Question).is_none(), "one has passed today");
    }
}
