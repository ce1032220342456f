//! How an attempt leaves its entry: done, put off or given up, each durable before it counts.

use std::time::Duration;

use super::{QueueContext, backoff, lost_documents, report};
use crate::dsn::Action;
use crate::failpoint;
use crate::history::{Attempt, Hidden, HistoryEvent, HistoryRecord};
use crate::mail::{Diagnostic, EnhancedStatus, Timestamp};
use crate::spool::{Entry, Progress, Settlement, SpoolError, Target};

/// How long to wait before the end of an entry is written again to a disk that was full.
const FULL_WAIT: Duration = Duration::from_secs(1);

/// Where an attempt left an entry, for the schedule.
pub(super) enum AttemptEnd {
    /// It is done.
    Done,
    /// It waits, with this progress.
    Waiting(Progress),
    /// It waits for a suspended destination, as the suspensions of this number had it.
    Suspended(Progress, u64),
    /// Nothing is known of an attempt and nothing was written: the queue shuts down, the spool can record no end, or the attempt has panicked.
    NotAttempted,
}

/// The entry is at its end. Returns only when that is durable or cannot be made so: what follows (the next message over the connection) may
/// rely on it.
pub(super) async fn done(context: &QueueContext, entry: &Entry) -> AttemptEnd {
    failpoint::pass("queue.settling");
    if let Err(error) = settled(context, entry).await {
        if let SpoolError::Fenced(_) = error {
            // Its new owner knows nothing of this attempt.
            metrics::counter!("allegromail_queue_possible_duplicates_total").increment(1);
        }
        // The log cannot say so: a restart will send it once more, which is better than a loss.
        tracing::error!(event = "settle_failed", queue_id = %entry.id, %error);
    }
    failpoint::pass("queue.settled");
    AttemptEnd::Done
}

/// Writes that an entry is done. On a full disk room comes back when other entries end; until then whatever it used waits.
///
/// # Errors
/// It cannot be written, now or later.
pub(super) async fn settled(context: &QueueContext, entry: &Entry) -> Result<(), SpoolError> {
    loop {
        match context.spool.settle(entry.id, Settlement::Done).await {
            Err(SpoolError::Full(why)) => {
                tracing::warn!(event = "settle_waits", queue_id = %entry.id, why);
                tokio::time::sleep(FULL_WAIT).await;
            }
            settled => return settled,
        }
    }
}

/// Why an attempt leaves its entry to wait.
pub(super) struct Deferral {
    /// Masked.
    pub(super) diagnostic: Diagnostic,
    /// What the history says of it.
    pub(super) said: String,
    /// The latest time of the next attempt; none: that of the schedule.
    pub(super) latest: Option<Timestamp>,
}

/// Puts an entry off after an attempt, or gives it up where it has waited long enough. `ended`: how the attempt went, if one was made.
pub(super) async fn defer(
    context: &QueueContext,
    entry: &Entry,
    deferral: Deferral,
    ended: Option<Ended>,
) -> AttemptEnd {
    let now = context.clock.now();
    let Deferral {
        diagnostic,
        said,
        latest,
    } = deferral;
    if backoff::expired(&context.settings, entry, now) {
        // The last server's words stay, for they are why.
        let expired = Diagnostic {
            status: EnhancedStatus::EXPIRED_4_4_7,
            text: format!(
                "given up after many attempts; the last one: {}",
                diagnostic.text
            ),
            ..diagnostic
        };
        return fail(context, entry, expired, ended).await;
    }
    metrics::counter!("allegromail_queue_deferred_total").increment(1);
    let attempts = entry.progress.attempts + 1;
    let next = now.plus(backoff::wait(&context.settings, entry.id, attempts));
    let next = latest.map_or(next, |latest| next.min(latest));
    let event = HistoryEvent::Deferred {
        status: diagnostic.status,
        text: said,
        next: Some(next.to_string()),
    };
    note(context, entry, event, ended);
    put_off(context, entry, (attempts, next), Some(diagnostic)).await
}

/// Puts an entry off by the schedule. `attempts` is the number made so far: as before, where nobody was asked. `last` is masked; none: the one of
/// before stands.
pub(super) async fn postpone(
    context: &QueueContext,
    entry: &Entry,
    attempts: u32,
    last: Option<Diagnostic>,
) -> AttemptEnd {
    let wait = backoff::wait(&context.settings, entry.id, attempts.max(1));
    let next = context.clock.now().plus(wait);
    put_off(context, entry, (attempts, next), last).await
}

/// Puts an entry off until a time, with the writer told if that is due.
async fn put_off(
    context: &QueueContext,
    entry: &Entry,
    (attempts, next_attempt): (u32, Timestamp),
    last: Option<Diagnostic>,
) -> AttemptEnd {
    let progress = Progress {
        attempts,
        next_attempt,
        last: last.or_else(|| entry.progress.last.clone()),
        ..entry.progress.clone()
    };
    if let Some(last) = &progress.last {
        tracing::info!(event = "deferred", queue_id = %entry.id, trace = %entry.trace, to = entry.about.recipient, status = %last.status, text = last.text, attempts, next = %progress.next_attempt);
    }
    let progress = match delay_notice(context, entry, &progress).await {
        Some(told) => told,
        None => {
            failpoint::pass("queue.deferring");
            let settled = Settlement::Deferred(progress.clone());
            // The schedule has it in memory all the same; a restart would try earlier, which harms nobody.
            if let Err(error) = context.spool.settle(entry.id, settled).await {
                tracing::error!(event = "settle_failed", queue_id = %entry.id, %error);
            }
            failpoint::pass("queue.deferred");
            progress
        }
    };
    AttemptEnd::Waiting(progress)
}

/// Tells the writer once that the message takes longer (RFC 3461 4.1, `DELAY`), and settles the entry with that. None: nothing was told, for it
/// was told before, is not due, or could not be written now.
async fn delay_notice(
    context: &QueueContext,
    entry: &Entry,
    progress: &Progress,
) -> Option<Progress> {
    let waited = context.clock.now().since(entry.deliverable_since());
    // Of what is held for its documents the writer knows that it is.
    if progress.told || waited < context.settings.delay_notice || entry.to_hand_over().is_some() {
        return None;
    }
    let diagnostic = progress.last.as_ref()?;
    // A notice that fails costs nothing: the next deferral tries it again.
    let report = report::on(context, entry, diagnostic, Action::Delayed)
        .await
        .ok()??;
    let told = Progress {
        told: true,
        ..progress.clone()
    };
    let settled = Settlement::Deferred(told.clone());
    failpoint::pass("queue.delay_composed");
    context.spool.report(entry.id, settled, report).await.ok()?;
    failpoint::pass("queue.delay_told");
    tracing::info!(event = "delay_told", queue_id = %entry.id, trace = %entry.trace);
    Some(told)
}

/// How an attempt went, for the history.
pub(super) struct Ended {
    /// What names nobody.
    pub(super) attempt: Attempt,
    /// What is sealed.
    pub(super) hidden: Box<Hidden>,
}

/// Adds a line to the life of an entry, for `trace` (docs/rules.md#issue-3833); of what ends an attempt with `ended`.
pub(super) fn note(
    context: &QueueContext,
    entry: &Entry,
    event: HistoryEvent,
    ended: Option<Ended>,
) {
    let (attempt, hidden) = ended.map(|ended| (ended.attempt, ended.hidden)).unzip();
    context.history.note(HistoryRecord {
        attempt,
        hidden,
        ..HistoryRecord::of(entry, context.clock.now(), event)
    });
}

/// What the other server said, or what we found; masked where the diagnostic is.
pub(super) fn reply_text(diagnostic: &Diagnostic) -> String {
    match &diagnostic.reply {
        Some(reply) => reply.to_string(),
        None => diagnostic.text.clone(),
    }
}

/// Gives an entry up, with a report to its writer. Both become durable together: after a crash there is never a message that ended in silence,
/// nor one reported twice. `diagnostic` is masked; `ended`: how the last attempt went, if one did.
pub(super) async fn fail(
    context: &QueueContext,
    entry: &Entry,
    diagnostic: Diagnostic,
    ended: Option<Ended>,
) -> AttemptEnd {
    // An entry that only carries another server's word of a delay.
    let action = match entry.target {
        Target::Delayed(_) => Action::Delayed,
        _ => Action::Failed,
    };
    let report = match report::on(context, entry, &diagnostic, action).await {
        Ok(report) => report,
        Err(unavailable) => {
            tracing::error!(event = "report_waits", queue_id = %entry.id, error = %unavailable);
            return postpone(context, entry, entry.progress.attempts, Some(diagnostic)).await;
        }
    };
    tracing::info!(event = "failed", queue_id = %entry.id, trace = %entry.trace, to = entry.about.recipient, status = %diagnostic.status, text = diagnostic.text, reported = report.is_some());
    metrics::counter!("allegromail_queue_failed_total").increment(1);
    let event = HistoryEvent::Failed {
        status: diagnostic.status,
        text: reply_text(&diagnostic),
        reported: report.is_some(),
    };
    note(context, entry, event, ended);
    let Some(mut report) = report else {
        let end = done(context, entry).await;
        lost_documents::reached_nobody(context, entry).await;
        return end;
    };
    // Durable with the report: what it says was not delivered may be sent again.
    report.entry.memory.lost_documents = lost_documents::lost(entry).lost_documents;
    failpoint::pass("queue.report_composed");
    match context
        .spool
        .report(entry.id, Settlement::Done, report)
        .await
    {
        Ok(()) => {
            failpoint::pass("queue.reported");
            lost_documents::reached_nobody(context, entry).await;
            AttemptEnd::Done
        }
        Err(error) => {
            tracing::error!(event = "report_waits", queue_id = %entry.id, %error);
            postpone(context, entry, entry.progress.attempts, Some(diagnostic)).await
        }
    }
}
