//! One attempt, from the address to the settled outcome. Whatever happens, the entry ends in exactly one of: done, deferred.

use bytes::Bytes;

use super::ending::{AttemptEnd, Deferral, Ended, defer, done, fail, note, postpone, reply_text};
use super::lanes::{LaneSlot, Lanes};
use super::suspensions::Suspension;
use super::{QueueContext, damaged, handing_over, target};
use crate::delivery::{AttemptResult, DeliveryRequest};
use crate::dsn::{HiddenAddresses, mask};
use crate::failpoint;
use crate::history::{Attempt, Hidden, HistoryEvent};
use crate::mail::{Diagnostic, Domain, EnhancedStatus, Mailbox, Outcome, RemoteSession, Timestamp};
use crate::masking::providers;
use crate::spool::{Entry, OnceMark, SpoolError, StateUpdates};

/// Makes one attempt for `entry`. `body`: the message where it is still in memory; none: it is read from the spool.
pub(super) async fn run(
    context: &QueueContext,
    lanes: &Lanes,
    entry: &Entry,
    body: Option<Bytes>,
) -> AttemptEnd {
    if let Some(held) = entry.to_hand_over() {
        return handing_over::run(context, entry, held, body).await;
    }
    let address = match target::find(context, entry).await {
        Ok(Ok(address)) => address,
        // The account takes no mail any more, or the entry was about a report from the start.
        Ok(Err(diagnostic)) => return fail(context, entry, diagnostic, None).await,
        Err(unavailable) => {
            // Our own fault is no attempt: the recipient's server has not been asked.
            tracing::error!(event = "target_unknown", queue_id = %entry.id, error = %unavailable);
            return postpone(context, entry, entry.progress.attempts, None).await;
        }
    };
    failpoint::pass("queue.target_found");
    // What comes back from the spool was not taken just now.
    let first = body.is_some();
    let place = match enter(context, lanes, entry, &address).await {
        Ok(place) => place,
        Err(end) => return end,
    };
    // Only now that there is a place: what waits for one holds no memory.
    let body = match body {
        Some(body) => body.into(),
        None => match context.spool.content(entry.id).await {
            Ok(content) => content,
            Err(error) => {
                drop(place);
                // Nothing is wrong with the message: its next owner has it, or the shard when it answers.
                if matches!(error, SpoolError::Fenced(_) | SpoolError::Unavailable(_)) {
                    tracing::warn!(event = "body_unread", queue_id = %entry.id, %error);
                    return AttemptEnd::NotAttempted;
                }
                tracing::error!(event = "body_unreadable", queue_id = %entry.id, %error);
                // No other try can read it: what was written is not there any more.
                if matches!(error, SpoolError::Damaged(_) | SpoolError::NoSuchEntry(_)) {
                    match damaged::found(context, entry).await {
                        Ok(()) => return AttemptEnd::Done,
                        Err(error) => {
                            tracing::error!(event = "report_waits", queue_id = %entry.id, error);
                        }
                    }
                }
                // An attempt that failed: a disk may come to itself, and else the writer is told in the end.
                let text = "the message cannot be read from the spool";
                let unread = Diagnostic::local(EnhancedStatus::SYSTEM_4_3_0, text);
                return not_tried(context, entry, &address, unread).await;
            }
        },
    };
    let work = DeliveryRequest {
        id: entry.id,
        reverse_path: entry.reverse_path.clone(),
        recipient: address.clone(),
        body,
        // The mask is ASCII, the address behind it may not be.
        smtputf8: entry.smtputf8 || address.needs_utf8(),
        eight_bit: entry.eight_bit,
    };
    // Nothing is sent whose end could not be written: it would arrive twice.
    let Ok(flight) = context.spool.begin_attempt(entry.id) else {
        return AttemptEnd::NotAttempted;
    };
    failpoint::pass("queue.begun");
    note_handed(context, entry, &address);
    let began = context.clock.now();
    let AttemptResult {
        outcome,
        session,
        connection,
    } = context.deliver.deliver(work).await;
    failpoint::pass("queue.attempted");
    match &outcome {
        // Nobody there: the messages behind this one need not find that out for themselves. Anything else opens the lane.
        Outcome::Deferred(diagnostic) if diagnostic.status == EnhancedStatus::NO_ANSWER_4_4_1 => {
            lanes.close(address.domain(), diagnostic.clone());
        }
        _ => lanes.open(address.domain()),
    }
    if matches!(outcome, Outcome::Delivered { .. }) && first {
        context.flow.delivered();
    }
    let unsettled = place.attempted();
    let end = settle(context, entry, (&address, began, session), outcome).await;
    // The outcome is durable: now the connection may take the next message, or say goodbye.
    drop((flight, connection, unsettled));
    end
}

/// What is told of an entry whose destination an operator has suspended; who did is no business of the writer's, nor where.
const SUSPENDED: &str =
    "deliveries to the receiving server are suspended by the operator of this server";

/// Whether an entry waits for a destination that was suspended when it was last looked at.
pub(super) fn is_suspended(entry: &Entry) -> bool {
    let last = entry.progress.last.as_ref();
    last.is_some_and(|last| last.reply.is_none() && last.status == EnhancedStatus::SUSPENDED_4_3_2)
}

/// A place in the lane of `address`; how the attempt ends where there is none.
async fn enter(
    context: &QueueContext,
    lanes: &Lanes,
    entry: &Entry,
    address: &Mailbox,
) -> Result<LaneSlot, AttemptEnd> {
    let suspension = || {
        let number = context.suspensions.number();
        let now = context.clock.now();
        let found = context.suspensions.of(address.domain(), now);
        found.map(|suspension| (suspension, number))
    };
    if let Some(suspension) = suspension() {
        return Err(suspended(context, entry, suspension).await);
    }
    let place = lanes.enter(address.domain()).await;
    // Those that waited in the lane when the order came are not under way yet.
    if let Some(suspension) = suspension() {
        drop(place);
        return Err(suspended(context, entry, suspension).await);
    }
    match place {
        None => Err(AttemptEnd::NotAttempted),
        Some(Ok(place)) => Ok(place),
        // Counted as an attempt, or all that wait for a dead server would come back every few seconds.
        Some(Err(diagnostic)) => Err(not_tried(context, entry, address, diagnostic).await),
    }
}

/// Puts an entry off whose destination is suspended. It counts as an attempt: such mail expires as any other that cannot be delivered. With an end it
/// waits no longer than to that.
async fn suspended(
    context: &QueueContext,
    entry: &Entry,
    (suspension, number): (Suspension, u64),
) -> AttemptEnd {
    let diagnostic = Diagnostic::local(EnhancedStatus::SUSPENDED_4_3_2, SUSPENDED);
    let said = format!("{SUSPENDED} (by {}, {})", suspension.by, suspension.since);
    let deferral = Deferral {
        diagnostic,
        said,
        latest: suspension.until,
    };
    match defer(context, entry, deferral, None).await {
        AttemptEnd::Waiting(progress) => AttemptEnd::Suspended(progress, number),
        end => end,
    }
}

/// Remembers to whose servers the message is handed, where that is another domain than when it was accepted: a report from there is then known
/// for theirs. Lost in a crash, that report is told in our words only.
fn note_handed(context: &QueueContext, entry: &Entry, address: &Mailbox) {
    let Some(planned) = entry.memory.handed_to else {
        return;
    };
    let used = context.handed.digest(entry.id, address.domain());
    if used != planned {
        let memory = StateUpdates {
            once: Some(OnceMark::handed(entry.arrived, used)),
            ..StateUpdates::default()
        };
        context.last_used.remember(&memory);
    }
}

/// A diagnostic without anything of the hidden side: what is stored, logged and reported (docs/rules.md#issue-2054; docs/threats.md#97, #99). The remote
/// host goes altogether, for its name often is the domain.
fn masked(entry: &Entry, address: &Mailbox, diagnostic: Diagnostic) -> Diagnostic {
    // One real address is enough: any other that the server names becomes the mask as well.
    let hidden = HiddenAddresses {
        real: vec![address.clone()],
        shown_as: entry.about.recipient.clone(),
    };
    let reply = diagnostic.reply.map(|reply| {
        let text = mask(&reply.lines.join(" "), &hidden);
        crate::mail::Reply::new(reply.code.get(), reply.status, &text)
    });
    Diagnostic {
        status: diagnostic.status,
        host: None,
        reply,
        text: diagnostic.text,
        reported: None,
    }
}

/// Makes an attempt durable in which no server was asked.
async fn not_tried(
    context: &QueueContext,
    entry: &Entry,
    address: &Mailbox,
    why: Diagnostic,
) -> AttemptEnd {
    let (now, none) = (context.clock.now(), RemoteSession::default());
    settle(context, entry, (address, now, none), Outcome::Deferred(why)).await
}

/// How an attempt went, for the history. The server's words are sealed there, and masked when they are shown: most of them nobody asks for.
fn ended(
    entry: &Entry,
    (address, began, session): &(&Mailbox, Timestamp, RemoteSession),
    outcome: &Outcome,
) -> Ended {
    let reply = match outcome {
        Outcome::Delivered { reply, .. } => Some(reply),
        Outcome::Deferred(diagnostic) | Outcome::Failed(diagnostic) => diagnostic.reply.as_ref(),
    };
    let reply = reply.map(ToString::to_string);
    Ended {
        attempt: Attempt::of(session, began.since(entry.arrived)),
        hidden: Box::new(Hidden::of_attempt(session, address, reply)),
    }
}

/// Counts how an attempt ended, at whose mailboxes.
fn count(domain: &Domain, outcome: &Outcome) {
    let (word, status) = match outcome {
        Outcome::Delivered { .. } => ("delivered", "2"),
        Outcome::Deferred(diagnostic) => ("deferred", diagnostic.status.kind()),
        Outcome::Failed(diagnostic) => ("failed", diagnostic.status.kind()),
    };
    let provider = providers::operator(domain);
    metrics::counter!("allegromail_queue_attempts_total", "outcome" => word, "status" => status, "provider" => provider)
        .increment(1);
}

/// Makes an outcome durable. The diagnostic is masked here, and goes nowhere before that. With it, to which address the attempt was made, when it
/// began, and how it went.
async fn settle(
    context: &QueueContext,
    entry: &Entry,
    made: (&Mailbox, Timestamp, RemoteSession),
    outcome: Outcome,
) -> AttemptEnd {
    let (now, address) = (context.clock.now(), made.0);
    let ended = Some(ended(entry, &made, &outcome));
    count(address.domain(), &outcome);
    match outcome {
        Outcome::Delivered { .. } => {
            let delay_ms = now.since(entry.arrived).as_millis();
            tracing::info!(event = "delivered", queue_id = %entry.id, trace = %entry.trace, to = entry.about.recipient, delay_ms, attempts = entry.progress.attempts + 1);
            metrics::counter!("allegromail_queue_delivered_total").increment(1);
            metrics::histogram!("allegromail_queue_delay_seconds").record(now.since(entry.arrived));
            let attempts = entry.progress.attempts + 1;
            note(context, entry, HistoryEvent::Delivered { attempts }, ended);
            done(context, entry).await
        }
        Outcome::Failed(diagnostic) => {
            let diagnostic = masked(entry, address, diagnostic);
            fail(context, entry, diagnostic, ended).await
        }
        Outcome::Deferred(diagnostic) => {
            let diagnostic = masked(entry, address, diagnostic);
            let said = reply_text(&diagnostic);
            let deferral = Deferral {
                diagnostic,
                said,
                latest: None,
            };
            defer(context, entry, deferral, ended).await
        }
    }
}
