//! Documents that were taken to be handed over, so that none is taken twice.

use super::{StateStore, time};
use crate::directory::Unavailable;
use crate::mail::Timestamp;

/// The key of a document; `digest` names transaction and contents.
fn document(digest: &[u8; 16]) -> Vec<u8> {
    [b"h", digest.as_slice()].concat()
}

impl StateStore {
    /// When a document was taken; none: never, or that is forgotten.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn document_taken(&self, digest: &[u8; 16]) -> Result<Option<Timestamp>, Unavailable> {
        let found = self.disk.with(|db| db.get(document(digest)))?;
        Ok(found.and_then(|value| time(&value)))
    }

    /// Notes that a document was taken at `at`, unless a later time is known. Durable through the spool's log.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn note_document(&self, digest: &[u8; 16], at: Timestamp) -> Result<(), Unavailable> {
        if self
            .document_taken(digest)?
            .is_some_and(|known| known >= at)
        {
            return Ok(());
        }
        self.room()?;
        let value = at.0.to_be_bytes();
        let insert = |db: &sled::Db| db.insert(document(digest), &value);
        self.disk.with(insert).map(|_| ())
    }

    /// Forgets that a document was taken: it reached nobody.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn forget_document(&self, digest: &[u8; 16]) -> Result<(), Unavailable> {
        let remove = |db: &sled::Db| db.remove(document(digest));
        self.disk.with(remove).map(|_| ())
    }

    /// Forgets what was taken before `oldest`.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn forget_documents(&self, oldest: Timestamp) -> Result<(), Unavailable> {
        self.disk.with(|db| {
            for row in db.scan_prefix("h") {
                let (key, value) = row?;
                if time(&value).is_some_and(|at| at < oldest) {
                    db.remove(key)?;
                }
            }
            Ok(())
        })
    }
}
