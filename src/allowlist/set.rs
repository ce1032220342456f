//! A whole set: all files of a folder, or one file, as one index.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::entry::Entry;
use super::file;
use super::note::Note;
use crate::mail::{Domain, Mailbox};

/// Everything that is wrong with a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errors(pub Vec<Note>);

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, note) in self.0.iter().enumerate() {
            let end = if at + 1 == self.0.len() { "" } else { "\n" };
            write!(f, "{note}{end}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Errors {}

/// The line that lets an address in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match<'a> {
    /// The file.
    pub file: &'a Path,
    /// The line.
    pub line: usize,
    /// The entry.
    pub entry: &'a Entry,
}

/// `couriers.txt:12: @dhl.com`.
impl fmt::Display for Match<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self
            .file
            .file_name()
            .map(|name| name.to_string_lossy())
            .unwrap_or_default();
        write!(f, "{file}:{}: {}", self.line, self.entry)
    }
}

/// A set of entries that never changes.
#[derive(Debug, Default)]
pub struct Allowlist {
    entries: Vec<(PathBuf, usize, Entry)>,
    domains: HashMap<Domain, usize>,
    addresses: HashMap<Mailbox, usize>,
    /// Duplicates, bare domains.
    pub warnings: Vec<Note>,
}

impl Allowlist {
    /// Loads a file, or every `*.txt` of a folder in the order of their names.
    ///
    /// # Errors
    /// Every wrong line of every file; also an empty set, which would silently shut all couriers out.
    pub fn load(path: &Path) -> Result<Self, Errors> {
        let whole = |message: String| {
            Errors(vec![Note {
                file: path.to_owned(),
                line: 0,
                message,
            }])
        };
        let files = files(path).map_err(|error| whole(format!("cannot be read: {error}")))?;
        let mut set = Self::default();
        let mut errors = Vec::new();
        for file in files {
            let text = std::fs::read(&file)
                .map_err(|error| whole(format!("{} cannot be read: {error}", file.display())))?;
            let parsed = file::parse(&file, &text);
            errors.extend(parsed.errors);
            set.warnings.extend(parsed.warnings);
            parsed
                .entries
                .into_iter()
                .for_each(|(line, entry)| set.add(&file, line, entry));
        }
        if !errors.is_empty() {
            return Err(Errors(errors));
        }
        if set.entries.is_empty() {
            return Err(whole(
                "holds no entry; an empty list would shut all couriers out".to_owned(),
            ));
        }
        Ok(set)
    }

    fn add(&mut self, file: &Path, line: usize, entry: Entry) {
        let at = self.entries.len();
        let before = match &entry {
            Entry::Domain(domain) => *self.domains.entry(domain.clone()).or_insert(at),
            Entry::Address(mailbox) => *self.addresses.entry(mailbox.clone()).or_insert(at),
        };
        if before == at {
            self.entries.push((file.to_owned(), line, entry));
        } else if let Some((first_file, first_line, _)) = self.entries.get(before) {
            let message = format!(
                "{entry} stands already at {}:{first_line}",
                first_file.display()
            );
            self.warnings.push(Note {
                file: file.to_owned(),
                line,
                message,
            });
        }
    }

    /// The entry that lets `from` in: its address, else exactly its domain.
    #[must_use]
    pub fn find(&self, from: &Mailbox) -> Option<Match<'_>> {
        let at = self
            .addresses
            .get(from)
            .or_else(|| self.domains.get(from.domain()))?;
        self.entries.get(*at).map(|(file, line, entry)| Match {
            file,
            line: *line,
            entry,
        })
    }

    /// Whether this very entry stands in the set.
    #[must_use]
    pub fn contains(&self, entry: &Entry) -> bool {
        match entry {
            Entry::Domain(domain) => self.domains.contains_key(domain),
            Entry::Address(mailbox) => self.addresses.contains_key(mailbox),
        }
    }

    /// Whether an entry stands at or below `organisation`.
    #[must_use]
    pub fn knows(&self, organisation: &Domain) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|(_, _, entry)| entry.domain().is_within(organisation))
    }

    /// How many different entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Never true of a loaded set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries in the order of files and lines.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().map(|(_, _, entry)| entry)
    }
}

fn files(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !std::fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "txt") {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}
