//! The way of a message from the end of data to the commit, top to bottom.
//!
//! [`accept`] is the way of the whole message, [`judge`] that for one of its recipients. One reply stands for all recipients. If one of them is
//! refused for now, the whole message is: nothing was taken, and the client comes back. If some are refused for good, the others are taken and the
//! writer gets a report on those; where nobody could be told, the whole message is refused, so that no recipient is lost in silence.

use std::sync::OnceLock;

use bytes::Bytes;

use super::arrival::{Arrival, Purpose, Seen, check_loop};
use super::auto_reply::{ONE_A_DAY, auto_reply};
use super::budget::Tally;
use super::contents;
use super::dedup::{Claim, seal};
use super::entry::{Entries, Refused, Taken, origin};
use super::facts::gather;
use super::fault::{internal, malformed, unstored};
use super::masked::masked;
use super::payer::Payer;
use super::proof::mailboxes;
use super::recipient::{MaskedRecipient, Named, Names, Recipient, find, name};
use super::returned::{Returned, returned};
use super::role;
use super::sender::identify;
use super::tools::Intake;
use super::unmasked::{to_role, unmasked};
use crate::auth::Steps;
use crate::directory::Directory;
use crate::failpoint;
use crate::history::{HistoryEvent, HistoryRecord};
use crate::inbound::{Client, MailTransaction};
use crate::mail::{EnhancedStatus, ForwardPath, QueueId, Reply, TraceId};
use crate::masking::MaskedAddress;
use crate::message::{Effort, Message};
use crate::offload::offload;
use crate::policy::{self, Plan, Reason, Refusal, Sender};
use crate::spool::{MultipartCommit, NewEntry, Origin};

/// Why nothing goes to the writer's own mask.
const OWN_MASK: &str = "the address is the writer's own mask, beside others";

/// Judges every recipient and makes durable what may pass. The reply is for all of them; an error names the one recipient that it is about.
///
/// A reply of success is given after the commit and not before: it is the promise that the message is on disk (RFC 5321 6.1).
pub(super) async fn accept(
    intake: &Intake,
    client: &Client,
    transaction: &MailTransaction,
    data: Bytes,
    (seen, payer): (&Seen, &mut Payer),
) -> Result<Reply, Refused> {
    let whole = |refusal| refused_first(transaction, refusal);
    let effort = Effort::of(data.len());
    payer.works(&effort);
    let message = open(data, effort).await.map_err(whole)?;
    let _ = seen.message_id.set(message.text("Message-ID"));
    let arrival = Arrival {
        client,
        transaction,
        message: &message,
        purpose: Purpose::Mail,
        letter: &OnceLock::new(),
        seen,
        sets: &intake.tools.in_force.current(),
    };
    // Before the directory is asked for masks: an unproven client hears nothing of them, whatever it was told at RCPT.
    let sender = proven_sender(intake, &arrival, payer).await?;
    let recipients = recipients(&*intake.tools.directory, intake.names(), transaction).await?;
    // Gives back what is spent wherever this ends without a reply of success.
    let mut tally = Tally::new(&intake.budgets);
    // After a crash all entries are there or none, and none means that no 250 was heard; but their copies are written one after another.
    let mut taken = MultipartCommit::new(&*intake.tools.spool);
    let mut outcome = Outcome::default();
    // One after the other: budgets and claims of the second see what the first has used.
    for (path, recipient) in recipients {
        let judged = match (&recipient, &sender) {
            (Recipient::Bounce(token), _) => match returned(intake, &arrival, payer, token).await {
                Ok(Returned::Ended(taken)) => Ok(taken),
                Ok(Returned::Mail(mail)) => {
                    judge(intake, &arrival, &mail.0, &mail.1, &mut tally).await
                }
                Err(refusal) => Err(refusal),
            },
            (Recipient::Role { contact, written }, sender) => {
                let checks = intake.checks(arrival.sets);
                let admitted = role::admit(checks, &arrival, sender.as_ref()).await;
                admitted.map(|()| to_role(intake.entries(), &arrival, contact, written))
            }
            (Recipient::Masked(masked), Some(sender)) => {
                judge(intake, &arrival, sender, masked, &mut tally).await
            }
            (Recipient::Masked(_), None) => Err(internal("no sender for a masked recipient")),
        };
        if let Some(entry) = outcome.note(path, &recipient, judged, transaction) {
            taken
                .add(entry)
                .await
                .map_err(|error| whole(unstored(&error)))?;
        }
    }
    // Before the reports are added: the ids in the reply are those of mail that goes on.
    let ids: Vec<QueueId> = taken.ids().collect();
    let reply = accepted_reply(&ids, outcome.nothing(), &transaction.trace);
    if !outcome.refused.is_empty() {
        let told = refusals_to_report(intake.entries(), &arrival, sender.as_ref(), &outcome);
        match told {
            Some(reports) if !taken.is_empty() || outcome.discarded.is_some() => {
                for report in reports {
                    taken
                        .add(report)
                        .await
                        .map_err(|error| whole(unstored(&error)))?;
                }
            }
            _ => return Err(outcome.into_refusal(tally, whole)),
        }
    }
    note_own(intake, transaction, &outcome.own);
    if taken.is_empty() {
        tally.keep();
        return Ok(reply);
    }
    failpoint::pass("inbound.committing");
    taken
        .commit()
        .await
        .map_err(|error| whole(unstored(&error)))?;
    failpoint::pass("inbound.committed");
    tally.keep();
    // Claims that are not sealed on the way here are let go with nothing marked: the message comes again.
    seal(&*intake.tools.state, outcome.claims).await;
    failpoint::pass("inbound.sealed");
    metrics::counter!("allegromail_inbound_accepted_total").increment(1);
    tracing::info!(event = "accepted", trace = %transaction.trace, client = %client.address, recipients = transaction.recipients.len());
    Ok(reply)
}

/// What becomes of the message for one recipient. Budgets are spent after policy has agreed: refused mail costs its sender none of them.
pub(super) async fn judge(
    intake: &Intake,
    arrival: &Arrival<'_>,
    sender: &Sender,
    recipient: &MaskedRecipient,
    tally: &mut Tally<'_>,
) -> Result<Taken, Refusal> {
    let known = (intake.owners(), &*intake.tools.state);
    let facts = gather(known, intake.names(), arrival, sender, recipient).await?;
    let plan = policy::decide(&facts).decision?;
    if plan == Plan::OwnMask {
        // Nothing is sent, so nothing is spent.
        return Ok(Taken::OwnMask);
    }
    let before = tally.so_far();
    let order = recipient.address.local.transaction.as_ref();
    tally.spend(arrival, sender, order)?;
    let mut taken = carry_out(intake, arrival, sender, &plan, &recipient.address).await;
    if let Ok(taken) = &mut taken {
        taken.note_decision(sender, &facts.transaction);
    }
    // What the rules on contents stop has cost as much as what they let pass, and no other budget.
    let of_contents = |refusal: &Refusal| refusal.reason.is_of_contents();
    if taken.is_err() && !taken.as_ref().is_err_and(of_contents) {
        tally.undo(before);
    }
    taken
}

/// Carries out `plan`, up to the entry; nothing is durable before the caller commits it. Also run for `explain`, which throws the entry away:
/// what is used up here are queue ids, of which there are enough.
pub(super) async fn carry_out(
    intake: &Intake,
    arrival: &Arrival<'_>,
    sender: &Sender,
    plan: &Plan,
    address: &MaskedAddress,
) -> Result<Taken, Refusal> {
    let recipient = address.to_string();
    let (masking, contents) = (intake.masking(arrival.sets), intake.contents(arrival.sets));
    match plan {
        Plan::OwnMask => Ok(Taken::OwnMask),
        Plan::Participant(plan) if sender.is_automatic_reply => {
            let name = sender.from_name.as_deref();
            // Asked of automatic replies too, which anybody can pretend to write. They earn no answer.
            contents::check(contents, arrival, sender, (plan, &recipient)).await?;
            let taken = auto_reply(masking, &intake.claims, arrival, plan, name).await?;
            // Taken and not passed on: a refusal would make the responder's server write to its owner about it.
            Ok(taken.unwrap_or(Taken::Discarded(ONE_A_DAY)))
        }
        Plan::Participant(plan) => {
            let passed = contents::check(contents, arrival, sender, (plan, &recipient)).await?;
            masked(masking, arrival, sender, plan, (&recipient, passed)).await
        }
        Plan::Courier(plan) => unmasked(intake.carrying(), arrival, sender, plan, &recipient).await,
    }
}

/// Splits the message, and refuses what nobody should try to read.
pub(super) async fn open(data: Bytes, effort: Effort) -> Result<Message, Refusal> {
    offload(data.len(), move || Message::parse_within(data, effort))
        .await
        .map_err(|error| malformed(&error))
}

/// The sender, proven. None where no mask is written to: roles take mail from anybody, and of bounce addresses it depends on what comes back.
async fn proven_sender(
    intake: &Intake,
    arrival: &Arrival<'_>,
    payer: &mut Payer,
) -> Result<Option<Sender>, Refused> {
    let (names, recipients) = (intake.names(), &arrival.transaction.recipients);
    let mut masks: Vec<(&ForwardPath, MaskedAddress)> = Vec::new();
    for to in recipients {
        if let Named::Mask(address) = name(names, to).map_err(|refusal| refused(to, refusal))? {
            masks.push((to, address));
        }
    }
    let Some(first) = masks.first().map(|(to, _)| *to) else {
        // Else done with the sender.
        let unlooped = check_loop(arrival.message, names.domains);
        let whole = |refusal| refused_first(arrival.transaction, refusal);
        return unlooped.map(|()| None).map_err(whole);
    };
    let whole = |refusal| refused(first, refusal);
    let addresses: Vec<MaskedAddress> = masks.iter().map(|(_, mask)| mask.clone()).collect();
    let mut steps = Steps::new();
    let masks = mailboxes(&addresses);
    let checks = intake.checks(arrival.sets);
    let sender = identify(checks, arrival, Some(&mut steps), payer, &masks).await;
    let sender = sender.map_err(whole)?;
    match policy::unproven(&sender.proof) {
        Some(refusal) => Err(whole(refusal)),
        None => Ok(Some(sender)),
    }
}

/// Who is meant by the recipients of a transaction, each once. One that was good at RCPT and is not now refuses the whole message.
async fn recipients(
    directory: &dyn Directory,
    names: Names<'_>,
    transaction: &MailTransaction,
) -> Result<Vec<(String, Recipient)>, Refused> {
    let mut recipients: Vec<(String, Recipient)> = Vec::with_capacity(transaction.recipients.len());
    for to in &transaction.recipients {
        let found = find(directory, names, to).await;
        let found = found.map_err(|refusal| refused(to, refusal))?;
        // A recipient that is named twice, by an alias domain too, gets the message once (RFC 5321 leaves it open; every MTA does it).
        if !recipients.iter().any(|(_, known)| found.is_same(known)) {
            recipients.push((to.to_string(), found));
        }
    }
    Ok(recipients)
}

/// What became of the recipients so far.
#[derive(Default)]
struct Outcome {
    claims: Vec<Claim>,
    refused: Vec<Refused>,
    /// Masks of the writer's own.
    own: Vec<String>,
    /// Why something goes nowhere. Of several the last is told: there is one reply for all of them.
    discarded: Option<&'static str>,
}

impl Outcome {
    /// Notes what became of one recipient; the entry, where there is one.
    fn note(
        &mut self,
        path: String,
        recipient: &Recipient,
        judged: Result<Taken, Refusal>,
        transaction: &MailTransaction,
    ) -> Option<NewEntry> {
        match judged {
            Ok(Taken::Entry(committed, claim)) => {
                self.claims.extend(claim);
                return Some(*committed);
            }
            Ok(Taken::OwnMask) => self.own.push(path),
            Ok(Taken::Discarded(why)) => {
                metrics::counter!("allegromail_inbound_discarded_total").increment(1);
                tracing::info!(event = "discarded", trace = %transaction.trace, why);
                self.discarded = Some(why);
            }
            Err(refusal) => {
                let masked = recipient.masked();
                self.refused.push(Refused {
                    path,
                    order: masked.and_then(|masked| masked.local.transaction.clone()),
                    refusal,
                });
            }
        }
        None
    }

    /// The refusal that the client hears; what the rules on contents stopped stays spent.
    fn into_refusal(self, tally: Tally<'_>, whole: impl Fn(Refusal) -> Refused) -> Refused {
        if self.refused.iter().any(Refused::is_of_contents) {
            tally.keep();
        }
        foremost(self.refused, whole)
    }

    /// Why nothing goes on, where nothing does.
    fn nothing(&self) -> Option<&'static str> {
        self.discarded
            .or_else(|| (!self.own.is_empty()).then_some(OWN_MASK))
    }
}

/// Adds to the life of a message that no copy went to these masks of its writer's own.
fn note_own(intake: &Intake, transaction: &MailTransaction, own: &[String]) {
    for path in own {
        let event = HistoryEvent::Discarded {
            text: OWN_MASK.to_owned(),
        };
        let (now, to) = (intake.tools.clock.now(), path.trim_matches(['<', '>']));
        let trace = transaction.trace.clone();
        let line = HistoryRecord::new(now, trace, None, to.to_owned(), event);
        intake.tools.history.note(line);
    }
}

/// Entries that only exist to be reported on, one for each refused recipient. None where a refusal is only for now, or where the
/// sender cannot be told.
fn refusals_to_report(
    entries: Entries<'_>,
    arrival: &Arrival<'_>,
    sender: Option<&Sender>,
    outcome: &Outcome,
) -> Option<Vec<NewEntry>> {
    let sender = sender?;
    let mut refused = outcome.refused.iter();
    let lasting = refused.all(|refused| refused.refusal.reason.code() >= 500);
    if !lasting || origin(sender, None) == Origin::Nobody {
        return None;
    }
    let refused = outcome.refused.iter();
    let reports = refused.map(|refused| entries.refused(arrival, sender, refused));
    Some(reports.collect())
}

/// A refusal over one recipient.
fn refused(to: &ForwardPath, refusal: Refusal) -> Refused {
    Refused {
        path: to.to_string(),
        order: None,
        refusal,
    }
}

/// A refusal over the whole message, told of its first recipient.
fn refused_first(transaction: &MailTransaction, refusal: Refusal) -> Refused {
    let first = transaction.recipients.first();
    Refused {
        path: first.map(ToString::to_string).unwrap_or_default(),
        order: None,
        refusal,
    }
}

/// The refusal that the client hears: one that is only for now comes before one for good, since the client then tries all again.
fn foremost(refused: Vec<Refused>, whole: impl Fn(Refusal) -> Refused) -> Refused {
    let temporary = refused
        .iter()
        .position(|refused| refused.refusal.reason.code() < 500);
    let found = refused.into_iter().nth(temporary.unwrap_or_default());
    found.unwrap_or_else(|| {
        whole(Refusal::new(
            Reason::Internal,
            "the server lost count of the recipients; please try again later.",
        ))
    })
}

/// 250 with the queue ids, which a client's log then has, or with the reason why nothing goes on; never without the trace.
fn accepted_reply(accepted: &[QueueId], discarded: Option<&str>, trace: &TraceId) -> Reply {
    if let (Some(why), []) = (discarded, accepted) {
        let text = format!("accepted and not passed on: {why} [trace={trace}]");
        return Reply::new(250, Some(EnhancedStatus::OK_2_0_0), &text);
    }
    let ids: Vec<String> = accepted.iter().map(ToString::to_string).collect();
    let text = format!("accepted as {} [trace={trace}]", ids.join(" "));
    Reply::new(250, Some(EnhancedStatus::OK_2_0_0), &text)
}
