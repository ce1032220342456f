//! One attempt, from the address to the settled outcome. Whatever happens, the entry ends in exactly one of: done, deferred.

use std::time::Duration;

use bytes::Bytes;

use super::lanes::Lanes;
use super::{Parts, backoff, report, target};
use crate::delivery::{Attempted, Work};
use crate::dsn::{Action, Hidden, mask};
use crate::failpoint;
use crate::history::{Event, Line};
use crate::mail::{Diagnostic, EnhancedStatus, Mailbox, Outcome};
use crate::spool::{Entry, Progress, Settlement, SpoolError, Target};

/// How long to wait before the end of an entry is written again to a disk that was full.
const FULL_WAIT: Duration = Duration::from_secs(1);

/// Where an attempt left an entry, for the schedule.
pub(super) enum End {
    /// It is done.
    Done,
    /// It waits, with this progress.
    Waits(Progress),
    /// The queue shuts down; nothing was tried.
    Untried,
}

/// Makes one attempt for `entry`.
pub(super) async fn run(parts: &Parts, lanes: &Lanes, entry: &Entry, body: Option<Bytes>) -> End {
    let address = match target::find(parts, entry).await {
        Ok(Ok(address)) => address,
        Ok(Err(diagnostic)) => return fail(parts, entry, diagnostic).await,
        Err(unavailable) => {
            // Our own fault is no attempt: the recipient's server has not been asked.
            tracing::error!(event = "target_unknown", queue_id = %entry.id, error = %unavailable);
            return postpone(parts, entry, entry.progress.attempts, None).await;
        }
    };
    failpoint::pass("queue.target_found");
    let place = match lanes.enter(address.domain()).await {
        None => return End::Untried,
        Some(Ok(place)) => place,
        Some(Err(diagnostic)) => {
            return settle(parts, entry, &address, Outcome::Deferred(diagnostic)).await;
        }
    };
    let body = match body {
        Some(body) => body,
        None => match parts.spool.body(entry.id).await {
            Ok(body) => body,
            Err(error) => {
                tracing::error!(event = "body_unreadable", queue_id = %entry.id, %error);
                return postpone(parts, entry, entry.progress.attempts, None).await;
            }
        },
    };
    let work = Work {
        id: entry.id,
        reverse_path: entry.reverse_path.clone(),
        recipient: address.clone(),
        body,
        smtputf8: entry.smtputf8 || address.needs_utf8(),
        eight_bit: entry.eight_bit,
    };
    // Nothing is sent whose end could not be written: it would arrive twice.
    let Ok(flight) = parts.spool.begin(entry.id) else {
        return End::Untried;
    };
    failpoint::pass("queue.begun");
    let Attempted {
        outcome,
        connection,
    } = parts.deliver.deliver(work).await;
    failpoint::pass("queue.attempted");
    match &outcome {
        Outcome::Deferred(diagnostic) if diagnostic.status == EnhancedStatus::NO_ANSWER_4_4_1 => {
            lanes.close(address.domain(), diagnostic.clone());
        }
        _ => lanes.open(address.domain()),
    }
    let unsettled = place.attempted();
    let end = settle(parts, entry, &address, outcome).await;
    // The outcome is durable: now the connection may take the next message, or say goodbye.
    drop((flight, connection, unsettled));
    end
}

/// A diagnostic without anything of the hidden side: what is stored, logged and reported.
fn masked(entry: &Entry, address: &Mailbox, diagnostic: Diagnostic) -> Diagnostic {
    let hidden = Hidden {
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
    }
}

async fn settle(parts: &Parts, entry: &Entry, address: &Mailbox, outcome: Outcome) -> End {
    let now = parts.clock.now();
    match outcome {
        Outcome::Delivered { .. } => {
            let delay_ms = now.since(entry.arrived).as_millis();
            tracing::info!(event = "delivered", queue_id = %entry.id, trace = %entry.trace, to = entry.about.recipient, delay_ms, attempts = entry.progress.attempts + 1);
            metrics::counter!("allegromail_queue_delivered_total").increment(1);
            let attempts = entry.progress.attempts + 1;
            note(parts, entry, Event::Delivered { attempts });
            done(parts, entry).await
        }
        Outcome::Failed(diagnostic) => fail(parts, entry, masked(entry, address, diagnostic)).await,
        Outcome::Deferred(diagnostic) => {
            let diagnostic = masked(entry, address, diagnostic);
            if backoff::expired(&parts.settings, entry, now) {
                let expired = Diagnostic {
                    status: EnhancedStatus::EXPIRED_4_4_7,
                    text: format!(
                        "given up after many attempts; the last one: {}",
                        diagnostic.text
                    ),
                    ..diagnostic
                };
                return fail(parts, entry, expired).await;
            }
            metrics::counter!("allegromail_queue_deferred_total").increment(1);
            let (status, text) = (diagnostic.status, words(&diagnostic));
            note(parts, entry, Event::Deferred { status, text });
            postpone(parts, entry, entry.progress.attempts + 1, Some(diagnostic)).await
        }
    }
}

async fn done(parts: &Parts, entry: &Entry) -> End {
    failpoint::pass("queue.settling");
    loop {
        match parts.spool.settle(entry.id, Settlement::Done).await {
            Ok(()) => break,
            // The message has arrived. Room comes back when other entries end; until then the connection and the place wait.
            Err(SpoolError::Full(why)) => {
                tracing::warn!(event = "settle_waits", queue_id = %entry.id, why);
                tokio::time::sleep(FULL_WAIT).await;
            }
            Err(error) => {
                // The log cannot say so: a restart will send it once more, which is better than a loss.
                tracing::error!(event = "settle_failed", queue_id = %entry.id, %error);
                break;
            }
        }
    }
    failpoint::pass("queue.settled");
    End::Done
}

async fn postpone(parts: &Parts, entry: &Entry, attempts: u32, last: Option<Diagnostic>) -> End {
    let wait = backoff::wait(&parts.settings, entry.id, attempts.max(1));
    let progress = Progress {
        attempts,
        next_attempt: parts.clock.now().plus(wait),
        last: last.or_else(|| entry.progress.last.clone()),
        held: entry.progress.held,
        told: entry.progress.told,
    };
    if let Some(last) = &progress.last {
        tracing::info!(event = "deferred", queue_id = %entry.id, trace = %entry.trace, to = entry.about.recipient, status = %last.status, text = last.text, attempts, next = %progress.next_attempt);
    }
    let progress = match delay_notice(parts, entry, &progress).await {
        Some(told) => told,
        None => {
            failpoint::pass("queue.deferring");
            let settled = Settlement::Deferred(progress.clone());
            if let Err(error) = parts.spool.settle(entry.id, settled).await {
                tracing::error!(event = "settle_failed", queue_id = %entry.id, %error);
            }
            failpoint::pass("queue.deferred");
            progress
        }
    };
    End::Waits(progress)
}

/// Tells the writer once that the message takes longer (RFC 3461 4.1, `DELAY`), and settles the entry with that. None: nothing was told, for it
/// was told before, is not due, or could not be written now.
async fn delay_notice(parts: &Parts, entry: &Entry, progress: &Progress) -> Option<Progress> {
    let waited = parts.clock.now().since(entry.arrived);
    if progress.told || waited < parts.settings.delay_notice {
        return None;
    }
    let diagnostic = progress.last.as_ref()?;
    let report = report::on(parts, entry, diagnostic, Action::Delayed)
        .await
        .ok()??;
    let told = Progress {
        told: true,
        ..progress.clone()
    };
    let settled = Settlement::Deferred(told.clone());
    failpoint::pass("queue.delay_composed");
    parts.spool.report(entry.id, settled, report).await.ok()?;
    failpoint::pass("queue.delay_told");
    tracing::info!(event = "delay_told", queue_id = %entry.id, trace = %entry.trace);
    Some(told)
}

/// Adds a line to the life of an entry.
fn note(parts: &Parts, entry: &Entry, event: Event) {
    parts
        .history
        .note(&Line::of(entry, parts.clock.now(), event));
}

/// What the other server said, or what we found.
fn words(diagnostic: &Diagnostic) -> String {
    match &diagnostic.reply {
        Some(reply) => reply.to_string(),
        None => diagnostic.text.clone(),
    }
}

/// Gives an entry up, with a report to its writer.
pub(super) async fn fail(parts: &Parts, entry: &Entry, diagnostic: Diagnostic) -> End {
    let action = match entry.target {
        Target::Delayed(_) => Action::Delayed,
        _ => Action::Failed,
    };
    let report = match report::on(parts, entry, &diagnostic, action).await {
        Ok(report) => report,
        Err(unavailable) => {
            tracing::error!(event = "report_waits", queue_id = %entry.id, error = %unavailable);
            return postpone(parts, entry, entry.progress.attempts, Some(diagnostic)).await;
        }
    };
    tracing::info!(event = "failed", queue_id = %entry.id, trace = %entry.trace, to = entry.about.recipient, status = %diagnostic.status, text = diagnostic.text, reported = report.is_some());
    metrics::counter!("allegromail_queue_failed_total").increment(1);
    let event = Event::Failed {
        status: diagnostic.status,
        text: words(&diagnostic),
        reported: report.is_some(),
    };
    note(parts, entry, event);
    let Some(report) = report else {
        return done(parts, entry).await;
    };
    failpoint::pass("queue.report_composed");
    match parts.spool.report(entry.id, Settlement::Done, report).await {
        Ok(()) => {
            failpoint::pass("queue.reported");
            End::Done
        }
        Err(error) => {
            tracing::error!(event = "report_waits", queue_id = %entry.id, %error);
            postpone(parts, entry, entry.progress.attempts, Some(diagnostic)).await
        }
    }
}
