//! The tokens of carriers, as records that the room `verify` writes and reads. No log has them: what is kept is synced.

use super::{RECORD, SledState};
use crate::directory::Unavailable;

/// The key of a token.
fn token(id: &str) -> String {
    format!("v{id}")
}

impl SledState {
    /// Every token that was kept: its id and its record.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn tokens(&self) -> Result<Vec<(String, Vec<u8>)>, Unavailable> {
        let rows = self
            .disk
            .with(|db| db.scan_prefix("v").collect::<sled::Result<Vec<_>>>())?;
        let read = rows.into_iter().filter_map(|(key, value)| {
            let id = std::str::from_utf8(key.get(1..)?).ok()?;
            Some((id.to_owned(), value.to_vec()))
        });
        Ok(read.collect())
    }

    /// Keeps the record of a token, durably: a revocation that was answered holds after a crash.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn keep_token(&self, id: &str, record: &[u8]) -> Result<(), Unavailable> {
        self.disk.room_for(RECORD)?;
        self.disk.with(|db| db.insert(token(id), record))?;
        self.disk.sync()
    }

    /// Keeps the record of a token where it is still `before`; a crash within the next moment may lose it.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn note_token(&self, id: &str, before: &[u8], record: &[u8]) -> Result<(), Unavailable> {
        self.disk.room_for(RECORD)?;
        let swapped = |db: &sled::Db| {
            // That it is another one by now is an answer, and no error.
            let swapped = db.compare_and_swap(token(id), Some(before), Some(record))?;
            Ok(swapped.is_ok())
        };
        self.disk.with(swapped).map(|_| ())
    }
}
