//! What is known of the sender of one message: its From, the proof of it, the account or courier behind it.
//!
//! Gathered once a message, however many recipients it has. The proof comes first: before it, nothing is looked up that an
//! unproven client could learn from the reply.

use std::sync::Arc;

use super::arrival::{Arrival, Purpose, check_loop};
use super::intake::Intake;
use crate::auth::{Evidence, Means, Mode, Proof, SharedSpf, Steps};
use crate::directory::{Participant, Unavailable};
use crate::mail::{Mailbox, ReversePath};
use crate::masking::{MaskedAddress, MaskedLocal, ParticipantId};
use crate::message::Automatic;
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
    /// Whether it is an automatic reply: nothing of it is answered, and one a day is passed on.
    pub(super) answers: bool,
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
        let mut steps = Steps::new();
        let asked = with_proof.then_some(&mut steps);
        self.identify_by(arrival, asked, recipients).await
    }

    /// As [`Self::identify`], with the checks that were asked; none: the proof is taken for given.
    pub(super) async fn identify_by(
        &self,
        arrival: &Arrival<'_>,
        steps: Option<&mut Steps>,
        recipients: &[MaskedAddress],
    ) -> Result<Sender, Refusal> {
        let letter = arrival.letter;
        let from = letter
            .from()
            .map_err(|error| Refusal::new(Reason::BadFrom, format!("{error}.")))?;
        check_loop(letter, &self.tools.domains)?;
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
        let proof = match steps {
            Some(steps) => {
                let mode = self.mode(&from.mailbox, courier.is_some()).await?;
                let recipients = mailboxes(recipients);
                let evidence = evidence(arrival, &from.mailbox, mode, &recipients);
                let proof = self.tools.prover.explain(&evidence, steps).await;
                self.remember(arrival, &from.mailbox, proof)?
            }
            None => Proof::NotAsked,
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
        let reverse_path = arrival.transaction.reverse_path.clone();
        let automatic = letter.automatic();
        // Exchange calls its absence notices auto-generated; the null sender tells them from a shop's notices.
        let answers = automatic == Automatic::Reply
            || (automatic.by_program() && reverse_path == ReversePath::Null);
        let mut sender = Sender {
            from: from.mailbox,
            from_name: from.display_name,
            proof,
            fails_elsewhere: false,
            writer: None,
            courier,
            return_path: None,
            return_path_aligned: false,
            reverse_path,
            reply_to: Ok(Vec::new()),
            kind: if automatic.by_program() {
                MessageKind::Automatic
            } else {
                MessageKind::Ordinary
            },
            answers,
        };
        if matches!(sender.proof, Proof::Proven(_) | Proof::NotAsked) {
            self.look_up(arrival, &mut sender, recipients).await?;
        }
        Ok(sender)
    }

    /// Finds whose the addresses of a proven sender are. For an unproven one nothing is looked up: neither the reply nor its time
    /// may tell who is registered.
    async fn look_up(
        &self,
        arrival: &Arrival<'_>,
        sender: &mut Sender,
        recipients: &[MaskedAddress],
    ) -> Result<(), Refusal> {
        sender.writer = self.owner_account(&sender.from).await?;
        if let ReversePath::Mailbox(mailbox) = &sender.reverse_path {
            let path = self.owned(mailbox, &policy::originals(mailbox)).await?;
            sender.return_path_aligned =
                crate::auth::aligned(path.address.domain(), sender.from.domain());
            sender.return_path = Some(path);
        }
        sender.reply_to = match arrival.letter.reply_to() {
            Ok(addresses) => Ok(self.all_owned(&addresses).await?),
            Err(error) => Err(error.to_string()),
        };
        let by_envelope = matches!(
            &sender.proof,
            Proof::Proven(Means::Spf { .. } | Means::Name { .. })
        );
        if sender.courier.is_some() && sender.writer.is_none() && by_envelope {
            sender.fails_elsewhere = self
                .fails_elsewhere(arrival, &sender.from, recipients)
                .await?;
        }
        Ok(())
    }

    /// How strictly this From must be proven. An address that is both is a participant's; one that is neither is held to the
    /// participants' rule, so that the answer does not tell which it is.
    async fn mode(&self, from: &Mailbox, courier: bool) -> Result<Mode, Unavailable> {
        let auth = &self.tools.config.auth;
        if auth.registered == auth.courier || !courier {
            return Ok(auth.registered);
        }
        let registered = self.tools.directory.owner(from).await?.is_some();
        Ok(if registered {
            auth.registered
        } else {
            auth.courier
        })
    }

    /// Whether a courier's mail would be refused at the next server, where our envelope takes its SPF pass away.
    async fn fails_elsewhere(
        &self,
        arrival: &Arrival<'_>,
        from: &Mailbox,
        recipients: &[MaskedAddress],
    ) -> Result<bool, Refusal> {
        let recipients = mailboxes(recipients);
        let evidence = evidence(arrival, from, self.tools.config.auth.courier, &recipients);
        let answer = self.tools.prover.fails_elsewhere(&evidence).await;
        answer.ok_or_else(|| {
            let text = format!(
                "the DNS gave no answer for the DMARC policy of {}; please try again later.",
                from.domain()
            );
            Refusal::new(Reason::SenderCheckDeferred, text)
        })
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

fn mailboxes(recipients: &[MaskedAddress]) -> Vec<Mailbox> {
    recipients
        .iter()
        .filter_map(MaskedAddress::mailbox)
        .collect()
}

fn evidence<'a>(
    arrival: &'a Arrival<'_>,
    from: &'a Mailbox,
    mode: Mode,
    recipients: &'a [Mailbox],
) -> Evidence<'a> {
    Evidence {
        client: arrival.client.address,
        helo: &arrival.client.helo,
        reverse_path: &arrival.transaction.reverse_path,
        from,
        message: arrival.letter,
        mode,
        recipients,
    }
}
