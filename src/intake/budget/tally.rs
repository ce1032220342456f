//! [`Tally`]: what one message spends of the budgets. It comes back unless the message has ended well: what is refused, and what could not be
//! stored, costs nothing. What the rules on contents stop has been read like mail that passes, and stays spent.

use super::Budgets;
use super::copies::Before;
use super::shared::Whose;
use crate::auth::{Means, Proof, SignatureDigest};
use crate::intake::arrival::Arrival;
use crate::mail::{Domain, TraceId};
use crate::masking::{ParticipantId, TransactionId};
use crate::policy::{Reason, Refusal, Sender};

/// Whose budget of an order a message spends. Each has its own: nobody spends another's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Writer {
    /// One side, by the means of its proof: what somebody else may send again is signed, and leaves what the writer's own servers send alone.
    Participant(ParticipantId, &'static str),
    /// A courier, by the domain of its From.
    Courier(Domain, &'static str),
    /// A message that has come before, whoever sends it again.
    Copy(SignatureDigest),
}

/// A sender, and what proved it.
pub(super) type Author = (String, &'static str);

impl Whose for Author {
    fn whose(&self) -> String {
        let (from, class) = self;
        format!("{class}\n{from}")
    }
}

impl Whose for (TransactionId, Writer) {
    fn whose(&self) -> String {
        let (order, writer) = self;
        match writer {
            Writer::Participant(id, class) => format!("{order}\nparticipant\n{class}\n{id}"),
            Writer::Courier(domain, class) => format!("{order}\ncourier\n{class}\n{domain}"),
            Writer::Copy(digest) => format!("{order}\ncopy\n{}", digest.whose()),
        }
    }
}

/// One thing that was spent.
enum Spent {
    Sender(Author),
    Order((TransactionId, Writer)),
    Copy(SignatureDigest),
    Noted(Vec<SignatureDigest>, TraceId),
}

/// What one message has spent so far.
pub(in crate::intake) struct Tally<'a> {
    budgets: &'a Budgets,
    spent: Vec<Spent>,
}

/// What is proven, as a part of keys. Not by which name: a sender has as many subdomains as it likes.
fn class(proof: &Proof) -> &'static str {
    match proof {
        // One budget for both doors: nobody can send what was written in the Center again, as with the writer's own servers.
        Proof::Proven(Means::Spf { .. } | Means::Token) => "spf",
        Proof::Proven(Means::Dkim { .. }) => "dkim",
        Proof::Proven(Means::Name { .. }) => "name",
        Proof::NotAsked | Proof::Unproven(_) | Proof::Deferred(_) => "",
    }
}

/// What the sender of a copy that was changed is told.
pub(in crate::intake) fn altered(arrival: &Arrival<'_>, domain: &Domain) -> String {
    format!(
        "client {} is not proven to send for {domain}: a message with the same DKIM signature came before, with another Subject or Content-Type, or \
         with other fields of the kind, which the signature does not cover",
        arrival.client.address
    )
}

impl<'a> Tally<'a> {
    pub(in crate::intake) fn new(budgets: &'a Budgets) -> Self {
        Self {
            budgets,
            spent: Vec::new(),
        }
    }

    /// Counts a message of a proven sender, once for each recipient. Unproven ones must not come here: they
    /// would spend somebody else's.
    pub(in crate::intake) fn spend(
        &mut self,
        arrival: &Arrival<'_>,
        sender: &Sender,
        order: Option<&TransactionId>,
    ) -> Result<(), Refusal> {
        let before = self.spent.len();
        let spent = self.spend_each(arrival, sender, order);
        if spent.is_err() {
            // Whoever goes on at an order's limit uses up what it has for all orders.
            let mut index = 0;
            self.spent.retain(|spent| {
                index += 1;
                index <= before || !matches!(spent, Spent::Sender(_))
            });
            self.undo(before);
        }
        spent
    }

    fn spend_each(
        &mut self,
        arrival: &Arrival<'_>,
        sender: &Sender,
        order: Option<&TransactionId>,
    ) -> Result<(), Refusal> {
        let rate = |key, text: &str| Refusal {
            rule: Some(key),
            ..Refusal::new(Reason::Rate, text)
        };
        let budgets = self.budgets;
        // Copies first: one that has come too often must not spend what is the writer's.
        let copy = self.spend_copy(arrival, sender)?;
        let class = class(&sender.proof);
        let author = (sender.from.key(), class);
        if copy.is_none() {
            if !budgets.sender.spend(&author) {
                let text = format!(
                    "{} has sent too many messages lately; please try again later.",
                    sender.from
                );
                return Err(rate("messages_per_sender", &text));
            }
            self.spent.push(Spent::Sender(author));
        }
        let Some(order) = order else { return Ok(()) };
        let writer = match (copy, &sender.writer) {
            (Some(digest), _) => Writer::Copy(digest),
            (None, Some(writer)) => Writer::Participant(writer.id.clone(), class),
            (None, None) => Writer::Courier(sender.from.domain().clone(), class),
        };
        let key = (order.clone(), writer);
        if !budgets.transaction.spend(&key) {
            return Err(rate(
                "messages_per_transaction",
                "too many messages were sent about this transaction lately; please try again later.",
            ));
        }
        self.spent.push(Spent::Order(key));
        Ok(())
    }

    /// Counts one more mask that a signed message reaches. The digest of one that has come before.
    fn spend_copy(
        &mut self,
        arrival: &Arrival<'_>,
        sender: &Sender,
    ) -> Result<Option<SignatureDigest>, Refusal> {
        let Proof::Proven(Means::Dkim { domain, signed, .. }) = &sender.proof else {
            return Ok(None);
        };
        let (copies, trace) = (&self.budgets.copies, &arrival.transaction.trace);
        let copy = match copies.note(signed, arrival.message, trace) {
            // Another one came in the very moment.
            Before::Altered => {
                let text = format!("{}.", altered(arrival, domain));
                return Err(Refusal::new(Reason::SenderUnauthenticated, text));
            }
            Before::Again => signed.first().copied(),
            Before::Never { noted } => {
                if noted {
                    self.spent.push(Spent::Noted(signed.clone(), trace.clone()));
                }
                None
            }
        };
        for digest in signed {
            if !copies.reached.spend(digest) {
                let text = "this message has been sent to too many recipients lately; please try again later.";
                return Err(Refusal::new(Reason::Rate, text));
            }
            self.spent.push(Spent::Copy(*digest));
        }
        Ok(copy)
    }

    /// How much has been spent so far, for [`Self::undo`].
    pub(in crate::intake) fn so_far(&self) -> usize {
        self.spent.len()
    }

    /// Gives back what was spent since.
    pub(in crate::intake) fn undo(&mut self, since: usize) {
        let budgets = self.budgets;
        for spent in self.spent.drain(since.min(self.spent.len())..) {
            match spent {
                Spent::Sender(author) => budgets.sender.give_back(author),
                Spent::Order(key) => budgets.transaction.give_back(key),
                Spent::Copy(digest) => budgets.copies.reached.give_back(digest),
                Spent::Noted(signed, trace) => budgets.copies.forget(&signed, &trace),
            }
        }
    }

    /// The message is taken: what it spent stays spent.
    pub(in crate::intake) fn keep(mut self) {
        self.spent.clear();
    }
}

impl Drop for Tally<'_> {
    fn drop(&mut self) {
        self.undo(0);
    }
}
