//! Entries that are held for documents: these are handed over to the marketplace, and only where that fails does the message go to its recipient.

use bytes::Bytes;

use super::ending::{self, AttemptEnd, done, note, postpone};
use super::{QueueContext, damaged, report};
use crate::content::{self, DocumentPlace};
use crate::failpoint;
use crate::handover::{Handed, HandoverRequest};
use crate::history::HistoryEvent;
use crate::mail::{Diagnostic, EnhancedStatus};
use crate::message::Message;
use crate::spool::{Entry, HeldDocuments, Progress, Settlement, SpoolError};

/// One attempt to hand over what is left of an entry's documents. `body`: the message where it is still in memory.
pub(super) async fn run(
    context: &QueueContext,
    entry: &Entry,
    held: &HeldDocuments,
    body: Option<Bytes>,
) -> AttemptEnd {
    if context.clock.now() >= held.until {
        return release(context, entry, "the documents were not taken in time").await;
    }
    let Some(_turn) = context.targets.turn().await else {
        return AttemptEnd::NotAttempted;
    };
    let message = match read(context, entry, body).await {
        Ok(message) => message,
        Err(end) => return end,
    };
    let mut handed = entry.progress.handed_over.clone();
    let mut waits = false;
    for (number, document) in held.documents.iter().enumerate() {
        if handed.contains(&number) {
            continue;
        }
        let octets = match document.place {
            DocumentPlace::Part(part) => {
                let part = message.structure().parts.get(part);
                part.map_or_else(Default::default, |part| content::content(&message, part))
            }
            DocumentPlace::Link(_) => Default::default(),
        };
        let request = HandoverRequest {
            id: entry.id,
            received: entry.arrived,
            held,
            document,
            octets: &octets,
        };
        failpoint::pass("handover.begun");
        let became = context.targets.hand_over(request).await;
        failpoint::pass("handover.attempted");
        match became {
            Handed::Over => handed.push(number),
            Handed::ToBeTaken => waits = true,
            Handed::Later(why) => {
                count("deferred");
                tracing::warn!(event = "handover_deferred", queue_id = %entry.id, trace = %entry.trace, why);
                return wait(context, entry, held, (handed, &why)).await;
            }
            Handed::Refused(why) => {
                count("refused");
                tracing::warn!(event = "handover_refused", queue_id = %entry.id, trace = %entry.trace, why);
                return release(context, entry, &format!("not taken: {why}")).await;
            }
        }
    }
    if waits {
        return until_taken(context, entry, held, handed).await;
    }
    end(context, entry, held).await
}

/// The message of an entry, split; where it cannot be had, where that leaves the entry.
async fn read(
    context: &QueueContext,
    entry: &Entry,
    body: Option<Bytes>,
) -> Result<Message, AttemptEnd> {
    let body = match body {
        Some(body) => Ok(body),
        None => context.spool.body(entry.id).await,
    };
    let unreadable = match body {
        Ok(body) => match Message::parse(body) {
            Ok(message) => return Ok(message),
            Err(error) => error.to_string(),
        },
        Err(error) => {
            if matches!(error, SpoolError::Damaged(_) | SpoolError::NoSuchEntry(_))
                && damaged::found(context, entry).await.is_ok()
            {
                return Err(AttemptEnd::Done);
            }
            error.to_string()
        }
    };
    tracing::error!(event = "body_unreadable", queue_id = %entry.id, error = unreadable);
    Err(postpone(context, entry, entry.progress.attempts, None).await)
}

/// Tries again later, and not after the time at which the message goes to its recipient.
async fn wait(
    context: &QueueContext,
    entry: &Entry,
    held: &HeldDocuments,
    (handed_over, why): (Vec<usize>, &str),
) -> AttemptEnd {
    let attempts = entry.progress.attempts + 1;
    let wait = super::backoff::wait(&context.settings, entry.id, attempts);
    let progress = Progress {
        attempts,
        next_attempt: context.clock.now().plus(wait).min(held.until),
        last: Some(Diagnostic::local(EnhancedStatus::NO_ANSWER_4_4_1, why)),
        handed_over,
        ..entry.progress.clone()
    };
    settle(context, entry, progress).await
}

/// Waits until somebody says that the documents were taken.
async fn until_taken(
    context: &QueueContext,
    entry: &Entry,
    held: &HeldDocuments,
    handed_over: Vec<usize>,
) -> AttemptEnd {
    let why = "its documents wait to be taken";
    let progress = Progress {
        attempts: entry.progress.attempts + 1,
        next_attempt: held.until,
        last: Some(Diagnostic::local(EnhancedStatus::NO_ANSWER_4_4_1, why)),
        handed_over,
        ..entry.progress.clone()
    };
    settle(context, entry, progress).await
}

async fn settle(context: &QueueContext, entry: &Entry, progress: Progress) -> AttemptEnd {
    let settled = Settlement::Deferred(progress.clone());
    // The schedule has it in memory; a restart would hand the same documents over once more, to where they are.
    if let Err(error) = context.spool.settle(entry.id, settled).await {
        tracing::error!(event = "settle_failed", queue_id = %entry.id, %error);
    }
    failpoint::pass("handover.settled");
    AttemptEnd::Waiting(progress)
}

/// All documents have been handed over: the message has ended.
async fn end(context: &QueueContext, entry: &Entry, held: &HeldDocuments) -> AttemptEnd {
    let documents: Vec<String> = held
        .documents
        .iter()
        .map(|document| document.name.clone())
        .collect();
    for _ in &documents {
        count("handed_over");
    }
    tracing::info!(event = "handed_over", queue_id = %entry.id, trace = %entry.trace, documents = documents.len());
    note(context, entry, HistoryEvent::HandedOver { documents });
    let end = done(context, entry).await;
    failpoint::pass("handover.ended");
    forget(context, held).await;
    end
}

/// Somebody says that a document was taken; all of them, and the message has ended.
pub(super) async fn taken(
    context: &QueueContext,
    entry: &Entry,
    number: usize,
) -> (AttemptEnd, Result<(), String>) {
    let Some(held) = entry.to_hand_over() else {
        return (AttemptEnd::Waiting(entry.progress.clone()), Ok(()));
    };
    let mut progress = entry.progress.clone();
    if !progress.handed_over.contains(&number) {
        progress.handed_over.push(number);
    }
    let left = (0..held.documents.len()).any(|number| !progress.handed_over.contains(&number));
    if !left {
        return (end(context, entry, held).await, Ok(()));
    }
    let settled = Settlement::Deferred(progress.clone());
    match context.spool.settle(entry.id, settled).await {
        Ok(()) => {
            if let Some(document) = held.documents.get(number) {
                context.targets.forget(held, document).await;
            }
            (AttemptEnd::Waiting(progress), Ok(()))
        }
        Err(error) => (
            AttemptEnd::Waiting(entry.progress.clone()),
            Err(error.to_string()),
        ),
    }
}

/// The message goes to its recipient after all, and its writer is told so; both become durable together. Delivery begins anew: what waited so far was for others.
pub(super) async fn release(context: &QueueContext, entry: &Entry, why: &str) -> AttemptEnd {
    let now = context.clock.now();
    let progress = Progress {
        next_attempt: now,
        released: Some(now),
        handed_over: entry.progress.handed_over.clone(),
        ..Progress::default()
    };
    let notice = match report::on_release(context, entry).await {
        Ok(notice) => notice,
        Err(error) => {
            tracing::error!(event = "report_waits", queue_id = %entry.id, error);
            return postpone(context, entry, entry.progress.attempts, None).await;
        }
    };
    let settled = Settlement::Deferred(progress.clone());
    failpoint::pass("handover.releasing");
    let written = match notice {
        Some(notice) => context.spool.report(entry.id, settled, notice).await,
        None => context.spool.settle(entry.id, settled).await,
    };
    if let Err(error) = written {
        tracing::error!(event = "settle_failed", queue_id = %entry.id, %error);
        return postpone(context, entry, entry.progress.attempts, None).await;
    }
    failpoint::pass("handover.released");
    count("released");
    tracing::warn!(event = "released", queue_id = %entry.id, trace = %entry.trace, why);
    let text = why.to_owned();
    ending::note(context, entry, HistoryEvent::Released { text });
    if let Some(held) = entry.held.as_deref() {
        forget(context, held).await;
    }
    AttemptEnd::Waiting(progress)
}

/// Takes the documents out of the folder that is ours.
pub(super) async fn forget(context: &QueueContext, held: &HeldDocuments) {
    for document in &held.documents {
        context.targets.forget(held, document).await;
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("allegromail_handover_documents_total", "outcome" => outcome).increment(1);
}
