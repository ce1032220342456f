//! Messages whose bytes have changed on the disk end here: the trace says so, the writer is told once, and the message stays listed until an operator
//! drops it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::ending::{note, reply_text};
use super::{QueueContext, lost_documents, report};
use crate::dsn::Action;
use crate::failpoint;
use crate::history::HistoryEvent;
use crate::mail::{Diagnostic, EnhancedStatus};
use crate::spool::{DamagedMessage, Entry, Settlement};

/// How long to wait before an end is tried again that could not be written, or whose writer the directory did not know yet.
const AGAIN: Duration = Duration::from_secs(10);
/// What the writer and the trace are told.
const TEXT: &str = "the message was damaged on the disk of this server and cannot be delivered; please send it again";

/// Ends the damaged messages that a start has found, each until it is durable.
pub async fn end_damaged(
    context: QueueContext,
    damaged: Vec<DamagedMessage>,
    shutdown: CancellationToken,
) {
    let mut open = damaged;
    while !open.is_empty() {
        let mut left = Vec::new();
        for damaged in open {
            if let Err(error) = end(&context, &damaged).await {
                tracing::error!(event = "report_waits", queue_id = %damaged.id, error);
                left.push(damaged);
            }
        }
        open = left;
        if open.is_empty() {
            return;
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

/// Ends an entry whose damage was found when it was to be delivered.
///
/// # Errors
/// In words for the log: it could not be written now, and the entry waits.
pub(super) async fn found(context: &QueueContext, entry: &Entry) -> Result<(), String> {
    let kept = context.spool.quarantine_message(entry).await;
    kept.map_err(|error| error.to_string())?;
    let damaged = DamagedMessage {
        id: entry.id,
        entry: Some(entry.clone()),
        file: String::new(),
        ended: false,
        unsure: false,
    };
    end(context, &damaged).await
}

/// Ends one. What is left of it has been kept before; that it has ended becomes durable together with the report, so that no crash tells twice or never.
async fn end(context: &QueueContext, damaged: &DamagedMessage) -> Result<(), String> {
    let id = damaged.id;
    let told = match &damaged.entry {
        None => {
            tracing::error!(event = "message_damaged", queue_id = %id, "its head is lost and nothing else is known of it: nobody can be told; queue export has what is left");
            None
        }
        Some(entry) => report_on(context, entry).await?,
    };
    failpoint::pass("queue.damage_composed");
    let settled = match told {
        Some(mut report) => {
            let lost = damaged
                .entry
                .as_ref()
                .map(lost_documents::lost)
                .unwrap_or_default();
            report.entry.memory.lost_documents = lost.lost_documents;
            context.spool.report(id, Settlement::Done, report).await
        }
        None => context.spool.settle(id, Settlement::Done).await,
    };
    settled.map_err(|error| error.to_string())?;
    failpoint::pass("queue.damage_told");
    if let Some(entry) = &damaged.entry {
        lost_documents::reached_nobody(context, entry).await;
    }
    metrics::counter!("allegromail_queue_damaged_total").increment(1);
    let quarantine = context.spool.quarantine();
    let noted = tokio::task::spawn_blocking(move || quarantine.end(id)).await;
    // The log has it: the next start notes it.
    if let Ok(Err(error)) = noted {
        tracing::warn!(event = "spool_damaged", queue_id = %id, %error, "that it has ended could not be noted beside it");
    }
    Ok(())
}

/// The report on a damaged message, and its end in the trace.
async fn report_on(
    context: &QueueContext,
    entry: &Entry,
) -> Result<Option<crate::spool::NewEntry>, String> {
    // Ours, so nothing that is for good: the same message sent again will do.
    let diagnostic = Diagnostic::local(EnhancedStatus::SYSTEM_4_3_0, TEXT);
    let report = report::on(context, entry, &diagnostic, Action::Failed).await?;
    tracing::error!(event = "message_damaged", queue_id = %entry.id, trace = %entry.trace, to = entry.about.recipient, reported = report.is_some(), "its bytes on the disk have changed; queue export has what is left");
    let event = HistoryEvent::Failed {
        status: diagnostic.status,
        text: reply_text(&diagnostic),
        reported: report.is_some(),
    };
    note(context, entry, event, None);
    // Before the end itself: a crash between the two tells the trace twice, the other way round never, for nothing ends the message again.
    let history = context.history.clone();
    let kept = tokio::task::spawn_blocking(move || history.sync()).await;
    if let Ok(Err(error)) = kept {
        tracing::warn!(event = "history_sync_failed", queue_id = %entry.id, %error, "the trace may not tell the end of a damaged message");
    }
    Ok(report)
}
