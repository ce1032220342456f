//! A whole set: all files of a folder, or one file, as one index.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::entry::Entry;
use super::file;
use super::note::Note;
use crate::files::{self, SetFile};
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
    /// As [`files::read_set`] and [`Self::parse`].
    pub fn load(path: &Path) -> Result<Self, Errors> {
        Self::read(path).map(|(set, _)| set)
    }

    /// The same with the files that it was read from.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn read(path: &Path) -> Result<(Self, Vec<SetFile>), Errors> {
        let files = files::read_set(path, "txt")
            .map_err(|error| Errors(vec![Note::whole(&error.path, error.message)]))?;
        Self::parse(path, &files).map(|set| (set, files))
    }

    /// The set that `files` of `path` make.
    ///
    /// # Errors
    /// Every wrong line of every file; also an empty set, which would silently shut all couriers out.
    pub fn parse(path: &Path, files: &[SetFile]) -> Result<Self, Errors> {
        let mut set = Self::default();
        let mut errors = Vec::new();
        for file in files {
            let parsed = file::parse(&file.path, &file.octets);
            errors.extend(parsed.errors);
            set.warnings.extend(parsed.warnings);
            let entries = parsed.entries.into_iter();
            entries.for_each(|(line, entry)| set.add(&file.path, line, entry));
        }
        if !errors.is_empty() {
            return Err(Errors(errors));
        }
        if set.entries.is_empty() {
            let message = if files.is_empty() {
                "holds no file whose name ends in .txt, and an empty list would shut all couriers out; put the lines into one"
            } else {
                "holds no entry; an empty list would shut all couriers out"
            };
            return Err(Errors(vec![Note::whole(path, message.to_owned())]));
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

    /// The entries as they are written, sorted: what makes two sets the same.
    #[must_use]
    pub fn texts(&self) -> BTreeSet<String> {
        self.entries().map(ToString::to_string).collect()
    }

    /// SHA-256 of [`Self::texts`], one a line with LF, in hexadecimal. Comments, duplicates, order and names of files do not count.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut digest = Sha256::new();
        for text in self.texts() {
            digest.update(text);
            digest.update(b"\n");
        }
        data_encoding::HEXLOWER.encode(&digest.finalize())
    }
}
