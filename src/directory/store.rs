//! [`SledDirectory`]: the directory on local disk, for up to about two million records.
//!
//! One tree, its keys told apart by their first letter, since a batch of sled is atomic within one tree only: `p` accounts, `a` addresses
//! (to account), `t` transactions, `d` domains (to the first accounts there), `m` masks that are for one counterparty. An account's own mask is not stored: it has the account's id.
//! Until it was loaded (`loaded.rs`) every look-up is [`Unavailable`].
//! Look-ups run where they are called: they take microseconds, less than handing them to another thread. Changes go to a blocking thread.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::database::{Database, MAX_VALUE, OpenError};
use super::loaded::{self, LoadState};
use super::users::{Users, organisations};
use super::{
    Change, Conflict, Directory, DirectoryFuture, Mask, Participant, Transaction, Unavailable,
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
struct StoredMask {
    participant: ParticipantId,
    counterparty: Option<ParticipantId>,
}

fn key(kind: u8, id: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + id.len());
    key.push(kind);
    key.extend_from_slice(id.as_bytes());
    key
}

fn decode<T: DeserializeOwned>(value: &[u8]) -> Result<T, Unavailable> {
    serde_json::from_slice(value)
        .map_err(|error| Unavailable(format!("a record cannot be read: {error}")))
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

    /// Applies all changes as one batch and makes it durable.
    fn apply(&self, changes: Vec<Change>) -> Result<Vec<Result<(), Conflict>>, Unavailable> {
        let _turn = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut draft = Draft {
            inner: self,
            writes: HashMap::new(),
        };
        self.applied
            .fetch_add(changes.len() as u64, Ordering::Relaxed);
        let before = self.loaded.get();
        let mut loaded = before;
        let mut results = Vec::with_capacity(changes.len());
        for change in changes {
            results.push(match change {
                Change::PutParticipant(participant) => {
                    let put = draft.put_participant(&participant)?;
                    if put.is_ok() {
                        loaded = loaded.put();
                    }
                    put
                }
                Change::RemoveParticipant(id) => draft.remove_participant(&id)?,
                Change::PutTransaction(transaction) => {
                    draft.put(b't', transaction.id.as_str(), &transaction)
                }
                Change::BeginLoad => {
                    loaded = loaded.begun();
                    Ok(())
                }
                Change::EndLoad => {
                    loaded = LoadState::Wholly;
                    Ok(())
                }
            });
        }
        if !draft.writes.is_empty() {
            loaded = loaded.changed();
        }
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

/// Changes that are not written yet, over what is.
struct Draft<'a> {
    inner: &'a Inner,
    writes: HashMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Draft<'_> {
    fn get<T: DeserializeOwned>(&self, kind: u8, id: &str) -> Result<Option<T>, Unavailable> {
        match self.writes.get(&key(kind, id)) {
            Some(Some(value)) => decode(value).map(Some),
            Some(None) => Ok(None),
            None => self.inner.get(kind, id),
        }
    }

    fn put(&mut self, kind: u8, id: &str, record: &impl Serialize) -> Result<(), Conflict> {
        let value =
            serde_json::to_vec(record).map_err(|error| Conflict::Invalid(error.to_string()))?;
        if value.len() > MAX_VALUE {
            return Err(Conflict::Invalid(format!(
                "the record is longer than {MAX_VALUE} bytes"
            )));
        }
        self.writes.insert(key(kind, id), Some(value));
        Ok(())
    }

    fn put_participant(
        &mut self,
        participant: &Participant,
    ) -> Result<Result<(), Conflict>, Unavailable> {
        for address in &participant.addresses {
            let owner: Option<ParticipantId> = self.get(b'a', &address.key())?;
            if owner.is_some_and(|owner| owner != participant.id) {
                return Ok(Err(Conflict::AddressTaken {
                    address: address.clone(),
                }));
            }
        }
        let before: Option<Participant> = self.get(b'p', participant.id.as_str())?;
        if let Err(conflict) = self.put(b'p', participant.id.as_str(), participant) {
            return Ok(Err(conflict));
        }
        self.count(before.as_ref(), Some(participant))?;
        let gone = before
            .into_iter()
            .flat_map(|before| before.addresses)
            .filter(|address| !participant.addresses.contains(address));
        for address in gone {
            self.writes.insert(key(b'a', &address.key()), None);
        }
        for address in &participant.addresses {
            if let Err(conflict) = self.put(b'a', &address.key(), &participant.id) {
                return Ok(Err(conflict));
            }
        }
        Ok(Ok(()))
    }

    /// Counts an account at its domains, as it is and no more as it was.
    fn count(
        &mut self,
        before: Option<&Participant>,
        now: Option<&Participant>,
    ) -> Result<(), Unavailable> {
        let domains = |account: Option<&Participant>| account.map_or_else(Vec::new, organisations);
        let (old, new) = (domains(before), domains(now));
        let Some(account) = now.or(before) else {
            return Ok(());
        };
        for domain in new
            .iter()
            .chain(old.iter().filter(|old| !new.contains(old)))
        {
            let mut users: Users = self.get(b'd', domain.as_str())?.unwrap_or_default();
            let changed = if new.contains(domain) {
                users.add(&account.id)
            } else {
                users.remove(&account.id)
            };
            if changed && users.count() == 0 {
                self.writes.insert(key(b'd', domain.as_str()), None);
            } else if changed {
                self.put(b'd', domain.as_str(), &users)
                    .map_err(|conflict| Unavailable(conflict.to_string()))?;
            }
        }
        Ok(())
    }

    fn remove_participant(
        &mut self,
        id: &ParticipantId,
    ) -> Result<Result<(), Conflict>, Unavailable> {
        let Some(before) = self.get::<Participant>(b'p', id.as_str())? else {
            return Ok(Err(Conflict::NoSuchParticipant));
        };
        self.writes.insert(key(b'p', id.as_str()), None);
        self.count(Some(&before), None)?;
        for address in before.addresses {
            self.writes.insert(key(b'a', &address.key()), None);
        }
        Ok(Ok(()))
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

    fn apply(&self, changes: Vec<Change>) -> DirectoryFuture<'_, Vec<Result<(), Conflict>>> {
        let inner = self.inner.clone();
        Box::pin(async move {
            let applied = tokio::task::spawn_blocking(move || inner.apply(changes)).await;
            applied.map_err(|error| Unavailable(error.to_string()))?
        })
    }
}
