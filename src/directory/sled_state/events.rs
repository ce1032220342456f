//! The feed of the marketplace: events under numbers that grow.

use std::sync::PoisonError;

use super::SledState;
use crate::directory::Unavailable;
use crate::mail::Timestamp;

/// The key of an event; they are in the order of their numbers.
fn event_key(number: u64) -> Vec<u8> {
    [b"e".as_slice(), &number.to_be_bytes()].concat()
}

fn event_number(key: &[u8]) -> Option<u64> {
    let number = key.get(1..)?.first_chunk()?;
    Some(u64::from_be_bytes(*number))
}

impl SledState {
    /// Adds an event to the feed of the marketplace. Its number grows and is never given twice, not after a crash that took the last ones either: it is
    /// the time in microseconds.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn add_event(&self, at: Timestamp, event: &str) -> Result<(), Unavailable> {
        self.room()?;
        let _one_at_a_time = self
            .numbering
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.disk.with(|db| {
            let last = db.scan_prefix("e").keys().next_back().transpose()?;
            let last = last.and_then(|key| event_number(&key)).unwrap_or_default();
            let number = at.0.saturating_mul(1_000).max(last + 1);
            db.insert(event_key(number), event).map(|_| ())
        })
    }

    /// Events with a greater number than `after`, the oldest first, at most `most`.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn events(&self, after: u64, most: usize) -> Result<Vec<(u64, String)>, Unavailable> {
        let rows = self.disk.with(|db| {
            let rows = db.range(event_key(after.saturating_add(1))..event_key(u64::MAX));
            rows.take(most).collect::<sled::Result<Vec<_>>>()
        })?;
        let read = rows.into_iter().filter_map(|(key, value)| {
            let event = String::from_utf8(value.to_vec()).ok()?;
            Some((event_number(&key)?, event))
        });
        Ok(read.collect())
    }

    /// Forgets events of before `oldest`.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn forget_events(&self, oldest: Timestamp) -> Result<(), Unavailable> {
        let end = oldest.0.saturating_mul(1_000);
        self.disk.with(|db| {
            let mut rows = db.range(event_key(0)..event_key(end));
            rows.try_for_each(|row| db.remove(row?.0).map(|_| ()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_one_moment_have_a_number_each_and_none_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let state = SledState::open(folder.path()).unwrap();
        let account = "k2m9x0r7t3".parse().unwrap();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (state, account) = (&state, &account);
                scope.spawn(move || {
                    for number in 0..50 {
                        let text = format!("{thread}/{number}");
                        state.add_event(Timestamp(7), &text).unwrap();
                        state.add_to_digest(account, Timestamp(7), &text).unwrap();
                    }
                });
            }
        });
        let all = state.events(0, 1_000).unwrap();
        assert_eq!(all.len(), 400);
        assert!(all.is_sorted_by(|one, next| one.0 < next.0));
        assert_eq!(state.digests().unwrap()[0].1.len(), 400);
        // A clock that was set back gives no number twice.
        state.add_event(Timestamp(1), "late").unwrap();
        let last = all.last().unwrap().0;
        assert_eq!(state.events(last, 10).unwrap()[0].1, "late");
    }
}
