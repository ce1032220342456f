//! What is known of the sender of one message: its From, the proof of it, the account or courier behind it.
//!
//! Gathered once a message, however many recipients it has. The proof comes first: before it, nothing is looked up that an
//! unproven client could learn from the reply.

use std::sync::Arc;

use super::intake::Intake;
use super::take::{Arrival, check_hops};
use crate::auth::{Evidence, Mode, Proof};
use crate::directory::{Participant, Unavailable};
use crate::mail::{Mailbox, ReversePath};
use crate::masking::{MaskedAddress, MaskedLocal, ParticipantId};
use crate::policy::{self, MessageKind, Owned, Reason, Refusal};

/// The sender of a message.
pub(super) struct Sender {
    pub(super) from: Mailbox,
    pub(super) from_name: Option<String>,
    pub(super) proof: Proof,
    pub(super) writer: Option<Arc<Participant>>,
    pub(super) courier: Option<String>,
    pub(super) reverse_path: ReversePath,
    pub(super) return_path: Option<Owned>,
    pub(super) return_path_aligned: bool,
    pub(super) reply_to: Result<Vec<Owned>, String>,
    pub(super) kind: MessageKind,
}

impl Intake {
    /// Reads the From, has it proven, and finds the account or the allowlist line that it belongs to. Without a proof
    /// it is taken for given (`explain`).
    pub(super) async fn identify(
        &self,
        arrival: &Arrival<'_>,
        with_proof: bool,
        recipients: &[MaskedAddress],
    ) -> Result<Sender, Refusal> {
        let letter = arrival.letter;
        let from = letter
            .from()
            .map_err(|error| Refusal::new(Reason::BadFrom, format!("{error}.")))?;
        check_hops(letter)?;
        let writer = self.owner_account(&from.mailbox).await?;
        let courier = self
            .tools
            .allowlist
            .current()
            .find(&from.mailbox)
            .map(|line| line.to_string());
        let proof = if with_proof {
            let mode = self.mode(writer.is_some(), courier.is_some());
            self.prove(arrival, &from.mailbox, mode, recipients).await
        } else {
            Proof::NotAsked
        };
        let transaction = arrival.transaction;
        let return_path = match &transaction.reverse_path {
            ReversePath::Null => None,
            ReversePath::Mailbox(mailbox) => {
                Some(self.owned(mailbox, &policy::originals(mailbox)).await?)
            }
        };
        let return_path_aligned = return_path
            .as_ref()
            .is_some_and(|path| crate::auth::aligned(path.address.domain(), from.mailbox.domain()));
        let reply_to = match letter.reply_to() {
            Ok(addresses) => Ok(self.all_owned(&addresses).await?),
            Err(error) => Err(error.to_string()),
        };
        Ok(Sender {
            from: from.mailbox,
            from_name: from.display_name,
            proof,
            writer,
            courier,
            reverse_path: transaction.reverse_path.clone(),
            return_path,
            return_path_aligned,
            reply_to,
            kind: if letter.is_automatic() {
                MessageKind::Automatic
            } else {
                MessageKind::Ordinary
            },
        })
    }

    /// How strictly this From must be proven. An address that is both is a participant's; one that is neither is held to the
    /// participants' rule, so that the answer does not tell which it is.
    fn mode(&self, registered: bool, courier: bool) -> Mode {
        let auth = &self.tools.config.auth;
        if courier && !registered {
            auth.courier
        } else {
            auth.registered
        }
    }

    async fn prove(
        &self,
        arrival: &Arrival<'_>,
        from: &Mailbox,
        mode: Mode,
        recipients: &[MaskedAddress],
    ) -> Proof {
        let recipients: Vec<Mailbox> = recipients
            .iter()
            .filter_map(MaskedAddress::mailbox)
            .collect();
        let evidence = Evidence {
            client: arrival.client.address,
            helo: &arrival.client.helo,
            reverse_path: &arrival.transaction.reverse_path,
            from,
            message: arrival.letter,
            mode,
            recipients: &recipients,
        };
        self.tools.prover.prove(&evidence).await
    }

    async fn all_owned(&self, addresses: &[Mailbox]) -> Result<Vec<Owned>, Unavailable> {
        let mut owned = Vec::with_capacity(addresses.len());
        for address in addresses {
            owned.push(self.owned(address, &[]).await?);
        }
        Ok(owned)
    }

    async fn owner_account(
        &self,
        address: &Mailbox,
    ) -> Result<Option<Arc<Participant>>, Unavailable> {
        match self.tools.directory.owner(address).await? {
            Some(id) => self.tools.directory.participant(&id).await,
            None => Ok(None),
        }
    }

    /// Who has `address`, or one of the addresses that it was made from, registered; and whose mask it is.
    async fn owned(&self, address: &Mailbox, originals: &[Mailbox]) -> Result<Owned, Unavailable> {
        let mut owner = self.tools.directory.owner(address).await?;
        for original in originals {
            if owner.is_none() {
                owner = self.tools.directory.owner(original).await?;
            }
        }
        Ok(Owned {
            address: address.clone(),
            owner,
            mask_of: self.mask_holder(address).await?,
        })
    }

    async fn mask_holder(&self, address: &Mailbox) -> Result<Option<ParticipantId>, Unavailable> {
        if self.tools.domains.find(address.domain()).is_none() {
            return Ok(None);
        }
        let Ok(local) = MaskedLocal::parse(address.local()) else {
            return Ok(None);
        };
        Ok(self
            .tools
            .directory
            .mask(&local.mask)
            .await?
            .map(|mask| mask.participant))
    }
}
