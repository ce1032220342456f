//! A read-mostly cache in front of any directory.
//!
//! Found records are kept until they change through this process, or are pushed out. "There is none" is kept only briefly: an import by
//! another node must not be overlooked for long. "Unavailable" is never kept. A change clears what it may touch before and after it is
//! applied, so that a look-up that runs beside it cannot leave an old answer behind.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use super::{Answer, Change, Conflict, Directory, Mask, Participant, Transaction};
use crate::mail::{Domain, Mailbox};
use crate::masking::{MaskId, ParticipantId, TransactionId};

/// How long "there is none" is believed.
const ABSENT: Duration = Duration::from_secs(2);
/// How long a record is believed without asking again.
const PRESENT: Duration = Duration::from_secs(300);

/// One kind of records.
struct Shelf<K, V> {
    present: Cache<K, V>,
    absent: Cache<K, ()>,
}

impl<K: Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static> Shelf<K, V> {
    fn new(entries: u64) -> Self {
        let present = Cache::builder()
            .max_capacity(entries)
            .time_to_live(PRESENT)
            .build();
        let absent = Cache::builder()
            .max_capacity(entries / 10)
            .time_to_live(ABSENT)
            .build();
        Self { present, absent }
    }

    fn get(&self, key: &K) -> Option<Option<V>> {
        match self.present.get(key) {
            Some(found) => Some(Some(found)),
            None => self.absent.contains_key(key).then_some(None),
        }
    }

    fn put(&self, key: K, found: Option<V>) {
        match found {
            Some(value) => self.present.insert(key, value),
            None => self.absent.insert(key, ()),
        }
    }

    fn clear(&self) {
        self.present.invalidate_all();
        self.absent.invalidate_all();
    }
}

/// Who is shown, and to whom.
type Shown = (ParticipantId, Option<ParticipantId>);

/// A directory with its latest answers at hand.
pub struct CachedDirectory {
    inner: Arc<dyn Directory>,
    masks: Shelf<MaskId, Mask>,
    shown: Shelf<Shown, MaskId>,
    participants: Shelf<ParticipantId, Arc<Participant>>,
    owners: Shelf<Mailbox, ParticipantId>,
    transactions: Shelf<TransactionId, Arc<Transaction>>,
    users: Cache<Domain, usize>,
}

impl CachedDirectory {
    /// A cache of at most `entries` records of each kind in front of `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Directory>, entries: u64) -> Self {
        Self {
            inner,
            masks: Shelf::new(entries),
            shown: Shelf::new(entries),
            participants: Shelf::new(entries),
            owners: Shelf::new(entries),
            transactions: Shelf::new(entries),
            users: Cache::builder()
                .max_capacity(entries)
                .time_to_live(PRESENT)
                .build(),
        }
    }

    fn forget(&self, changes: &[Change]) {
        if changes.len() > 100 {
            self.masks.clear();
            self.shown.clear();
            self.participants.clear();
            self.owners.clear();
            self.transactions.clear();
            self.users.invalidate_all();
            return;
        }
        for change in changes {
            match change {
                Change::PutTransaction(transaction) => {
                    self.transactions.present.invalidate(&transaction.id);
                    self.transactions.absent.invalidate(&transaction.id);
                }
                Change::PutParticipant(Participant { id, .. }) | Change::RemoveParticipant(id) => {
                    self.participants.present.invalidate(id);
                    self.participants.absent.invalidate(id);
                    // Addresses and masks that the account had are known to the store only.
                    self.masks.clear();
                    self.shown.clear();
                    self.owners.clear();
                    self.users.invalidate_all();
                }
                // "I cannot tell", which is what they change, is never kept.
                Change::BeginLoad | Change::EndLoad => {}
            }
        }
    }
}

macro_rules! look_up {
    ($self:ident, $shelf:ident, $key:expr, $ask:ident) => {{
        let key = $key.clone();
        match $self.$shelf.get(&key) {
            Some(known) => Box::pin(std::future::ready(Ok(known))),
            None => Box::pin(async move {
                let found = $self.inner.$ask(&key).await?;
                $self.$shelf.put(key, found.clone());
                Ok(found)
            }),
        }
    }};
}

impl Directory for CachedDirectory {
    fn mask(&self, mask: &MaskId) -> Answer<'_, Option<Mask>> {
        look_up!(self, masks, mask, mask)
    }

    fn mask_of(
        &self,
        participant: &ParticipantId,
        counterparty: Option<&ParticipantId>,
    ) -> Answer<'_, Option<MaskId>> {
        let key = (participant.clone(), counterparty.cloned());
        if let Some(known) = self.shown.get(&key) {
            return Box::pin(std::future::ready(Ok(known)));
        }
        Box::pin(async move {
            let found = self.inner.mask_of(&key.0, key.1.as_ref()).await?;
            self.shown.put(key, found.clone());
            Ok(found)
        })
    }

    fn participant(&self, id: &ParticipantId) -> Answer<'_, Option<Arc<Participant>>> {
        look_up!(self, participants, id, participant)
    }

    fn owner(&self, address: &Mailbox) -> Answer<'_, Option<ParticipantId>> {
        look_up!(self, owners, address, owner)
    }

    fn users(&self, domain: &Domain) -> Answer<'_, usize> {
        let domain = domain.clone();
        match self.users.get(&domain) {
            Some(known) => Box::pin(std::future::ready(Ok(known))),
            None => Box::pin(async move {
                let count = self.inner.users(&domain).await?;
                self.users.insert(domain, count);
                Ok(count)
            }),
        }
    }

    fn transaction(&self, id: &TransactionId) -> Answer<'_, Option<Arc<Transaction>>> {
        look_up!(self, transactions, id, transaction)
    }

    fn apply(&self, changes: Vec<Change>) -> Answer<'_, Vec<Result<(), Conflict>>> {
        Box::pin(async move {
            self.forget(&changes);
            let applied = self.inner.apply(changes.clone()).await;
            self.forget(&changes);
            applied
        })
    }
}
