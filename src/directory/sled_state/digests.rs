//! What accounts are told of later, in a digest.

use std::sync::PoisonError;

use super::SledState;
use crate::directory::{NoticeDigest, Unavailable};
use crate::mail::Timestamp;
use crate::masking::ParticipantId;

/// Rows that wait for one account. What comes beyond them is told in no digest; the feed of the marketplace has it.
const MOST: usize = 1_000;

impl SledState {
    /// Adds a row to the digest of an account.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn add_to_digest(
        &self,
        account: &ParticipantId,
        at: Timestamp,
        row: &str,
    ) -> Result<(), Unavailable> {
        self.room()?;
        let prefix = format!("d{account}/");
        let _one_at_a_time = self
            .numbering
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.disk.with(|db| {
            let mut last = None;
            let mut count = 0;
            for key in db.scan_prefix(&prefix).keys().take(MOST) {
                last = Some(key?);
                count += 1;
            }
            if count >= MOST {
                return Ok(());
            }
            // Two of one millisecond have a number each.
            let number = last.and_then(|key| key.get(prefix.len()..)?.first_chunk().copied());
            let number = number.map_or(0, |number| u64::from_be_bytes(number) + 1);
            let number = number.max(at.0.saturating_mul(1_000));
            let key = [prefix.as_bytes(), &number.to_be_bytes()].concat();
            db.insert(key, row).map(|_| ())
        })
    }

    /// All digests that wait.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn digests(&self) -> Result<Vec<NoticeDigest>, Unavailable> {
        let rows = self
            .disk
            .with(|db| db.scan_prefix("d").collect::<sled::Result<Vec<_>>>())?;
        let mut all: Vec<NoticeDigest> = Vec::new();
        for (key, value) in rows {
            let account = key
                .get(1..)
                .and_then(|key| key.split(|octet| *octet == b'/').next());
            let account = account.and_then(|account| std::str::from_utf8(account).ok());
            let account = account.and_then(|account| ParticipantId::parse(account).ok());
            let row = String::from_utf8(value.to_vec()).ok();
            let (Some(account), Some(row)) = (account, row) else {
                continue;
            };
            match all.last_mut() {
                Some((last, rows)) if *last == account => rows.push(row),
                _ => all.push((account, vec![row])),
            }
        }
        Ok(all)
    }

    /// Forgets the first rows of an account: it has been told of them.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn forget_digest(&self, account: &ParticipantId, rows: usize) -> Result<(), Unavailable> {
        let prefix = format!("d{account}/");
        self.disk.with(|db| {
            let keys: sled::Result<Vec<_>> = db.scan_prefix(&prefix).keys().take(rows).collect();
            keys?
                .into_iter()
                .try_for_each(|key| db.remove(key).map(|_| ()))
        })
    }
}
