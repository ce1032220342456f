//! A set of rules that is whole: every file reads, every example comes out as it says.

use super::examples::Example;
use super::file::{Action, Category, Texts};
use crate::content::block::Place;
use crate::content::facts::{Direction, Fact};
use crate::content::index::Index;
use crate::content::links::{Link, LinkType};
use crate::content::phrase::{Lists, Phrase};
use crate::content::terms::Terms;
use crate::content::together::Groups;
use crate::content::words::Words;

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name, for good: in replies, metrics, notices and appeals.
    pub id: String,
    /// What it is against.
    pub category: Category,
    /// The kind of its file: `sent`, `account`.
    pub kind: String,
    /// The mildest of the category's action and this.
    pub action: Action,
    /// Why, in the languages of the marketplaces.
    pub remark: Texts,
    /// What to do instead.
    pub instead: Texts,
    /// Whether it stops nothing, and clears others.
    pub safe: bool,
    pub(super) clears: Vec<String>,
    pub(super) direction: Vec<Direction>,
    pub(super) scope: Vec<Place>,
    pub(super) needs: Vec<Fact>,
    pub(super) unless: Vec<Fact>,
    pub(super) negatable: bool,
    pub(super) not_asked: bool,
    /// Whether it has phrases, and whether others must stand beside them.
    pub(super) has_phrases: bool,
    pub(super) has_also: bool,
    pub(super) links: Option<LinkType>,
}

impl Rule {
    /// Whether it is against documents: their kind is `document`.
    #[must_use]
    pub fn is_of_documents(&self) -> bool {
        self.kind == "document"
    }
}

/// What a phrase means for its rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Phrase,
    Also,
    Never,
    /// It makes a question of the message.
    Request,
}

/// A phrase of a rule.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) phrase: Phrase,
    pub(super) rule: usize,
    pub(super) role: Role,
    /// The places in which the rule looks.
    pub(super) scope: Scope,
    /// Whether a sentence that holds it can be held against who quotes it.
    pub(super) is_quotable: bool,
}

/// Places as bits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Scope(u8);

impl Scope {
    pub(super) fn of(places: &[Place]) -> Self {
        let bits = places.iter().map(|place| 1 << *place as u8);
        Self(bits.fold(0, |all, bit| all | bit))
    }

    pub(super) fn has(self, place: Place) -> bool {
        (self.0 >> place as u8) & 1 == 1
    }
}

/// A set of rules.
#[derive(Debug, Clone)]
pub struct RuleSet {
    /// Names this set: a digest of its files.
    pub version: String,
    /// The rules, in the order of the files and in them.
    pub rules: Vec<Rule>,
    pub(super) members: Vec<Member>,
    pub(super) groups: Groups,
    /// The rules that go by links alone, by their numbers.
    pub(super) without_phrases: Vec<usize>,
    pub(super) terms: Terms,
    pub(super) index: Index,
    pub(super) words: Words,
    pub(super) lists: Lists,
    /// Words that turn a phrase into its opposite.
    pub(super) negations: Vec<u32>,
    pub(super) examples: Vec<Example>,
}

/// What is wrong with a rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// The rule; empty where it is the file.
    pub rule: String,
    /// What it is, and the remedy.
    pub message: String,
}

/// All that is wrong with a set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Problems(pub Vec<Problem>);

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: ", self.file)?;
        if !self.rule.is_empty() {
            write!(f, "rule {}: ", self.rule)?;
        }
        f.write_str(&self.message)
    }
}

impl RuleSet {
    /// How many rules, phrases, examples and words there are.
    #[must_use]
    pub fn sizes(&self) -> (usize, usize, usize, usize) {
        (
            self.rules.len(),
            self.members.len(),
            self.examples.len(),
            self.words.len(),
        )
    }

    /// The entries of all lists.
    #[cfg(test)]
    pub(crate) fn listed(&self) -> impl Iterator<Item = &String> {
        self.lists.values().flatten()
    }

    /// Whether `program`, the value of a field such as X-Mailer, names one that sends by itself: the list `automatic_programs`.
    #[must_use]
    pub fn is_automatic_program(&self, program: &str) -> bool {
        let program = program.to_lowercase();
        let mut names = self.lists.get("automatic_programs").into_iter().flatten();
        names.any(|name| program.contains(name.as_str()))
    }

    /// Whether a link leads to a place where documents live: the list `document_hosts`.
    pub(in crate::content) fn is_document_host(&self, link: &Link) -> bool {
        let hosts = self.lists.get("document_hosts");
        hosts.is_some_and(|hosts| link.is_at(hosts))
    }

    /// The rules as a table in Markdown, in a language; in English where a remark has no other.
    #[must_use]
    pub fn described(&self, language: &str) -> String {
        let mut out = String::from(
            "| rule | against | action | why | what to do instead |\n| --- | --- | --- | --- | --- |\n",
        );
        for rule in self.rules.iter().filter(|rule| !rule.safe) {
            let text = |texts: &Texts| {
                texts
                    .get(language)
                    .or_else(|| texts.get("en"))
                    .cloned()
                    .unwrap_or_default()
            };
            let (category, action) = (rule.category.name(), rule.action.name());
            let row = [
                format!("`{}`", rule.id),
                format!("{category}: {}", rule.kind),
                action.to_owned(),
                text(&rule.remark),
                text(&rule.instead),
            ];
            out.push_str(&format!("| {} |\n", row.join(" | ")));
        }
        out
    }
}
