//! What a set finds in a letter. All rules are tried, then the strictest is chosen: nothing depends on their order but which of equals is named.

use std::collections::BTreeSet;

use super::file::{Action, Category};
use super::search::{Found, Search};
use super::set::{Member, Role, Rule, RuleSet};
use crate::content::block::Place;
use crate::content::document_words::is_document_link;
use crate::content::documents::{is_document, is_pdf};
use crate::content::facts::{Fact, Facts};
use crate::content::letter::{Letter, Sentence};
use crate::content::links::{Link, LinkType};

/// A rule that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The rule's number in the set.
    pub rule: usize,
    /// What it asks for by itself.
    pub action: Action,
    /// The number of the sentence that it found, in the letter; none where it went by a link.
    pub sentence: Option<usize>,
    /// Whether a safe rule clears it.
    pub cleared: bool,
}

/// All that was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// In the order of the rules.
    pub hits: Vec<Hit>,
    /// Safe rules that hold, by their numbers.
    pub safe: Vec<usize>,
    /// Whether the writer asks something.
    pub question: bool,
    /// Sentences that could be held against who quotes them, by their numbers, in order.
    pub quotable: Vec<usize>,
}

impl Findings {
    /// The hit that decides, where each category has an action of its own at most; none: the message passes.
    pub fn strictest(
        &self,
        set: &RuleSet,
        most: impl Fn(Category) -> Action,
    ) -> Option<(&Hit, Action)> {
        let hits = self.hits.iter().filter(|hit| !hit.cleared);
        let acting = hits.filter_map(|hit| {
            let rule = set.rules.get(hit.rule)?;
            Some((hit, hit.action.min(most(rule.category))))
        });
        // Of equals the first.
        acting
            .filter(|(_, action)| *action > Action::Off)
            .reduce(|best, next| if next.1 > best.1 { next } else { best })
    }
}

/// What is known of a rule while sentences are read.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// The first sentence that holds one of its phrases.
    phrase: Option<u32>,
    also: bool,
    never: bool,
}

impl RuleSet {
    /// What holds of `letter`. `theirs` tells of a sentence that the other side wrote: it is never held against who quotes it.
    #[must_use]
    pub fn evaluate(
        &self,
        letter: &Letter,
        facts: &Facts,
        theirs: &dyn Fn(&Sentence) -> bool,
    ) -> Findings {
        let mut notes = Notes {
            set: self,
            seen: vec![Seen::default(); self.rules.len()],
            question: false,
            theirs: Vec::new(),
            quotable: Vec::new(),
        };
        let mut search = Search::new(self);
        let links: BTreeSet<usize> = letter.links.iter().map(|link| link.sentence).collect();
        for (number, sentence) in letter.sentences.iter().enumerate() {
            search.read(letter, sentence);
            let wanted = |member: &Member| notes.want(member, sentence.place);
            search.find(wanted);
            if sentence.place == Place::Quoted {
                // Most of them hold nothing that any rule looks for: whose they are need not be known then.
                if search.found.is_empty() && !links.contains(&number) {
                    continue;
                }
                if theirs(sentence) {
                    notes.theirs.push(number);
                    continue;
                }
            }
            notes.question |=
                sentence.asks && matches!(sentence.place, Place::Subject | Place::Text);
            search.note(sentence, number);
            for found in &search.found {
                notes.add(*found, sentence, number);
            }
        }
        for (rule, sentence) in search.standing.found(&self.groups) {
            notes.together(rule, sentence);
        }
        let Notes {
            seen,
            question,
            theirs,
            quotable,
            ..
        } = notes;
        let mut findings = Findings {
            question,
            quotable: links
                .union(&quotable.into_iter().collect())
                .copied()
                .collect(),
            ..Findings::default()
        };
        let asked = Asked {
            set: self,
            letter,
            facts,
            question,
            theirs: &theirs,
        };
        for (number, seen) in seen.iter().enumerate() {
            // Most rules have phrases, and most of those hold nowhere.
            if seen.phrase.is_none() && !self.without_phrases.contains(&number) {
                continue;
            }
            let rule = self.rules.get(number);
            let Some(rule) = rule.filter(|rule| asked.holds(rule, seen)) else {
                continue;
            };
            if rule.safe {
                findings.safe.push(number);
            } else {
                findings.hits.push(Hit {
                    rule: number,
                    action: rule.action,
                    sentence: seen.phrase.map(|sentence| sentence as usize),
                    cleared: false,
                });
            }
        }
        self.clear(&mut findings);
        findings
    }

    fn clear(&self, findings: &mut Findings) {
        let safe = findings
            .safe
            .iter()
            .filter_map(|rule| self.rules.get(*rule));
        let globs: Vec<&String> = safe.flat_map(|rule| &rule.clears).collect();
        for hit in &mut findings.hits {
            let id = self
                .rules
                .get(hit.rule)
                .map(|rule| rule.id.as_str())
                .unwrap_or_default();
            hit.cleared = globs.iter().any(|glob| is_like(id, glob));
        }
    }
}

#[cfg(test)]
impl RuleSet {
    /// What it costs to look for all phrases in a letter, in steps.
    pub(crate) fn steps(&self, letter: &Letter) -> usize {
        let mut search = Search::new(self);
        for (number, sentence) in letter.sentences.iter().enumerate() {
            search.read(letter, sentence);
            search.find(|_| true);
            search.note(sentence, number);
        }
        search.standing.found(&self.groups);
        search.sentence.steps() + search.standing.steps()
    }

    /// The words that lead to phrases, those to the most first; stems as words.
    pub(crate) fn busiest(&self) -> Vec<String> {
        let names = self.words.names();
        let mut words: Vec<_> = names
            .map(|(name, symbol)| (self.index.of(symbol).len(), name.trim_end_matches('*')))
            .collect();
        words.sort_unstable_by(|one, other| other.cmp(one));
        words.into_iter().map(|(_, name)| name.to_owned()).collect()
    }
}

/// What is noted while sentences are read.
struct Notes<'a> {
    set: &'a RuleSet,
    /// Of each rule.
    seen: Vec<Seen>,
    question: bool,
    /// The sentences that the other side wrote.
    theirs: Vec<usize>,
    /// Those that hold what some rule looks for in quotes, in order; some more than once.
    quotable: Vec<usize>,
}

impl Notes<'_> {
    /// Whether it would change anything if a phrase stood in a sentence of this place. That which is rare is wanted always; what every other sentence
    /// holds is known soon.
    fn want(&self, member: &Member, place: Place) -> bool {
        if member.role == Role::Request {
            return !self.question && matches!(place, Place::Subject | Place::Text);
        }
        let seen = self.seen.get(member.rule).copied().unwrap_or_default();
        let fresh = match member.role {
            Role::Never => !seen.never && place != Place::Hidden,
            Role::Also => !seen.also,
            Role::Phrase | Role::Request => seen.phrase.is_none(),
        };
        member.is_quotable || (fresh && member.scope.has(place))
    }

    /// The words of a group of a rule stand together.
    fn together(&mut self, rule: usize, sentence: u32) {
        if let Some(seen) = self.seen.get_mut(rule) {
            seen.phrase = seen.phrase.or(Some(sentence));
        }
    }

    /// A phrase stands in a sentence.
    fn add(&mut self, found: Found, sentence: &Sentence, number: usize) {
        let Some(member) = self.set.members.get(found.member as usize) else {
            return;
        };
        if member.role == Role::Request {
            self.question |= matches!(sentence.place, Place::Subject | Place::Text);
            return;
        }
        let rule = self.set.rules.get(member.rule);
        let (Some(rule), Some(seen)) = (rule, self.seen.get_mut(member.rule)) else {
            return;
        };
        if member.is_quotable {
            self.quotable.push(number);
        }
        if !member.scope.has(sentence.place) {
            return;
        }
        match member.role {
            Role::Never => seen.never |= sentence.place != Place::Hidden,
            Role::Also => seen.also = true,
            Role::Phrase | Role::Request => {
                let opposite = rule.negatable && found.is_negated;
                let asked = rule.not_asked && sentence.asks;
                if !opposite && !asked {
                    seen.phrase = seen.phrase.or_else(|| u32::try_from(number).ok());
                }
            }
        }
    }
}

/// Whether the id of a rule is the one that is named, or begins like it where that ends in `*`.
#[must_use]
pub fn is_like(id: &str, glob: &str) -> bool {
    glob.strip_suffix('*')
        .map_or(id == glob, |front| id.starts_with(front))
}

/// What a rule is asked with.
struct Asked<'a> {
    set: &'a RuleSet,
    letter: &'a Letter,
    facts: &'a Facts,
    question: bool,
    theirs: &'a [usize],
}

impl Asked<'_> {
    fn holds(&self, rule: &Rule, seen: &Seen) -> bool {
        let worded = match (rule.has_phrases, rule.links) {
            (true, None) => seen.phrase.is_some(),
            (true, Some(kind)) => seen.phrase.is_some() && self.links_to(rule, kind),
            (false, kind) => kind.is_some_and(|kind| self.links_to(rule, kind)),
        };
        worded
            && (!rule.has_also || seen.also)
            && !seen.never
            && rule.direction.contains(&self.facts.direction)
            && rule.needs.iter().all(|fact| self.is(*fact))
            && !rule.unless.iter().any(|fact| self.is(*fact))
    }

    fn is(&self, fact: Fact) -> bool {
        let files = &self.letter.attachments;
        match fact {
            Fact::Automatic => self.facts.automatic,
            Fact::ByHand => !self.facts.automatic,
            Fact::Asked => self.facts.asked,
            Fact::AskedDocument => self.facts.asked_document,
            Fact::Question => self.question,
            Fact::Attachment => !files.is_empty(),
            Fact::Pdf => files.iter().any(|file| is_pdf(&file.name, &file.kind)),
            Fact::DocumentFile => files.iter().any(|file| is_document(&file.name, &file.kind)),
        }
    }

    fn links_to(&self, rule: &Rule, kind: LinkType) -> bool {
        let list = |name: &str| self.set.lists.get(name).map_or(&[][..], Vec::as_slice);
        let is = |link: &Link| {
            let document = link.is_at(list("document_hosts")) || is_document_link(link);
            let tracking = link.is_at(list("tracking_hosts"));
            match kind {
                LinkType::Any => true,
                LinkType::Document => document,
                LinkType::Tracking => tracking,
                LinkType::Deep => link.is_deep,
                LinkType::Shop => !link.is_deep && !tracking && !link.is_at(list("document_hosts")),
            }
        };
        let mut links = self.letter.links.iter();
        links.any(|placed| {
            rule.scope.contains(&placed.place)
                && !self.theirs.contains(&placed.sentence)
                && !placed.link.is_at(list("own_hosts"))
                && is(&placed.link)
        })
    }
}
