//! What is wrong in a configuration file, and where.

use std::fmt;
use std::path::{Path, PathBuf};

/// One thing that is wrong, or not wise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// The line, the first being 1; none where the whole file is meant.
    pub line: Option<usize>,
    /// The key, with its table (`smtp.listen`); empty where no key is meant.
    pub key: String,
    /// What is wrong and what is wanted.
    pub message: String,
}

impl Problem {
    /// A problem without line and key: there is no file, or it cannot be read.
    pub(super) fn whole_file(file: &Path, message: &str) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
            key: String::new(),
            message: message.to_owned(),
        }
    }
}

/// `FILE:LINE: KEY: MESSAGE`, the form that editors and CI jump to.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        if !self.key.is_empty() {
            write!(f, " {}:", self.key)?;
        }
        write!(f, " {}", self.message)
    }
}

/// Everything that is wrong with a file, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<Problem>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            let end = if at + 1 == self.0.len() { "" } else { "\n" };
            write!(f, "{problem}{end}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
