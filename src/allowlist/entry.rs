//! One entry: `@domain` or `local@domain`.

use std::fmt;

use crate::mail::{Domain, Mailbox};

/// Whom an entry lets in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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
    #[error("{0} is a public suffix, not somebody's domain")]
    PublicSuffix(Domain),
    /// Neither form.
    #[error("{0:?} is neither @domain nor local@domain: {1}")]
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

    pub(super) fn domain(&self) -> &Domain {
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
