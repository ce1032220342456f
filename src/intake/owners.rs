//! Whose an address is: the account that registered it, and the participant whose mask it is.

use std::collections::HashSet;

use super::arrival::Arrival;
use super::recipient::{Named, Names, Recipient, name};
use crate::directory::{Directory, Unavailable};
use crate::mail::{ForwardPath, Mailbox};
use crate::masking::{MaskedDomains, MaskedLocal, ParticipantId};
use crate::message::named_mailboxes;
use crate::policy::{Account, Owned};

/// Who knows whose an address is.
#[derive(Clone, Copy)]
pub(super) struct Owners<'a> {
    pub(super) directory: &'a dyn Directory,
    pub(super) domains: &'a MaskedDomains,
}

impl Owners<'_> {
    /// As [`Self::owned`], for the addresses of a Reply-To, each once, up to the first that is not the writer's: that one is the policy's to refuse, by
    /// name (docs/rules.md#issue-1340).
    pub(super) async fn owned_by(
        &self,
        addresses: &[Mailbox],
        writer: &ParticipantId,
    ) -> Result<Vec<Owned>, Unavailable> {
        let mut owned: Vec<Owned> = Vec::new();
        let mut seen = HashSet::new();
        for address in addresses
            .iter()
            .filter(|address| seen.insert(address.key()))
        {
            let found = self.owned(address, &[]).await?;
            let strange =
                found.owner.as_ref() != Some(writer) && found.mask_of.as_ref() != Some(writer);
            owned.push(found);
            if strange {
                break;
            }
        }
        Ok(owned)
    }

    /// The account that has `address` registered.
    pub(super) async fn account(&self, address: &Mailbox) -> Result<Option<Account>, Unavailable> {
        match self.directory.owner(address).await? {
            Some(id) => self.directory.participant(&id).await,
            None => Ok(None),
        }
    }

    /// Who has `address`, or one of the addresses that it was made from, registered; and whose mask it is.
    pub(super) async fn owned(
        &self,
        address: &Mailbox,
        originals: &[Mailbox],
    ) -> Result<Owned, Unavailable> {
        let mut owner = self.directory.owner(address).await?;
        // The address itself comes first: one that is registered as it stands is taken as it stands, whatever it looks like.
        for original in originals {
            if owner.is_none() {
                owner = self.directory.owner(original).await?;
            }
        }
        Ok(Owned {
            address: address.clone(),
            owner,
            mask_of: self.mask_holder(address).await?,
        })
    }

    /// Whether a message goes to somebody beside its `writer`: another recipient of its envelope, or another's mask in To or Cc, for clients and
    /// servers part a message by recipient. Asked for a proven writer only.
    pub(super) async fn beside_others(
        &self,
        names: Names<'_>,
        arrival: &Arrival<'_>,
        writer: &ParticipantId,
    ) -> Result<bool, Unavailable> {
        for recipient in &arrival.transaction.recipients {
            // A bounce address is the only recipient, and stands for the mask that is asked about.
            let named = name(names, recipient);
            if let Ok(Named::Found(Recipient::Bounce(_))) = named {
                continue;
            }
            let ForwardPath::Mailbox(mailbox) = recipient else {
                return Ok(true);
            };
            // Also a role: whatever is a recipient of this server is somebody.
            if self.mask_holder(mailbox).await?.as_ref() != Some(writer) {
                return Ok(true);
            }
        }
        for field in ["To", "Cc"] {
            for found in arrival.message.named(field) {
                for mailbox in named_mailboxes(found.value).unwrap_or_default() {
                    let holder = self.mask_holder(&mailbox).await?;
                    if holder.is_some_and(|holder| holder != *writer) {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    /// The participant whose mask `address` is, whichever transaction it names. None, too, for addresses of ours that are no masks.
    async fn mask_holder(&self, address: &Mailbox) -> Result<Option<ParticipantId>, Unavailable> {
        if self.domains.find(address.domain()).is_none() {
            return Ok(None);
        }
        let Ok(local) = MaskedLocal::parse(address.local()) else {
            return Ok(None);
        };
        Ok(self
            .directory
            .mask(&local.mask)
            .await?
            .map(|mask| mask.participant))
    }
}
