//! Destinations that operators have suspended, as records that the room `queue` writes and reads. No log has them: what is kept is synced.

use super::{RECORD, SledState};
use crate::directory::Unavailable;

/// What all keys of suspensions begin with.
const PREFIX: &str = "z";

/// The key of a domain.
fn suspended(domain: &str) -> String {
    format!("{PREFIX}{domain}")
}

impl SledState {
    /// Every suspension that was kept: the domain and its record.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn suspensions(&self) -> Result<Vec<(String, Vec<u8>)>, Unavailable> {
        let rows = self
            .disk
            .with(|db| db.scan_prefix(PREFIX).collect::<sled::Result<Vec<_>>>())?;
        let read = rows.into_iter().map(|(key, value)| {
            let domain = String::from_utf8_lossy(key.get(PREFIX.len()..).unwrap_or_default());
            (domain.into_owned(), value.to_vec())
        });
        Ok(read.collect())
    }

    /// Keeps the record of a suspended domain, durably: what was answered holds after a crash.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn keep_suspension(&self, domain: &str, record: &[u8]) -> Result<(), Unavailable> {
        self.disk.room_for(RECORD)?;
        self.disk.with(|db| db.insert(suspended(domain), record))?;
        self.disk.sync()
    }

    /// Forgets a suspended domain, durably, and says whether there was a record.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn forget_suspension(&self, domain: &str) -> Result<bool, Unavailable> {
        let before = self.disk.with(|db| db.remove(suspended(domain)))?;
        self.disk.sync()?;
        Ok(before.is_some())
    }
}
