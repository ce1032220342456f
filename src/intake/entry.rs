//! What becomes of a message for one recipient, and the entry that is made durable: what every entry has, what is kept so that reports can name the message, and who hears of a failure.

use bytes::Bytes;

use super::arrival::Arrival;
use super::dedup::Claim;
use super::fault::internal;
use crate::clock::Clock;
use crate::directory::Participant;
use crate::mail::{Diagnostic, Domain, Mailbox, QueueId, ReversePath};
use crate::masking::{HandedKeys, HandedTo, TokenKeys, TokenKind, TransactionId};
use crate::message::{Message, Parameters};
use crate::policy::{Refusal, Sender, TransactionFact};
use crate::rewrite::{self, Trace};
use crate::spool::{Entry, MessageSummary, NewEntry, Origin, Spool, Target, Wrote};

/// What became of one recipient that was not refused.
pub(super) enum Taken {
    /// An entry, and the mark that it makes, if it stands for something that happens once.
    Entry(Box<NewEntry>, Option<Claim>),
    /// The writer's own mask beside others: no copy goes there.
    OwnMask,
    /// Nothing goes on, and nobody is told; why.
    Discarded(&'static str),
}

impl Taken {
    /// Notes what let the message pass, for the history: the line of the allowlist, or that both are parties; and whose order it is about.
    pub(super) fn note_decision(&mut self, sender: &Sender, order: &TransactionFact) {
        let Self::Entry(new, _) = self else {
            return;
        };
        let Some(came) = &mut new.entry.came else {
            return;
        };
        came.decided = match &sender.courier {
            Some(line) if sender.writer.is_none() => format!("courier, {line}"),
            _ => "party".to_owned(),
        };
        if let TransactionFact::Known(order) = order {
            came.seller = order.seller.to_string();
        }
    }
}

/// What a message that may pass leaves behind.
#[derive(Default)]
pub(super) struct Passed {
    /// Sentences that could be held against who quotes them.
    pub(super) quotable: Vec<String>,
    /// That a buyer has written, who may be answered.
    pub(super) wrote: Option<Wrote>,
    /// The one answer to a buyer's message that this one is.
    pub(super) credit: Option<Claim>,
}

/// A refusal and the recipient that it is about.
pub(super) struct Refused {
    /// The forward-path as it was written.
    pub(super) path: String,
    /// The order that it names.
    pub(super) order: Option<TransactionId>,
    /// Why not.
    pub(super) refusal: Refusal,
}

impl Refused {
    /// Whether it is about what the message says.
    pub(super) fn is_of_contents(&self) -> bool {
        self.refusal.reason.is_of_contents()
    }

    /// The address without its brackets.
    pub(super) fn name(&self) -> &str {
        self.path.trim_matches(['<', '>'])
    }
}

/// Characters of a subject that a report repeats.
const SUBJECT: usize = 200;

/// What entries are made with.
#[derive(Clone, Copy)]
pub(super) struct Entries<'a> {
    /// Gives ids; nothing is written to it here.
    pub(super) spool: &'a dyn Spool,
    pub(super) clock: &'a dyn Clock,
    pub(super) hostname: &'a Domain,
    pub(super) secrets: &'a TokenKeys,
    pub(super) handed_keys: &'a HandedKeys,
}

impl Entries<'_> {
    /// As [`Entry::new`], for what `arrival` brought to `recipient`.
    pub(super) fn blank(
        self,
        arrival: &Arrival<'_>,
        id: QueueId,
        target: Target,
        recipient: &str,
    ) -> Entry {
        let (trace, now) = (arrival.transaction.trace.clone(), self.clock.now());
        let transaction = Some(arrival.transaction);
        let came = arrival.seen.reception(arrival.client, transaction, now);
        Entry {
            about: about(arrival.message, recipient),
            came: Some(Box::new(came)),
            ..Entry::new(id, trace, now, target)
        }
    }

    /// An entry that fails at once, so that the writer gets a report on this recipient. The report goes to the writer itself, so its login
    /// stands where its addresses did: no mask was made for this recipient.
    pub(super) fn refused(
        self,
        arrival: &Arrival<'_>,
        sender: &Sender,
        refused: &Refused,
    ) -> NewEntry {
        let refusal = &refused.refusal;
        let target = Target::Refused(Diagnostic::local(refusal.reason.status(), &refusal.text));
        let blank = self.blank(arrival, self.spool.next_id(), target, refused.name());
        let about = match &sender.writer {
            Some(writer) => without(blank.about, &writer.addresses, &writer.login),
            None => blank.about,
        };
        NewEntry {
            entry: Entry {
                origin: origin(sender, refused.order.as_ref()),
                about,
                ..blank
            },
            body: Bytes::new(),
        }
    }

    /// The envelope sender of an entry: what a bounce of it comes back to. The day in it is the day of acceptance, not of the attempt.
    pub(super) fn bounce_address(
        self,
        kind: TokenKind,
        id: QueueId,
        domain: Domain,
    ) -> Result<ReversePath, Refusal> {
        let local = self.secrets.sign(kind, id.0, self.clock.now());
        let mailbox = Mailbox::from_parts(&local, domain)
            .map_err(|_| internal("a token that is no address"))?;
        Ok(ReversePath::Mailbox(mailbox))
    }

    /// What the Received field that we add tells: us, our trace, the time. No client's name or address (docs/threats.md#94).
    pub(super) fn trace(self, arrival: &Arrival<'_>) -> Trace {
        Trace {
            host: self.hostname.clone(),
            id: arrival.transaction.trace.clone(),
            at: self.clock.now(),
        }
    }

    /// To whose servers mail to an account goes, as far as is known now: those of its primary address. Where an attempt takes another, it says so.
    pub(super) fn handed_to(self, id: QueueId, receiver: &Participant) -> Option<HandedTo> {
        Some(self.handed_keys.digest(id, receiver.primary.domain()))
    }
}

/// Who hears of a failure: the writer, or the return path of a courier if it is of the proven domain; nobody, if the message must not
/// be answered (RFC 3834 2, RFC 5321 4.5.5).
pub(super) fn origin(sender: &Sender, order: Option<&TransactionId>) -> Origin {
    match (&sender.writer, &sender.reverse_path) {
        (_, ReversePath::Null) => Origin::Nobody,
        // Two responders would otherwise talk to each other through us.
        _ if sender.is_automatic_reply => Origin::Nobody,
        (Some(writer), _) => Origin::Participant {
            participant: writer.id.clone(),
            transaction: order.cloned(),
        },
        (None, ReversePath::Mailbox(path)) if sender.return_path_aligned => {
            // Aligned, hence proven along with the From. Any other return path may be a stranger's (docs/threats.md#116).
            Origin::Address(path.clone())
        }
        (None, _) => Origin::Nobody,
    }
}

/// What is kept of a message, without its writer's addresses: the spool holds none. They are written as `shown`, the mask that the other
/// side knows, so that a report stays readable (docs/rules.md#issue-2054).
pub(super) fn without(about: MessageSummary, addresses: &[Mailbox], shown: &str) -> MessageSummary {
    let texts = [&about.subject, &about.date, &about.message_id].map(String::as_str);
    let [subject, date, message_id] = rewrite::mask_texts(texts, addresses, shown);
    MessageSummary {
        subject,
        date,
        message_id,
        ..about
    }
}

/// What is kept of `message` for the one who wrote it to `recipient`.
pub(super) fn about(message: &Message, recipient: &str) -> MessageSummary {
    MessageSummary {
        recipient: recipient.to_owned(),
        subject: message.text("Subject").chars().take(SUBJECT).collect(),
        date: message.text("Date"),
        message_id: message.text("Message-ID"),
        content_type: content_type(message),
    }
}

/// Parameters of a Content-Type that a report repeats: none of them names anybody.
const TOLD: [&str; 4] = ["charset", "format", "delsp", "report-type"];

/// The Content-Type as a report tells it; empty if the message has none.
fn content_type(message: &Message) -> String {
    let Some(field) = message.named("Content-Type").next() else {
        return String::new();
    };
    let mut read = Parameters::parse(field.value);
    // Only what is listed stays: a boundary or a file name may carry a host or an address (docs/threats.md#94).
    read.list
        .retain(|(name, value)| TOLD.contains(&name.as_str()) && !value.contains('@'));
    let plain = read.essence.contains('/') && !read.essence.contains('@');
    if plain { read.print() } else { String::new() }
}
