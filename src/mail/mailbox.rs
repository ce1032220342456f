//! Mailboxes: `local-part@domain` (RFC 5321 4.1.2, RFC 6531 3.3).
//!
//! A [`Mailbox`] keeps the local part as written, without its quotes. Two mailboxes are equal when their local parts agree
//! without regard to ASCII case and their domains agree as A-labels (docs/rules.md#equality-of-addresses); nothing else is
//! folded: no dots, no plus.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use super::{Domain, DomainError};

/// An address. Valid by construction: local part of 1 to 64 octets without control characters, and a [`Domain`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mailbox {
    local: Box<str>,
    domain: Domain,
}

/// Why a text is no mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MailboxError {
    /// No `@`, or nothing on one side of it.
    #[error("it is not of the form local-part@domain")]
    Shape,
    /// A local part of more than 64 octets (RFC 5321 4.5.3.1.1).
    #[error("the part before the @ is longer than 64 octets")]
    LocalTooLong,
    /// A dot at an end of the local part, or two in a row: without quotes it may have neither (RFC 5322 3.2.3).
    #[error("the part before the @ begins or ends with a dot, or has two in a row")]
    Dots,
    /// A character that the local part may not hold, or not without quotes.
    #[error("the part before the @ holds a character that is not allowed there")]
    BadLocal,
    /// The domain is wrong.
    #[error("{0}")]
    Domain(#[from] DomainError),
}

/// RFC 5321 4.5.3.1.1, in octets.
const MAX_LOCAL: usize = 64;

impl Mailbox {
    /// Reads `local-part@domain`, dot-string or quoted, with nothing around it.
    ///
    /// # Errors
    /// [`MailboxError`]. An address that can be read in two ways (`a@b@c`, a comment, white space) is an error.
    pub fn parse(text: &str) -> Result<Self, MailboxError> {
        let (local, domain) = split(text)?;
        let domain = Domain::parse(domain)?;
        Self::from_parts(&local, domain)
    }

    /// Puts together a mailbox from an unquoted local part and a domain.
    ///
    /// # Errors
    /// [`MailboxError::Shape`] for an empty local part, `LocalTooLong`, and `BadLocal` for control characters.
    pub fn from_parts(local: &str, domain: Domain) -> Result<Self, MailboxError> {
        if local.is_empty() {
            return Err(MailboxError::Shape);
        }
        if local.len() > MAX_LOCAL {
            return Err(MailboxError::LocalTooLong);
        }
        if local.chars().any(char::is_control) {
            return Err(MailboxError::BadLocal);
        }
        Ok(Self {
            local: local.into(),
            domain,
        })
    }

    /// The local part, without quotes, in the case in which it was written.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The canonical text under which an index files the address: equal keys mean equal mailboxes.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}@{}", self.local.to_ascii_lowercase(), self.domain)
    }

    /// Whether the local part needs SMTPUTF8 (RFC 6531); the domain never does, as it is held in A-labels.
    #[must_use]
    pub fn needs_utf8(&self) -> bool {
        !self.local.is_ascii()
    }
}

/// Splits at the `@` that ends the local part and undoes its quotes.
fn split(text: &str) -> Result<(String, &str), MailboxError> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (local, domain) = text.split_once('@').ok_or(MailboxError::Shape)?;
        if local.is_empty() || domain.is_empty() {
            return Err(MailboxError::Shape);
        }
        if !is_dot_string(local) {
            let dots = local.split('.').any(str::is_empty);
            let bare: String = local.chars().filter(|c| *c != '.').collect();
            if dots && (bare.is_empty() || is_dot_string(&bare)) {
                return Err(MailboxError::Dots);
            }
            return Err(MailboxError::BadLocal);
        }
        return Ok((local.to_owned(), domain));
    };
    let mut local = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                let rest = quoted.get(at + 1..).unwrap_or_default();
                let domain = rest.strip_prefix('@').ok_or(MailboxError::Shape)?;
                return Ok((local, domain));
            }
            '\\' => local.push(chars.next().ok_or(MailboxError::BadLocal)?.1),
            _ => local.push(c),
        }
    }
    Err(MailboxError::Shape)
}

/// RFC 5321 4.1.2 Dot-string over RFC 5322 atext and, by RFC 6531 3.3, any non-ASCII character.
fn is_dot_string(local: &str) -> bool {
    let atext = |c: char| {
        c.is_ascii_alphanumeric()
            || "!#$%&'*+-/=?^_`{|}~".contains(c)
            || (!c.is_ascii() && !c.is_control())
    };
    local
        .split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(atext))
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_dot_string(&self.local) {
            return write!(f, "{}@{}", self.local, self.domain);
        }
        f.write_str("\"")?;
        for c in self.local.chars() {
            if matches!(c, '"' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{c}")?;
        }
        write!(f, "\"@{}", self.domain)
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailbox({self})")
    }
}

impl PartialEq for Mailbox {
    fn eq(&self, other: &Self) -> bool {
        self.local.eq_ignore_ascii_case(&other.local) && self.domain == other.domain
    }
}

impl Eq for Mailbox {}

impl Hash for Mailbox {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for octet in self.local.bytes() {
            state.write_u8(octet.to_ascii_lowercase());
        }
        self.domain.hash(state);
    }
}

impl TryFrom<String> for Mailbox {
    type Error = MailboxError;

    fn try_from(text: String) -> Result<Self, MailboxError> {
        Self::parse(&text)
    }
}

impl From<Mailbox> for String {
    fn from(mailbox: Mailbox) -> Self {
        mailbox.to_string()
    }
}

impl std::str::FromStr for Mailbox {
    type Err = MailboxError;

    fn from_str(text: &str) -> Result<Self, MailboxError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_undone_and_put_back_where_needed() {
        for (text, local, printed) in [
            ("Jan.K@Poczta.Example", "Jan.K", "Jan.K@poczta.example"),
            ("\"jan\"@a.pl", "jan", "jan@a.pl"),
            ("\"a b\"@a.pl", "a b", "\"a b\"@a.pl"),
            ("\"x@y\\\"\"@a.pl", "x@y\"", "\"x@y\\\"\"@a.pl"),
        ] {
            let mailbox = Mailbox::parse(text).unwrap();
            assert_eq!(
                (mailbox.local(), mailbox.to_string().as_str()),
                (local, printed),
                "{text}"
            );
        }
    }

    #[test]
    fn equality_folds_ascii_case_and_nothing_else() {
        let parse = |t: &str| Mailbox::parse(t).unwrap();
        assert_eq!(parse("JAN@a.pl"), parse("jan@A.PL"));
        assert_eq!(parse("\"jan\"@a.pl"), parse("jan@a.pl"));
        assert_ne!(parse("jan+x@a.pl"), parse("jan@a.pl"));
        assert_ne!(parse("j.an@a.pl"), parse("jan@a.pl"));
    }

    #[test]
    fn what_reads_in_two_ways_is_refused() {
        for text in [
            "",
            "a",
            "@a.pl",
            "a@",
            "a@b@c",
            "a b@c.pl",
            "a@b.pl(x)",
            "\"\"@a.pl",
            "a..b@c.pl",
            "a\r\n@c.pl",
            "\"a\r\nb\"@c.pl",
            "a@[127.0.0.1]",
            "<a@b.pl>",
        ] {
            assert!(Mailbox::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn h197_dots_are_told_from_other_faults() {
        for text in ["jan..k@a.pl", ".jan@a.pl", "jan.@a.pl", "..@a.pl"] {
            assert_eq!(
                Mailbox::parse(text).unwrap_err(),
                MailboxError::Dots,
                "{text}"
            );
        }
        for text in ["jan k@a.pl", "jan..k k@a.pl", "(x)jan@a.pl"] {
            assert_eq!(
                Mailbox::parse(text).unwrap_err(),
                MailboxError::BadLocal,
                "{text}"
            );
        }
        assert!(Mailbox::parse("\"jan..k\"@a.pl").is_ok());
    }
}
