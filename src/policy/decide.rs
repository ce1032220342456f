//! Runs the rules in the order of docs/rules.md#who-may-write and writes the trail.

use super::rules::{self, Finding};
use super::{Facts, Plan, Refusal, Trail, Verdict};

/// One rule: a name for the trail, and the question.
type Rule = (&'static str, fn(&Facts<'_>) -> Result<Finding, Refusal>);

/// Who writes. Nothing else is asked, nor told, before this is certain.
const SENDER: &[Rule] = &[
    ("sender proof", rules::proof),
    ("registered or courier", rules::known_sender),
];

/// Couriers and participants, in this order; `class` decides which of the later rules speak.
const RULES: &[Rule] = &[
    ("transaction wanted", rules::transaction_wanted),
    ("transaction known", rules::transaction_known),
    ("transaction open", rules::transaction_open),
    ("accounts active", rules::accounts_active),
    ("party", rules::party),
    ("return path", rules::return_path),
    ("reply-to", rules::reply_to),
];

/// Decides about one message to one recipient.
#[must_use]
pub fn decide(facts: &Facts<'_>) -> Verdict {
    let mut trail = Trail::default();
    let decision = follow(facts, &mut trail);
    Verdict { decision, trail }
}

fn follow(facts: &Facts<'_>, trail: &mut Trail) -> Result<Plan, Refusal> {
    ask(SENDER, facts, trail)?;
    if let Some(plan) = rules::own_mask(facts) {
        trail.note(
            "own mask",
            "the writer's own, beside others: no copy goes there",
        );
        return Ok(plan);
    }
    ask(RULES, facts, trail)?;
    Ok(rules::plan(facts))
}

/// Asks rule after rule until one refuses.
fn ask(rules: &[Rule], facts: &Facts<'_>, trail: &mut Trail) -> Result<(), Refusal> {
    for (name, rule) in rules {
        match rule(facts) {
            Ok(finding) => trail.note(name, finding.0),
            Err(refusal) => {
                trail.note(name, refusal.text.clone());
                return Err(Refusal {
                    rule: Some(name),
                    ..refusal
                });
            }
        }
    }
    Ok(())
}
