//! The leak gate: looks at the bytes that would leave for addresses that must not.
//!
//! It shares no code with the rewriter, on purpose: a fault there must not blind it here. It knows nothing of MIME structure either, for two
//! readers of a structure may differ: whatever could be base64, quoted-printable, an encoded word or a continued parameter anywhere in
//! the message is decoded, and the result is searched in all the ways in which a reader may decode it again. Documents and
//! pictures are not looked into.

mod escapes;
mod runs;
mod views;

use memchr::{memchr_iter, memchr2_iter};

use crate::mail::{Domain, Mailbox};
use crate::masking::providers;

/// An address that must not leave was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an address of the writer stands in the {place}")]
pub struct Leak {
    /// Where: `header section`, `body`, `encoded text`.
    pub place: &'static str,
}

/// What must not leave.
#[derive(Debug, Clone, Copy)]
pub struct Needles<'a> {
    /// Addresses: they must stand nowhere.
    pub addresses: &'a [Mailbox],
    /// Domains that give their owner away wherever they stand; those of the addresses are looked for in ids in any case.
    pub domains: &'a [Domain],
}

impl<'a, T: AsRef<[Mailbox]> + ?Sized> From<&'a T> for Needles<'a> {
    fn from(addresses: &'a T) -> Self {
        Self {
            addresses: addresses.as_ref(),
            domains: &[],
        }
    }
}

/// Searches `outgoing` for every needle, without regard to case.
///
/// # Errors
/// [`Leak`] names the place, never the address.
pub fn check<'a>(outgoing: &[u8], needles: impl Into<Needles<'a>>) -> Result<(), Leak> {
    let gate = Gate::new(needles.into());
    let end = memchr::memmem::find(outgoing, b"\r\n\r\n").unwrap_or(outgoing.len());
    let (head, body) = outgoing.split_at_checked(end).unwrap_or((outgoing, &[]));
    for (place, octets) in [("header section", head), ("body", body)] {
        let text = runs::readable(octets);
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
const IDS: [&str; 7] = [
    "uid:",
    "uid;",
    "content-id:",
    "content-location:",
    "message-id:",
    "received:",
    "dkim-signature:",
];

/// An address or a domain as it stands in a view, in lower case: what stands on the two sides of its mark, an at sign or its last dot.
#[derive(PartialEq, Eq)]
struct Needle {
    left: Vec<u8>,
    right: Vec<u8>,
}

/// What is left of a text around a needle.
type Around<'a> = (&'a [u8], &'a [u8]);

impl Needle {
    fn new(text: &str, mark: char) -> Self {
        let (left, right) = text.rsplit_once(mark).unwrap_or(("", text));
        Self {
            left: left.into(),
            right: right.into(),
        }
    }

    /// Whether the address stands in `view` around its at sign at `at`, not as the end or the beginning of a longer one. A tag before the
    /// at sign belongs to it. What stood apart before lines were joined and tags of HTML taken out still stands apart.
    fn is_address(&self, view: &[u8], at: usize) -> bool {
        let Some(after) = after(view.get(at + 1..).unwrap_or_default(), &self.right) else {
            return false;
        };
        let whole = view.get(..at).unwrap_or_default();
        let stands = |whole: &[u8]| {
            before(whole, &self.left).is_some_and(|rest| free(&(rest, after), b"._+-"))
        };
        let tag = whole.iter().rev().take(MAX_TAG);
        let tag = tag
            .take_while(|octet| octet.is_ascii_alphanumeric() || b"._+-\x01".contains(octet))
            .count();
        let from = whole.len() - tag;
        let mut tags = memchr_iter(b'+', whole.get(from..).unwrap_or_default());
        stands(whole) || tags.any(|plus| stands(whole.get(..from + plus).unwrap_or_default()))
    }

    /// The same for a domain and its last dot. It may stand behind `www.` or within an address, but not as part of another name.
    fn is_domain(&self, view: &[u8], dot: usize) -> bool {
        let Some(after) = after(view.get(dot + 1..).unwrap_or_default(), &self.right) else {
            return false;
        };
        let goes_on = matches!(after, [b'.', next, ..] if next.is_ascii_alphanumeric());
        before(view.get(..dot).unwrap_or_default(), &self.left)
            .is_some_and(|rest| free(&(rest, after), b"_-") && !goes_on)
    }
}

/// The longest tag of an address, with the `+` before it.
const MAX_TAG: usize = 65;

/// What stands before `text` at the end of `view`, seams passed over; none: something else stands there.
fn before<'a>(mut view: &'a [u8], text: &[u8]) -> Option<&'a [u8]> {
    for octet in text.iter().rev() {
        while let Some((&views::SEAM, rest)) = view.split_last() {
            view = rest;
        }
        view = view.strip_suffix(&[*octet])?;
    }
    Some(view)
}

/// The same at its beginning.
fn after<'a>(mut view: &'a [u8], text: &[u8]) -> Option<&'a [u8]> {
    for octet in text {
        while let Some((&views::SEAM, rest)) = view.split_first() {
            view = rest;
        }
        view = view.strip_prefix(&[*octet])?;
    }
    Some(view)
}

/// Whether nothing around a needle makes a longer word of it; `inside` can stand in such words beside letters and digits.
fn free((before, after): &Around<'_>, inside: &[u8]) -> bool {
    let joins = |octet: &u8| octet.is_ascii_alphanumeric() || inside.contains(octet);
    !before.last().is_some_and(joins)
        // No label ends in a hyphen: one with nothing of a name behind it is a dash.
        && !after
            .iter()
            .find(|octet| **octet != b'-')
            .is_some_and(u8::is_ascii_alphanumeric)
}

struct Gate {
    addresses: Vec<Needle>,
    /// Domains that must stand nowhere.
    prose: Vec<Needle>,
    /// Domains that must not stand in ids.
    domains: Vec<String>,
    /// The length of the shortest address or domain.
    shortest: usize,
}

impl Gate {
    fn new(needles: Needles<'_>) -> Self {
        let mut gate = Self {
            addresses: Vec::new(),
            prose: Vec::new(),
            domains: Vec::new(),
            shortest: usize::MAX,
        };
        for needle in needles.addresses {
            let forms = both_forms(needle.domain());
            let local = needle.local().to_lowercase();
            for domain in &forms {
                let address = format!("{local}@{domain}");
                gate.shortest = gate.shortest.min(address.len());
                let address = Needle::new(&address, '@');
                if !gate.addresses.contains(&address) {
                    gate.addresses.push(address);
                }
            }
            // Half the world has a mailbox at these: an id that names one gives nobody away, and the other side's ids may come back.
            if !providers::is_shared(needle.domain()) {
                gate.domains.extend(forms);
            }
        }
        for domain in needles.domains.iter().flat_map(both_forms) {
            gate.shortest = gate.shortest.min(domain.len());
            gate.prose.push(Needle::new(&domain, '.'));
        }
        gate
    }

    /// Whether an address or a domain stands in `view`.
    fn sees(&self, view: &str) -> bool {
        let view = view.as_bytes();
        let address = |at| {
            self.addresses
                .iter()
                .any(|needle| needle.is_address(view, at))
        };
        let domain = |dot| self.prose.iter().any(|needle| needle.is_domain(view, dot));
        memchr_iter(b'@', view).any(address)
            || (!self.prose.is_empty() && memchr_iter(b'.', view).any(domain))
    }

    fn shows(&self, text: &str) -> bool {
        let any = |text: &str| views::any(text, self.prose.is_empty(), |view| self.sees(view));
        any(text) || self.sees_id(text) || runs::within(text, self.shortest).any(|text| any(&text))
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
            .replace("\r\n ", FOLD)
            .replace("\r\n\t", FOLD);
        lower.lines().any(|line| {
            let whole = line.replace(FOLD, " ");
            let known = IDS.iter().any(|start| line.starts_with(start));
            // An id is one word; what follows it in a line of prose is none. Calendars fold anywhere.
            let word = if known && line.starts_with("uid") {
                first_word(&line.replace(FOLD, "")).to_owned()
            } else if known && line.contains("-id:") {
                first_word(&whole).to_owned()
            } else if known || (line.starts_with("content-type:") && line.contains("boundary")) {
                whole.clone()
            } else {
                String::new()
            };
            let mut domains = self.domains.iter();
            domains.any(|domain| word.contains(domain) || delimits(&whole, domain))
        })
    }
}

/// Stands where a line was folded.
const FOLD: &str = "\u{1}";

/// The first word behind the colon of a field or property.
fn first_word(line: &str) -> &str {
    let value = line.split_once(':').map_or(line, |(_, value)| value);
    value.split_whitespace().next().unwrap_or_default()
}

/// Whether a line that names `domain` is a delimiter; `--- www.rowery.example ---` is a shop's ornament.
fn delimits(line: &str, domain: &str) -> bool {
    let bare = line.trim_end();
    let middle = bare.trim_matches(['-', '=', '_', '*', '~']);
    line.contains(domain)
        && bare.starts_with("--")
        && !bare.contains([' ', '\t'])
        && middle != domain
        && middle.strip_prefix("www.") != Some(domain)
}

/// A domain as it is written in A-labels and in U-labels (RFC 5890 2.3.2.1).
fn both_forms(domain: &Domain) -> Vec<String> {
    let (unicode, _) = idna::domain_to_unicode(domain.as_str());
    let unicode = unicode.to_lowercase();
    let mut forms = vec![domain.to_string()];
    if !forms.contains(&unicode) {
        forms.push(unicode);
    }
    forms
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
