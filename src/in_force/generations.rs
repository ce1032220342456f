//! The generations of the allowlist: what came into force when, by whom, and what was refused. One JSON object a line, each appended durably.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failpoint;
use crate::files;

/// The name of the file.
const NAME: &str = "generations.ndjson";
/// Lines that are kept and shown.
const MOST: usize = 1_000;
/// Lines that the file may have until it is written anew.
const MOST_WRITTEN: usize = 2 * MOST;
/// Names of entries that a line has, of each kind; the counts are whole.
const MOST_NAMES: usize = 200;
/// Octets of the errors that a line has.
const MOST_ERROR: usize = 2_000;
/// Octets of a line, at most.
const LONGEST: u64 = 1 << 20;

/// What a reload came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The set is in force from then on.
    InForce,
    /// It was broken, and the generation before stayed in force.
    Refused,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generation {
    /// The number of the line, from 1 on.
    pub n: u64,
    /// The generation in force after it, from 1 on; 0: none was noted yet.
    pub generation: u64,
    /// What came of it.
    pub outcome: Outcome,
    /// When, milliseconds since 1970; of several refusals alike the last one.
    pub at: u64,
    /// Who: `start`, `SIGHUP`, `uid N` of the unix socket, or an address.
    pub by: String,
    /// Entries in force after it.
    pub entries: usize,
    /// Entries that are new.
    pub added: usize,
    /// Entries that are gone.
    pub removed: usize,
    /// SHA-256 of the set in force after it, in hexadecimal: of its entries, sorted, one a line.
    pub digest: String,
    /// Of a refusal: every error with its place, cut where they are many.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// How often in a row the same was refused; 1 else.
    pub times: u64,
    /// The names of what is new, the first 200.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added_entries: Vec<String>,
    /// The names of what is gone, the first 200.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed_entries: Vec<String>,
}

impl Generation {
    /// With what a line may hold.
    fn bounded(mut self) -> Self {
        self.added_entries.truncate(MOST_NAMES);
        self.removed_entries.truncate(MOST_NAMES);
        let mut end = self.error.len().min(MOST_ERROR);
        while !self.error.is_char_boundary(end) {
            end -= 1;
        }
        self.error.truncate(end);
        self
    }
}

/// The lines, and the file that they are in.
#[derive(Debug)]
pub struct Generations {
    path: PathBuf,
    lines: VecDeque<Generation>,
    /// Lines of the file.
    written: usize,
    /// Whether the file ends within a line that a crash or a full disk has cut.
    torn: bool,
}

impl Generations {
    /// Reads the lines under `folder` (`data_dir/in-force`); a file that is not there has none, and a line that cannot be read is passed over. Makes
    /// nothing.
    ///
    /// # Errors
    /// The system does not let us read; the text names the path.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let path = folder.join(NAME);
        let failed = |error: io::Error| io::Error::other(files::describe(&path, &error));
        let mut read = Self {
            path: path.clone(),
            lines: VecDeque::new(),
            written: 0,
            torn: false,
        };
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(read),
            opened => opened.map_err(failed)?,
        };
        let mut reader = BufReader::new(file);
        loop {
            let mut line = Vec::new();
            let mut bounded = reader.by_ref().take(LONGEST);
            if bounded.read_until(b'\n', &mut line).map_err(failed)? == 0 {
                break;
            }
            read.torn = line.last() != Some(&b'\n');
            read.written += 1;
            if let Ok(line) = serde_json::from_slice(&line) {
                read.put(line);
            }
        }
        Ok(read)
    }

    /// A line, or the same line as it is now.
    fn put(&mut self, line: Generation) {
        if self.lines.back().is_some_and(|last| last.n == line.n) {
            self.lines.pop_back();
        }
        self.lines.push_back(line);
        if self.lines.len() > MOST {
            self.lines.pop_front();
        }
    }

    /// The lines, the newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Generation> {
        self.lines.iter().rev()
    }

    /// The last line; none: there is none.
    pub(super) fn last(&self) -> Option<&Generation> {
        self.lines.back()
    }

    /// The number of the next line.
    fn next(&self) -> u64 {
        self.last().map_or(1, |last| last.n.saturating_add(1))
    }

    /// Notes `line`, whose number and repetition are given here, durably. The memory has it also where the disk has not.
    pub(super) fn note(&mut self, line: Generation) -> io::Result<()> {
        let line = line.bounded();
        let again = self.last().filter(|last| {
            line.outcome == Outcome::Refused
                && (last.outcome, &last.error) == (Outcome::Refused, &line.error)
        });
        let (n, times) = again.map_or_else(|| (self.next(), 1), |last| (last.n, last.times + 1));
        let line = Generation { n, times, ..line };
        let mut text = serde_json::to_vec(&line).map_err(io::Error::other)?;
        text.push(b'\n');
        self.put(line);
        let written = self.write(&text);
        self.torn |= written.is_err();
        written.map_err(|error| io::Error::other(files::describe(&self.path, &error)))
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        failpoint::hit("in_force.noting")?;
        if let Some(folder) = self.path.parent() {
            files::create_folder(folder)?;
        }
        // Of the memory, so that what the disk did not take before is there as well.
        if self.torn || self.written == 0 || self.written >= MOST_WRITTEN {
            let mut all = Vec::new();
            for line in &self.lines {
                serde_json::to_writer(&mut all, line).map_err(io::Error::other)?;
                all.push(b'\n');
            }
            files::replace(&self.path, &all)?;
            (self.written, self.torn) = (self.lines.len(), false);
            return Ok(());
        }
        // Until it is known to be whole: what was written of it in part is written anew with the next line.
        self.torn = true;
        let mut options = files::private_file();
        let mut file = options.append(true).create(true).open(&self.path)?;
        file.write_all(line)?;
        file.sync_data()?;
        (self.written, self.torn) = (self.written + 1, false);
        Ok(())
    }
}
