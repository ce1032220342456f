//! What is known of the sender of one message: its From, the proof of it, the account or courier behind it.
//!
//! Gathered once a message, however many recipients it has. The proof comes first: before it, nothing is looked up that an
//! unproven client could learn from the reply.

use std::sync::Arc;

use super::arrival::{Arrival, Purpose, check_loop};
use super::budget::Proven;
use super::intake::{Intake, envelope_domain, malformed};
use super::payer::Payer;
use super::proof::{evidence, unasked};
use super::recipient::MaskedRecipient;
use super::weigh::weigh;
use crate::auth::{Means, Proof, Steps};
use crate::directory::Participant;
use crate::mail::{Mailbox, ReversePath};
use crate::message::Automatic;
use crate::offload::in_place;
use crate::policy::{self, MessageKind, Owned, Reason, Refusal};

/// The sender of a message.
pub(super) struct Sender {
    /// The one mailbox of the one From; everything is decided on this value (hostile-inputs 67 to 72).
    pub(super) from: Mailbox,
    /// The name beside it, decoded. Shown to the other side at most, never decided on (hostile-inputs 84).
    pub(super) from_name: Option<String>,
    /// Whether the From's domain stands behind the message.
    pub(super) proof: Proof,
    /// A courier's mail that would be refused behind us, where our envelope takes its SPF pass away.
    pub(super) fails_elsewhere: bool,
    /// The account that has the From registered; none also where the sender is unproven and nothing was looked up.
    pub(super) writer: Option<Arc<Participant>>,
    /// The line of the allowlist that the From is on. Found before the proof, for it only says how much proof is asked for.
    pub(super) courier: Option<String>,
    /// MAIL FROM as it was said.
    pub(super) reverse_path: ReversePath,
    /// Whose it is; none for a null one, and where nothing was looked up.
    pub(super) return_path: Option<Owned>,
    /// Whether its domain is aligned with the From's: VERP of a shop's own domain, a courier's own bounces.
    pub(super) return_path_aligned: bool,
    /// Whose the addresses in Reply-To are; an error says why the field cannot be read.
    pub(super) reply_to: Result<Vec<Owned>, String>,
    /// Whether a person or a program wrote it.
    pub(super) kind: MessageKind,
    /// Whether it is an automatic reply: nothing of it is answered, and one a day is passed on.
    pub(super) answers: bool,
}

impl Sender {
    /// The writer, where `recipient` is a mask of its own. A courier's is judged as any courier's mail.
    pub(super) fn own_mask(&self, recipient: &MaskedRecipient) -> Option<&Participant> {
        let writer = self.writer.as_deref().filter(|_| self.courier.is_none());
        writer.filter(|writer| writer.id == recipient.receiver.id)
    }
}

impl Intake {
    /// Reads the From, has it proven, and finds the account or the allowlist line that it belongs to. What is proven is who pays from then on.
    pub(super) async fn identify(
        &self,
        arrival: &Arrival<'_>,
        payer: &mut Payer,
        recipients: &[Mailbox],
    ) -> Result<Sender, Refusal> {
        let mut steps = Steps::new();
        self.identify_by(arrival, Some(&mut steps), payer, recipients)
            .await
    }

    /// As [`Self::identify`], with the checks that were asked; none: the proof is taken for given.
    pub(super) async fn identify_by(
        &self,
        arrival: &Arrival<'_>,
        steps: Option<&mut Steps>,
        payer: &mut Payer,
        recipients: &[Mailbox],
    ) -> Result<Sender, Refusal> {
        let letter = arrival.letter;
        let domains = &self.tools.domains;
        let read = || {
            (
                letter.from(),
                check_loop(letter, domains),
                letter.automatic(&arrival.transaction.reverse_path),
            )
        };
        let (from, unlooped, automatic) = in_place(letter.head_octets(), read).await;
        let from = from.map_err(|error| Refusal::new(Reason::BadFrom, format!("{error}.")))?;
        unlooped?;
        weigh(letter, arrival.transaction.recipients.len()).map_err(|error| malformed(&error))?;
        // The allowlist is the operator's and public as far as its effect goes: to look into it before the proof tells nothing.
        let courier = self
            .tools
            .allowlist
            .current()
            .find(&from.mailbox)
            .map(|line| line.to_string());
        let (client, domain) = (arrival.client.address, from.mailbox.domain());
        if arrival.purpose == Purpose::Mail {
            // Before the proof, which costs work and DNS questions: a client that is shut out must not have them asked.
            self.budgets.refusals.check_claim(client, &from.mailbox)?;
        }
        let proof = match steps {
            Some(steps) => {
                let mode = self.mode(&from.mailbox, courier.is_some()).await?;
                let evidence = evidence(arrival, &from.mailbox, mode, recipients);
                let proof = self.tools.prover.explain(&evidence, steps).await;
                self.remember(arrival, &from.mailbox, proof)?
            }
            None => Proof::NotAsked,
        };
        if let (Purpose::Mail, Proof::Proven(means)) = (arrival.purpose, &proof) {
            let proven = Proven::new(&from.mailbox, means, client);
            payer.is(proven.clone());
            let refusals = &self.budgets.refusals;
            refusals.check_proven(client, &from.mailbox, &proven)?;
            refusals.trust(client, domain.as_str());
            // What it calls itself at MAIL, too: that is all that is known of its next message there.
            refusals.trust(client, envelope_domain(arrival.client, arrival.transaction));
        }
        let reverse_path = arrival.transaction.reverse_path.clone();
        // Exchange calls its absence notices auto-generated, as shops do their notices, of which none may be held back. Only an answer names what
        // it answers, and has a null sender.
        let named = |field| letter.named(field).next().is_some();
        let in_answer = named("In-Reply-To") || named("References");
        let answers = automatic == Automatic::Reply
            || (automatic.by_program() && reverse_path == ReversePath::Null && in_answer);
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
        // An unproven From ends here with what it has; policy refuses it in one form, whoever is registered.
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
        recipients: &[Mailbox],
    ) -> Result<(), Refusal> {
        sender.writer = self.owner_account(&sender.from).await?;
        if let ReversePath::Mailbox(mailbox) = &sender.reverse_path {
            let path = self.owned(mailbox, &policy::originals(mailbox)).await?;
            // Of the path as it stands: an SRS form is in its forwarder's domain, and counts by the owner of what it was made from.
            let (own, from) = (path.address.domain(), sender.from.domain());
            let client = arrival.client.address;
            let same = self.tools.prover.same_organisation(client, own, from).await;
            sender.return_path_aligned = same.ok_or_else(|| unasked(from))?;
            sender.return_path = Some(path);
        }
        // Asked of registered writers only: a courier's is free, and a stranger's is not worth a look-up for each address.
        if let Some(writer) = &sender.writer {
            let addresses = in_place(arrival.letter.head_octets(), || arrival.letter.reply_to());
            sender.reply_to = match addresses.await {
                Ok(addresses) => Ok(self.owned_by(&addresses, &writer.id).await?),
                Err(error) => Err(error.to_string()),
            };
        }
        let by_envelope = matches!(
            &sender.proof,
            Proof::Proven(Means::Spf { .. } | Means::Name { .. })
        );
        // Only then is the DMARC policy asked for: a signed message keeps its proof (DOMAIN.md, couriers keep every byte).
        if sender.courier.is_some() && sender.writer.is_none() && by_envelope {
            sender.fails_elsewhere = self
                .fails_elsewhere(arrival, &sender.from, recipients)
                .await?;
        }
        Ok(())
    }
}
