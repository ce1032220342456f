//! Gathers what is wrong with a file while it is read, each with its line.

use std::ops::Range;
use std::path::Path;

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
