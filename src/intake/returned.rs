//! What comes back on a bounce token: one table, a row for each kind of mail (docs/architecture.md#masks-tokens-and-message-ids).
//!
//! | what it is | what becomes of it |
//! | --- | --- |
//! | a report of a failure or a delay | its writer gets a report of ours, once for each kind and status (`bounce.rs`) |
//! | a report of success, a receipt, a challenge | 250, and a line in the trace |
//! | an automatic reply | passes where its From is proven and registered to the other side (`auto_reply.rs`) |
//! | a person's message, From proven and registered | is judged as mail to the mask, whatever its envelope |
//! | any other with a null sender | is reported as a failure of which nothing is known |
//! | all else | is refused, with the mask to write to |
//!
//! Reports are believed as to their status from any host, since filters, back ends and forwarders send honest ones. Words are another matter:
//! whoever got our mail has its token, and what a stranger writes must not arrive as a participant's. Where a refusal could tell who is
//! registered, the proof comes first.

use super::arrival::Arrival;
use super::auto_reply::{ONE_A_DAY, auto_reply, of_answer};
use super::bounce::report;
use super::entry::Taken;
use super::fault::internal;
use super::payer::Payer;
use super::recipient::{MaskedRecipient, Recipient, find};
use super::sender::identify;
use super::sent::{Sent, discard, found, sent};
use super::tools::Intake;
use crate::auth::{Proof, Steps};
use crate::dsn::{self, RemoteReport};
use crate::mail::{ForwardPath, Mailbox, ReversePath};
use crate::masking::{BounceToken, TokenKind};
use crate::message::named_mailboxes;
use crate::policy::{self, Reason, Refusal, Sender};

/// What mail to a bounce token is.
pub(super) enum Returned {
    /// Something that comes back.
    Ended(Taken),
    /// A person's message: it takes the way of all mail to the mask that it should have been written to.
    Mail(Box<(Sender, MaskedRecipient)>),
}

/// What becomes of mail to a bounce token of ours, which was verified at RCPT and is its only recipient.
pub(super) async fn returned(
    intake: &Intake,
    arrival: &Arrival<'_>,
    payer: &mut Payer,
    token: &BounceToken,
) -> Result<Returned, Refusal> {
    let tools = &intake.tools;
    let found = found(&*tools.records, token).await?;
    let sent = sent(&*tools.directory, &tools.domains, token, found).await?;
    let null = arrival.transaction.reverse_path == ReversePath::Null;
    let taken = match (
        dsn::classify_returned(arrival.message, &arrival.transaction.reverse_path),
        token.kind,
    ) {
        (dsn::ReturnedMail::Report(received), _) => {
            report(intake.reports(), arrival, &sent, &received).await?
        }
        (dsn::ReturnedMail::Noted(why), _) => discarded(intake, &sent, why),
        // The courier knows an order number and a mask; the reply would come from the buyer's mailbox, with whatever stands in its text.
        (dsn::ReturnedMail::Reply, TokenKind::Courier) => {
            let why = "an automatic reply to a courier would show the buyer";
            discarded(intake, &sent, why)
        }
        (dsn::ReturnedMail::Reply, TokenKind::Participant) => {
            answer(intake, arrival, payer, &sent).await?
        }
        (dsn::ReturnedMail::Other, TokenKind::Courier) if !null => return Err(no_report(&sent)),
        (dsn::ReturnedMail::Other, _) => return written(intake, arrival, payer, &sent).await,
    };
    Ok(Returned::Ended(taken))
}

/// An automatic reply of the account that the message went to: masked, to whoever wrote.
async fn answer(
    intake: &Intake,
    arrival: &Arrival<'_>,
    payer: &mut Payer,
    sent: &Sent,
) -> Result<Taken, Refusal> {
    let sender = prove(intake, arrival, payer, sent).await?;
    if let Some(refusal) = policy::unproven(&sender.proof) {
        return Err(refusal);
    }
    let plan = match of_answer(&*intake.tools.directory, sent, &sender).await? {
        Ok(plan) => plan,
        Err(why) => return Ok(discarded(intake, sent, why)),
    };
    let taken = auto_reply(
        intake.masking(arrival.sets),
        &intake.claims,
        arrival,
        &plan,
        None,
    )
    .await?;
    Ok(taken.unwrap_or_else(|| discarded(intake, sent, ONE_A_DAY)))
}

/// What is no report and no automatic reply: a person's, a failure in words that nobody knows, or a stranger's.
async fn written(
    intake: &Intake,
    arrival: &Arrival<'_>,
    payer: &mut Payer,
    sent: &Sent,
) -> Result<Returned, Refusal> {
    let sender = match prove(intake, arrival, payer, sent).await {
        Ok(sender) => Some(sender),
        // Without one From that can be read nobody is proven, and it is no person's.
        Err(refusal) if refusal.reason == Reason::BadFrom => None,
        Err(refusal) => return Err(refusal),
    };
    if let Some(Proof::Deferred(why)) = sender.as_ref().map(|sender| &sender.proof) {
        return Err(Refusal::new(Reason::SenderCheckDeferred, why.clone()));
    }
    let null = arrival.transaction.reverse_path == ReversePath::Null;
    match (sender.filter(|sender| sender.writer.is_some()), &sent.mask) {
        (Some(_), _) if sent.token.kind == TokenKind::Courier => Err(no_report(sent)),
        (Some(sender), Some(mask)) => {
            let to = ForwardPath::Mailbox(mask.clone());
            match find(&*intake.tools.directory, intake.names(), &to).await? {
                Recipient::Masked(masked) => Ok(Returned::Mail(Box::new((sender, masked)))),
                _ => Err(internal("a mask that is a role or a token")),
            }
        }
        (None, _) if null => {
            let unknown = RemoteReport::unknown();
            let taken = report(intake.reports(), arrival, sent, &unknown).await?;
            Ok(Returned::Ended(taken))
        }
        _ => Err(no_report(sent)),
    }
}

/// Proves the From and finds its account, under the limits of all mail. A signature must name the token or the mask behind it: else a message
/// that was signed for somebody else would do.
async fn prove(
    intake: &Intake,
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
        let mut fields = fields.flat_map(|name| arrival.message.named(name));
        fields.any(|field| {
            let listed = named_mailboxes(field.value).unwrap_or_default();
            listed.iter().any(|one| one.key() == mailbox.key())
        })
    };
    let mask = sent.mask.as_ref().filter(|mask| named(mask));
    let recipient: Vec<Mailbox> = mask.or(token).cloned().into_iter().collect();
    let mut steps = Steps::new();
    identify(
        intake.checks(arrival.sets),
        arrival,
        Some(&mut steps),
        payer,
        &recipient,
    )
    .await
}

fn discarded(intake: &Intake, sent: &Sent, why: &'static str) -> Taken {
    let now = intake.tools.clock.now();
    discard(&intake.tools.history, now, &sent.line, why)
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
