//! One address or domain that must not leave, and how it is found in a view.

use memchr::{memchr_iter, memchr2, memchr2_iter};

use super::around;
use super::cuts::{GAP, SEAM};
use super::longer;
use super::names::is_known;
use super::plain::decomposed;

/// An address or a domain as it stands in a view, in lower case: an octet that is searched for, and what stands on its two sides.
#[derive(PartialEq, Eq)]
pub(super) struct Needle {
    left: Vec<u8>,
    /// The at sign of an address, the rarest octet of a domain.
    mark: u8,
    right: Vec<u8>,
    /// The first octet of `right`, and what stands there while its letters are decomposed.
    next: [Option<u8>; 2],
    kind: Kind,
    /// Whether dots before the at sign mean nothing.
    dotless: bool,
    /// Whether strangers have mailboxes there.
    shared: bool,
}

#[derive(PartialEq, Eq)]
enum Kind {
    Address,
    Domain,
}

/// What may begin something that is cut out of a text, and what is left where it was.
const CUT: &[u8] = b"\r\n\t <>&(\x01\x02";

/// What is left of a text around a needle.
type Around<'a> = (&'a [u8], &'a [u8]);

impl Needle {
    /// An address in lower case: whether its provider passes dots over, and whether it is one of many.
    pub(super) fn address(text: &str, dotless: bool, shared: bool) -> Self {
        Self {
            dotless,
            shared,
            ..Self::around(text, text.rfind('@').unwrap_or_default(), Kind::Address)
        }
    }

    /// A domain in lower case.
    pub(super) fn domain(text: &str) -> Self {
        Self::around(text, rarest(text), Kind::Domain)
    }

    fn around(text: &str, at: usize, kind: Kind) -> Self {
        let octets = text.as_bytes();
        // The mark is ASCII, so no character is cut in two.
        let behind = text.get(at + 1..).unwrap_or_default();
        let first = |text: &str| text.as_bytes().first().copied();
        Self {
            left: octets.get(..at).unwrap_or_default().to_vec(),
            mark: octets.get(at).copied().unwrap_or_default(),
            right: behind.as_bytes().to_vec(),
            next: [first(behind), first(&decomposed(behind))],
            kind,
            dotless: false,
            shared: false,
        }
    }

    /// Whether it stands in `view`.
    pub(super) fn stands_in(&self, view: &[u8]) -> bool {
        match self.kind {
            Kind::Address => {
                memchr2_iter(self.mark, b'=', view).any(|at| self.is_address(view, at))
            }
            Kind::Domain => memchr_iter(self.mark, view).any(|at| self.is_domain(view, at)),
        }
    }

    /// Whether it could stand in `text`, in small letters or capitals, once something is cut out: behind its mark stands its next octet, or
    /// something that a reader passes over.
    pub(super) fn may_come_of(&self, text: &[u8]) -> bool {
        let [Some(next), Some(apart)] = self.next else {
            return memchr2(self.mark, self.mark.to_ascii_uppercase(), text).is_some();
        };
        let begins =
            |found: &u8| found.eq_ignore_ascii_case(&next) || found.eq_ignore_ascii_case(&apart);
        let is_address = self.kind == Kind::Address;
        memchr2_iter(self.mark, self.mark.to_ascii_uppercase(), text).any(|at| {
            let rest = text.get(at + 1..).unwrap_or_default();
            let host = || {
                let label = rest
                    .iter()
                    .take_while(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(octet));
                let length = label.count();
                length > 0 && may_go_on(rest.get(length..).unwrap_or_default())
            };
            rest.first().is_some_and(|found| {
                begins(found)
                    || !found.is_ascii()
                    || found.is_ascii_control()
                    || CUT.contains(found)
            }) || (is_address && host())
        }) || (is_address
            && memchr_iter(b'=', text).any(|at| {
                text.get(at + 1).is_some_and(|next| {
                    begins(next) || self.left.first() == Some(&next.to_ascii_lowercase())
                })
            }))
    }

    /// Whether the address stands in `view` around its at sign at `at`, not as the end or the beginning of a longer one. A tag before the
    /// at sign belongs to it, and so do blanks and comments beside it. What stood apart before lines were joined and tags of HTML taken out still
    /// stands apart.
    fn is_address(&self, view: &[u8], at: usize) -> bool {
        let whole = view.get(..at).unwrap_or_default();
        let behind = view.get(at + 1..).unwrap_or_default();
        if view.get(at) == Some(&b'=') {
            return self.is_in_list(whole, behind);
        }
        let behind = around::after(behind);
        let ends = names_from(behind).any(|name| {
            after(name, &self.right).is_some_and(|rest| longer::ends(&self.right, rest))
        });
        if !ends {
            return false;
        }
        let first = self.left.first().copied().unwrap_or_default();
        let stands = |whole: &[u8]| {
            before(whole, &self.left, self.dotless).is_some_and(|rest| {
                longer::begins(rest, first, (self.shared, self.shared && !self.dotless))
            })
        };
        let bare = around::before(whole);
        let tag = bare.iter().rev().take(MAX_TAG);
        let tag = tag
            .take_while(|octet| octet.is_ascii_alphanumeric() || b"._+-\x01\x02".contains(octet))
            .count();
        let from = bare.len() - tag;
        let mut tags = memchr_iter(b'+', bare.get(from..).unwrap_or_default());
        stands(bare) || tags.any(|plus| stands(bare.get(..from + plus).unwrap_or_default()))
    }

    /// Whether the address stands within that of a list or a forwarder, around an equals sign: local part first (VERP), or domain first (SRS). Of a
    /// provider with many mailboxes it counts wherever it stands.
    fn is_in_list(&self, whole: &[u8], behind: &[u8]) -> bool {
        let apart = |rest: &[u8]| !rest.last().is_some_and(u8::is_ascii_alphanumeric);
        let counts = |rest: &[u8]| {
            let inside =
                |octet: &u8| octet.is_ascii_graphic() && !b"@<>()[],;:\"\\".contains(octet);
            let length = rest
                .iter()
                .take(MAX_TAG)
                .take_while(|octet| inside(octet))
                .count();
            rest.get(length) == Some(&b'@')
                || (self.shared && !matches!(rest, [first, ..] if first.is_ascii_alphanumeric()))
        };
        let around = |left: &[u8], right: &[u8], dotless: (bool, bool)| {
            // An equals sign stands before each value of HTML: what is beside it is asked first, and the names of hosts last.
            before(whole, left, dotless.0).is_some_and(apart) && {
                let hosts = if right == self.right { usize::MAX } else { 1 };
                let mut names = names_from(behind).take(hosts);
                names.any(|name| after_dots(name, right, dotless.1).is_some_and(counts))
            }
        };
        around(&self.left, &self.right, (self.dotless, false))
            || around(&self.right, &self.left, (false, self.dotless))
    }

    /// The same for a domain and its mark. It may stand behind `www.` or within an address, but not as part of another name.
    fn is_domain(&self, view: &[u8], at: usize) -> bool {
        let Some(after) = after(view.get(at + 1..).unwrap_or_default(), &self.right) else {
            return false;
        };
        let goes_on = matches!(after, [b'.', next, ..] if next.is_ascii_alphanumeric());
        before(view.get(..at).unwrap_or_default(), &self.left, false)
            .is_some_and(|rest| free(&(rest, after), b"_-") && !goes_on)
    }
}

/// Whether the first label of a host may go on or end before `rest`: with a dot, or with what is cut out or stands for something else.
fn may_go_on(rest: &[u8]) -> bool {
    match rest {
        [b' ', next, ..] => matches!(next, b'\r' | b'\n'),
        [first, ..] => b".<&".contains(first) || !first.is_ascii() || first.is_ascii_control(),
        [] => false,
    }
}

/// Octets of a view in which the labels of a host stand, with what was cut out of them; a name has 253 (RFC 1035 2.3.4).
const LONGEST_HOST: usize = 512;

/// The name at the front of `view`, and those that it is a host of.
fn names_from(view: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::once(view).chain(dots(view).into_iter().filter_map(|dot| view.get(dot + 1..)))
}

/// Where the dots stand behind the labels at the front of `view`. Letters of a label may be of any script, and a tag or a fold may have stood
/// between them: but behind a whole name another one begins there, and behind the end of a line in any case.
fn dots(view: &[u8]) -> Vec<usize> {
    let window = view.get(..view.len().min(LONGEST_HOST)).unwrap_or_default();
    let text = window
        .utf8_chunks()
        .next()
        .map_or("", |chunk| chunk.valid());
    let mut found = Vec::new();
    let mut label = String::new();
    for (at, c) in text.char_indices() {
        if c == '.' && !label.is_empty() {
            found.push(at);
            label.clear();
        } else if c.is_alphanumeric() || matches!(c, '-' | '_') {
            label.push(c);
        } else if c != char::from(SEAM) || (!found.is_empty() && is_known(label.as_bytes())) {
            break;
        }
    }
    found
}

/// The longest tag of an address, with the `+` before it.
const MAX_TAG: usize = 65;

/// What stands before `text` at the end of `view`, seams passed over, and dots if they mean nothing; none: something else stands there.
fn before<'a>(mut view: &'a [u8], text: &[u8], dotless: bool) -> Option<&'a [u8]> {
    for octet in text.iter().rev() {
        while let Some((&last, rest)) = view.split_last()
            && (matches!(last, SEAM | GAP) || (dotless && last == b'.'))
        {
            view = rest;
        }
        view = view.strip_suffix(&[*octet])?;
    }
    Some(view)
}

/// The same at its beginning.
fn after<'a>(mut view: &'a [u8], text: &[u8]) -> Option<&'a [u8]> {
    for octet in text {
        while let Some((&(SEAM | GAP), rest)) = view.split_first() {
            view = rest;
        }
        view = view.strip_prefix(&[*octet])?;
    }
    Some(view)
}

/// The same, with dots passed over that mean nothing.
fn after_dots<'a>(mut view: &'a [u8], text: &[u8], dotless: bool) -> Option<&'a [u8]> {
    for octet in text {
        while dotless && let Some(rest) = view.strip_prefix(b".") {
            view = rest;
        }
        view = after(view, &[*octet])?;
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

/// Octets from the rarest in texts to the most frequent; all others are rarer than these.
const FREQUENT: &[u8] = b"qxjzvkwbgfmydpculhr-.sntoiea";

/// The place of `needle`, which is in lower case, in `text`, which may not be.
pub(super) fn find(text: &str, needle: &str) -> Option<usize> {
    let offset = rarest(needle);
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    let rarest = *needle.get(offset)?;
    let mut places = memchr2_iter(rarest, rarest.to_ascii_uppercase(), text)
        .filter_map(|at| at.checked_sub(offset));
    places.find(|at| {
        text.get(*at..*at + needle.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(needle))
    })
}

/// Where the rarest octet of `text` stands that is ASCII.
fn rarest(text: &str) -> usize {
    let rank = |octet: u8| FREQUENT.iter().position(|known| *known == octet);
    let octets = text
        .bytes()
        .enumerate()
        .filter(|(_, octet)| octet.is_ascii());
    octets
        .min_by_key(|(_, octet)| rank(*octet))
        .map_or(0, |(at, _)| at)
}
