//! Entries that are held for documents: these are handed over to the marketplace, and only where that fails does the message go to its recipient.

mod ends;

use std::time::Duration;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use self::ends::end;
use super::ending::AttemptEnd;
use super::{QueueContext, backoff, damaged};
use crate::content::{self, Document, DocumentPlace};
use crate::failpoint;
use crate::handover::{Handed, HandoverRequest};
use crate::mail::{Diagnostic, EnhancedStatus};
use crate::message::Message;
use crate::offload::in_place;
use crate::spool::{Entry, HeldDocuments, Progress, Settlement, SpoolError};

pub(super) use self::ends::{release, taken};

/// How long until the next attempt, where nothing could be tried and the message is due for its recipient.
const MOMENT: Duration = Duration::from_secs(30);

/// One attempt to hand over what is left of an entry's documents. `body`: the message where it is still in memory.
///
/// A message is released after an attempt, however late it is: what the marketplace would take now is not the buyer's because this server was down, or its clock
/// wrong.
pub(super) async fn run(
    context: &QueueContext,
    entry: &Entry,
    held: &HeldDocuments,
    body: Option<Bytes>,
) -> AttemptEnd {
    let mut progress = Progress {
        attempts: entry.progress.attempts + 1,
        ..entry.progress.clone()
    };
    if let Some(why) = context.targets.closed() {
        return put_off(context, entry, held, (progress, &why)).await;
    }
    // What waits for its turn holds no memory.
    let (turn, body) = match context.targets.try_turn() {
        Some(turn) => (Some(turn), body),
        None => {
            drop(body);
            (context.targets.turn().await, None)
        }
    };
    let Some(_turn) = turn else {
        return AttemptEnd::NotAttempted;
    };
    let message = match read(context, entry, body).await {
        Ok(Some(message)) => message,
        Ok(None) => return AttemptEnd::Done,
        // Released in its time, as what cannot be handed over: delivery looks at it anew.
        Err(why) => return wait(context, entry, held, (progress, &why)).await,
    };
    let (mut waits, mut later, mut untried) = (false, None, None);
    for (number, document) in held.documents.iter().enumerate() {
        if progress.handed_over.contains(number) {
            continue;
        }
        let Some(octets) = octets(&message, document).await else {
            let why = "the document cannot be read from the message";
            return release(context, entry, (progress, why)).await;
        };
        let request = HandoverRequest {
            id: entry.id,
            received: entry.arrived,
            held,
            document,
            octets,
        };
        let mut in_folder = progress.in_folder.contains(number);
        failpoint::pass("handover.begun");
        let became = context.targets.hand_over(&request, &mut in_folder).await;
        failpoint::pass("handover.attempted");
        if in_folder {
            progress.in_folder.insert(number);
        }
        match became {
            Handed::Over => progress.handed_over.insert(number),
            Handed::ToBeTaken => waits = true,
            // One that fails holds up none of the others.
            Handed::Later(why) => later = Some(why),
            Handed::Untried(why) => untried = Some(why),
            Handed::Refused(why) => {
                count("refused");
                tracing::warn!(event = "handover_refused", queue_id = %entry.id, trace = %entry.trace, why);
                let why = format!("not taken: {why}");
                return release(context, entry, (progress, &why)).await;
            }
        }
    }
    if let Some(why) = untried {
        return put_off(context, entry, held, (progress, &why)).await;
    }
    if let Some(why) = later {
        return wait(context, entry, held, (progress, &why)).await;
    }
    if waits {
        return until_taken(context, entry, held, progress).await;
    }
    end(context, entry, held).await.unwrap_or_else(|error| {
        // As of what was delivered: a restart hands it over once more, to where it is.
        tracing::error!(event = "settle_failed", queue_id = %entry.id, %error);
        AttemptEnd::Done
    })
}

/// The octets of a document; of a link there are none. None: they are others than those that were found when it was taken.
async fn octets(message: &Message, document: &Document) -> Option<Bytes> {
    let DocumentPlace::Part(number) = document.place else {
        return Some(Bytes::new());
    };
    let part = message.structure().parts.get(number)?;
    let read = || {
        let octets = content::file_octets(message, part).into_owned();
        let digest = HEXLOWER.encode(&Sha256::digest(&octets));
        (digest == document.sha256).then(|| Bytes::from(octets))
    };
    in_place(document.size, read).await
}

/// The message of an entry, split; none: it is damaged, and has ended.
///
/// # Errors
/// It cannot be read now; why, for operators.
async fn read(
    context: &QueueContext,
    entry: &Entry,
    body: Option<Bytes>,
) -> Result<Option<Message>, String> {
    let body = match body {
        Some(body) => Ok(body),
        None => context.spool.body(entry.id).await,
    };
    let damaged =
        |error: &SpoolError| matches!(error, SpoolError::Damaged(_) | SpoolError::NoSuchEntry(_));
    match body {
        Ok(body) => {
            let message = in_place(body.len(), || Message::parse(body.clone())).await;
            message.map(Some).map_err(|error| error.to_string())
        }
        Err(error) if damaged(&error) && damaged::found(context, entry).await.is_ok() => Ok(None),
        Err(error) => {
            tracing::error!(event = "body_unreadable", queue_id = %entry.id, %error);
            Err("the message cannot be read from the spool".to_owned())
        }
    }
}

/// Tries again later, and for the last time when the message goes to its recipient.
async fn wait(
    context: &QueueContext,
    entry: &Entry,
    held: &HeldDocuments,
    (progress, why): (Progress, &str),
) -> AttemptEnd {
    count("deferred");
    tracing::warn!(event = "handover_deferred", queue_id = %entry.id, trace = %entry.trace, why);
    let now = context.clock.now();
    if now >= held.until {
        let why = format!("not handed over in time: {why}");
        return release(context, entry, (progress, &why)).await;
    }
    let wait = backoff::wait(&context.settings, entry.id, progress.attempts);
    let progress = Progress {
        next_attempt: now.plus(wait).min(held.until),
        last: Some(Diagnostic::local(EnhancedStatus::NO_ANSWER_4_4_1, why)),
        ..progress
    };
    settle(context, entry, progress).await
}

/// Nothing could be tried. What is due for its recipient is tried again in a moment before it goes there, and what is not, by the schedule.
async fn put_off(
    context: &QueueContext,
    entry: &Entry,
    held: &HeldDocuments,
    (progress, why): (Progress, &str),
) -> AttemptEnd {
    let now = context.clock.now();
    if now < held.until {
        return wait(context, entry, held, (progress, why)).await;
    }
    let progress = Progress {
        next_attempt: now.plus(MOMENT),
        ..progress
    };
    AttemptEnd::Waiting(progress)
}

/// Waits until somebody says that the documents were taken.
async fn until_taken(
    context: &QueueContext,
    entry: &Entry,
    held: &HeldDocuments,
    progress: Progress,
) -> AttemptEnd {
    if context.clock.now() >= held.until {
        return release(context, entry, (progress, "not taken in time")).await;
    }
    let why = "its documents wait to be taken";
    let progress = Progress {
        next_attempt: held.until,
        last: Some(Diagnostic::local(EnhancedStatus::NO_ANSWER_4_4_1, why)),
        ..progress
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

fn count(outcome: &'static str) {
    metrics::counter!("allegromail_handover_documents_total", "outcome" => outcome).increment(1);
}
