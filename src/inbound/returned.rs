//! What comes back on a bounce token: one table, a row for each kind of mail (DESIGN.md, "Envelope sender is a token").
//!
//! | what it is | what becomes of it |
//! | --- | --- |
//! | a report of a failure or a delay | its writer gets a report of ours, once for each kind and status (`bounce.rs`) |
//! | a report of success, a receipt, a challenge | 250, and a line in the trace |
//! | an automatic reply | passes where its From is proven and registered to the other side (`responder.rs`) |
//! | a person's message, From proven and registered | is judged as mail to the mask, whatever its envelope |
//! | any other with a null sender | is reported as a failure of which nothing is known |
//! | all else | is refused, with the mask to write to |
//!
//! Reports are believed as to their status from any host, since filters, back ends and forwarders send honest ones. Words are another matter:
//! whoever got our mail has its token, and what a stranger writes must not arrive as a participant's. Where a refusal could tell who is
//! registered, the proof comes first.

use super::arrival::{Arrival, Taken};
use super::budget::Tally;
use super::intake::{Intake, internal};
use super::payer::Payer;
use super::recipient::Recipient;
use super::sender::Sender;
use crate::auth::Proof;
use crate::dsn::{self, Received, Returned};
use crate::failpoint;
use crate::history::{Accepted, Event, Line};
use crate::mail::{ForwardPath, Mailbox, QueueId, ReversePath};
use crate::masking::{BounceToken, TokenKind};
use crate::message::named_mailboxes;
use crate::policy::{Reason, Refusal};
use crate::spool::{Origin, Target};

/// A message of ours that something comes back for.
pub(super) struct Sent {
    /// The token that names it.
    pub(super) token: BounceToken,
    /// Its first line in the history.
    pub(super) line: Line,
    /// What is kept of it.
    pub(super) about: Accepted,
    /// The mask of who wrote it, as the other side knows it; none at a courier's, to whom nothing of a participant's ever goes.
    pub(super) mask: Option<Mailbox>,
}

impl Intake {
    /// What becomes of mail to a bounce token of ours, which was verified at RCPT and is its only recipient.
    pub(super) async fn bounced(
        &self,
        arrival: &Arrival<'_>,
        payer: &mut Payer,
        token: &BounceToken,
        tally: &mut Tally<'_>,
    ) -> Result<Taken, Refusal> {
        let sent = self.sent(token).await?;
        let envelope = &arrival.transaction.reverse_path;
        let returned = dsn::returned(arrival.letter, envelope);
        match (returned, sent.token.kind) {
            (Returned::Report(report), _) => self.report(arrival, &sent, &report).await,
            (Returned::Noted(why), _) => Ok(self.discard(&sent.line, why)),
            // The courier knows an order number and a mask; the reply would come from the buyer's mailbox, with whatever stands in its text.
            (Returned::Reply, TokenKind::Courier) => Ok(self.discard(
                &sent.line,
                "an automatic reply to a courier would show the buyer",
            )),
            (Returned::Reply, TokenKind::Participant) => self.answered(arrival, payer, &sent).await,
            (Returned::Other, TokenKind::Courier) if *envelope != ReversePath::Null => {
                Err(no_report(&sent))
            }
            (Returned::Other, _) => self.written(arrival, payer, &sent, tally).await,
        }
    }

    /// What is no report and no automatic reply: a person's, a failure in words that nobody knows, or a stranger's.
    async fn written(
        &self,
        arrival: &Arrival<'_>,
        payer: &mut Payer,
        sent: &Sent,
        tally: &mut Tally<'_>,
    ) -> Result<Taken, Refusal> {
        let null = arrival.transaction.reverse_path == ReversePath::Null;
        let sender = match self.prove_returned(arrival, payer, sent).await {
            Ok(sender) => Some(sender),
            // Without one From that can be read nobody is proven, and it is no person's.
            Err(refusal) if refusal.reason == Reason::BadFrom => None,
            Err(refusal) => return Err(refusal),
        };
        if let Some(Proof::Deferred(why)) = sender.as_ref().map(|sender| &sender.proof) {
            return Err(Refusal::new(Reason::SenderCheckDeferred, why.clone()));
        }
        let known = sender.filter(|sender| sender.writer.is_some());
        match known {
            Some(_) if sent.token.kind == TokenKind::Courier => Err(no_report(sent)),
            Some(sender) => self.as_to_the_mask(arrival, sent, &sender, tally).await,
            None if null => self.report(arrival, sent, &Received::unknown()).await,
            None => Err(no_report(sent)),
        }
    }

    /// A person's message takes the way of all mail to the mask that it should have been written to.
    async fn as_to_the_mask(
        &self,
        arrival: &Arrival<'_>,
        sent: &Sent,
        sender: &Sender,
        tally: &mut Tally<'_>,
    ) -> Result<Taken, Refusal> {
        let Some(mask) = &sent.mask else {
            return Err(no_report(sent));
        };
        let recipient = self
            .find_recipient(&ForwardPath::Mailbox(mask.clone()))
            .await?;
        if !matches!(recipient, Recipient::Masked(_)) {
            return Err(internal("a mask that is a role or a token"));
        }
        // Boxed: all other mail would carry the room for it.
        Box::pin(self.judge(arrival, Some(sender), &recipient, tally)).await
    }

    /// Proves the From and finds its account, under the limits of all mail. A signature must name the token or the mask behind it: else a letter
    /// that was signed for somebody else would do.
    pub(super) async fn prove_returned(
        &self,
        arrival: &Arrival<'_>,
        payer: &mut Payer,
        sent: &Sent,
    ) -> Result<Sender, Refusal> {
        let token = arrival.transaction.recipients.first();
        let token = token.and_then(|path| match path {
            ForwardPath::Mailbox(mailbox) => Some(mailbox),
            ForwardPath::Postmaster => None,
        });
        let named = |mailbox: &Mailbox| {
            let fields = ["To", "Cc"].into_iter();
            let mut fields = fields.flat_map(|name| arrival.letter.named(name));
            fields.any(|field| {
                let listed = named_mailboxes(field.value).unwrap_or_default();
                listed.iter().any(|one| one.key() == mailbox.key())
            })
        };
        let mask = sent.mask.as_ref().filter(|mask| named(mask));
        let recipient: Vec<Mailbox> = mask.or(token).cloned().into_iter().collect();
        self.identify(arrival, payer, &recipient).await
    }

    /// The message that a token names.
    async fn sent(&self, token: &BounceToken) -> Result<Sent, Refusal> {
        let history = self.tools.history.clone();
        let (number, day) = (QueueId(token.number), token.day);
        // A file of a whole day is read: not on a thread that serves sessions.
        let found = tokio::task::spawn_blocking(move || history.find(number, day)).await;
        let found = found
            .map_err(|error| internal(&error.to_string()))?
            .map_err(|error| internal(&error.to_string()))?;
        let Some((line, about)) = found else {
            let text = "the message that this bounce address belongs to is not known any more.";
            return Err(Refusal::new(Reason::BadToken, text));
        };
        failpoint::pass("inbound.bounce_found");
        let mask = match token.kind {
            TokenKind::Participant => self.mask_of_writer(&about).await?,
            TokenKind::Courier => None,
        };
        Ok(Sent {
            token: *token,
            line,
            about,
            mask,
        })
    }

    /// The mask of who wrote a message, as its receiver saw it in From; none where either is gone.
    async fn mask_of_writer(&self, about: &Accepted) -> Result<Option<Mailbox>, Refusal> {
        let Target::Participant { participant, .. } = &about.target else {
            return Ok(None);
        };
        let Origin::Participant {
            participant: writer,
            transaction,
        } = &about.origin
        else {
            return Ok(None);
        };
        let Some(writer) = self.tools.directory.participant(writer).await? else {
            return Ok(None);
        };
        let order = transaction.as_ref();
        let mask = self.masked_address(&writer, Some(participant), order).await;
        match mask {
            // A mask or a marketplace that is gone: reports on the message are taken all the same.
            Err(refusal) if refusal.reason == Reason::Internal => Ok(None),
            mask => mask.map(Some),
        }
    }

    /// Tells that mail was taken and goes nowhere.
    pub(super) fn discard(&self, line: &Line, why: &'static str) -> Taken {
        let event = Event::Discarded {
            text: why.to_owned(),
        };
        self.note(line, event);
        Taken::Discarded(why)
    }

    /// Adds to the life of a message.
    pub(super) fn note(&self, line: &Line, event: Event) {
        self.tools.history.note(&Line {
            at: self.tools.clock.now(),
            event,
            ..line.clone()
        });
    }
}

/// The refusal of what does not belong here. It depends on nothing but the token.
fn no_report(sent: &Sent) -> Refusal {
    let text = match &sent.mask {
        Some(mask) => format!(
            "this address takes delivery reports only; write to {mask}, from an address that is registered and proven."
        ),
        None => "this address takes delivery reports with a null sender only.".to_owned(),
    };
    Refusal::new(Reason::NullSender, text)
}
