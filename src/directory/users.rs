//! Who has an address at a domain, counted as far as it matters: whether a domain belongs to somebody or to strangers.

use serde::{Deserialize, Serialize};

use super::Participant;
use crate::mail::{Domain, Mailbox};
use crate::masking::ParticipantId;
use crate::masking::providers::{MOST_OWNERS, organisation};

/// The accounts with an address at one organisation's domain. Once there are many they are not listed any more, and the domain stays
/// a shared one: a record must not grow, and a provider's domain must not be written anew for each of its customers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Users {
    few: Vec<ParticipantId>,
    #[serde(default)]
    many: bool,
}

impl Users {
    /// Adds an account; whether the record has changed.
    pub(super) fn add(&mut self, id: &ParticipantId) -> bool {
        if self.many || self.few.contains(id) {
            return false;
        }
        self.few.push(id.clone());
        if self.few.len() > MOST_OWNERS {
            self.few.clear();
            self.many = true;
        }
        true
    }

    /// Takes an account away; whether the record has changed.
    pub(super) fn remove(&mut self, id: &ParticipantId) -> bool {
        let before = self.few.len();
        self.few.retain(|known| known != id);
        self.few.len() < before
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        if self.many {
            usize::MAX
        } else {
            self.few.len()
        }
    }
}

/// The organisations at which `participant` has addresses, each once.
pub(super) fn organisations(participant: &Participant) -> Vec<Domain> {
    let mut found: Vec<Domain> = participant
        .addresses
        .iter()
        .map(Mailbox::domain)
        .map(organisation)
        .collect();
    found.sort();
    found.dedup();
    found
}
