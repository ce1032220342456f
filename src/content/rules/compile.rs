//! Files into a set.

use std::collections::{BTreeMap, HashSet};

use super::examples::Example;
use super::file::{Action, Category, ListFile, RawRule, RuleFile};
use super::set::{Member, Problem, Problems, Role, Rule, RuleSet, Scope};
use crate::content::block::Place;
use crate::content::classes::classes;
use crate::content::facts::Direction;
use crate::content::index::Index;
use crate::content::phrase::{Lists, Phrase};
use crate::content::terms::Terms;
use crate::content::together::{Group, Groups};
use crate::content::words::Words;

/// Words between two neighbours of a phrase where a rule says nothing.
const WITHIN: usize = 5;
/// Words between two neighbours at most.
const FARTHEST: usize = 20;
/// Files of lists: `lists.toml`, `lists.goods.toml`.
const LISTS: &str = "lists.";
/// Words that turn a phrase into its opposite, in the five languages.
const NEGATIONS: [&str; 24] = [
    "nie", "nigdy", "bez", "ani", "zaden", "never", "not", "dont", "doesnt", "wont", "cannot",
    "cant", "no", "without", "ne", "nikdy", "zadny", "nikoli", "nem", "soha", "nelkul", "sose",
    "senkinek", "nikomu",
];
/// The languages that remarks are written in.
const LANGUAGES: [&str; 5] = ["en", "pl", "cs", "sk", "hu"];

/// Compiles files, which are sorted by name.
///
/// # Errors
/// Everything that is wrong with them.
pub(super) fn compile(files: &[(String, String)]) -> Result<RuleSet, Problems> {
    let mut compiler = Compiler::default();
    let mut lists = ListFile::default();
    for (name, text) in files.iter().filter(|(name, _)| name.starts_with(LISTS)) {
        match toml::from_str::<ListFile>(text) {
            Ok(read) => {
                lists.lists.extend(read.lists);
                lists.requests.extend(read.requests);
            }
            Err(error) => compiler.problem(name, "", error.to_string()),
        }
    }
    let mut words = Words::new();
    let mut set = RuleSet {
        version: String::new(),
        rules: Vec::new(),
        members: Vec::new(),
        groups: Groups::default(),
        without_phrases: Vec::new(),
        index: Index::default(),
        terms: Terms::default(),
        negations: NEGATIONS
            .iter()
            .filter_map(|word| words.add(word))
            .collect(),
        words,
        lists: lists.lists,
        examples: Vec::new(),
    };
    for (name, text) in files.iter().filter(|(name, _)| !name.starts_with(LISTS)) {
        match toml::from_str::<RuleFile>(text) {
            Ok(file) => compiler.file(name, file, &mut set),
            Err(error) => compiler.problem(name, "", error.to_string()),
        }
    }
    // Belongs to no rule.
    let requests = Holder {
        file: "lists.toml",
        rule: "requests",
        number: usize::MAX,
        within: WITHIN,
    };
    compiler.phrases(&requests, &lists.requests, Role::Request, &mut set);
    if set.rules.is_empty() && compiler.problems.is_empty() {
        compiler.problem(
            "*.toml",
            "",
            "there is no rule: an empty set would let everything pass".to_owned(),
        );
    }
    know_rules(&mut set);
    index(&mut set);
    if compiler.problems.is_empty() {
        Ok(set)
    } else {
        Err(Problems(compiler.problems))
    }
}

/// Sees to it that phrases are found by the words of a letter. What is usual is told by the examples.
fn index(set: &mut RuleSet) {
    let letters = set.example_letters();
    set.words.index();
    let (mut apart, fixed) = set.words.apart();
    set.negations.iter().for_each(|symbol| apart.add(*symbol));
    let classes = classes(&set.terms, &apart, fixed, &set.seen_in(&letters));
    set.words.replace(&classes);
    let class = |symbol: &u32| classes.get(*symbol as usize).copied();
    set.negations = set.negations.iter().filter_map(class).collect();
    set.terms.index(&classes);
    set.words.index();
    let seen = set.seen_in(&letters);
    let phrases = set.members.iter().map(|member| &member.phrase);
    set.index = Index::new(phrases, &set.terms, &seen);
    set.groups.index(&set.terms, &seen);
}

/// Notes of each phrase what its rule says of it, and which rules have none.
fn know_rules(set: &mut RuleSet) {
    for member in &mut set.members {
        if let Some(rule) = set.rules.get(member.rule) {
            member.scope = Scope::of(&rule.scope);
            member.is_quotable =
                !rule.safe && member.role != Role::Never && rule.scope.contains(&Place::Quoted);
        }
    }
    let rules = set.rules.iter().enumerate();
    let bare = rules.filter(|(_, rule)| !rule.has_phrases);
    set.without_phrases = bare.map(|(number, _)| number).collect();
}

/// The problems so far, and the ids that are taken.
#[derive(Default)]
struct Compiler {
    problems: Vec<Problem>,
    ids: HashSet<String>,
}

/// Whose phrases are read.
struct Holder<'a> {
    file: &'a str,
    rule: &'a str,
    number: usize,
    within: usize,
}

impl Compiler {
    fn problem(&mut self, file: &str, rule: &str, message: String) {
        self.problems.push(Problem {
            file: file.to_owned(),
            rule: rule.to_owned(),
            message,
        });
    }

    fn file(&mut self, name: &str, file: RuleFile, set: &mut RuleSet) {
        for raw in file.rules {
            self.check(name, &raw, file.category);
            let number = set.rules.len();
            let holder = Holder {
                file: name,
                rule: &raw.id,
                number,
                within: raw.within.unwrap_or(WITHIN),
            };
            for (phrases, role) in [
                (&raw.phrases, Role::Phrase),
                (&raw.also, Role::Also),
                (&raw.never, Role::Never),
            ] {
                self.phrases(&holder, phrases, role, set);
            }
            self.groups(&holder, &raw.together, set);
            for example in &raw.examples {
                match Example::new(name, &raw, example) {
                    Ok(example) => set.examples.push(example),
                    Err(why) => self.problem(name, &raw.id, why),
                }
            }
            set.rules.push(rule(raw, file.category, &file.kind));
        }
    }

    /// What can be told of a rule by itself.
    fn check(&mut self, file: &str, raw: &RawRule, category: Category) {
        let shape = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c);
        if raw.id.is_empty() || !raw.id.chars().all(shape) {
            self.problem(
                file,
                &raw.id,
                "its id must be small letters, digits, dots and hyphens".to_owned(),
            );
        }
        if !self.ids.insert(raw.id.clone()) {
            self.problem(
                file,
                &raw.id,
                "there are two of this id; ids are for good, so choose another for the new one"
                    .to_owned(),
            );
        }
        let worded = !raw.phrases.is_empty() || !raw.together.is_empty();
        if !worded && raw.links.is_none() {
            self.problem(
                file,
                &raw.id,
                "it has neither phrases nor links, and would stop everything".to_owned(),
            );
        }
        if raw.within.is_some_and(|within| within > FARTHEST) {
            self.problem(file, &raw.id, format!("`within` is {FARTHEST} at most"));
        }
        if raw.safe == raw.clears.is_empty() {
            self.problem(
                file,
                &raw.id,
                "a safe rule names in `clears` what it clears, and no other rule does".to_owned(),
            );
        }
        if !raw.safe {
            for (key, texts) in [("remark", &raw.remark), ("instead", &raw.instead)] {
                for language in LANGUAGES
                    .iter()
                    .filter(|language| !texts.contains_key(**language))
                {
                    self.problem(file, &raw.id, format!("its {key} is missing in {language:?}: its writer is told in the account's language"));
                }
            }
        }
        if category == Category::Duplicate
            && raw
                .direction
                .iter()
                .any(|direction| *direction != Direction::SellerToBuyer)
        {
            self.problem(
                file,
                &raw.id,
                "only sellers' mail to buyers can be a duplicate".to_owned(),
            );
        }
        for language in languages(raw) {
            let has = |hit: bool| {
                let mut examples = raw.examples.iter();
                examples.any(|example| example.lang == language && example.hit.is_some() == hit)
            };
            if !has(true) || (!has(false) && !raw.safe) {
                self.problem(
                    file,
                    &raw.id,
                    format!(
                        "it needs an example that it hits and one that it misses in {language:?}"
                    ),
                );
            }
        }
    }

    fn groups(&mut self, holder: &Holder<'_>, groups: &[String], set: &mut RuleSet) {
        for text in groups {
            let known = (&mut set.words, &mut set.terms);
            match Group::parse(text, holder.number, &set.lists, known) {
                Ok(group) => set.groups.add(group),
                Err(why) => self.problem(
                    holder.file,
                    holder.rule,
                    format!("the phrase {text:?} of `together` {why}"),
                ),
            }
        }
    }

    fn phrases(
        &mut self,
        holder: &Holder<'_>,
        phrases: &BTreeMap<String, Vec<String>>,
        role: Role,
        set: &mut RuleSet,
    ) {
        for text in phrases.values().flatten() {
            let lists: &Lists = &set.lists;
            match Phrase::parse(text, holder.within, lists, (&mut set.words, &mut set.terms)) {
                Ok(phrase) => set.members.push(Member {
                    phrase,
                    rule: holder.number,
                    role,
                    scope: Scope::default(),
                    is_quotable: false,
                }),
                Err(why) => self.problem(
                    holder.file,
                    holder.rule,
                    format!("the phrase {text:?} {why}"),
                ),
            }
        }
    }
}

/// The languages that a rule has words of. Those that stand together are of all lists' languages.
fn languages(raw: &RawRule) -> Vec<&str> {
    if raw.together.is_empty() {
        raw.phrases.keys().map(String::as_str).collect()
    } else {
        LANGUAGES.to_vec()
    }
}

fn rule(raw: RawRule, category: Category, kind: &str) -> Rule {
    let everywhere = [
        Direction::SellerToBuyer,
        Direction::BuyerToSeller,
        Direction::Question,
    ];
    let (direction, scope) = match category {
        Category::Duplicate => (
            vec![Direction::SellerToBuyer],
            vec![Place::Subject, Place::Text],
        ),
        Category::Prohibited => (
            everywhere.to_vec(),
            vec![Place::Subject, Place::Text, Place::Signature, Place::Quoted],
        ),
    };
    let mut scope = if raw.scope.is_empty() {
        scope
    } else {
        raw.scope
    };
    // What is hidden is read where it could be meant for somebody.
    if category == Category::Prohibited && scope.contains(&Place::Text) {
        scope.push(Place::Hidden);
    }
    Rule {
        has_phrases: !raw.phrases.is_empty() || !raw.together.is_empty(),
        has_also: !raw.also.is_empty(),
        links: raw.links.map(|links| links.kind),
        id: raw.id,
        category,
        kind: kind.to_owned(),
        action: raw.action.unwrap_or(Action::Block),
        remark: raw.remark,
        instead: raw.instead,
        safe: raw.safe,
        clears: raw.clears,
        direction: if raw.direction.is_empty() {
            direction
        } else {
            raw.direction
        },
        scope,
        needs: raw.needs,
        unless: raw.unless,
        negatable: raw.negatable,
        not_asked: raw.not_asked,
    }
}
