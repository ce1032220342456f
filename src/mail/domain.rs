//! Domain names in the one form in which they are compared: lower-case A-labels (RFC 5890 2.3.2.1).
//!
//! A value of [`Domain`] is always valid: at most 253 octets, labels of 1 to 63 letters, digits, hyphens and
//! underscores. A trailing dot, an empty label and an address literal are errors: two spellings of one name would
//! be two answers to "is it on the allowlist?".

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A domain name as lower-case A-labels, without a trailing dot. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain(Arc<str>);

/// Why a text is no domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// Nothing, or a label of no octets (`a..b`, a leading or trailing dot).
    #[error("a label of the domain is empty")]
    EmptyLabel,
    /// More than 253 octets in all, or a label of more than 63 (RFC 1035 2.3.4).
    #[error("the domain or one of its labels is too long")]
    TooLong,
    /// An octet that no host name holds, or text that IDNA (UTS 46) does not map.
    #[error("the domain holds a character that no host name has")]
    BadCharacter,
    /// `[192.0.2.1]`: an address literal is no name (RFC 5321 4.1.3).
    #[error("an address literal is not a domain name")]
    Literal,
}

/// The longest name in octets (RFC 1035 2.3.4 without the root's dot).
const MAX_NAME: usize = 253;
/// The longest label in octets (RFC 1035 2.3.4).
const MAX_LABEL: usize = 63;

impl Domain {
    /// Reads a domain in any letter case, in A-labels or U-labels.
    ///
    /// # Errors
    /// [`DomainError`] names what is wrong; nothing is repaired, so `a.` and `a..b` never equal `a` or `a.b`.
    pub fn parse(text: &str) -> Result<Self, DomainError> {
        if text.starts_with('[') {
            return Err(DomainError::Literal);
        }
        if text.is_ascii() {
            let lower = text.to_ascii_lowercase();
            check(&lower)?;
            return Ok(Self(lower.into()));
        }
        // Full stops of other scripts (U+3002 …) would split labels that the sender wrote as one.
        if text.contains(['\u{3002}', '\u{ff0e}', '\u{ff61}']) {
            return Err(DomainError::BadCharacter);
        }
        let ascii = idna::domain_to_ascii_strict(text).map_err(|_| DomainError::BadCharacter)?;
        check(&ascii)?;
        Ok(Self(ascii.into()))
    }

    /// The A-label form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `self` is `other` or stands below it (`a.b` below `b`).
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.0
            .strip_suffix(&*other.0)
            .is_some_and(|head| head.is_empty() || head.ends_with('.'))
    }
}

fn check(lower: &str) -> Result<(), DomainError> {
    if lower.len() > MAX_NAME {
        return Err(DomainError::TooLong);
    }
    for label in lower.split('.') {
        match label.len() {
            0 => return Err(DomainError::EmptyLabel),
            1..=MAX_LABEL => {}
            _ => return Err(DomainError::TooLong),
        }
        let octet_ok =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        if !label.bytes().all(octet_ok) || label.starts_with('-') || label.ends_with('-') {
            return Err(DomainError::BadCharacter);
        }
    }
    Ok(())
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Domain({})", self.0)
    }
}

impl TryFrom<String> for Domain {
    type Error = DomainError;

    fn try_from(text: String) -> Result<Self, DomainError> {
        Self::parse(&text)
    }
}

impl From<Domain> for String {
    fn from(domain: Domain) -> Self {
        domain.0.to_string()
    }
}

impl std::str::FromStr for Domain {
    type Err = DomainError;

    fn from_str(text: &str) -> Result<Self, DomainError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_has_one_spelling() {
        for (text, want) in [
            ("DHL.com", "dhl.com"),
            ("żółw.pl", "xn--w-uga1v8h.pl"),
            ("xn--w-uga1v8h.PL", "xn--w-uga1v8h.pl"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(Domain::parse(text).unwrap().as_str(), want, "{text}");
        }
    }

    #[test]
    fn look_alikes_and_odd_shapes_are_refused() {
        for text in [
            "",
            ".",
            "dhl.com.",
            "dhl..com",
            ".dhl.com",
            "dhl\u{3002}com",
            "dhl.com%00",
            "a b.pl",
            "-a.pl",
        ] {
            assert!(Domain::parse(text).is_err(), "{text}");
        }
        assert_eq!(Domain::parse("[127.0.0.1]"), Err(DomainError::Literal));
        assert_eq!(
            Domain::parse(&format!("{}.pl", "a".repeat(64))),
            Err(DomainError::TooLong)
        );
    }

    #[test]
    fn a_domain_is_within_another_at_labels_only() {
        let dhl = Domain::parse("dhl.com").unwrap();
        assert!(Domain::parse("mail.dhl.com").unwrap().is_within(&dhl));
        assert!(!Domain::parse("evil-dhl.com").unwrap().is_within(&dhl));
    }
}
