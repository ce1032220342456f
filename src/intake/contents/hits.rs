//! What follows from rules that hold: they are counted, noted for support and the marketplace, and told to the writer's program.

use super::{Contents, Judged};
use crate::content::{Action, Category, Findings, Letter, RuleSet};
use crate::dsn::HandedDocuments;
use crate::history::{ContentHit, HistoryEvent, HistoryRecord};
use crate::intake::arrival::Arrival;
use crate::policy::{Masked, Reason, Refusal};

/// Counts every rule that holds.
pub(super) fn count(set: &RuleSet, most: impl Fn(Category) -> Action, findings: &Findings) {
    for hit in findings.hits.iter().filter(|hit| !hit.cleared) {
        if let Some(rule) = set.rules.get(hit.rule) {
            let (id, action) = (rule.id.clone(), hit.action.min(most(rule.category)).name());
            metrics::counter!("allegromail_content_hits_total", "rule" => id, "action" => action)
                .increment(1);
        }
    }
}

/// Asks the other set, and counts where it would decide otherwise.
pub(super) fn shadow(
    contents: Contents<'_>,
    plan: &Masked,
    letter: &Letter,
    judged: &Judged,
    set: &RuleSet,
) {
    let Some(shadow) = contents.shadow else {
        return;
    };
    let mut findings = shadow.evaluate(letter, &judged.evidence.facts(), &|_| false);
    contents.except(plan, shadow, &mut findings);
    let other = findings.strictest(shadow, contents.most());
    let id = |set: &RuleSet, rule: usize| {
        set.rules
            .get(rule)
            .map_or_else(String::new, |rule| rule.id.clone())
    };
    let named = |decision: Option<(String, Action)>| {
        decision.map_or_else(
            || "pass".to_owned(),
            |(id, action)| format!("{} by {id}", action.name()),
        )
    };
    let now = named(
        judged
            .decision
            .map(|(rule, action)| (id(set, rule), action)),
    );
    let then = named(other.map(|(hit, action)| (id(shadow, hit.rule), action)));
    if now != then {
        metrics::counter!("allegromail_content_shadow_total", "now" => now, "then" => then)
            .increment(1);
    }
}

/// The line of the history, the log and the event for the marketplace.
pub(super) async fn note(
    contents: Contents<'_>,
    arrival: &Arrival<'_>,
    plan: &Masked,
    recipient: &str,
    hit: &ContentHit,
) {
    let (now, trace) = (contents.entries.clock.now(), &arrival.transaction.trace);
    tracing::info!(event = "content", trace = %trace, rule = %hit.rule, action = %hit.action, reference = %hit.reference);
    let event = HistoryEvent::Content(Box::new(hit.clone()));
    let to = recipient.trim_matches(['<', '>']).to_owned();
    let line = HistoryRecord::new(now, trace.clone(), None, to, event);
    contents.history.note(line);
    let event = serde_json::json!({
        "event": "content",
        "at": now.to_string(),
        "writer": plan.writer.id.to_string(),
        "order": plan.transaction.as_ref().map(ToString::to_string),
        "rule": hit.rule,
        "action": hit.action,
        "reference": hit.reference,
    });
    if let Err(error) = contents.state.add_event(now, &event.to_string()).await {
        tracing::error!(event = "event_failed", trace = %trace, %error);
    }
}

/// What the writer's program hears.
pub(super) fn refusal(
    category: Category,
    hit: &ContentHit,
    documents: Option<&HandedDocuments>,
) -> Refusal {
    let why = match category {
        Category::Duplicate => "the marketplace sends this itself",
        Category::Prohibited => "the marketplace does not allow what the message says",
    };
    let mut text = format!("{why}: rule {}, reference {}.", hit.rule, hit.reference);
    if let Some(handed) = documents {
        text.push_str(&format!(
            " Its documents are handed over to the order, or reach the buyer on {}.",
            handed.moment()
        ));
    }
    Refusal::new(reason(category), text)
}

/// The reason of a refusal by a rule.
pub(super) const fn reason(category: Category) -> Reason {
    match category {
        Category::Duplicate => Reason::DuplicateNotification,
        Category::Prohibited => Reason::ContentProhibited,
    }
}
