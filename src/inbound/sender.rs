//! What is known of the sender of one message: its From, the proof of it, the account or courier behind it.
//!
//! Gathered once a message, however many recipients it has. The proof comes first: before it, nothing is looked up that an
//! unproven client could learn from the reply.

use std::sync::Arc;

use super::facts::Purpose;
use super::intake::Intake;
use super::take::{Arrival, check_hops};
use crate::auth::{Evidence, Means, Mode, Proof, SharedSpf};
use crate::directory::{Participant, Unavailable};
use crate::mail::{Mailbox, ReversePath};
use crate::masking::{MaskedAddress, MaskedLocal, ParticipantId};
use crate::policy::{self, MessageKind, Owned, Reason, Refusal};

/// The sender of a message.
pub(super) struct Sender {
    pub(super) from: Mailbox,
    pub(super) from_name: Option<String>,
    pub(super) proof: Proof,
    /// A courier's mail that would be refused behind us, where our envelope takes its SPF pass away.
    pub(super) fails_elsewhere: bool,
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
        let (client, domain) = (arrival.client.address, from.mailbox.domain());
        if arrival.purpose == Purpose::Mail {
            self.budgets.check_client(client, domain.as_str())?;
        }
        let (proof, fails_elsewhere) = if with_proof {
            let mode = self.mode(writer.is_some(), courier.is_some());
            let only_courier = courier.is_some() && writer.is_none();
            self.prove(arrival, &from.mailbox, (mode, only_courier), recipients)
                .await?
        } else {
            (Proof::NotAsked, false)
        };
        if arrival.purpose == Purpose::Mail {
            match &proof {
                Proof::Proven(_) => self.budgets.note_proven(client, domain),
                Proof::Unproven(_) => self.budgets.count_refusal(
                    client,
                    domain.as_str(),
                    Reason::SenderUnauthenticated,
                ),
                Proof::NotAsked | Proof::Deferred(_) => {}
            }
        }
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
            fails_elsewhere,
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

    /// The proof, and whether a courier's mail would fail at the next server as it is.
    async fn prove(
        &self,
        arrival: &Arrival<'_>,
        from: &Mailbox,
        (mode, only_courier): (Mode, bool),
        recipients: &[MaskedAddress],
    ) -> Result<(Proof, bool), Refusal> {
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
        let proof = self.remember(arrival, from, self.tools.prover.prove(&evidence).await)?;
        let by_envelope = matches!(
            &proof,
            Proof::Proven(Means::Spf { .. } | Means::Name { .. })
        );
        if !only_courier || !by_envelope {
            return Ok((proof, false));
        }
        let fails = self
            .tools
            .prover
            .fails_elsewhere(&evidence)
            .await
            .ok_or_else(|| {
                let text = format!(
                    "the DNS gave no answer for the DMARC policy of {}; please try again later.",
                    from.domain()
                );
                Refusal::new(Reason::SenderCheckDeferred, text)
            })?;
        Ok((proof, fails))
    }

    /// Remembers who signs. An address that did and now comes through shared servers without a signature is not believed: its neighbours
    /// there pass the same check.
    fn remember(
        &self,
        arrival: &Arrival<'_>,
        from: &Mailbox,
        proof: Proof,
    ) -> Result<Proof, Refusal> {
        if self.tools.config.auth.shared_spf_includes.is_empty() {
            return Ok(proof);
        }
        match &proof {
            Proof::Proven(Means::Dkim { .. }) if arrival.purpose == Purpose::Mail => {
                self.tools.state.note_signer(from)?
            }
            Proof::Proven(Means::Spf {
                domain,
                shared: true,
                ..
            }) => {
                if self.tools.state.is_signer(from)? {
                    let client = arrival.client.address;
                    let text = format!(
                        "client {client} is not proven to send for {domain}: its mail has been signed with DKIM before, and this came without \
                         a signature through servers that strangers share"
                    );
                    return Ok(Proof::Unproven(text));
                }
                if self.tools.config.auth.shared_spf == SharedSpf::Warn {
                    metrics::counter!("allegromail_inbound_shared_spf_total").increment(1);
                    tracing::warn!(event = "shared_spf", trace = %arrival.transaction.trace, client = %arrival.client.address, %domain);
                }
            }
            _ => {}
        }
        Ok(proof)
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
