//! Whether HTML may show a name that its source does not.
//!
//! In the source a name is found however its letters are escaped ([`Needle::spelled`](super::needle::Needle::spelled)). A browser shows more only where
//! something stands within the name that the source reads otherwise: a tag, a reference, the end of a line. So around the rarest letter of the name
//! stands what belongs there, up to such a place; or a letter is written by something that the source does not know.

use memchr::{memchr_iter, memchr2_iter};

use crate::rewrite::fold::fold;

/// A name around its rarest octet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    before: Vec<u8>,
    mark: u8,
    after: Vec<u8>,
}

/// What a side of a name is in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Whole,
    /// Up to something that may hide the rest.
    Torn,
    Other,
}

impl Name {
    /// `octets` around the one at `at`. None: it is not ASCII, and so may be written in any way.
    pub(super) fn around(octets: &[u8], at: usize) -> Option<Self> {
        octets.is_ascii().then_some(())?;
        Some(Self {
            before: octets.get(..at)?.to_vec(),
            mark: *octets.get(at)?,
            after: octets.get(at + 1..)?.to_vec(),
        })
    }

    /// Whether it may stand in `document` with something in it, where no letter is written by a reference.
    pub(super) fn may_be_torn_in(&self, document: &[u8]) -> bool {
        memchr2_iter(self.mark, self.mark.to_ascii_uppercase(), document).any(|at| {
            let before = document.get(..at).unwrap_or_default();
            let behind = document.get(at + 1..).unwrap_or_default();
            let after = side(behind.iter(), self.after.iter(), b"<&%\\");
            if after == Side::Other {
                return false;
            }
            match side(before.iter().rev(), self.before.iter().rev(), b">;%\\") {
                Side::Other => false,
                Side::Whole if after == Side::Whole => self.is_glued(before),
                Side::Whole | Side::Torn => true,
            }
        })
    }

    /// Whether a reference without a semicolon may end where the name begins, behind whose last letters `before` ends.
    fn is_glued(&self, before: &[u8]) -> bool {
        let rest = before.get(..before.len().saturating_sub(self.before.len()));
        let rest = rest
            .unwrap_or_default()
            .iter()
            .rev()
            .take(LONGEST_REFERENCE);
        let mut rest = rest.skip_while(|octet| octet.is_ascii_alphanumeric());
        matches!(rest.next(), Some(b'&' | b'#' | b'%'))
    }
}

/// Letters and digits of the longest reference that is looked for behind its ampersand.
const LONGEST_REFERENCE: usize = 64;

/// How the octets of a name stand beside its mark, from there on outwards; `cuts` may hide the rest of them.
fn side<'a>(
    mut text: impl Iterator<Item = &'a u8>,
    mut name: impl Iterator<Item = &'a u8>,
    cuts: &[u8],
) -> Side {
    name.find_map(|wanted| match text.next() {
        Some(octet) if octet.eq_ignore_ascii_case(wanted) => None,
        Some(octet)
            if cuts.contains(octet)
                || octet.is_ascii_control()
                || octet.is_ascii_whitespace()
                || !octet.is_ascii() =>
        {
            Some(Side::Torn)
        }
        _ => Some(Side::Other),
    })
    .unwrap_or(Side::Whole)
}

/// Whether something in `document` stands for a letter of ASCII, or for nothing at all without an end that is seen, and is not that letter itself.
pub(super) fn writes_letters(document: &[u8]) -> bool {
    memchr_iter(b'&', document)
        .any(|at| refers_to_letter(document.get(at + 1..).unwrap_or_default()))
        || memchr_iter(b'%', document)
            .any(|at| is_coded_letter(document.get(at + 1..).unwrap_or_default()))
        || memchr_iter(b'\\', document).any(|at| {
            let next = document.get(at + 1);
            next.is_some_and(|next| {
                next.is_ascii_hexdigit() || matches!(next, b'\r' | b'\n' | b'u')
            })
        })
        || holds_odd_letters(document)
}

/// What stands in names of the net, or begins an escape of that.
fn is_of_name(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._@&%\\#=".contains(&octet)
}

/// Names that a browser knows for what Unicode holds for letters, figures and signs of ASCII, sorted; how others of them end; and those that need no
/// semicolon.
const NAMES: [&str; 58] = [
    "AMP",
    "Bernoullis",
    "CapitalDifferentialD",
    "Cayleys",
    "DD",
    "DifferentialD",
    "Equal",
    "ExponentialE",
    "Fouriertrf",
    "HilbertSpace",
    "Im",
    "ImaginaryI",
    "Laplacetrf",
    "Mellintrf",
    "Poincareplane",
    "Re",
    "TRADE",
    "UnderBar",
    "bernou",
    "bsol",
    "circledS",
    "commat",
    "complexes",
    "dash",
    "dd",
    "ee",
    "ell",
    "equals",
    "expectation",
    "exponentiale",
    "hamilt",
    "hyphen",
    "ii",
    "image",
    "imagline",
    "imagpart",
    "integers",
    "lagran",
    "lowbar",
    "naturals",
    "num",
    "numero",
    "oS",
    "order",
    "orderof",
    "percnt",
    "period",
    "phmmat",
    "planckh",
    "primes",
    "quaternions",
    "rationals",
    "real",
    "realine",
    "realpart",
    "reals",
    "trade",
    "zeetrf",
];
const ENDS: [&[u8]; 4] = [b"opf", b"scr", b"fr", b"lig"];
const BARE: [&[u8]; 6] = [b"ordf", b"ordm", b"sup1", b"sup2", b"sup3", b"shy"];

/// Whether the reference whose `&` stands before `rest` is that of a letter, or of nothing without a semicolon.
fn refers_to_letter(rest: &[u8]) -> bool {
    let rest = without_amps(rest);
    let Some(digits) = rest.strip_prefix(b"#") else {
        let name = rest
            .iter()
            .take_while(|octet| octet.is_ascii_alphanumeric());
        let name = rest.get(..name.count()).unwrap_or_default();
        let ended = rest.get(name.len()) == Some(&b';');
        // One that is cut out of a text without being seen is found in its source.
        let mut bare = BARE.iter().filter(|known| rest.starts_with(known));
        return bare.any(|known| *known != b"shy" || name != *known || !ended)
            || (ended && is_letters_name(name))
            || (ended && ENDS.iter().any(|end| name.ends_with(end)));
    };
    let hexadecimal = digits
        .strip_prefix(b"x")
        .or_else(|| digits.strip_prefix(b"X"));
    let (digits, radix) = hexadecimal.map_or((digits, 10), |digits| (digits, 16));
    let length = digits
        .iter()
        .take_while(|octet| char::from(**octet).is_digit(radix));
    let length = length.count();
    let code = digits.iter().take(length).fold(0_u32, |code, octet| {
        let digit = char::from(*octet).to_digit(radix).unwrap_or_default();
        code.saturating_mul(radix).saturating_add(digit)
    });
    let ended = digits.get(length) == Some(&b';');
    char::from_u32(code).is_none_or(|c| is_letter(c) || (!ended && fold(c).octets().is_empty()))
}

fn is_letters_name(name: &[u8]) -> bool {
    let place = NAMES.binary_search_by(|known| known.as_bytes().cmp(name));
    place.is_ok()
}

fn is_letter(c: char) -> bool {
    let folded = fold(c);
    let octets = folded.octets();
    !octets.is_empty()
        && octets.iter().all(|octet| is_of_name(*octet))
        && octets.get(..2) != Some(b"..")
}

/// Whether the number whose `%` stands before `rest` is that of a letter, of a control, or the first of a character that may be held for a letter.
fn is_coded_letter(rest: &[u8]) -> bool {
    let Some(octet) = two_digits(rest) else {
        return rest.first().is_some_and(|next| !next.is_ascii());
    };
    let rest = rest.get(2..).unwrap_or_default();
    match octet {
        // An ampersand between the parameters of a link within a link.
        b'&' => rest.starts_with(b"%23") || refers_to_letter(rest),
        b'=' | b'%' => rest
            .get(..2)
            .is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit)),
        _ => {
            is_of_name(octet) || octet.is_ascii_control() || {
                let next = rest.strip_prefix(b"%").and_then(two_digits);
                is_odd_front(octet, next)
            }
        }
    }
}

/// The octet of the two digits at the front of `text`.
fn two_digits(text: &[u8]) -> Option<u8> {
    let digits = text.get(..2)?;
    let digits = digits.iter().all(u8::is_ascii_hexdigit).then_some(digits)?;
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Whether characters that Unicode holds for letters of ASCII stand in it, as they are.
fn holds_odd_letters(document: &[u8]) -> bool {
    let fronts = document
        .iter()
        .enumerate()
        .filter(|(_, octet)| !octet.is_ascii());
    let mut fronts =
        fronts.filter(|(at, octet)| is_odd_front(**octet, document.get(at + 1).copied()));
    fronts.any(|(at, _)| {
        let text = document
            .get(at..document.len().min(at + 4))
            .unwrap_or_default();
        let text = String::from_utf8_lossy(text);
        text.chars().next().is_some_and(is_letter)
    })
}

/// Whether an octet, with the next one where that is known, may begin such a character in UTF-8, or one that is not seen.
fn is_odd_front(octet: u8, next: Option<u8>) -> bool {
    match octet {
        0xc2 => next.is_some_and(|next| matches!(next, 0xaa | 0xad | 0xb2 | 0xb3 | 0xb9 | 0xba)),
        // Of the letters with accents few are held for others.
        0xc3 => false,
        0xc4 => next.is_some_and(|next| matches!(next, 0xb2 | 0xb3)),
        0xc5 => next.is_some_and(|next| matches!(next, 0x80 | 0x89 | 0xbf)),
        0..0xc2 => false,
        _ => true,
    }
}

/// What stands behind the ampersand that is written as a reference itself, however often: it is read twice in `srcdoc`. In a loop, for a text may hold
/// nothing else.
pub(super) fn without_amps(mut rest: &[u8]) -> &[u8] {
    while let Some(inner) = rest
        .strip_prefix(b"amp")
        .or_else(|| rest.strip_prefix(b"AMP"))
        .filter(|inner| !inner.is_empty())
    {
        rest = inner.strip_prefix(b";").unwrap_or(inner);
    }
    rest
}

#[cfg(test)]
mod tests {
    use html5ever::data::NAMED_ENTITIES;

    use super::*;

    #[test]
    fn every_name_of_a_letter_is_told() {
        for (name, (first, second)) in NAMED_ENTITIES
            .entries()
            .filter(|(_, (first, _))| *first > 0)
        {
            let text: Vec<char> = [*first, *second]
                .into_iter()
                .filter_map(char::from_u32)
                .filter(|c| *c != '\0')
                .collect();
            let is_letter = text.iter().all(|c| is_letter(*c)) && text != ['&'];
            let unseen = !name.ends_with(';') && text.iter().all(|c| fold(*c).octets().is_empty());
            assert!(
                !(is_letter || unseen) || refers_to_letter(name.as_bytes()),
                "{name} {text:?}"
            );
        }
        for name in [
            "oacute;",
            "nbsp;",
            "ndash;",
            "amp;utm=1",
            "lt;",
            "gt;",
            "quot;",
            "#322;",
            "#8203;",
            "#160;",
            "shy;",
            "hellip;",
        ] {
            assert!(!refers_to_letter(name.as_bytes()), "{name}");
        }
        for name in [
            "#65;", "#x41", "#8203", "shy", "amp;#65;", "fjlig;", "#8490;", "#383;",
        ] {
            assert!(refers_to_letter(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn every_character_held_for_a_letter_is_told() {
        for c in ('\u{80}'..=char::MAX).filter(|c| is_letter(*c)) {
            let text = c.to_string();
            assert!(holds_odd_letters(text.as_bytes()), "{c:?}");
            let coded: String = text.bytes().map(|octet| format!("%{octet:02x}")).collect();
            assert!(writes_letters(coded.as_bytes()), "{c:?}");
        }
        for text in [
            "Zażółć gęślą jaźń",
            "Příliš žluťoučký kůň",
            "árvíztűrő tükörfúrógép – „tak”",
            "%C5%82%20a",
            "100%",
            "?u=https%3A%2F%2Fsklep%26b",
        ] {
            assert!(!writes_letters(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_name_is_torn_only_between_its_own_letters() {
        let name = Name::around(b"poczta.example", 3).unwrap();
        for text in [
            "poc<b>zta</b>.example",
            "pocz&shy;ta.example",
            "pocz\r\nta.example",
            "poc&#8203;zta.example",
            "POCZ<b>ta",
            "&nbsppoczta.example",
            "p>oczta.ex<",
            "poczta.exampl\u{200b}e",
        ] {
            assert!(name.may_be_torn_in(text.as_bytes()), "{text}");
        }
        for text in [
            "poczta.example",
            "<b>poczta.example</b>",
            "z poczty",
            "pocztowy",
            "zta.example",
            "jaz<b>",
            "&nbsp;poczta.example",
        ] {
            assert!(!name.may_be_torn_in(text.as_bytes()), "{text}");
        }
    }
}
