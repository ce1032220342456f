//! Walks a parsed TOML file table by table, gathers every problem with its line, and fills in defaults from `keys.rs`.

use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};
use std::path::Path;

use serde::de::IntoDeserializer;
use toml::de::{DeTable, DeValue};

use super::keys::{self, Preset};
use super::problem::Problem;

/// Gathers problems while a file is read.
pub(super) struct Log<'a> {
    file: &'a Path,
    text: &'a str,
    pub(super) errors: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

impl<'a> Log<'a> {
    pub(super) fn new(file: &'a Path, text: &'a str) -> Self {
        Self {
            file,
            text,
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn problem(&self, at: Option<Range<usize>>, key: &str, message: &str) -> Problem {
        let before = at.and_then(|span| self.text.get(..span.start));
        let line = before.map(|before| before.matches('\n').count() + 1);
        Problem {
            file: self.file.to_owned(),
            line,
            key: key.to_owned(),
            message: message.to_owned(),
        }
    }

    pub(super) fn error(&mut self, at: Option<Range<usize>>, key: &str, message: &str) {
        let problem = self.problem(at, key, message);
        self.errors.push(problem);
    }

    pub(super) fn warn(&mut self, at: Option<Range<usize>>, key: &str, message: &str) {
        let problem = self.problem(at, key, message);
        self.warnings.push(problem);
    }
}

/// A TOML value without its source text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Plain {
    Text(String),
    Integer(i64),
    Flag(bool),
    List(Vec<Self>),
    Table(Vec<(String, Self)>),
    /// A kind that no key takes.
    Other,
}

impl Plain {
    fn of(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or(Self::Other, Self::Integer),
            DeValue::Boolean(flag) => Self::Flag(*flag),
            DeValue::Array(items) => {
                Self::List(items.iter().map(|item| Self::of(item.get_ref())).collect())
            }
            DeValue::Table(table) => Self::Table(
                table
                    .iter()
                    .map(|(key, value)| (key.get_ref().to_string(), Self::of(value.get_ref())))
                    .collect(),
            ),
            DeValue::Float(_) | DeValue::Datetime(_) => Self::Other,
        }
    }
}

/// One value of a file, or the default that stands for it.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) value: Plain,
    /// Where it stands; none for a default.
    pub(super) at: Option<Range<usize>>,
    /// `table.key`.
    pub(super) key: String,
}

/// One table of a file.
pub(super) struct Section<'t> {
    name: &'static str,
    table: Option<&'t DeTable<'t>>,
    /// Where the table begins.
    pub(super) at: Option<Range<usize>>,
}

fn full(table: &str, name: &str) -> String {
    if table.is_empty() {
        name.to_owned()
    } else {
        format!("{table}.{name}")
    }
}

impl<'t> Section<'t> {
    /// The table called `name`; an empty one where the file has none.
    pub(super) fn of(root: &'t DeTable<'t>, name: &'static str, log: &mut Log<'_>) -> Self {
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

    /// All tables of an array of tables, `parent` being the table that holds it.
    pub(super) fn several(
        parent: Option<&'t DeTable<'t>>,
        name: &'static str,
        log: &mut Log<'_>,
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

    /// Whether the file has this table.
    pub(super) fn is_there(&self) -> bool {
        self.table.is_some()
    }

    fn check_names(&self, log: &mut Log<'_>) {
        let mut known: BTreeSet<&str> = keys::of(self.name).map(|key| key.name).collect();
        if self.name.is_empty() {
            let tables = keys::KEYS
                .iter()
                .map(|key| key.table)
                .chain(keys::RESERVED.iter().copied());
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
    pub(super) fn get(&self, name: &str, log: &mut Log<'_>) -> Option<Found> {
        let key = full(self.name, name);
        let found = self.table.and_then(|table| {
            table
                .iter()
                .find(|(found, _)| found.get_ref().as_ref() == name)
        });
        if let Some((_, value)) = found {
            return Some(Found {
                value: Plain::of(value.get_ref()),
                at: Some(value.span()),
                key,
            });
        }
        match keys::default(self.name, name)? {
            Preset::Required(example) => {
                log.error(
                    self.at.clone(),
                    &key,
                    &format!("is missing; for example {name} = {example}"),
                );
                None
            }
            Preset::Absent(_) => None,
            Preset::Value(text) => {
                let value = Plain::of(DeValue::parse(text).ok()?.get_ref());
                Some(Found {
                    value,
                    at: None,
                    key,
                })
            }
        }
    }

    /// A text, read by `parse`.
    pub(super) fn text<T>(
        &self,
        name: &str,
        log: &mut Log<'_>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let found = self.get(name, log)?;
        let parsed = match &found.value {
            Plain::Text(text) => parse(text),
            _ => Err("is a text in quotes".to_owned()),
        };
        found.or_tell(parsed, log)
    }

    /// A number of octets: a number, or a text with a unit.
    pub(super) fn size(&self, name: &str, log: &mut Log<'_>) -> Option<usize> {
        let found = self.get(name, log)?;
        let parsed = match &found.value {
            Plain::Integer(number) => {
                u64::try_from(*number).map_err(|_| "is below zero".to_owned())
            }
            Plain::Text(text) => super::value::size(text),
            _ => Err("is a number of octets, or a text as \"35 MiB\"".to_owned()),
        };
        let parsed =
            parsed.and_then(|size| usize::try_from(size).map_err(|error| error.to_string()));
        found.or_tell(parsed, log)
    }

    /// A whole number within bounds.
    pub(super) fn number(
        &self,
        name: &str,
        log: &mut Log<'_>,
        bounds: RangeInclusive<i64>,
    ) -> Option<usize> {
        let found = self.get(name, log)?;
        let parsed = match &found.value {
            Plain::Integer(number) if bounds.contains(number) => {
                usize::try_from(*number).map_err(|error| error.to_string())
            }
            _ => Err(format!(
                "is a whole number from {} to {}",
                bounds.start(),
                bounds.end()
            )),
        };
        found.or_tell(parsed, log)
    }

    /// true or false.
    pub(super) fn flag(&self, name: &str, log: &mut Log<'_>) -> Option<bool> {
        let found = self.get(name, log)?;
        let parsed = if let Plain::Flag(flag) = found.value {
            Ok(flag)
        } else {
            Err("is true or false".to_owned())
        };
        found.or_tell(parsed, log)
    }

    /// A list of texts, each read by `parse`.
    pub(super) fn list<T>(
        &self,
        name: &str,
        log: &mut Log<'_>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let found = self.get(name, log)?;
        let parsed = match &found.value {
            Plain::List(items) => items
                .iter()
                .map(|item| {
                    if let Plain::Text(text) = item {
                        parse(text)
                    } else {
                        Err("holds something that is no text".to_owned())
                    }
                })
                .collect(),
            _ => Err("is a list, as [\"…\"]".to_owned()),
        };
        found.or_tell(parsed, log)
    }

    /// One of the words of an enum.
    pub(super) fn word<T: serde::de::DeserializeOwned>(
        &self,
        name: &str,
        log: &mut Log<'_>,
    ) -> Option<T> {
        self.text(name, log, |text| {
            let word: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
                text.into_deserializer();
            T::deserialize(word).map_err(|error| error.to_string())
        })
    }
}

impl Found {
    /// The value, or none and a line in the log.
    pub(super) fn or_tell<T>(&self, parsed: Result<T, String>, log: &mut Log<'_>) -> Option<T> {
        parsed
            .map_err(|message| log.error(self.at.clone(), &self.key, &message))
            .ok()
    }
}

/// The known name that differs in the fewest letters, if it is close.
fn nearest<'n>(name: &str, known: &BTreeSet<&'n str>) -> Option<&'n str> {
    let near = known
        .iter()
        .map(|candidate| (distance(name, candidate), *candidate))
        .min()?;
    (near.0 <= 2.max(name.len() / 3)).then_some(near.1)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut previous = i;
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
        let mut left = i + 1;
        for (y, cell) in b.chars().zip(row.iter_mut().skip(1)) {
            let changed = previous + usize::from(x != y);
            previous = *cell;
            left = changed.min(*cell + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}
