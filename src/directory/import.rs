//! Streams NDJSON into a directory: good lines go in, bad ones are told with their numbers.

use std::io::{self, BufRead, Read};

use super::line::{RecordRules, parse_line_warning};
use super::unknown_parties::{UnknownParties, order};
use super::{Change, Directory};

/// The longest line in bytes.
const MAX_LINE: u64 = 64 * 1024;
/// Bad lines that are kept with their message, and warnings; the others are counted only.
const KEPT: usize = 10_000;

/// How far an import has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportProgress {
    /// Lines that held a record.
    pub read: u64,
    /// Records applied.
    pub applied: u64,
    /// Lines refused.
    pub bad: u64,
}

/// A refused line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, the first line being 1.
    pub line: u64,
    /// What is wrong with it.
    pub message: String,
}

/// A line that was taken though it hardly is meant so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportWarning {
    /// Its number, the first line being 1.
    pub line: u64,
    /// What is odd about it.
    pub message: String,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportOutcome {
    /// Lines that held a record.
    pub read: u64,
    /// Records applied.
    pub applied: u64,
    /// The refused lines, at most 10,000 of them, in order.
    pub bad: Vec<BadLine>,
    /// All refused lines.
    pub bad_lines: u64,
    /// What is odd about lines that were taken, at most 10,000 of them, in order.
    pub warnings: Vec<ImportWarning>,
}

/// An import could not go on; what was applied before stays.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The input broke.
    #[error("the data cannot be read: {0}")]
    Input(#[from] io::Error),
    /// The directory broke.
    #[error(transparent)]
    Directory(#[from] super::Unavailable),
}

/// Reads `input` to its end into `directory`, which is loaded then; `on_progress` is called after every batch. No line at all is a load, too: of a
/// directory that is to be empty. Lines of which none was applied are none: they are a wrong file.
///
/// # Errors
/// [`ImportError`]; wrong lines are no error but part of the report.
pub async fn import(
    directory: &dyn Directory,
    rules: &RecordRules,
    input: impl BufRead,
    on_progress: impl FnMut(ImportProgress),
) -> Result<ImportOutcome, ImportError> {
    let mut parties = UnknownParties::default();
    let mut report = import_part(
        directory,
        rules,
        input,
        Part::new(&mut parties),
        on_progress,
    )
    .await?;
    if report.is_load() {
        directory.apply(vec![Change::EndLoad]).await?;
    }
    report.warnings.extend(parties.warnings(directory).await?);
    Ok(report)
}

/// A piece of a load, within the whole.
#[derive(Debug)]
pub struct Part<'a> {
    /// The number of its first line.
    pub first_line: u64,
    /// What is to be looked for again at the end of the load.
    pub parties: &'a mut UnknownParties,
}

impl<'a> Part<'a> {
    /// The first one.
    pub const fn new(parties: &'a mut UnknownParties) -> Self {
        Self {
            first_line: 1,
            parties,
        }
    }
}

/// As [`import`], for a piece of a load: a directory that was never loaded still gives no answers then, and orders without parties are only noted.
///
/// # Errors
/// As [`import`].
pub async fn import_part(
    directory: &dyn Directory,
    rules: &RecordRules,
    mut input: impl BufRead,
    part: Part<'_>,
    mut on_progress: impl FnMut(ImportProgress),
) -> Result<ImportOutcome, ImportError> {
    let mut report = ImportOutcome::default();
    let most = directory.load_batch();
    let mut batch: Vec<(u64, Change)> = Vec::with_capacity(most);
    let mut line = Vec::new();
    for number in part.first_line.. {
        let more = next_line(&mut input, &mut line)?;
        if !line.trim_ascii().is_empty() {
            report.read += 1;
            let parsed = if line.len() as u64 > MAX_LINE {
                Err(format!("the line is longer than {MAX_LINE} bytes"))
            } else {
                parse_line_warning(&line, rules, |message| report.warn(number, message))
            };
            match parsed {
                Ok(Some(change)) => batch.push((number, change)),
                Ok(None) => report.read -= 1,
                Err(message) => report.refuse(number, message),
            }
        }
        if batch.len() >= most || (!more && !batch.is_empty()) {
            // Durable before the first record: whoever asks between two batches, or after a crash there, must not be told "unknown".
            if report.applied == 0 {
                directory.apply(vec![Change::BeginLoad]).await?;
            }
            apply(
                directory,
                std::mem::take(&mut batch),
                &mut report,
                part.parties,
            )
            .await?;
            on_progress(ImportProgress {
                read: report.read,
                applied: report.applied,
                bad: report.bad_lines,
            });
        }
        if !more {
            break;
        }
    }
    report.bad.sort_by_key(|bad| bad.line);
    Ok(report)
}

impl ImportOutcome {
    /// Whether a load can end with it.
    #[must_use]
    pub const fn is_load(&self) -> bool {
        self.read == 0 || self.applied > 0
    }

    fn refuse(&mut self, line: u64, message: String) {
        self.bad_lines += 1;
        if self.bad.len() < KEPT {
            self.bad.push(BadLine { line, message });
        }
    }

    fn warn(&mut self, line: u64, message: String) {
        if self.warnings.len() < KEPT {
            self.warnings.push(ImportWarning { line, message });
        }
    }
}

async fn apply(
    directory: &dyn Directory,
    batch: Vec<(u64, Change)>,
    report: &mut ImportOutcome,
    parties: &mut UnknownParties,
) -> Result<(), ImportError> {
    let (numbers, changes): (Vec<u64>, Vec<Change>) = batch.into_iter().unzip();
    // Kept, for an account may follow in the same batch.
    let orders: Vec<_> = changes
        .iter()
        .map(|change| order(change).cloned())
        .collect();
    let mut put = Vec::new();
    for ((number, order), result) in numbers
        .into_iter()
        .zip(orders)
        .zip(directory.apply(changes).await?)
    {
        match result {
            Ok(()) => {
                report.applied += 1;
                put.extend(order.map(|order| (number, order)));
            }
            Err(conflict) => report.refuse(number, conflict.to_string()),
        }
    }
    parties.look_at(directory, &put).await?;
    Ok(())
}

/// Reads a line without its end; of one that is too long, a little more than is allowed, and drops the rest. False at the end of input.
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    input.by_ref().take(MAX_LINE + 2).read_until(b'\n', line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(true);
    }
    if line.len() as u64 <= MAX_LINE {
        return Ok(false);
    }
    loop {
        let piece = input.fill_buf()?;
        let (used, done) = match memchr::memchr(b'\n', piece) {
            Some(at) => (at + 1, true),
            None => (piece.len(), piece.is_empty()),
        };
        input.consume(used);
        if done {
            return Ok(used > 0);
        }
    }
}
