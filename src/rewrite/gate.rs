//! The leak gate: looks at the bytes that would leave for addresses that must not.
//!
//! It shares no code with the rewriter, on purpose: a fault there must not blind it here. It knows nothing of MIME structure either, for two
//! readers of a structure may differ: whatever could be base64, quoted-printable, an encoded word or a continued parameter anywhere in
//! the message is decoded, and the result is searched in all the ways in which a reader may decode it again. Documents and
//! pictures are not looked into.

mod base64;
mod blocks;
mod cuts;
mod escapes;
mod names;
mod needle;
mod plain;
mod runs;
mod sightings;
mod text;
mod views;

use std::cell::RefCell;

use needle::{Needle, find};
use sightings::Observer;

pub use sightings::{MOST_SIGHTED, Sighting, Sightings, Standing};

use crate::mail::{Domain, Mailbox};
use crate::masking::{MaskedDomains, providers};

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
    let (head, body) = sections(outgoing);
    Gate::new(needles.into()).read(head, body, IdsIn::Everything)
}

/// What is to be told of a message that is searched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Observed<'a> {
    /// Masks are no addresses of anybody.
    pub(super) masks: &'a MaskedDomains,
    /// Whether domains are told, too.
    pub(super) domains: bool,
    /// Whether the message quotes or answers another: ids that look like the writer's may then be the other side's own words.
    pub(super) answers: bool,
}

/// As [`check`], of a message that [`participant`](super::participant) wrote; tells what stands in it beside.
pub(super) fn observe(
    outgoing: &[u8],
    needles: Needles<'_>,
    observed: Observed<'_>,
) -> Result<Sightings, Leak> {
    let mut gate = Gate::new(needles);
    gate.observer = Some(RefCell::new(Observer::new(
        observed.masks,
        observed.domains,
    )));
    gate.shortest = gate.shortest.min(SHORTEST_CODED);
    let ids = if observed.answers {
        IdsIn::Head
    } else {
        IdsIn::Everything
    };
    let (head, body) = sections(outgoing);
    gate.read(&without_references(head), body, ids)?;
    let observer = gate.observer.take();
    Ok(observer.map_or_else(Sightings::default, |observer| {
        observer.into_inner().sightings()
    }))
}

/// The shortest address, in octets, that is looked for in code within a text: a shorter one takes as much room there as a word.
const SHORTEST_CODED: usize = 14;

/// Where ids are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IdsIn {
    Everything,
    /// In the header section only.
    Head,
}

/// The header section and the body, each with what parts them at its beginning or not at all.
fn sections(outgoing: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memmem::find(outgoing, b"\r\n\r\n").unwrap_or(outgoing.len());
    outgoing.split_at_checked(end).unwrap_or((outgoing, &[]))
}

/// A header section without In-Reply-To and References: they were written from tokens, and what those stand for are the reader's own ids,
/// whatever it made them look like.
fn without_references(head: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(head.len());
    let mut left_out = false;
    for line in head.split_inclusive(|octet| *octet == b'\n') {
        let folded = matches!(line.first(), Some(b' ' | b'\t'));
        let reference = line.starts_with(b"In-Reply-To: ") || line.starts_with(b"References: ");
        left_out = reference || (folded && left_out);
        if !left_out {
            out.extend_from_slice(line);
        }
    }
    out
}

impl Gate<'_> {
    /// Searches a whole message.
    fn read(&self, head: &[u8], body: &[u8], ids: IdsIn) -> Result<(), Leak> {
        for (place, octets) in [("header section", head), ("body", body)] {
            let ids = ids == IdsIn::Everything || place != "body";
            let (coded, octets) = blocks::read(octets);
            let text = text::readable(&octets);
            let unquoted = runs::unquoted(&text);
            let shows = |text: &str| self.shows(text, ids);
            if shows(&text) || unquoted.as_deref().is_some_and(shows) {
                return Err(Leak { place });
            }
            let hidden = runs::words(&text)
                .into_iter()
                .chain(runs::continued(&text))
                .chain(coded);
            for text in hidden {
                if shows(&text) {
                    return Err(Leak {
                        place: "encoded text",
                    });
                }
            }
        }
        Ok(())
    }
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

struct Gate<'a> {
    addresses: Vec<Needle>,
    /// Domains that must stand nowhere.
    prose: Vec<Needle>,
    /// Domains that must not stand in ids.
    domains: Vec<String>,
    /// The length of the shortest address or domain.
    shortest: usize,
    /// Notes what stands in the views that are searched.
    observer: Option<RefCell<Observer<'a>>>,
}

impl Gate<'_> {
    fn new(needles: Needles<'_>) -> Self {
        let mut gate = Self {
            addresses: Vec::new(),
            prose: Vec::new(),
            domains: Vec::new(),
            shortest: usize::MAX,
            observer: None,
        };
        for needle in needles.addresses {
            let forms = both_forms(needle.domain());
            let local = plain::composed(&needle.local().to_lowercase());
            for domain in &forms {
                let address = format!("{local}@{domain}");
                gate.shortest = gate.shortest.min(address.len());
                let address = Needle::address(&address);
                if !gate.addresses.contains(&address) {
                    gate.addresses.push(address);
                }
            }
            // Half the world has a mailbox at these: an id that names one gives nobody away, and the other side's ids may come back.
            if !providers::is_shared(needle.domain()) {
                // Ids are read as they stand, not in a view.
                let apart = forms.iter().map(|form| plain::decomposed(form));
                gate.domains
                    .extend(apart.filter(|apart| !forms.contains(apart)));
                gate.domains.extend(forms);
            }
        }
        for domain in needles.domains.iter().flat_map(both_forms) {
            gate.shortest = gate.shortest.min(domain.len());
            gate.prose.push(Needle::domain(&domain));
        }
        gate
    }

    /// Whether an address or a domain stands in `view`.
    fn sees(&self, view: &str) -> bool {
        if let Some(observer) = &self.observer {
            observer.borrow_mut().look(view);
        }
        self.needles()
            .any(|needle| needle.stands_in(view.as_bytes()))
    }

    /// Whether one could come out of `text` by cutting something out of it.
    fn may_see(&self, text: &[u8]) -> bool {
        let observer = self.observer.as_ref();
        observer.is_some_and(|observer| observer.borrow().worth(text))
            || self.needles().any(|needle| needle.may_come_of(text))
    }

    fn needles(&self) -> impl Iterator<Item = &Needle> {
        self.addresses.iter().chain(&self.prose)
    }

    /// Whether something shows in `text`, in ids too if `ids` says so.
    fn shows(&self, text: &str, ids: bool) -> bool {
        let joins = |octets: &[u8]| self.may_see(octets);
        let worth = |octets: &[u8]| views::decodes(octets) || joins(octets);
        let any =
            |text: &str| worth(text.as_bytes()) && views::any(text, joins, |view| self.sees(view));
        any(text)
            || (ids && self.sees_id(text))
            || runs::within(text, self.shortest, worth).any(|text| any(&text))
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
