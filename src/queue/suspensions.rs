//! The destinations that operators have suspended: nothing is tried there until they are resumed or their time is over. Kept in the state store, and in
//! memory for the attempts.
//!
//! What waits for one goes on to wait as after an attempt that failed, and expires as that does. A record that cannot be read suspends nothing:
//! rather mail that leaves against an operator's order than mail that never leaves.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use crate::directory::{State, Unavailable};
use crate::mail::{Domain, Timestamp};

/// One destination's suspension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// When it was ordered.
    pub since: Timestamp,
    /// When it ends by itself; none: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Who ordered it.
    pub by: String,
}

impl Suspension {
    fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// All suspensions of one server.
pub struct Suspensions {
    state: Arc<dyn State>,
    known: RwLock<BTreeMap<Domain, Suspension>>,
    /// One change at a time, from the disk to memory.
    changes: Mutex<()>,
    /// How many changes there were.
    number: AtomicU64,
}

impl Suspensions {
    /// Those that the store has and that hold at `now`. What cannot be read is logged, and suspends nothing.
    #[must_use]
    pub fn load(state: Arc<dyn State>, now: Timestamp) -> Self {
        let kept = state.suspensions().wait().unwrap_or_else(|error| {
            tracing::error!(event = "suspensions_unreadable", %error, "no destination is suspended; suspend again what must wait");
            Vec::new()
        });
        let known = read(&*state, kept, now);
        Self {
            state,
            known: RwLock::new(known),
            changes: Mutex::default(),
            number: AtomicU64::new(0),
        }
    }

    /// Reads them again: another node has changed one. Whoever changes one here waits until all nodes have, this one too.
    ///
    /// # Errors
    /// [`Unavailable`]; they stay as they were.
    pub(super) async fn reload(&self, now: Timestamp) -> Result<(), Unavailable> {
        let kept = self.state.suspensions().await?;
        let parsed = kept.into_iter().filter_map(|(name, record)| {
            let suspension: Suspension = serde_json::from_slice(&record).ok()?;
            Some((Domain::parse(&name).ok()?, suspension))
        });
        let new = parsed.filter(|(_, one)| one.holds(now)).collect();
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = new;
        self.number.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    /// The number of the last change: what was put off under an earlier one is looked at again.
    pub(super) fn number(&self) -> u64 {
        self.number.load(Ordering::SeqCst)
    }

    /// The suspension of `domain`, exactly this one, that holds at `now`.
    #[must_use]
    pub fn of(&self, domain: &Domain, now: Timestamp) -> Option<Suspension> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(domain).filter(|one| one.holds(now)).cloned()
    }

    /// Those that hold at `now`, by domain.
    #[must_use]
    pub fn all(&self, now: Timestamp) -> Vec<(Domain, Suspension)> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let holding = known.iter().filter(|(_, one)| one.holds(now));
        holding
            .map(|(domain, one)| (domain.clone(), one.clone()))
            .collect()
    }

    /// Suspends `domain`, durably, and returns what held before. Waits for the disk.
    ///
    /// # Errors
    /// [`Unavailable`]: nothing has changed.
    pub fn suspend(
        &self,
        domain: &Domain,
        suspension: Suspension,
    ) -> Result<Option<Suspension>, Unavailable> {
        let _changing = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let record =
            serde_json::to_vec(&suspension).map_err(|error| Unavailable(error.to_string()))?;
        let kept = self.state.keep_suspension(domain.as_str(), &record);
        kept.wait()?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let since = suspension.since;
        let before = known.insert(domain.clone(), suspension);
        self.number.fetch_add(1, Ordering::SeqCst);
        Ok(before.filter(|before| before.holds(since)))
    }

    /// Ends the suspension of `domain`, at once and then durably, and returns it; none: there was none. Waits for the disk.
    ///
    /// # Errors
    /// [`Unavailable`]: it is ended, but the next start may bring it back.
    pub fn resume(
        &self,
        domain: &Domain,
        now: Timestamp,
    ) -> Result<Option<Suspension>, Unavailable> {
        let _changing = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let before = {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            known.remove(domain)
        };
        self.number.fetch_add(1, Ordering::SeqCst);
        self.state.forget_suspension(domain.as_str()).wait()?;
        Ok(before.filter(|before| before.holds(now)))
    }
}

/// The suspensions that records tell of. What means nothing any more is removed.
fn read(
    state: &dyn State,
    kept: Vec<(String, Vec<u8>)>,
    now: Timestamp,
) -> BTreeMap<Domain, Suspension> {
    let mut known = BTreeMap::new();
    for (name, record) in kept {
        let domain = Domain::parse(&name).ok();
        let read: Option<Suspension> = serde_json::from_slice(&record).ok();
        match (domain, read) {
            (Some(domain), Some(suspension)) if suspension.holds(now) => {
                known.insert(domain, suspension);
            }
            // Over since the last start.
            (Some(_), Some(_)) => forget(state, &name),
            _ => {
                tracing::error!(event = "suspension_damaged", domain = %name, "it is not suspended any more; suspend it again if it must wait");
                forget(state, &name);
            }
        }
    }
    known
}

/// Removes a record that means nothing any more; one that stays is looked at again at the next start.
fn forget(state: &dyn State, domain: &str) {
    if let Err(error) = state.forget_suspension(domain).wait() {
        tracing::warn!(event = "state_write_failed", %error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::SledState;

    const NOW: Timestamp = Timestamp(1_795_392_000_000);

    fn domain(name: &str) -> Domain {
        Domain::parse(name).unwrap()
    }

    fn until(until: Option<u64>) -> Suspension {
        Suspension {
            since: NOW,
            until: until.map(|after| Timestamp(NOW.0 + after)),
            by: "uid 0".into(),
        }
    }

    fn store(folder: &tempfile::TempDir) -> Arc<SledState> {
        Arc::new(SledState::open(&folder.path().join("state")).unwrap())
    }

    #[test]
    fn a_suspension_holds_over_starts_and_until_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = Suspensions::load(store(&folder), NOW);
        first.suspend(&domain("żółw.pl"), until(None)).unwrap();
        first.suspend(&domain("wp.pl"), until(Some(1_000))).unwrap();
        drop(first);
        let later = Timestamp(NOW.0 + 999);
        let second = Suspensions::load(store(&folder), later);
        assert_eq!(second.all(later).len(), 2);
        assert!(second.of(&domain("xn--w-uga1v8h.pl"), later).is_some());
        assert!(second.of(&domain("poczta.wp.pl"), later).is_none());
        let over = Timestamp(NOW.0 + 1_000);
        assert!(second.of(&domain("wp.pl"), over).is_none());
        assert_eq!(second.resume(&domain("wp.pl"), over).unwrap(), None);
        let before = second.resume(&domain("żółw.pl"), over).unwrap();
        assert_eq!(before, Some(until(None)));
        drop(second);
        assert_eq!(Suspensions::load(store(&folder), later).all(later), []);
    }

    #[test]
    fn a_record_that_cannot_be_read_suspends_nothing_and_hides_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let state = store(&folder);
        state.keep_suspension("gmail.com", b"{\"since\":").unwrap();
        state.keep_suspension("not a domain", b"{}").unwrap();
        let known = Suspensions::load(state.clone(), NOW);
        assert_eq!(known.all(NOW), []);
        known.suspend(&domain("wp.pl"), until(None)).unwrap();
        drop(known);
        // Told once, and gone.
        assert_eq!(state.suspensions().unwrap().len(), 1);
        assert_eq!(Suspensions::load(state, NOW).all(NOW).len(), 1);
    }
}
