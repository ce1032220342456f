//! A remark on a line of a file.

use std::fmt;
use std::path::{Path, PathBuf};

/// Something about a line, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The file.
    pub file: PathBuf,
    /// The line, the first being 1; 0 where the whole file is meant.
    pub line: usize,
    /// What there is to say.
    pub message: String,
}

impl Note {
    /// About the whole of a file or folder.
    pub(super) fn whole(file: &Path, message: String) -> Self {
        Self {
            file: file.to_owned(),
            line: 0,
            message,
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file.display(), self.message),
            line => write!(f, "{}:{line}: {}", self.file.display(), self.message),
        }
    }
}
