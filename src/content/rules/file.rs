//! A rule file as it is written (docs/rules-on-contents.md#a-rule).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::content::block::Place;
use crate::content::facts::{Direction, Fact};
use crate::content::links::LinkType;

/// What becomes of a message; the later is the stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// The rules are not asked.
    Off,
    /// It passes, and is counted.
    Observe,
    /// It passes, and its writer is told.
    Warn,
    /// It is refused.
    Block,
}

impl Action {
    /// Its name in files, metrics and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Observe => "observe",
            Self::Warn => "warn",
            Self::Block => "block",
        }
    }
}

/// What a rule is against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// What the marketplace sends itself.
    Duplicate,
    /// What nobody may write.
    Prohibited,
}

impl Category {
    /// Its name in files and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Prohibited => "prohibited",
        }
    }
}

/// A sentence in each language, by its code.
pub type Texts = BTreeMap<String, String>;
/// Phrases by the language of who wrote them.
type Phrases = BTreeMap<String, Vec<String>>;

/// A file of rules.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleFile {
    pub(super) kind: String,
    pub(super) category: Category,
    #[serde(default, rename = "rule")]
    pub(super) rules: Vec<RawRule>,
}

/// The file of lists.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListFile {
    #[serde(default)]
    pub(super) lists: BTreeMap<String, Vec<String>>,
    /// Phrases with which the writer asks for something.
    #[serde(default)]
    pub(super) requests: Phrases,
}

/// A rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    pub(super) id: String,
    #[serde(default)]
    pub(super) direction: Vec<Direction>,
    #[serde(default)]
    pub(super) scope: Vec<Place>,
    #[serde(default)]
    pub(super) needs: Vec<Fact>,
    #[serde(default)]
    pub(super) unless: Vec<Fact>,
    #[serde(default)]
    pub(super) negatable: bool,
    #[serde(default)]
    pub(super) not_asked: bool,
    pub(super) within: Option<usize>,
    pub(super) action: Option<Action>,
    #[serde(default)]
    pub(super) safe: bool,
    #[serde(default)]
    pub(super) clears: Vec<String>,
    #[serde(default)]
    pub(super) remark: Texts,
    #[serde(default)]
    pub(super) instead: Texts,
    #[serde(default)]
    pub(super) phrases: Phrases,
    /// Terms that stand together in neighbouring sentences; lists name the words of all languages.
    #[serde(default)]
    pub(super) together: Vec<String>,
    #[serde(default)]
    pub(super) also: Phrases,
    #[serde(default)]
    pub(super) never: Phrases,
    pub(super) links: Option<RawLinks>,
    #[serde(default, rename = "example")]
    pub(super) examples: Vec<RawExample>,
}

/// The link that a rule asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLinks {
    pub(super) kind: LinkType,
}

/// A message that a rule must stop, or that nothing may.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawExample {
    pub(super) hit: Option<String>,
    pub(super) miss: Option<String>,
    pub(super) lang: String,
    #[serde(default)]
    pub(super) facts: Vec<Fact>,
    pub(super) direction: Option<Direction>,
    #[serde(default)]
    pub(super) subject: String,
    #[serde(default)]
    pub(super) attachments: Vec<String>,
}
