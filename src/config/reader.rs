//! Walks a parsed TOML file table by table, gathers every problem with its line, and fills in defaults from `keys.rs`.
//!
//! A value that is wrong or missing is none, and noted. The checks read on with what they have, and a configuration is given out only
//! where no error was noted.

mod typed;

use std::collections::BTreeSet;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::diagnostics::Diagnostics;
use super::keys::{self, DefaultValue};
use super::raw_value::{KeyValue, RawValue};

/// One table of a file.
pub(super) struct Section<'t> {
    /// Its name; empty at the top of the file.
    name: &'static str,
    /// None where the file has no such table: then every key has its default.
    table: Option<&'t DeTable<'t>>,
    /// Where the table begins: what an error about a key that is not there points to.
    pub(super) at: Option<Range<usize>>,
}

/// `table.key`, as operators write it.
fn full(table: &str, name: &str) -> String {
    if table.is_empty() {
        name.to_owned()
    } else {
        format!("{table}.{name}")
    }
}

impl<'t> Section<'t> {
    /// The table called `name`; an empty one where the file has none. Names of keys in it that do not exist are noted.
    pub(super) fn of(root: &'t DeTable<'t>, name: &'static str, log: &mut Diagnostics<'_>) -> Self {
        let found = if name.is_empty() {
            None
        } else {
            root.iter().find(|(key, _)| key.get_ref().as_ref() == name)
        };
        let section = match found {
            None if name.is_empty() => Self {
                name,
                table: Some(root),
                at: None,
            },
            None => Self {
                name,
                table: None,
                at: None,
            },
            Some((key, value)) => {
                let table = value.get_ref().as_table();
                if table.is_none() {
                    log.error(Some(key.span()), name, "is a table, not a value");
                }
                Self {
                    name,
                    table,
                    at: Some(key.span()),
                }
            }
        };
        section.check_names(log);
        section
    }

    /// All tables of an array of tables, `parent` being the table that holds it. `name` has both names, as `delivery.route`.
    pub(super) fn several(
        parent: Option<&'t DeTable<'t>>,
        name: &'static str,
        log: &mut Diagnostics<'_>,
    ) -> Vec<Self> {
        let last = name.rsplit('.').next().unwrap_or(name);
        let found = parent.and_then(|parent| {
            parent
                .iter()
                .find(|(key, _)| key.get_ref().as_ref() == last)
        });
        let Some((key, value)) = found else {
            return Vec::new();
        };
        let Some(array) = value.get_ref().as_array() else {
            log.error(
                Some(key.span()),
                name,
                &format!("is written as [[{name}]], once for each"),
            );
            return Vec::new();
        };
        let mut sections = Vec::new();
        for item in array.iter() {
            let section = Self {
                name,
                table: item.get_ref().as_table(),
                at: Some(item.span()),
            };
            section.check_names(log);
            sections.push(section);
        }
        sections
    }

    /// The table itself, for tables within it.
    pub(super) fn table(&self) -> Option<&'t DeTable<'t>> {
        self.table
    }

    /// Where the value of a key stands in the file; none where the file does not set it.
    pub(super) fn position(&self, name: &str) -> Option<Range<usize>> {
        let mut keys = self.table.into_iter().flat_map(|table| table.iter());
        let (_, value) = keys.find(|(key, _)| key.get_ref().as_ref() == name)?;
        Some(value.span())
    }

    /// `table.key`, for an error about it.
    pub(super) fn key(&self, name: &str) -> String {
        full(self.name, name)
    }

    /// Notes every key that does not exist. A misspelt key would otherwise leave its default in force without a word.
    fn check_names(&self, log: &mut Diagnostics<'_>) {
        let mut known: BTreeSet<&str> = keys::of(self.name).map(|key| key.name).collect();
        // At the top of a file tables stand beside keys.
        if self.name.is_empty() {
            let tables = keys::all().map(|key| key.table);
            known.extend(tables.filter(|table| !table.is_empty() && !table.contains('.')));
        }
        known.extend(
            keys::ARRAYS
                .iter()
                .filter_map(|array| array.strip_prefix(self.name)?.strip_prefix('.')),
        );
        for (key, _) in self.table.iter().flat_map(|table| table.iter()) {
            let name = key.get_ref().as_ref();
            if !known.contains(name) {
                let hint = nearest(name, &known)
                    .map(|near| format!("; did you mean {near:?}?"))
                    .unwrap_or_default();
                log.error(
                    Some(key.span()),
                    &full(self.name, name),
                    &format!("is no key of this version{hint}"),
                );
            }
        }
    }

    /// The value of a key or its default; none where it has none, which is an error for a required one.
    pub(super) fn get(&self, name: &str, log: &mut Diagnostics<'_>) -> Option<KeyValue> {
        let key = full(self.name, name);
        let found = self.table.and_then(|table| {
            table
                .iter()
                .find(|(found, _)| found.get_ref().as_ref() == name)
        });
        if let Some((_, value)) = found {
            return Some(KeyValue {
                value: RawValue::of(value.get_ref()),
                at: Some(value.span()),
                key,
            });
        }
        match keys::default(self.name, name)? {
            DefaultValue::Required(example) => {
                log.error(
                    self.at.clone(),
                    &key,
                    &format!("is missing; for example {name} = {example}"),
                );
                None
            }
            DefaultValue::Absent(_) => None,
            DefaultValue::Value(text) => {
                let value = RawValue::of(DeValue::parse(text).ok()?.get_ref());
                Some(KeyValue {
                    value,
                    at: None,
                    key,
                })
            }
        }
    }
}

/// The known name that differs in the fewest letters, if it is close: two letters, or a third of a long name. A guess further off would
/// mislead more than it helps.
fn nearest<'n>(name: &str, known: &BTreeSet<&'n str>) -> Option<&'n str> {
    let near = known
        .iter()
        .map(|candidate| (strsim::levenshtein(name, candidate), *candidate))
        .min()?;
    (near.0 <= 2.max(name.len() / 3)).then_some(near.1)
}
