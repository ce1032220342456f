//! A read-mostly cache in front of any directory.
//!
//! Found records are kept for five minutes, unless they change through this process or are evicted before. "There is none" is kept for two seconds
//! only: an import by another node must not be overlooked for long. "Unavailable" is never kept. A change clears what it may touch before and after it is
//! applied. A look-up that it overtakes on the way keeps nothing and asks again: what was read before a change is not served once that is
//! answered.

use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use moka::sync::Cache;
use tokio::time::Instant;

use super::{
    Change, Conflict, Directory, DirectoryFuture, Mask, Participant, Transaction, Unavailable, Word,
};
use crate::mail::{Domain, Mailbox};
use crate::masking::{MaskId, ParticipantId, TransactionId};

/// How long "there is none" is believed.
const ABSENT: Duration = Duration::from_secs(2);
/// How long a record is believed without asking again.
const PRESENT: Duration = Duration::from_secs(300);

/// How often a look-up asks again because of changes beside it. Then it takes what it has read, which is newer than all but the last of them.
const TRIES: usize = 8;

/// One kind of records.
struct RecordCache<K, V> {
    present: Cache<K, V>,
    absent: Cache<K, ()>,
    /// How many changes have touched it. Held while something is put or cleared, or an old answer could come in between.
    changes: RwLock<u64>,
}

impl<K: Hash + Eq + Clone + Send + Sync + 'static, V: Clone + Send + Sync + 'static>
    RecordCache<K, V>
{
    fn new(entries: u64) -> Self {
        let present = Cache::builder()
            .max_capacity(entries)
            .time_to_live(PRESENT)
            .build();
        let absent = Cache::builder()
            .max_capacity(entries / 10)
            .time_to_live(ABSENT)
            .build();
        Self {
            present,
            absent,
            changes: RwLock::new(0),
        }
    }

    fn get(&self, key: &K) -> Option<Option<V>> {
        match self.present.get(key) {
            Some(found) => Some(Some(found)),
            None => self.absent.contains_key(key).then_some(None),
        }
    }

    /// What is known of `key`, or what `ask` says.
    async fn look_up<'a>(
        &self,
        key: K,
        is_believed: bool,
        ask: impl Fn(K) -> DirectoryFuture<'a, Option<V>>,
    ) -> Result<Option<V>, Unavailable> {
        let mut tries = 0;
        loop {
            if let Some(known) = self.get(&key).filter(|_| is_believed) {
                return Ok(known);
            }
            let before = self.generation();
            let found = ask(key.clone()).await?;
            tries += 1;
            if self.put(&key, found.as_ref(), before) || tries == TRIES {
                return Ok(found);
            }
        }
    }

    fn generation(&self) -> u64 {
        *self.changes.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what was read, unless a change came after `before`: then it may be old.
    fn put(&self, key: &K, found: Option<&V>, before: u64) -> bool {
        let changes = self.changes.read().unwrap_or_else(PoisonError::into_inner);
        if *changes != before {
            return false;
        }
        match found {
            Some(value) => self.present.insert(key.clone(), value.clone()),
            None => self.absent.insert(key.clone(), ()),
        }
        true
    }

    fn forget(&self, key: &K) {
        let mut changes = self.changes.write().unwrap_or_else(PoisonError::into_inner);
        *changes += 1;
        self.present.invalidate(key);
        self.absent.invalidate(key);
    }

    fn clear(&self) {
        let mut changes = self.changes.write().unwrap_or_else(PoisonError::into_inner);
        *changes += 1;
        self.present.invalidate_all();
        self.absent.invalidate_all();
    }
}

/// Who is shown, and to whom.
type Shown = (ParticipantId, Option<ParticipantId>);

/// A directory with its latest answers at hand.
pub struct CachedDirectory {
    inner: Arc<dyn Directory>,
    masks: RecordCache<MaskId, Mask>,
    shown: RecordCache<Shown, MaskId>,
    participants: RecordCache<ParticipantId, Arc<Participant>>,
    owners: RecordCache<Mailbox, ParticipantId>,
    transactions: RecordCache<TransactionId, Arc<Transaction>>,
    users: RecordCache<Domain, usize>,
    /// Of a directory that others change, too: until when what is cached is used.
    believed: Option<Believed>,
}

/// A moment that moves on with every look at what others changed.
struct Believed {
    from: Instant,
    /// Milliseconds after `from`.
    until: AtomicU64,
}

impl CachedDirectory {
    /// A cache of at most `entries` records of each kind in front of `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Directory>, entries: u64) -> Self {
        Self {
            inner,
            masks: RecordCache::new(entries),
            shown: RecordCache::new(entries),
            participants: RecordCache::new(entries),
            owners: RecordCache::new(entries),
            transactions: RecordCache::new(entries),
            users: RecordCache::new(entries),
            believed: None,
        }
    }

    /// As [`CachedDirectory::new`], for a directory that others change, too: nothing of it is used but within the time that
    /// [`CachedDirectory::believe_until`] gives.
    #[must_use]
    pub fn of_many(inner: Arc<dyn Directory>, entries: u64) -> Self {
        Self {
            believed: Some(Believed {
                from: Instant::now(),
                until: AtomicU64::new(0),
            }),
            ..Self::new(inner, entries)
        }
    }

    /// Everything that others changed before now has been heard of, and what is cached may be used until `end`.
    pub fn believe_until(&self, end: Instant) {
        if let Some(believed) = &self.believed {
            let span = end.saturating_duration_since(believed.from).as_millis();
            let span = u64::try_from(span).unwrap_or(u64::MAX);
            believed.until.store(span, Ordering::SeqCst);
        }
    }

    /// Whether what is cached is used now.
    #[must_use]
    pub fn is_believed(&self) -> bool {
        self.believed.as_ref().is_none_or(|believed| {
            believed.from.elapsed().as_millis() < u128::from(believed.until.load(Ordering::SeqCst))
        })
    }

    /// Lets what others changed go.
    pub fn hear(&self, words: &[Word]) {
        if words.contains(&Word::Anything) {
            self.forget_all();
            return;
        }
        for word in words {
            match word {
                Word::Account(id) => {
                    self.participants.forget(id);
                    if let Ok(mask) = MaskId::parse(id.as_str()) {
                        self.masks.forget(&mask);
                    }
                    self.shown.clear();
                }
                Word::Address(address) => self.owners.forget(address),
                // Asked for by other names of the same organisation, too.
                Word::Users(_) => self.users.clear(),
                Word::Order(id) => self.transactions.forget(id),
                Word::Table(_) | Word::Anything => {}
            }
        }
    }

    fn forget_all(&self) {
        self.masks.clear();
        self.shown.clear();
        self.participants.clear();
        self.owners.clear();
        self.transactions.clear();
        self.users.clear();
    }

    fn forget(&self, changes: &[Change]) {
        if changes.len() > 100 {
            self.forget_all();
            return;
        }
        for change in changes {
            match change {
                Change::PutTransaction(transaction) => {
                    self.transactions.forget(&transaction.id);
                }
                Change::PutParticipant(Participant { id, .. }) | Change::RemoveParticipant(id) => {
                    self.participants.forget(id);
                    // Addresses and masks that the account had are known to the store only.
                    self.masks.clear();
                    self.shown.clear();
                    self.owners.clear();
                    self.users.clear();
                }
                // "I cannot tell", which is what they change, is never kept.
                Change::BeginLoad | Change::EndLoad => {}
            }
        }
    }
}

impl Directory for CachedDirectory {
    fn mask(&self, mask: &MaskId) -> DirectoryFuture<'_, Option<Mask>> {
        let key = mask.clone();
        Box::pin(self.masks.look_up(key, self.is_believed(), move |key| {
            Box::pin(async move { self.inner.mask(&key).await })
        }))
    }

    fn mask_of(
        &self,
        participant: &ParticipantId,
        counterparty: Option<&ParticipantId>,
    ) -> DirectoryFuture<'_, Option<MaskId>> {
        let key = (participant.clone(), counterparty.cloned());
        Box::pin(
            self.shown
                .look_up(key, self.is_believed(), move |(of, to)| {
                    Box::pin(async move { self.inner.mask_of(&of, to.as_ref()).await })
                }),
        )
    }

    fn participant(&self, id: &ParticipantId) -> DirectoryFuture<'_, Option<Arc<Participant>>> {
        let key = id.clone();
        Box::pin(
            self.participants
                .look_up(key, self.is_believed(), move |key| {
                    Box::pin(async move { self.inner.participant(&key).await })
                }),
        )
    }

    fn participant_now(&self, id: &ParticipantId) -> DirectoryFuture<'_, Option<Arc<Participant>>> {
        match self.believed {
            None => self.participant(id),
            Some(_) => self.inner.participant(id),
        }
    }

    fn stored(&self, id: &ParticipantId) -> DirectoryFuture<'_, bool> {
        self.inner.stored(id)
    }

    fn all_stored(&self, ids: &[ParticipantId]) -> DirectoryFuture<'_, Vec<bool>> {
        self.inner.all_stored(ids)
    }

    fn load_batch(&self) -> usize {
        self.inner.load_batch()
    }

    fn owner(&self, address: &Mailbox) -> DirectoryFuture<'_, Option<ParticipantId>> {
        let key = address.clone();
        Box::pin(self.owners.look_up(key, self.is_believed(), move |key| {
            Box::pin(async move { self.inner.owner(&key).await })
        }))
    }

    fn users(&self, domain: &Domain) -> DirectoryFuture<'_, usize> {
        let key = domain.clone();
        let found = self.users.look_up(key, self.is_believed(), move |key| {
            Box::pin(async move { self.inner.users(&key).await.map(Some) })
        });
        Box::pin(async move { Ok(found.await?.unwrap_or_default()) })
    }

    fn transaction(&self, id: &TransactionId) -> DirectoryFuture<'_, Option<Arc<Transaction>>> {
        let key = id.clone();
        Box::pin(
            self.transactions
                .look_up(key, self.is_believed(), move |key| {
                    Box::pin(async move { self.inner.transaction(&key).await })
                }),
        )
    }

    /// Asked for where somebody begins a conversation, which is rare: nothing is kept.
    fn transactions_of_order(&self, number: &str) -> DirectoryFuture<'_, Vec<Arc<Transaction>>> {
        self.inner.transactions_of_order(number)
    }

    fn apply(&self, changes: Vec<Change>) -> DirectoryFuture<'_, Vec<Result<(), Conflict>>> {
        Box::pin(async move {
            self.forget(&changes);
            let applied = self.inner.apply(changes.clone()).await;
            self.forget(&changes);
            applied
        })
    }
}

#[cfg(test)]
mod tests;
