//! What is known of the sender of one message: its From, the proof of it, the account or courier behind it.
//!
//! Gathered once a message, however many recipients it has. The proof comes first: before it, nothing is looked up that an
//! unproven client could learn from the reply.

use std::sync::Arc;

use super::arrival::{Arrival, Purpose, check_loop};
use super::intake::Intake;
use super::proof::{evidence, mailboxes};
use crate::auth::{Means, Proof, Steps};
use crate::directory::Participant;
use crate::mail::{Mailbox, ReversePath};
use crate::masking::MaskedAddress;
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
}
