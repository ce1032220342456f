//! What a set finds in a letter. All rules are tried, then the strictest is chosen: nothing depends on their order but which of equals is named.

use std::collections::BTreeSet;

use super::file::{Action, Category};
use super::set::{Member, Role, Rule, RuleSet};
use crate::content::documents::{is_document, is_document_link, is_pdf};
use crate::content::facts::{Fact, Facts};
use crate::content::letter::{Letter, Place, Sentence};
use crate::content::links::{Link, LinkType};
use crate::content::terms::Places;
use crate::content::words::Symbols;

/// Words before a phrase among which one turns it into its opposite.
const NEGATED_WITHIN: usize = 3;

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
    phrase: Option<usize>,
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
            quotable: BTreeSet::new(),
        };
        let mut search = Search::new(self);
        let links: BTreeSet<usize> = letter.links.iter().map(|link| link.sentence).collect();
        for (number, sentence) in letter.sentences.iter().enumerate() {
            if sentence.place == Place::Quoted {
                // Most of them hold nothing that any rule looks for: whose they are need not be known then.
                let mut any = links.contains(&number);
                search.sentence(self, sentence, &mut |_, _| any = true);
                if !any {
                    continue;
                }
                if theirs(sentence) {
                    notes.theirs.push(number);
                    continue;
                }
            }
            notes.question |=
                sentence.asks && matches!(sentence.place, Place::Subject | Place::Text);
            search.sentence(self, sentence, &mut |member, found| {
                notes.add(member, sentence, number, found);
            });
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
            quotable: quotable.union(&links).copied().collect(),
            ..Findings::default()
        };
        let asked = Asked {
            set: self,
            letter,
            facts,
            question,
            theirs: &theirs,
        };
        for (number, (rule, seen)) in self.rules.iter().zip(&seen).enumerate() {
            if !asked.holds(rule, seen) {
                continue;
            }
            if rule.safe {
                findings.safe.push(number);
            } else {
                findings.hits.push(Hit {
                    rule: number,
                    action: rule.action,
                    sentence: seen.phrase,
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

/// What is noted while sentences are read.
struct Notes<'a> {
    set: &'a RuleSet,
    /// Of each rule.
    seen: Vec<Seen>,
    question: bool,
    /// The sentences that the other side wrote.
    theirs: Vec<usize>,
    /// Those that hold what some rule looks for in quotes.
    quotable: BTreeSet<usize>,
}

impl Notes<'_> {
    /// A phrase stands in a sentence.
    fn add(&mut self, member: &Member, sentence: &Sentence, number: usize, found: Found<'_>) {
        if member.role == Role::Request {
            self.question |= matches!(sentence.place, Place::Subject | Place::Text);
            return;
        }
        let rule = self.set.rules.get(member.rule);
        let (Some(rule), Some(seen)) = (rule, self.seen.get_mut(member.rule)) else {
            return;
        };
        if !rule.safe && member.role != Role::Never && rule.scope.contains(&Place::Quoted) {
            self.quotable.insert(number);
        }
        if !rule.scope.contains(&sentence.place) {
            return;
        }
        match member.role {
            Role::Never => seen.never |= sentence.place != Place::Hidden,
            Role::Also => seen.also = true,
            Role::Phrase | Role::Request => {
                let opposite = rule.negatable && found.is_negated(self.set);
                let asked = rule.not_asked && sentence.asks;
                if !opposite && !asked {
                    seen.phrase = seen.phrase.or(Some(number));
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

/// Where a phrase was found.
#[derive(Clone, Copy)]
struct Found<'a> {
    at: usize,
    symbols: &'a Symbols,
}

impl Found<'_> {
    fn is_negated(&self, set: &RuleSet) -> bool {
        let from = self.at.saturating_sub(NEGATED_WITHIN);
        let mut symbols = (from..self.at).flat_map(|at| self.symbols.of(at));
        symbols.any(|symbol| set.negations.contains(symbol))
    }
}

/// What is reused from sentence to sentence.
struct Search {
    symbols: Symbols,
    places: Places,
    /// Of each member: the sentence in which it was tried last.
    tried: Vec<u32>,
    sentence: u32,
}

impl Search {
    fn new(set: &RuleSet) -> Self {
        Self {
            symbols: Symbols::default(),
            places: Places::new(&set.terms),
            tried: vec![0; set.members.len()],
            sentence: 0,
        }
    }

    fn sentence(
        &mut self,
        set: &RuleSet,
        sentence: &Sentence,
        found: &mut dyn FnMut(&Member, Found<'_>),
    ) {
        set.words.read(&sentence.tokens, &mut self.symbols);
        self.places.find(&set.terms, &self.symbols);
        self.sentence += 1;
        let symbols = &self.symbols;
        set.index.candidates(symbols, &self.places, |number| {
            let number = number as usize;
            let Some((member, tried)) = set.members.get(number).zip(self.tried.get_mut(number))
            else {
                return;
            };
            if std::mem::replace(tried, self.sentence) == self.sentence {
                return;
            }
            if let Some(at) = member.phrase.find(&self.places, symbols.len()) {
                found(member, Found { at, symbols });
            }
        });
    }
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
