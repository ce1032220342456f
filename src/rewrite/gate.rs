//! The leak gate: looks at the bytes that would leave for addresses that must not.
//!
//! It shares no code with the rewriter, on purpose: a fault there must not blind it here. It knows nothing of MIME structure either, for two
//! readers of a structure may differ: whatever could be base64, quoted-printable, an encoded word or a continued parameter anywhere in
//! the message is decoded, and the result is searched in all the ways in which a reader may decode it again. Documents and
//! pictures are not looked into.

mod runs;
mod views;

use memchr::memmem::Finder;

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
        let text = String::from_utf8_lossy(octets);
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

struct Gate {
    addresses: Vec<Finder<'static>>,
    domains: Vec<String>,
}

impl Gate {
    fn new(needles: &[Mailbox]) -> Self {
        let mut addresses = Vec::new();
        let mut domains = Vec::new();
        for needle in needles {
            addresses.push(needle.key());
            let (unicode, _) = idna::domain_to_unicode(needle.domain().as_str());
            let other = format!("{}@{unicode}", needle.local().to_ascii_lowercase());
            if !addresses.contains(&other) {
                addresses.push(other);
            }
            domains.push(needle.domain().to_string());
        }
        let addresses = addresses
            .iter()
            .map(|address| Finder::new(address).into_owned());
        Self {
            addresses: addresses.collect(),
            domains,
        }
    }

    /// Whether an address stands in `view`, not as the end or the beginning of a longer one. What stood apart before lines were joined
    /// and tags taken out still stands apart.
    fn sees(&self, view: &str) -> bool {
        let (compact, seams) = views::compact(view);
        let apart = |at: usize| seams.binary_search(&at).is_ok();
        self.addresses.iter().any(|address| {
            let mut from = 0;
            // A view is in lower case, and so is an address.
            while let Some(at) = compact
                .get(from..)
                .and_then(|rest| address.find(rest.as_bytes()))
            {
                let (start, end) = (from + at, from + at + address.needle().len());
                let before = compact
                    .get(..start)
                    .and_then(|text| text.chars().next_back());
                let after = compact.get(end..).and_then(|text| text.chars().next());
                let longer_before =
                    before.is_some_and(|c| c.is_ascii_alphanumeric() || "._+-".contains(c));
                let longer_after = after.is_some_and(|c| c.is_ascii_alphanumeric() || c == '-');
                if (apart(start) || !longer_before) && (apart(end) || !longer_after) {
                    return true;
                }
                // Matches may overlap: the next one is looked for from the second character of this one.
                from = start
                    + compact
                        .get(start..)
                        .and_then(|rest| rest.chars().next())
                        .map_or(1, char::len_utf8);
            }
            false
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

/// The place of `needle`, which is in lower case, in `text`, which may not be.
fn find(text: &str, needle: &str) -> Option<usize> {
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    let first = *needle.first()?;
    let mut starts = memchr::memchr2_iter(first, first.to_ascii_uppercase(), text);
    starts.find(|at| {
        text.get(*at..*at + needle.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(needle))
    })
}
