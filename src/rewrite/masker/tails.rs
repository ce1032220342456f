//! A quick look that tells of most texts that they hold none of the needles.
//!
//! However a needle is spelled, its rarest octet stands there as itself or as an escape, and what follows it follows there, too. So one search
//! for that octet, and a look at every escape, is enough.

use memchr::{memchr_iter, memchr2_iter, memchr3_iter, memmem, memrchr};

use super::needle::Needle;
use super::spelling::{ESCAPES, is_suffix};
use super::torn::{Name, without_amps, writes_letters};
use crate::rewrite::atom;
use crate::rewrite::fold::fold;

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
    /// All but the addresses, whole.
    names: Vec<Name>,
    /// Not all of these are ASCII.
    accents: bool,
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
        if let Some(octets) = needle.name() {
            let ranked = octets.iter().enumerate();
            let ranked = ranked.filter_map(|(at, octet)| Some((at, rank(*octet)?)));
            let rarest = ranked.max_by_key(|(_, rank)| *rank);
            match rarest.and_then(|(at, _)| Name::around(octets, at)) {
                Some(name) if !self.names.contains(&name) => self.names.push(name),
                Some(_) => {}
                None => self.accents = true,
            }
        }
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

    /// Whether a document in HTML may show a needle that its source does not: of a name letters are escaped or something stands within it; of an
    /// address the at sign is escaped, or behind one stands what may become one of the domains, or something that a reader passes over.
    pub(super) fn may_show_in_html(&self, text: &str) -> bool {
        const ESCAPED: [&[u8]; 4] = [b"%40", b"%25", "\u{ff20}".as_bytes(), "\u{fe6b}".as_bytes()];
        let octets = text.as_bytes();
        if self.any || self.accents {
            return true;
        }
        let torn = || self.names.iter().any(|name| name.may_be_torn_in(octets));
        if !self.names.is_empty() && (writes_letters(octets) || torn()) {
            return true;
        }
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
            || holds_coded_text(octets)
            || memchr_iter(b'&', octets)
                .any(|at| refers_to_sign(octets.get(at + 1..).unwrap_or_default()))
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
        // The name of a host may go on behind what a browser passes over; behind a whole name another one begins.
        let torn = behind.get(length).is_some_and(|next| {
            b"<&%\\".contains(next) || next.is_ascii_control() || !next.is_ascii()
        });
        let last = memrchr(b'.', &name).and_then(|dot| name.get(dot + 1..));
        if torn && !last.is_some_and(is_suffix) {
            return true;
        }
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

/// Whether a `data:` link holds base64 that is no picture.
fn holds_coded_text(document: &[u8]) -> bool {
    /// Octets of a type and its parameters.
    const FRONT: usize = 64;
    let places =
        memmem::find_iter(document, b"base64").chain(memmem::find_iter(document, b"BASE64"));
    places.into_iter().any(|at| {
        let front = document
            .get(at.saturating_sub(FRONT)..at)
            .unwrap_or_default();
        memmem::find(front, b"image/").is_none()
    })
}

/// Whether the character reference whose `&` stands before `rest` is that of an at sign, or of what may begin another escape of one. A browser takes
/// any number of zeros, and no semicolon.
fn refers_to_sign(rest: &[u8]) -> bool {
    const NAMES: [&[u8]; 6] = [b"commat", b"percnt", b"bsol", b"equals", b"num;", b"AMP"];
    let rest = without_amps(rest);
    let Some(digits) = rest.strip_prefix(b"#") else {
        return NAMES.iter().any(|name| rest.starts_with(name));
    };
    let hexadecimal = digits
        .strip_prefix(b"x")
        .or_else(|| digits.strip_prefix(b"X"));
    let (digits, radix) = hexadecimal.map_or((digits, 10), |digits| (digits, 16));
    let values = digits
        .iter()
        .map_while(|octet| char::from(*octet).to_digit(radix));
    let code = values.fold(0_u32, |code, digit| {
        code.saturating_mul(radix).saturating_add(digit)
    });
    char::from_u32(code)
        .is_some_and(|c| matches!(fold(c).octets(), b"@" | b"%" | b"\\" | b"=" | b"&" | b"#"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_to_signs_are_told_from_those_to_letters() {
        for sign in [
            "#64;",
            "#x40;",
            "#X0040",
            "#000000000064;",
            "commat;",
            "commat",
            "amp;#64;",
            "ampamp;#64;",
            "#65312;",
            "#xfe6b;",
            "#37;40",
            "#92;40",
            "percnt;40",
            "#38;#64;",
            "amp;num;64;",
        ] {
            assert!(refers_to_sign(sign.as_bytes()), "{sign}");
        }
        for letter in [
            "#322;",
            "oacute;",
            "nbsp;",
            "amp;utm_medium=mail",
            "ndash;",
            "#x142;",
            "lt",
            "gt;",
            "",
        ] {
            assert!(!refers_to_sign(letter.as_bytes()), "{letter}");
        }
        let long = "amp".repeat(1_000_000);
        assert!(!refers_to_sign(long.as_bytes()));
        assert!(refers_to_sign(format!("{long}#64;").as_bytes()));
        assert!(!holds_coded_text(b"<img src='data:image/png;base64,AA'>"));
        assert!(holds_coded_text(b"<a href='data:text/html;base64,AA'>"));
    }
}
