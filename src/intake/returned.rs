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

use super::accept::judge;
use super::arrival::{Arrival, Taken};
use super::auto_reply::{ONE_A_DAY, auto_reply, of_answer};
use super::bounce::report;
use super::budget::Tally;
use super::fault::internal;
use super::masked::mask_of;
use super::payer::Payer;
use super::reception::Intake;
use super::recipient::{Recipient, find};
use super::sender::identify;
use crate::auth::{Proof, Steps};
use crate::directory::Directory;
use crate::dsn::{self, Received, Returned};
use crate::failpoint;
use crate::history::{Accepted, Event, History, Line};
use crate::mail::{ForwardPath, Mailbox, QueueId, ReversePath, Timestamp};
use crate::masking::{BounceToken, MaskedDomains, TokenKind};
use crate::message::named_mailboxes;
use crate::policy::{self, Reason, Refusal, Sender};
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

/// What becomes of mail to a bounce token of ours, which was verified at RCPT and is its only recipient.
pub(super) async fn returned(
    intake: &Intake,
    arrival: &Arrival<'_>,
    payer: &mut Payer,
    token: &BounceToken,
    tally: &mut Tally<'_>,
) -> Result<Taken, Refusal> {
    let found = found(&intake.tools.history, token).await?;
    let sent = sent(
        &*intake.tools.directory,
        &intake.tools.domains,
        token,
        found,
    )
    .await?;
    let envelope = &arrival.transaction.reverse_path;
    let returned = dsn::returned(arrival.message, envelope);
    match (returned, token.kind) {
        (Returned::Report(received), _) => {
            report(intake.reports(), arrival, &sent, &received).await
        }
        (Returned::Noted(why), _) => Ok(discarded(intake, &sent, why)),
        // The courier knows an order number and a mask; the reply would come from the buyer's mailbox, with whatever stands in its text.
        (Returned::Reply, TokenKind::Courier) => {
            let why = "an automatic reply to a courier would show the buyer";
            Ok(discarded(intake, &sent, why))
        }
        (Returned::Reply, TokenKind::Participant) => answer(intake, arrival, payer, &sent).await,
        (Returned::Other, TokenKind::Courier) if *envelope != ReversePath::Null => {
            Err(no_report(&sent))
        }
        (Returned::Other, _) => written(intake, arrival, payer, &sent, tally).await,
    }
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
    let taken = auto_reply(intake.masking(), &intake.claims, arrival, &plan, None).await?;
    Ok(taken.unwrap_or_else(|| discarded(intake, sent, ONE_A_DAY)))
}

/// What is no report and no automatic reply: a person's, a failure in words that nobody knows, or a stranger's.
async fn written(
    intake: &Intake,
    arrival: &Arrival<'_>,
    payer: &mut Payer,
    sent: &Sent,
    tally: &mut Tally<'_>,
) -> Result<Taken, Refusal> {
    let null = arrival.transaction.reverse_path == ReversePath::Null;
    let sender = match prove(intake, arrival, payer, sent).await {
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
        Some(sender) => as_to_the_mask(intake, arrival, sent, &sender, tally).await,
        None if null => report(intake.reports(), arrival, sent, &Received::unknown()).await,
        None => Err(no_report(sent)),
    }
}

/// A person's message takes the way of all mail to the mask that it should have been written to.
async fn as_to_the_mask(
    intake: &Intake,
    arrival: &Arrival<'_>,
    sent: &Sent,
    sender: &Sender,
    tally: &mut Tally<'_>,
) -> Result<Taken, Refusal> {
    let Some(mask) = &sent.mask else {
        return Err(no_report(sent));
    };
    let to = ForwardPath::Mailbox(mask.clone());
    match find(&*intake.tools.directory, intake.names(), &to).await? {
        // Boxed: all other mail would carry the room for it.
        Recipient::Masked(masked) => Box::pin(judge(intake, arrival, sender, &masked, tally)).await,
        _ => Err(internal("a mask that is a role or a token")),
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
        intake.checks(),
        arrival,
        Some(&mut steps),
        payer,
        &recipient,
    )
    .await
}

/// What the history has of the message that a token names.
async fn found(
    history: &std::sync::Arc<History>,
    token: &BounceToken,
) -> Result<(Line, Accepted), Refusal> {
    let history = history.clone();
    let (number, day) = (QueueId(token.number), token.day);
    // A file of a whole day is read: not on a thread that serves sessions.
    let found = tokio::task::spawn_blocking(move || history.find(number, day)).await;
    let found = found
        .map_err(|error| internal(&error.to_string()))?
        .map_err(|error| internal(&error.to_string()))?;
    let found = found.ok_or_else(|| {
        let text = "the message that this bounce address belongs to is not known any more.";
        Refusal::new(Reason::BadToken, text)
    })?;
    failpoint::pass("inbound.bounce_found");
    Ok(found)
}

/// The message that a token names.
async fn sent(
    directory: &dyn Directory,
    domains: &MaskedDomains,
    token: &BounceToken,
    (line, about): (Line, Accepted),
) -> Result<Sent, Refusal> {
    let mask = match token.kind {
        TokenKind::Participant => mask_of_writer(directory, domains, &about).await?,
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
async fn mask_of_writer(
    directory: &dyn Directory,
    domains: &MaskedDomains,
    about: &Accepted,
) -> Result<Option<Mailbox>, Refusal> {
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
    let Some(writer) = directory.participant(writer).await? else {
        return Ok(None);
    };
    let order = transaction.as_ref();
    match mask_of(directory, domains, &writer, Some(participant), order).await {
        // A mask or a marketplace that is gone: reports on the message are taken all the same.
        Err(refusal) if refusal.reason == Reason::Internal => Ok(None),
        mask => mask.map(Some),
    }
}

fn discarded(intake: &Intake, sent: &Sent, why: &'static str) -> Taken {
    let now = intake.tools.clock.now();
    discard(&intake.tools.history, now, &sent.line, why)
}

/// Tells that mail was taken and goes nowhere.
pub(super) fn discard(history: &History, now: Timestamp, line: &Line, why: &'static str) -> Taken {
    let event = Event::Discarded {
        text: why.to_owned(),
    };
    note(history, now, line, event);
    Taken::Discarded(why)
}

/// Adds to the life of a message.
pub(super) fn note(history: &History, now: Timestamp, line: &Line, event: Event) {
    history.note(&Line {
        at: now,
        event,
        ..line.clone()
    });
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
