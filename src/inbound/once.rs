//! What happens once: one report for a bounce of a kind, one automatic reply of a pair on a day.
//!
//! The mark stands in the entry that is committed, so it is as durable as that. Until then a claim in memory keeps a second message of the
//! same kind, which comes at the same moment, from being passed on too.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::directory::{State, Unavailable};
use crate::spool::OnceMark;

/// Why an automatic reply is not passed on.
pub(super) const ONE_REPLY: &str =
    "an automatic reply between these two was passed on today already";

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
    pub(super) fn claim(
        &self,
        state: &State,
        mark: OnceMark,
    ) -> Result<Option<Claim>, Unavailable> {
        let claims = self.0.clone();
        let mut open = claims.lock().unwrap_or_else(PoisonError::into_inner);
        // Both under the lock, or a claim that is let go between the two looks would be missed.
        if open.contains(&mark) || state.is_marked(mark.day, &mark.digest)? {
            return Ok(None);
        }
        open.insert(mark);
        drop(open);
        Ok(Some(Claim { mark, claims }))
    }
}

/// A mark that nobody else may make; let go when dropped.
pub(super) struct Claim {
    pub(super) mark: OnceMark,
    claims: Arc<Mutex<HashSet<OnceMark>>>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        claims.remove(&self.mark);
    }
}
