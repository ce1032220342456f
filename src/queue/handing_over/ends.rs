//! How what is held for its documents ends: they were handed over, or taken, or the message is released, or they are with nobody.

use super::count;
use crate::failpoint;
use crate::history::HistoryEvent;
use crate::queue::ending::{AttemptEnd, note, postpone, settled};
use crate::queue::lost_documents::forget;
use crate::queue::{QueueActionError, QueueContext, report};
use crate::spool::{Entry, HeldDocuments, Progress, Settlement, SpoolError};

/// All documents have been handed over: the message has ended.
///
/// # Errors
/// That is not durable.
pub(super) async fn end(
    context: &QueueContext,
    entry: &Entry,
    held: &HeldDocuments,
) -> Result<AttemptEnd, SpoolError> {
    let names = held.documents.iter().map(|document| document.name.clone());
    let documents: Vec<String> = names.collect();
    failpoint::pass("handover.ending");
    settled(context, entry).await?;
    failpoint::pass("handover.ended");
    for _ in &documents {
        count("handed_over");
    }
    tracing::info!(event = "handed_over", queue_id = %entry.id, trace = %entry.trace, documents = documents.len());
    note(context, entry, HistoryEvent::HandedOver { documents }, None);
    forget(context, held).await;
    Ok(AttemptEnd::Done)
}

/// Somebody says that a document was taken; all of them, and the message has ended.
pub(in crate::queue) async fn taken(
    context: &QueueContext,
    entry: &Entry,
    number: usize,
) -> (AttemptEnd, Result<(), QueueActionError>) {
    let stays = AttemptEnd::Waiting(entry.progress.clone());
    let waiting = entry.to_hand_over().and_then(|held| {
        let document = held.documents.get(number)?;
        let open = !entry.progress.handed_over.contains(number);
        open.then_some((held, document))
    });
    let Some((held, document)) = waiting else {
        return (stays, Err(QueueActionError::NoSuchEntry(entry.id)));
    };
    let mut progress = entry.progress.clone();
    progress.handed_over.insert(number);
    let settled = match progress.handed_over.count() == held.documents.len() {
        true => end(context, entry, held).await,
        false => {
            let settled = Settlement::Deferred(progress.clone());
            let settled = context.spool.settle(entry.id, settled).await;
            if settled.is_ok() {
                context.targets.forget(held, document).await;
            }
            settled.map(|()| AttemptEnd::Waiting(progress))
        }
    };
    match settled {
        Ok(end) => (end, Ok(())),
        Err(error) => (stays, Err(QueueActionError::Spool(error.to_string()))),
    }
}

/// The message goes to its recipient after all, and its writer is told so; both become durable together. Delivery begins anew: what waited so far was for others.
pub(in crate::queue) async fn release(
    context: &QueueContext,
    entry: &Entry,
    (so_far, why): (Progress, &str),
) -> AttemptEnd {
    let now = context.clock.now();
    let progress = Progress {
        next_attempt: now,
        released: Some(now),
        handed_over: so_far.handed_over,
        ..Progress::default()
    };
    let notice = match report::on_release(context, entry, progress.handed_over).await {
        Ok(notice) => notice,
        Err(error) => {
            tracing::error!(event = "report_waits", queue_id = %entry.id, error);
            return not_released(context, entry, so_far).await;
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
        return not_released(context, entry, so_far).await;
    }
    failpoint::pass("handover.released");
    count("released");
    tracing::warn!(event = "released", queue_id = %entry.id, trace = %entry.trace, why);
    let text = why.to_owned();
    note(context, entry, HistoryEvent::Released { text }, None);
    if let Some(held) = entry.held.as_deref() {
        forget(context, held).await;
    }
    AttemptEnd::Waiting(progress)
}

/// It could not be released now; what was handed over meanwhile stays known.
async fn not_released(context: &QueueContext, entry: &Entry, progress: Progress) -> AttemptEnd {
    let attempts = progress.attempts;
    let entry = Entry {
        progress,
        ..entry.clone()
    };
    postpone(context, &entry, attempts, None).await
}
