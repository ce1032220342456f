//! Runs the rules in the order of CONTRACT.md and writes the trail.

use super::rules::{self, Finding};
use super::{Facts, Refusal, Trail, Verdict};

/// One rule: a name for the trail, and the question.
type Rule = (&'static str, fn(&Facts) -> Result<Finding, Refusal>);

/// Couriers and participants, in this order; `class` decides which of the later rules speak.
const RULES: &[Rule] = &[
    ("sender proof", rules::proof),
    ("registered or courier", rules::known_sender),
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
pub fn decide(facts: &Facts) -> Verdict {
    let mut trail = Trail::default();
    for (name, rule) in RULES {
        match rule(facts) {
            Ok(finding) => trail.note(name, finding.0),
            Err(refusal) => {
                trail.note(name, refusal.text.clone());
                return Verdict {
                    decision: Err(refusal),
                    trail,
                };
            }
        }
    }
    let decision = rules::plan(facts);
    Verdict { decision, trail }
}
