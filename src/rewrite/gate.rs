//! The leak gate: looks at the bytes that would leave for addresses that must not.
//!
//! It shares no code with the rewriter, on purpose: a fault there must not blind it here. Two readers of a structure may differ, so it looks without
//! one first: whatever could be base64, quoted-printable, an encoded word or a continued parameter anywhere in the message is decoded, and the
//! result is searched in all the ways in which a reader may decode it again. Then it looks at what other parsers make of the message
//! ([`documents`]): HTML as a browser shows it, and ids where programs keep them. Documents and pictures are not looked into.

mod around;
mod base64;
mod blocks;
mod cuts;
mod documents;
mod escapes;
mod heads;
mod ids;
mod leak;
mod longer;
mod names;
mod needle;
mod plain;
mod readings;
mod runs;
mod sightings;
mod soft_breaks;
mod text;
mod unambiguous;
mod views;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use documents::Content;
use heads::{from_the_writer, without_references};
use names::both_forms;
use needle::{Needle, find};
use sightings::Observer;
use text::names_wide;
use unambiguous::is_unambiguous;

pub use leak::{Leak, PLACES};
pub use readings::Standing;
pub use sightings::{MOST_SIGHTED, Sighting, Sightings};

use crate::mail::{Domain, Mailbox};
use crate::masking::{MaskedDomains, base_address, providers};

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
    Gate::new(needles.into()).read(outgoing, head, body, IdsIn::Everything)
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
    gate.read(outgoing, &without_references(head), body, ids)?;
    let observer = gate.observer.take();
    Ok(observer.map_or_else(Sightings::default, |observer| {
        observer.into_inner().sightings()
    }))
}

/// The shortest address, in octets, that is looked for in code within a text: a shorter one takes as much room there as a word.
const SHORTEST_CODED: usize = 14;

/// How often something may have been encoded over itself.
const LAYERS: u8 = 3;

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

impl Gate<'_> {
    /// Searches a whole message: `head` and `body` are those of `outgoing`.
    fn read(&self, outgoing: &[u8], head: &[u8], body: &[u8], ids: IdsIn) -> Result<(), Leak> {
        // What is worth to be parsed.
        let (mut html, mut private, mut wide) = (false, false, false);
        for (place, octets) in [("header section", head), ("body", body)] {
            let (coded, octets) = blocks::read(octets);
            let text = text::readable(&octets);
            let unquoted = runs::unquoted(&text);
            let in_head = place == "header section";
            // Without their inside, blocks that are left are no blocks.
            let whole = matches!(octets, Cow::Borrowed(_));
            let mut shows = |text: &str, lines: bool| {
                html |= !in_head && self.may_show_in_html(text);
                private |= self.names_private(text);
                wide |= names_wide(text);
                if in_head {
                    return self.shows_as_it_is(text)
                        || self.shows_within(&from_the_writer(text), LAYERS, false);
                }
                self.shows_as_it_is(text) || self.shows_within(text, LAYERS, lines)
            };
            if shows(&text, false) {
                return Err(self.leak(place));
            }
            // The padding of a block is no soft break: without its last line a name in it may end too early.
            let unpadded = whole.then(|| blocks::unpadded(&text)).flatten();
            if unquoted.is_some_and(|text| shows(&text, whole && unpadded.is_none())) {
                return Err(self.leak(place));
            }
            let unquoted = unpadded.as_deref().and_then(runs::unquoted);
            if !in_head && unquoted.is_some_and(|text| self.shows_within(&text, LAYERS, true)) {
                return Err(self.leak(place));
            }
            let lines = (!in_head).then(|| soft_breaks::beside(&text)).flatten();
            if lines.is_some_and(|lines| views::apart(&lines, |view| self.sees(view))) {
                return Err(self.leak(place));
            }
            let hidden = runs::words(&text)
                .into_iter()
                .chain(runs::continued(&text))
                .chain(coded);
            for text in hidden {
                if shows(&text, true) || self.shows_in_wide(&text) {
                    return Err(self.leak("encoded text"));
                }
            }
        }
        if html || private || wide {
            return self.parse(outgoing, ids);
        }
        Ok(())
    }

    /// Searches what other programs make of the message.
    fn parse(&self, outgoing: &[u8], ids: IdsIn) -> Result<(), Leak> {
        let mut found = Ok(());
        let mut first = true;
        documents::parts(outgoing, &mut |head, content| {
            let in_ids = first || ids == IdsIn::Everything;
            first = false;
            if found.is_ok() {
                found = self.part(head, content, in_ids);
            }
        });
        found
    }

    fn part(&self, head: &[u8], content: Option<Content<'_>>, in_ids: bool) -> Result<(), Leak> {
        if in_ids && ids::name(&text::readable(head), &ids::FIELDS, &self.domains) {
            return Err(Leak {
                what: "a domain",
                place: "head of a part",
            });
        }
        let Some(content) = content else {
            return Ok(());
        };
        let calendar = content.essence.contains("calendar")
            || content.essence.contains("vcard")
            || content.text.starts_with("BEGIN:V");
        if in_ids && calendar && ids::name(content.text, &ids::PROPERTIES, &self.domains) {
            return Err(Leak {
                what: "a domain",
                place: "calendar",
            });
        }
        // Without a label to go by, letters that take two octets each are no text.
        if names_wide(&text::readable(head)) && self.shows(content.text) {
            return Err(self.leak("body"));
        }
        // Whatever it calls itself: what is no HTML here may be quoted in some.
        let shown = self.may_show_in_html(content.text)
            && documents::shows(content.text, &|text| self.shows(text));
        if shown {
            return Err(self.leak("HTML"));
        }
        Ok(())
    }

    fn leak(&self, place: &'static str) -> Leak {
        let what = if self.saw_domain.get() {
            "a domain"
        } else {
            "an address"
        };
        Leak { what, place }
    }

    /// Whether a domain of the writer's stands in `text`, in prose or elsewhere.
    fn names_private(&self, text: &str) -> bool {
        let mut domains = self.domains.iter();
        domains.any(|domain| find(text, domain).is_some())
    }

    /// Whether a document in HTML may show what its source does not. Without an at sign it shows no address; a domain may hide behind any escape, but
    /// not where every parser reads the same.
    fn may_show_in_html(&self, text: &str) -> bool {
        let octets = text.as_bytes();
        memchr::memchr2(b'<', b'&', octets).is_some()
            && (views::hides_sign(octets)
                || self.may_see_address(octets)
                || (self.may_see_domain(octets) && !is_unambiguous(text)))
    }

    fn may_see_address(&self, text: &[u8]) -> bool {
        self.observes(|observer| observer.worth_addresses(text))
            || self.addresses.iter().any(|needle| needle.may_come_of(text))
    }

    fn may_see_domain(&self, text: &[u8]) -> bool {
        self.observes(|observer| observer.worth_domains(text))
            || self.prose.iter().any(|needle| needle.may_come_of(text))
            || (!self.prose.is_empty() && views::decodes(text))
    }

    fn observes(&self, worth: impl Fn(&Observer<'_>) -> bool) -> bool {
        let observer = self.observer.as_ref();
        observer.is_some_and(|observer| worth(&observer.borrow()))
    }
}

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
    /// Whether what was seen last is a domain.
    saw_domain: Cell<bool>,
}

impl Gate<'_> {
    fn new(needles: Needles<'_>) -> Self {
        let mut gate = Self {
            addresses: Vec::new(),
            prose: Vec::new(),
            domains: Vec::new(),
            shortest: usize::MAX,
            observer: None,
            saw_domain: Cell::new(false),
        };
        for needle in needles.addresses {
            let base = base_address(needle);
            let forms = both_forms(base.domain());
            let local = plain::composed(&base.local().to_lowercase());
            let dotless = providers::ignores_dots(base.domain());
            let shared = providers::is_shared(base.domain());
            let other = dotless.then(|| "googlemail.com".to_owned());
            for domain in forms.iter().chain(&other) {
                let address = format!("{local}@{domain}");
                gate.shortest = gate.shortest.min(address.len());
                let address = Needle::address(&address, dotless, shared);
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
        let seen = |needles: &[Needle]| {
            needles
                .iter()
                .any(|needle| needle.stands_in(view.as_bytes()))
        };
        let address = seen(&self.addresses);
        self.saw_domain.set(!address);
        address || seen(&self.prose)
    }

    /// Whether one could come out of `text` by cutting something out of it.
    fn may_see(&self, text: &[u8]) -> bool {
        self.observes(|observer| observer.worth(text))
            || self.needles().any(|needle| needle.may_come_of(text))
    }

    fn needles(&self) -> impl Iterator<Item = &Needle> {
        self.addresses.iter().chain(&self.prose)
    }

    /// Whether something shows in `text`, or in what is encoded in it.
    fn shows(&self, text: &str) -> bool {
        self.shows_as_it_is(text) || self.shows_within(text, LAYERS, true)
    }

    fn shows_as_it_is(&self, text: &str) -> bool {
        let worth = |octets: &[u8]| views::decodes(octets) || self.may_see(octets);
        let read = |text: &str| {
            worth(text.as_bytes())
                && views::any(text, |octets| self.may_see(octets), |view| self.sees(view))
        };
        read(text) || soft_breaks::over_marks(text).is_some_and(|text| read(&text))
    }

    /// Whether something shows in what is encoded in `text`; `lines`: also in lines of nothing else.
    fn shows_within(&self, text: &str, layers: u8, lines: bool) -> bool {
        // Letters that are not ASCII may stand beside what is encoded once more.
        let deeper = |octets: &[u8]| layers > 1 && runs::holds(octets, self.shortest);
        let worth = |octets: &[u8]| {
            octets.is_ascii() || views::decodes(octets) || self.may_see(octets) || deeper(octets)
        };
        runs::within(text, self.shortest, (lines, layers < LAYERS), worth).any(|text| {
            self.shows_as_it_is(&text)
                || self.shows_in_html(&text)
                || (layers > 1 && self.shows_within(&text, layers - 1, true))
        })
    }

    /// Whether something shows in letters of two octets, which have a zero beside each: under another label no parser reads what is written in them.
    fn shows_in_wide(&self, text: &str) -> bool {
        if !text.contains('\0') {
            return false;
        }
        let text = text.replace('\0', "");
        let unquoted = || runs::unquoted(&text).is_some_and(|text| self.shows_as_it_is(&text));
        self.shows_as_it_is(&text) || self.shows_in_html(&text) || unquoted()
    }

    /// Whether something shows where `text` is HTML.
    fn shows_in_html(&self, text: &str) -> bool {
        self.may_show_in_html(text) && documents::shows(text, &|text| self.shows_as_it_is(text))
    }
}
