//! A quick look that tells of most texts that they hold none of the needles.
//!
//! However a needle is spelled, its rarest octet stands there as itself or as an escape, and what follows it follows there, too. So one search
//! for that octet, and a look at every escape, is enough.

use memchr::{memchr_iter, memchr2_iter, memchr3_iter, memmem};

use super::needle::Needle;
use super::spelling::ESCAPES;
use crate::rewrite::atom;

/// A needle from its rarest octet on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tail {
    mark: u8,
    needle: Needle,
}

/// The tails of all needles.
#[derive(Debug, Clone, Default)]
pub(super) struct Tails {
    tails: Vec<Tail>,
    /// A needle without an octet to search for: then every text may hold it.
    any: bool,
}

/// Octets from the rarest in texts to the most frequent; all others are rarer than these. Only speed hangs on the order.
const FREQUENT: &[u8] = b"qxvfjgbhlupkmdytc-swz.rnoeai";

impl Tails {
    /// Adds a needle.
    pub(super) fn add(&mut self, needle: &Needle) {
        // What begins an escape may stand for itself or not. What is not in the list is rarer than all of it.
        let rank = |octet: u8| {
            let searchable = octet.is_ascii() && !ESCAPES.contains(&octet);
            let place = FREQUENT.iter().position(|known| *known == octet);
            searchable.then(|| place.map_or(usize::MAX, |place| FREQUENT.len() - place))
        };
        let Some((mark, needle)) = needle.tail(rank) else {
            self.any = true;
            return;
        };
        let tail = Tail { mark, needle };
        if !self.tails.contains(&tail) {
            self.tails.push(tail);
        }
    }

    /// Whether a needle may stand in `text`; if not, none does.
    pub(super) fn may_stand_in(&self, text: &[u8]) -> bool {
        self.any || self.tails.iter().any(|tail| tail.is_plain_in(text)) || self.is_escaped_in(text)
    }

    /// Whether an escape in `text`, or a letter that is not ASCII, stands for the first octet of a tail, with the rest of it behind.
    fn is_escaped_in(&self, text: &[u8]) -> bool {
        let [one, two, three, four] = ESCAPES;
        let mut places = memchr3_iter(one, two, three, text).chain(memchr2_iter(four, four, text));
        places.any(|at| self.is_meant_at(text, at))
            || (!text.is_ascii()
                && (0..text.len()).any(|at| {
                    text.get(at).is_some_and(|octet| *octet >= 0xc2) && self.is_meant_at(text, at)
                }))
    }

    /// Whether a document in HTML may show a needle that its source does not: behind each at sign stands what may become one of the domains, or
    /// something that a reader passes over.
    pub(super) fn may_show_in_html(&self, text: &str) -> bool {
        const ESCAPED: [&[u8]; 8] = [
            b"base64",
            b"BASE64",
            b"&#",
            b"&commat",
            b"%40",
            b"%25",
            "\u{ff20}".as_bytes(),
            "\u{fe6b}".as_bytes(),
        ];
        let mut domains = self.tails.iter().map(|tail| tail.needle.domain_part());
        if self.any || domains.any(|domain| domain.is_none()) {
            return true;
        }
        let octets = text.as_bytes();
        let escaped = ESCAPED
            .iter()
            .any(|sign| memmem::find(octets, sign).is_some());
        // In a style sheet, with the code of the sign behind it.
        let styled = || {
            memchr_iter(b'\\', octets)
                .any(|at| octets.get(at + 1).is_some_and(u8::is_ascii_hexdigit))
        };
        escaped
            || styled()
            || memchr_iter(b'@', octets)
                .any(|at| self.goes_on(octets.get(at + 1..).unwrap_or_default()))
    }

    /// Whether what stands behind an at sign may be one of the domains, or a name below one.
    fn goes_on(&self, behind: &[u8]) -> bool {
        let of_name = |octet: &u8| octet.is_ascii_alphanumeric() || b".-_".contains(octet);
        let length = behind.iter().take_while(|octet| of_name(octet)).count();
        let name = behind
            .get(..length)
            .unwrap_or_default()
            .to_ascii_lowercase();
        let parts = matches!(
            behind.get(length),
            Some(b' ' | b'"' | b'\'' | b';' | b',' | b'{' | b'}' | b')') | None
        );
        // Hosts may stand before it.
        let starts = memchr_iter(b'.', &name).map(|dot| dot + 1).chain([0]);
        let begins = |domain: &[u8]| {
            let mut starts = starts.clone();
            starts.any(|start| {
                name.get(start..)
                    .is_some_and(|rest| domain.starts_with(rest))
            })
        };
        let mut domains = self
            .tails
            .iter()
            .filter_map(|tail| tail.needle.domain_part());
        domains.any(|domain| {
            let whole = memmem::find(&name, domain).is_some();
            whole || (begins(domain) && (!parts || name.is_empty()))
        })
    }

    fn is_meant_at(&self, text: &[u8], at: usize) -> bool {
        let rest = text.get(at..).unwrap_or_default();
        let Some(read) = atom::read(rest) else {
            return false;
        };
        let first = read.octets().first().copied();
        // That of the address that a list or a forwarder writes into its own.
        let sign = first == Some(b'=');
        let mut tails = self.tails.iter();
        tails.any(|tail| {
            (first == Some(tail.mark) || (sign && tail.mark == b'@')) && tail.is_at(rest)
        })
    }
}

impl Tail {
    /// Whether the mark stands in `text` as itself, in either case, with the rest of the tail behind it.
    fn is_plain_in(&self, text: &[u8]) -> bool {
        memchr2_iter(self.mark, self.mark.to_ascii_uppercase(), text)
            .any(|at| text.get(at..).is_some_and(|rest| self.is_at(rest)))
    }

    fn is_at(&self, rest: &[u8]) -> bool {
        self.needle.spelled(rest).is_some()
    }
}
