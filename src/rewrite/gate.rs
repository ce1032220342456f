//! The leak gate: looks at the bytes that would leave for addresses that must not.
//!
//! It shares no code with the rewriter, on purpose: a fault there must not blind it here. It knows nothing of MIME structure either, for two
//! readers of a structure may differ: whatever could be base64, quoted-printable, an encoded word or a continued parameter anywhere in
//! the message is decoded, and the result is searched in all the ways in which a reader may decode it again. Documents and
//! pictures are not looked into.

mod runs;
mod views;

use std::borrow::Cow;

use memchr::{memchr_iter, memchr2_iter};

use crate::mail::Mailbox;

/// An address that must not leave was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an address of the writer stands in the {place}")]
pub struct Leak {
    /// Where: `header section`, `body`, `encoded text`.
    pub place: &'static str,
}

/// Searches `outgoing` for every one of `needles`, without regard to case.
///
/// # Errors
/// [`Leak`] names the place, never the address.
pub fn check(outgoing: &[u8], needles: &[Mailbox]) -> Result<(), Leak> {
    let gate = Gate::new(needles);
    let end = memchr::memmem::find(outgoing, b"\r\n\r\n").unwrap_or(outgoing.len());
    let (head, body) = outgoing.split_at_checked(end).unwrap_or((outgoing, &[]));
    for (place, octets) in [("header section", head), ("body", body)] {
        // Whole texts are checked much faster than pieces of broken ones.
        let text = std::str::from_utf8(octets)
            .map_or_else(|_| String::from_utf8_lossy(octets), Cow::Borrowed);
        let unquoted = runs::unquoted(&text);
        if gate.shows(&text) || unquoted.as_deref().is_some_and(|text| gate.shows(text)) {
            return Err(Leak { place });
        }
        let hidden = runs::words(&text)
            .into_iter()
            .chain(runs::continued(&text))
            .chain(runs::base64(octets));
        for text in hidden {
            if gate.shows(&text) {
                return Err(Leak {
                    place: "encoded text",
                });
            }
        }
    }
    Ok(())
}

/// How lines begin that hold ids, hosts or boundaries.
const IDS: [&str; 8] = [
    "uid:",
    "uid;",
    "content-id:",
    "content-location:",
    "message-id:",
    "received:",
    "dkim-signature:",
    "--",
];

/// An address as it stands in a view: in lower case.
#[derive(PartialEq, Eq)]
struct Needle {
    local: Vec<u8>,
    domain: Vec<u8>,
}

impl Needle {
    fn new(address: &str) -> Self {
        let (local, domain) = address.rsplit_once('@').unwrap_or(("", address));
        Self {
            local: local.into(),
            domain: domain.into(),
        }
    }

    /// Whether the address stands in `view` around its at sign at `at`, not as the end or the beginning of a longer one. What stood
    /// apart before lines were joined and tags taken out still stands apart.
    fn stands(&self, view: &[u8], at: usize) -> bool {
        let seam = |octet: Option<&u8>| octet == Some(&views::SEAM);
        let mut before = view.get(..at).unwrap_or_default();
        for octet in self.local.iter().rev() {
            while let Some((&views::SEAM, rest)) = before.split_last() {
                before = rest;
            }
            match before.split_last() {
                Some((last, rest)) if last == octet => before = rest,
                _ => return false,
            }
        }
        let mut after = view.get(at + 1..).unwrap_or_default();
        for octet in &self.domain {
            while let Some((&views::SEAM, rest)) = after.split_first() {
                after = rest;
            }
            match after.split_first() {
                Some((first, rest)) if first == octet => after = rest,
                _ => return false,
            }
        }
        let longer_before = before
            .last()
            .is_some_and(|last| last.is_ascii_alphanumeric() || b"._+-".contains(last));
        let longer_after = after
            .first()
            .is_some_and(|next| next.is_ascii_alphanumeric() || *next == b'-');
        (seam(before.last()) || !longer_before) && (seam(after.first()) || !longer_after)
    }
}

struct Gate {
    addresses: Vec<Needle>,
    domains: Vec<String>,
}

impl Gate {
    fn new(needles: &[Mailbox]) -> Self {
        let mut addresses = Vec::new();
        let mut domains = Vec::new();
        for needle in needles {
            let (unicode, _) = idna::domain_to_unicode(needle.domain().as_str());
            let other = format!("{}@{unicode}", needle.local().to_ascii_lowercase());
            for address in [needle.key(), other] {
                let address = Needle::new(&address);
                if !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
            domains.push(needle.domain().to_string());
        }
        Self { addresses, domains }
    }

    /// Whether an address stands in `view`.
    fn sees(&self, view: &str) -> bool {
        let view = view.as_bytes();
        memchr_iter(b'@', view).any(|at| {
            self.addresses
                .iter()
                .any(|address| address.stands(view, at))
        })
    }

    fn shows(&self, text: &str) -> bool {
        views::any(text, |view| self.sees(view)) || self.sees_id(text)
    }

    /// Whether an id names a domain of the writer: of a part, of a calendar entry, or the boundary of parts (RFC 2045 7, RFC 5545 3.8.4.7).
    fn sees_id(&self, text: &str) -> bool {
        if !self
            .domains
            .iter()
            .any(|domain| find(text, domain).is_some())
        {
            return false;
        }
        let lower = text
            .to_ascii_lowercase()
            .replace("\r\n ", " ")
            .replace("\r\n\t", " ");
        lower.lines().any(|line| {
            let of_id = IDS.iter().any(|start| line.starts_with(start))
                || line.starts_with("content-type:") && line.contains("boundary");
            of_id && self.domains.iter().any(|domain| line.contains(domain))
        })
    }
}

/// Octets from the rarest in texts to the most frequent; all others are rarer than these.
const FREQUENT: &[u8] = b"qxjzvkwbgfmydpculhr-.sntoiea";

/// The place of `needle`, which is in lower case, in `text`, which may not be.
fn find(text: &str, needle: &str) -> Option<usize> {
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    let rank = |octet: &u8| FREQUENT.iter().position(|known| known == octet);
    let (offset, rarest) = needle
        .iter()
        .enumerate()
        .min_by_key(|(_, octet)| rank(octet))?;
    let mut places = memchr2_iter(*rarest, rarest.to_ascii_uppercase(), text)
        .filter_map(|at| at.checked_sub(offset));
    places.find(|at| {
        text.get(*at..*at + needle.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(needle))
    })
}
