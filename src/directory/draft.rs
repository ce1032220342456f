//! What changes come to, before they are written: the same for every engine.

use std::collections::HashMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::database::MAX_VALUE;
use super::loaded::LoadState;
use super::users::{Users, organisations};
use super::{Change, Conflict, Participant, Transaction, Unavailable};
use crate::masking::ParticipantId;

/// What keys of accounts begin with.
pub(super) const ACCOUNT: u8 = b'p';
/// The same for addresses, which lead to an account.
pub(super) const ADDRESS: u8 = b'a';
/// The same for domains, which lead to the first accounts there.
pub(super) const USERS: u8 = b'd';
/// The same for transactions.
pub(super) const ORDER: u8 = b't';

/// The same for numbers of orders, which lead to transactions. An entry stays where a transaction gets another number: whoever reads it looks at the record.
pub(super) const NUMBER: u8 = b'n';

/// Finds a record by the kind of its key and the rest of it.
pub(super) type Read<'a> = dyn Fn(u8, &str) -> Result<Option<Vec<u8>>, Unavailable> + Sync + 'a;

/// The key of a record.
pub(super) fn key(kind: u8, id: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + id.len());
    key.push(kind);
    key.extend_from_slice(id.as_bytes());
    key
}

/// What the keys of all transactions of an order begin with behind their kind. Numbers have no control characters.
pub(super) fn order_prefix(number: &str) -> String {
    format!("{number}\0")
}

/// A record as it was written.
pub(super) fn decode<T: DeserializeOwned>(value: &[u8]) -> Result<T, Unavailable> {
    serde_json::from_slice(value)
        .map_err(|error| Unavailable(format!("a record cannot be read: {error}")))
}

/// Changes that are not written yet, over what is.
pub(super) struct Draft<'a> {
    read: &'a Read<'a>,
    /// By key; none: the record goes.
    pub(super) writes: HashMap<Vec<u8>, Option<Vec<u8>>>,
    loaded: LoadState,
}

impl<'a> Draft<'a> {
    /// No changes yet, over what `read` finds.
    pub(super) fn over(read: &'a Read<'a>, loaded: LoadState) -> Self {
        Self {
            read,
            writes: HashMap::new(),
            loaded,
        }
    }

    /// How far the directory is loaded, once it is written.
    pub(super) fn loaded(&self) -> LoadState {
        match self.writes.is_empty() {
            true => self.loaded,
            false => self.loaded.changed(),
        }
    }

    /// Takes a change in; one that is refused leaves no trace.
    ///
    /// # Errors
    /// A record cannot be read.
    pub(super) fn take(&mut self, change: Change) -> Result<Result<(), Conflict>, Unavailable> {
        match change {
            Change::PutParticipant(participant) => {
                let put = self.put_participant(&participant)?;
                if put.is_ok() {
                    self.loaded = self.loaded.put();
                }
                Ok(put)
            }
            Change::RemoveParticipant(id) => self.remove_participant(&id),
            Change::PutTransaction(transaction) => Ok(self.put_transaction(&transaction)),
            Change::BeginLoad => {
                self.loaded = self.loaded.begun();
                Ok(Ok(()))
            }
            Change::EndLoad => {
                self.loaded = LoadState::Wholly;
                Ok(Ok(()))
            }
        }
    }

    fn get<T: DeserializeOwned>(&self, kind: u8, id: &str) -> Result<Option<T>, Unavailable> {
        match self.writes.get(&key(kind, id)) {
            Some(Some(value)) => decode(value).map(Some),
            Some(None) => Ok(None),
            None => (self.read)(kind, id)?.as_deref().map(decode).transpose(),
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

    fn put_transaction(&mut self, transaction: &Transaction) -> Result<(), Conflict> {
        self.put(ORDER, transaction.id.as_str(), transaction)?;
        if let Some(number) = &transaction.order {
            let entry = order_prefix(number) + transaction.id.as_str();
            self.writes.insert(key(NUMBER, &entry), Some(Vec::new()));
        }
        Ok(())
    }

    fn put_participant(
        &mut self,
        participant: &Participant,
    ) -> Result<Result<(), Conflict>, Unavailable> {
        for address in &participant.addresses {
            let owner: Option<ParticipantId> = self.get(ADDRESS, &address.key())?;
            if owner.is_some_and(|owner| owner != participant.id) {
                return Ok(Err(Conflict::AddressTaken {
                    address: address.clone(),
                }));
            }
        }
        let before: Option<Participant> = self.get(ACCOUNT, participant.id.as_str())?;
        if let Err(conflict) = self.put(ACCOUNT, participant.id.as_str(), participant) {
            return Ok(Err(conflict));
        }
        self.count(before.as_ref(), Some(participant))?;
        let gone = before
            .into_iter()
            .flat_map(|before| before.addresses)
            .filter(|address| !participant.addresses.contains(address));
        for address in gone {
            self.writes.insert(key(ADDRESS, &address.key()), None);
        }
        for address in &participant.addresses {
            if let Err(conflict) = self.put(ADDRESS, &address.key(), &participant.id) {
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
            let mut users: Users = self.get(USERS, domain.as_str())?.unwrap_or_default();
            let changed = if new.contains(domain) {
                users.add(&account.id)
            } else {
                users.remove(&account.id)
            };
            if changed && users.count() == 0 {
                self.writes.insert(key(USERS, domain.as_str()), None);
            } else if changed {
                self.put(USERS, domain.as_str(), &users)
                    .map_err(|conflict| Unavailable(conflict.to_string()))?;
            }
        }
        Ok(())
    }

    fn remove_participant(
        &mut self,
        id: &ParticipantId,
    ) -> Result<Result<(), Conflict>, Unavailable> {
        let Some(before) = self.get::<Participant>(ACCOUNT, id.as_str())? else {
            return Ok(Err(Conflict::NoSuchParticipant));
        };
        self.writes.insert(key(ACCOUNT, id.as_str()), None);
        self.count(Some(&before), None)?;
        for address in before.addresses {
            self.writes.insert(key(ADDRESS, &address.key()), None);
        }
        Ok(Ok(()))
    }
}
