//! One entry: `@domain` or `local@domain`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::mail::{Domain, Mailbox};

/// Whom an entry lets in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Entry {
    /// Every address of exactly this domain.
    Domain(Domain),
    /// Exactly this address.
    Address(Mailbox),
}

/// Why a line is no entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// `*` or `?`: there are no patterns.
    #[error("{0:?} holds a wildcard; list each domain on its own")]
    Wildcard(String),
    /// A public suffix: it would open every domain below… if entries matched below, and is a mistake in any case.
    #[error(
        "{0} is a public suffix, not somebody's domain; write the courier's own domain below it"
    )]
    PublicSuffix(Domain),
    /// Neither form.
    #[error(
        "{0:?} is neither @domain nor local@domain: {1}; one of the two stands on a line, and nothing else but a comment behind #"
    )]
    Shape(String, String),
}

/// How an entry was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// With its `@`.
    Full,
    /// A bare domain, taken as `@domain`.
    Bare,
}

impl Entry {
    /// Reads a line without comment and white space around it.
    pub(super) fn parse(text: &str) -> Result<(Self, Form), EntryError> {
        if text.contains(['*', '?']) {
            return Err(EntryError::Wildcard(text.to_owned()));
        }
        let shape =
            |error: &dyn fmt::Display| EntryError::Shape(text.to_owned(), error.to_string());
        let (entry, form) = match text.split_once('@') {
            Some(("", domain)) => (
                Self::Domain(Domain::parse(domain).map_err(|error| shape(&error))?),
                Form::Full,
            ),
            Some(_) => (
                Self::Address(Mailbox::parse(text).map_err(|error| shape(&error))?),
                Form::Full,
            ),
            None => (
                Self::Domain(Domain::parse(text).map_err(|error| shape(&error))?),
                Form::Bare,
            ),
        };
        let domain = entry.domain();
        if psl::domain_str(domain.as_str()).is_none() {
            return Err(EntryError::PublicSuffix(domain.clone()));
        }
        Ok((entry, form))
    }

    /// Its domain: of an address, that of the address.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        match self {
            Self::Domain(domain) => domain,
            Self::Address(mailbox) => mailbox.domain(),
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(domain) => write!(f, "@{domain}"),
            Self::Address(mailbox) => write!(f, "{mailbox}"),
        }
    }
}

/// As a line of a file is read, without comment and white space around it; a bare domain is `@domain`.
impl FromStr for Entry {
    type Err = EntryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).map(|(entry, _)| entry)
    }
}

impl TryFrom<String> for Entry {
    type Error = EntryError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Entry> for String {
    fn from(entry: Entry) -> Self {
        entry.to_string()
    }
}
