//! [`SledDirectory`]: the directory on local disk, for up to about two million records.
//!
//! One tree, its keys told apart by their first letter, since a batch of sled is atomic within one tree only: `p` accounts, `a` addresses
//! (to account), `t` transactions, `d` domains (to the first accounts there), `n` numbers of orders (with the transaction's id behind
//! them), `m` masks that are for one counterparty. An account's own mask is not stored: it has the account's id.
//! Until it was loaded (`loaded.rs`) every look-up is [`Unavailable`].
//! Look-ups run where they are called: they take microseconds, less than handing them to another thread. Changes go to a blocking thread.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::database::{Database, OpenError};
use super::draft::{Draft, NUMBER, ORDER, decode, key, order_prefix};
use super::loaded::{self, LoadState};
use super::moved;
use super::users::Users;
use super::{
    Change, Conflict, Directory, DirectoryFuture, MOST_OF_AN_ORDER, Mask, MovedRecord, Participant,
    Transaction, Unavailable,
};
use crate::failpoint;
use crate::mail::{Domain, Mailbox};
use crate::masking::providers::organisation;
use crate::masking::{MaskId, ParticipantId, TransactionId};

/// The directory on local disk.
pub struct SledDirectory {
    inner: Arc<Inner>,
}

struct Inner {
    disk: Database,
    /// One change at a time: it reads before it writes.
    changes: Mutex<()>,
    applied: AtomicU64,
    loaded: loaded::SharedLoadState,
}

/// A mask for one counterparty, as stored.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredMask {
    pub(super) participant: ParticipantId,
    pub(super) counterparty: Option<ParticipantId>,
}

impl SledDirectory {
    /// Opens or makes the directory in the folder `path`.
    ///
    /// # Errors
    /// [`OpenError`] if another process has it or it cannot be read; never an empty directory in the place of a broken one.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let disk = Database::open(path, "directory.opening")?;
        let inner = Inner {
            loaded: loaded::SharedLoadState::new(LoadState::read(&disk)?),
            disk,
            changes: Mutex::new(()),
            applied: AtomicU64::new(0),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Whether it answers: it was loaded at some time, so that an id that is not there is unknown.
    ///
    /// # Errors
    /// [`Unavailable`] with what is to be done.
    pub fn answers(&self) -> Result<(), Unavailable> {
        self.inner.loaded.get().answers()
    }

    /// How many changes were applied since it was opened.
    #[must_use]
    pub fn applied(&self) -> u64 {
        self.inner.applied.load(Ordering::Relaxed)
    }

    /// Every account, in the order of ids.
    ///
    /// # Errors
    /// [`Unavailable`] for each record that cannot be read.
    pub fn participants(&self) -> impl Iterator<Item = Result<Participant, Unavailable>> + '_ {
        self.scan(b"p")
    }

    /// Every transaction, in the order of ids.
    ///
    /// # Errors
    /// [`Unavailable`] for each record that cannot be read.
    pub fn transactions(&self) -> impl Iterator<Item = Result<Transaction, Unavailable>> + '_ {
        self.scan(b"t")
    }

    /// Calls `visit` for every record, as many nodes would keep it, until it fails.
    ///
    /// # Errors
    /// That of `visit`, or a record could not be read.
    pub fn each_moved(&self, visit: impl FnMut(MovedRecord) -> io::Result<()>) -> io::Result<()> {
        moved::each(&self.inner.disk, moved::account_row, visit)
    }

    fn scan<T: DeserializeOwned + 'static>(
        &self,
        kind: &'static [u8],
    ) -> impl Iterator<Item = Result<T, Unavailable>> + '_ {
        let found = self.inner.disk.with(|db| Ok(db.scan_prefix(kind)));
        let (rows, error) = match found {
            Ok(rows) => (Some(rows), None),
            Err(error) => (None, Some(Err(error))),
        };
        let rows = rows.into_iter().flatten().map(|row| match row {
            Ok((_, value)) => decode(&value),
            Err(error) => Err(Unavailable(error.to_string())),
        });
        rows.chain(error)
    }
}

impl Inner {
    fn get<T: DeserializeOwned>(&self, kind: u8, id: &str) -> Result<Option<T>, Unavailable> {
        self.disk
            .with(|db| db.get(key(kind, id)))?
            .map(|value| decode(&value))
            .transpose()
    }

    /// As [`Inner::get`], for whoever takes "there is none" for an answer.
    fn look_up<T: DeserializeOwned>(&self, kind: u8, id: &str) -> Result<Option<T>, Unavailable> {
        self.loaded.get().answers()?;
        self.get(kind, id)
    }

    fn of_order(&self, number: &str) -> Result<Vec<Arc<Transaction>>, Unavailable> {
        self.loaded.get().answers()?;
        let prefix = key(NUMBER, &order_prefix(number));
        let entries = self.disk.with(|db| {
            let entries = db.scan_prefix(&prefix).keys().take(MOST_OF_AN_ORDER);
            entries.collect::<sled::Result<Vec<_>>>()
        })?;
        let mut found = Vec::with_capacity(entries.len());
        for entry in entries {
            let id = entry.get(prefix.len()..).unwrap_or_default();
            let record = self.get::<Transaction>(ORDER, &String::from_utf8_lossy(id))?;
            found.extend(
                record
                    .filter(|record| record.order.as_deref() == Some(number))
                    .map(Arc::new),
            );
        }
        Ok(found)
    }

    /// Applies all changes as one batch and makes it durable.
    fn apply(&self, changes: Vec<Change>) -> Result<Vec<Result<(), Conflict>>, Unavailable> {
        let _turn = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let read = |kind: u8, id: &str| {
            let found = self.disk.with(|db| db.get(key(kind, id)))?;
            Ok(found.map(|value| value.to_vec()))
        };
        let before = self.loaded.get();
        let mut draft = Draft::over(&read, before);
        self.applied
            .fetch_add(changes.len() as u64, Ordering::Relaxed);
        let mut results = Vec::with_capacity(changes.len());
        for change in changes {
            results.push(draft.take(change)?);
        }
        let loaded = draft.loaded();
        if let Some(record) = loaded.record().filter(|_| loaded != before) {
            draft
                .writes
                .insert(loaded::KEY.to_vec(), Some(record.to_vec()));
        }
        // Refused whole, or the begin and end of a load into a directory that is loaded: nothing to sync.
        if draft.writes.is_empty() {
            return Ok(results);
        }
        let mut batch = sled::Batch::default();
        let value_octets = |value: &Option<Vec<u8>>| value.as_ref().map_or(0, Vec::len);
        let sizes = draft.writes.iter();
        let bytes = sizes
            .map(|(key, value)| key.len() + value_octets(value))
            .sum();
        for (key, value) in draft.writes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        self.disk.room_for(bytes)?;
        failpoint::pass("directory.applying");
        self.disk.with(|db| db.apply_batch(batch))?;
        failpoint::pass("directory.applied");
        self.disk.sync()?;
        self.loaded.set(loaded);
        if before.answers().is_err() && loaded.answers().is_ok() {
            tracing::info!(
                event = "directory_loaded",
                "from here on whoever is not there is unknown"
            );
        }
        Ok(results)
    }
}

impl Directory for SledDirectory {
    fn mask(&self, mask: &MaskId) -> DirectoryFuture<'_, Option<Mask>> {
        let find = || -> Result<Option<Mask>, Unavailable> {
            if let Some(stored) = self.inner.look_up::<StoredMask>(b'm', mask.as_str())? {
                return Ok(Some(Mask {
                    participant: stored.participant,
                    counterparty: stored.counterparty,
                }));
            }
            let own = self.inner.look_up::<Participant>(b'p', mask.as_str())?;
            Ok(own.map(|participant| Mask {
                participant: participant.id,
                counterparty: None,
            }))
        };
        Box::pin(std::future::ready(find()))
    }

    fn mask_of(
        &self,
        participant: &ParticipantId,
        _counterparty: Option<&ParticipantId>,
    ) -> DirectoryFuture<'_, Option<MaskId>> {
        let found = self
            .inner
            .look_up::<Participant>(b'p', participant.as_str());
        Box::pin(std::future::ready(found.map(|found| {
            found.and_then(|found| MaskId::parse(found.id.as_str()).ok())
        })))
    }

    fn participant(&self, id: &ParticipantId) -> DirectoryFuture<'_, Option<Arc<Participant>>> {
        let found = self.inner.look_up::<Participant>(b'p', id.as_str());
        Box::pin(std::future::ready(found.map(|found| found.map(Arc::new))))
    }

    fn stored(&self, id: &ParticipantId) -> DirectoryFuture<'_, bool> {
        let found = self.inner.get::<Participant>(b'p', id.as_str());
        Box::pin(std::future::ready(found.map(|found| found.is_some())))
    }

    fn owner(&self, address: &Mailbox) -> DirectoryFuture<'_, Option<ParticipantId>> {
        Box::pin(std::future::ready(self.inner.look_up(b'a', &address.key())))
    }

    fn users(&self, domain: &Domain) -> DirectoryFuture<'_, usize> {
        let found = self
            .inner
            .look_up::<Users>(b'd', organisation(domain).as_str());
        let count = found.map(|users| users.map_or(0, |users| users.count()));
        Box::pin(std::future::ready(count))
    }

    fn transaction(&self, id: &TransactionId) -> DirectoryFuture<'_, Option<Arc<Transaction>>> {
        let found = self.inner.look_up::<Transaction>(b't', id.as_str());
        Box::pin(std::future::ready(found.map(|found| found.map(Arc::new))))
    }

    fn transactions_of_order(&self, number: &str) -> DirectoryFuture<'_, Vec<Arc<Transaction>>> {
        Box::pin(std::future::ready(self.inner.of_order(number)))
    }

    fn apply(&self, changes: Vec<Change>) -> DirectoryFuture<'_, Vec<Result<(), Conflict>>> {
        let inner = self.inner.clone();
        Box::pin(async move {
            let applied = tokio::task::spawn_blocking(move || inner.apply(changes)).await;
            applied.map_err(|error| Unavailable(error.to_string()))?
        })
    }
}
