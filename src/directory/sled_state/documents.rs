//! Documents that were taken to be handed over, so that none is taken twice.

use super::{SledState, time};
use crate::directory::Unavailable;
use crate::mail::Timestamp;

/// The key of a document; `digest` names transaction and contents.
fn document(digest: &[u8; 16]) -> Vec<u8> {
    [b"h", digest.as_slice()].concat()
}

/// A record: when, and whether it reached nobody.
fn known(value: &[u8]) -> Option<(Timestamp, bool)> {
    let (lost, at) = value.split_last()?;
    Some((time(at)?, *lost != 0))
}

impl SledState {
    /// When a document was taken; none: never, that is forgotten, or it reached nobody.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn document_taken(&self, digest: &[u8; 16]) -> Result<Option<Timestamp>, Unavailable> {
        let found = self.last_known(digest)?;
        Ok(found.filter(|(_, lost)| !lost).map(|(at, _)| at))
    }

    /// Notes that a document was taken at `at`, unless more is known of that time or a later one. Durable through the spool's log.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn note_document(&self, digest: &[u8; 16], at: Timestamp) -> Result<(), Unavailable> {
        match self.last_known(digest)? {
            Some((known, _)) if known >= at => Ok(()),
            _ => self.keep_document(digest, at, false),
        }
    }

    /// Notes that a document that was taken at `at` reached nobody: it may be taken again. The log may still tell that it was taken, and is not believed then.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn lose_document(&self, digest: &[u8; 16], at: Timestamp) -> Result<(), Unavailable> {
        match self.last_known(digest)? {
            Some((known, _)) if known > at => Ok(()),
            _ => self.keep_document(digest, at, true),
        }
    }

    /// When a document was taken last, and whether it reached nobody.
    fn last_known(&self, digest: &[u8; 16]) -> Result<Option<(Timestamp, bool)>, Unavailable> {
        let found = self.disk.with(|db| db.get(document(digest)))?;
        Ok(found.as_deref().and_then(known))
    }

    fn keep_document(
        &self,
        digest: &[u8; 16],
        at: Timestamp,
        lost: bool,
    ) -> Result<(), Unavailable> {
        self.room()?;
        let value = [at.0.to_be_bytes().as_slice(), &[u8::from(lost)]].concat();
        let insert = |db: &sled::Db| db.insert(document(digest), value.as_slice());
        self.disk.with(insert).map(|_| ())
    }

    /// Forgets what was taken before `oldest`.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn forget_documents(&self, oldest: Timestamp) -> Result<(), Unavailable> {
        self.disk.with(|db| {
            for row in db.scan_prefix("h") {
                let (key, value) = row?;
                if known(&value).is_some_and(|(at, _)| at < oldest) {
                    db.remove(key)?;
                }
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reached_nobody_may_be_taken_again_whatever_the_log_still_tells() {
        let folder = tempfile::tempdir().unwrap();
        let state = SledState::open(&folder.path().join("state")).unwrap();
        let (digest, at) = ([7; 16], Timestamp);
        let taken = || state.document_taken(&digest).unwrap();
        state.note_document(&digest, at(5)).unwrap();
        assert_eq!(taken(), Some(at(5)));
        state.lose_document(&digest, at(5)).unwrap();
        // A start reads the log again.
        state.note_document(&digest, at(5)).unwrap();
        assert_eq!(taken(), None);
        state.note_document(&digest, at(9)).unwrap();
        state.lose_document(&digest, at(5)).unwrap();
        assert_eq!(taken(), Some(at(9)));
        state.forget_documents(at(9)).unwrap();
        assert_eq!(taken(), Some(at(9)));
        state.forget_documents(at(10)).unwrap();
        assert_eq!(taken(), None);
    }
}
