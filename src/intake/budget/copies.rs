//! Signed messages that have come before: whoever holds a copy of one can send it again, to whom the signature names, with anything that it does
//! not cover changed (docs/threats.md#81).
//!
//! A message is known by its signatures, not by their fields: what stands beside them, and how they are folded, makes no new one. In memory only:
//! a restart forgets, and so does a flood of other signed mail of registered senders.

use std::sync::Arc;
use std::time::Duration;

use data_encoding::HEXLOWER;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use sha2::{Digest, Sha256};

use super::bucket::Allowance;
use super::shared::{SharedBudgets, Whose};
use crate::auth::SignatureDigest;
use crate::config::Budget;
use crate::mail::TraceId;
use crate::message::Message;

/// Masks that one signed message may reach in an hour. More is a copy that goes round.
const COPIES: Budget = Budget {
    count: 200,
    period: Duration::from_secs(3_600),
};
/// Signatures that are remembered, the latest: some 200 octets each.
const MOST: u64 = 50_000;
/// For how long after a copy came: no honest server tries longer.
const AWHILE: Duration = Duration::from_secs(7 * 86_400);

/// The first that came with a signature.
#[derive(Clone)]
struct First {
    shown: [u8; 32],
    trace: TraceId,
}

impl Whose for SignatureDigest {
    fn whose(&self) -> String {
        HEXLOWER.encode(self.octets())
    }
}

/// How a message stands to those that came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::intake) enum Before {
    /// None had this signature, or only it itself, for another recipient. Whether it is remembered from now on.
    Never { noted: bool },
    /// The same came in another transaction.
    Again,
    /// One came with the same signature, and shows its reader something else.
    Altered,
}

/// Which signed messages have come, and how far each went.
pub(in crate::intake) struct Copies {
    seen: Cache<SignatureDigest, First>,
    /// Masks reached.
    pub(super) reached: Allowance<SignatureDigest>,
}

impl Copies {
    pub(super) fn new(all: Option<&Arc<SharedBudgets>>) -> Self {
        Self {
            // The latest in any case: the usual policy would refuse new ones while others are asked for more often.
            seen: Cache::builder()
                .max_capacity(MOST)
                .time_to_idle(AWHILE)
                .eviction_policy(EvictionPolicy::lru())
                .build(),
            reached: Allowance::new("copies", Some(COPIES), all),
        }
    }
}

impl Copies {
    /// Whether a message has a signature of an earlier one, and shows something else.
    pub(in crate::intake) fn is_altered(
        &self,
        signed: &[SignatureDigest],
        message: &Message,
    ) -> bool {
        let mut known = signed.iter().filter_map(|digest| self.seen.get(digest));
        known.any(|first| first.shown != shown(message))
    }

    /// Remembers the signatures of a message that is about to pass, each by itself: one of two may be taken away on the way.
    pub(super) fn note(
        &self,
        signed: &[SignatureDigest],
        message: &Message,
        trace: &TraceId,
    ) -> Before {
        // Looked at first: of a message that is altered nothing is remembered.
        if self.is_altered(signed, message) {
            return Before::Altered;
        }
        let shown = shown(message);
        let mut before = Before::Never { noted: false };
        for digest in signed {
            let first = self.seen.entry(*digest).or_insert_with(|| First {
                shown,
                trace: trace.clone(),
            });
            if first.value().shown != shown {
                return Before::Altered;
            }
            if first.value().trace != *trace {
                before = Before::Again;
            } else if first.is_fresh() && before != Before::Again {
                before = Before::Never { noted: true };
            }
        }
        before
    }

    /// Forgets what [`Self::note`] remembered of a message that did not pass after all.
    pub(super) fn forget(&self, signed: &[SignatureDigest], trace: &TraceId) {
        for digest in signed {
            if self
                .seen
                .get(digest)
                .is_some_and(|first| first.trace == *trace)
            {
                self.seen.invalidate(digest);
            }
        }
    }
}

/// A digest of what a reader is shown besides what every signature covers, as far as it passes the rewriter: a copy may be folded in another
/// way, and have other trace fields.
fn shown(message: &Message) -> [u8; 32] {
    let mut fields: Vec<(Vec<u8>, Vec<u8>)> = message
        .fields()
        .map(|field| (field.name.to_ascii_lowercase(), field.value))
        .filter(|(name, _)| {
            [&b"subject"[..], b"mime-version", b"auto-submitted"].contains(&name.as_slice())
                || name.starts_with(b"content-")
        })
        .map(|(name, value)| {
            let words = value.split(u8::is_ascii_whitespace);
            let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
            (name, words.join(&b' '))
        })
        .collect();
    // Of one name, the order says which is shown; of two names it says nothing.
    fields.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut digest = Sha256::new();
    for (name, value) in fields {
        // No colon in a name, no line end in a value: two messages never run together.
        digest.update(name);
        digest.update(b":");
        digest.update(value);
        digest.update(b"\n");
    }
    digest.finalize().into()
}
