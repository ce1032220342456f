//! Gathers what is wrong with a file while it is read, each with its line.

use std::ops::Range;
use std::path::Path;

use super::problem::Problem;

/// Gathers problems while a file is read.
pub(super) struct Diagnostics<'a> {
    /// The file, which every problem names.
    file: &'a Path,
    /// Its text, in which places become lines.
    text: &'a str,
    /// What keeps the configuration from being used; in the order in which it was found.
    pub(super) errors: Vec<Problem>,
    /// What does not.
    pub(super) warnings: Vec<Problem>,
}

impl<'a> Diagnostics<'a> {
    pub(super) fn new(file: &'a Path, text: &'a str) -> Self {
        Self {
            file,
            text,
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// `at` is the bytes that it is about. None means that no line is named: the value is a default, or the table is missing.
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

    /// Notes an error and lets reading go on: all problems of a file are told at once, not one a start.
    pub(super) fn error(&mut self, at: Option<Range<usize>>, key: &str, message: &str) {
        let problem = self.problem(at, key, message);
        self.errors.push(problem);
    }

    /// Notes what works and is not wise.
    pub(super) fn warn(&mut self, at: Option<Range<usize>>, key: &str, message: &str) {
        let problem = self.problem(at, key, message);
        self.warnings.push(problem);
    }
}
