//! What the rules say of one message, and what follows from it.

use super::evidence::Evidence;
use crate::content::{Action, Category, Findings, Letter, RuleSet, Sentence};
use crate::intake::dedup::Claim;

/// What the rules say of one message.
pub(super) struct Judged {
    pub(super) findings: Findings,
    pub(super) evidence: Evidence,
    /// The number of the rule that decides, and what becomes of the message; none: it passes.
    pub(super) decision: Option<(usize, Action)>,
    pub(super) credit: Option<Claim>,
}

impl Judged {
    /// The sentences that could be held against who quotes them, as they are compared.
    pub(super) fn quotable(&self, letter: &Letter) -> Vec<String> {
        let numbers = self.findings.quotable.iter();
        numbers
            .filter_map(|number| letter.sentences.get(*number))
            .map(Sentence::key)
            .collect()
    }

    /// The sentence that the deciding rule found.
    pub(super) fn sentence<'l>(&self, letter: &'l Letter) -> Option<&'l str> {
        let (number, _) = self.decision?;
        let hit = self.findings.hits.iter().find(|hit| hit.rule == number)?;
        letter
            .sentences
            .get(hit.sentence?)
            .map(|sentence| sentence.text.as_str())
    }

    /// Whether another rule than one against documents blocks the message as well.
    pub(super) fn is_blocked_beside_documents(
        &self,
        set: &RuleSet,
        most: impl Fn(Category) -> Action,
    ) -> bool {
        let hits = self.findings.hits.iter().filter(|hit| !hit.cleared);
        let mut rules = hits.filter_map(|hit| Some((hit, set.rules.get(hit.rule)?)));
        rules.any(|(hit, rule)| {
            !rule.is_of_documents() && hit.action.min(most(rule.category)) == Action::Block
        })
    }

    /// The other rules that hold.
    pub(super) fn others(&self, set: &RuleSet, rule: &str) -> Vec<String> {
        let hits = self.findings.hits.iter().filter(|hit| !hit.cleared);
        let ids = hits
            .filter_map(|hit| set.rules.get(hit.rule))
            .map(|rule| rule.id.clone());
        ids.filter(|id| id != rule).collect()
    }
}
