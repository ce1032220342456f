//! Characters by what Unicode holds for the same: the form in which addresses are compared.
//!
//! Compatibility decomposition ([NFKD](https://www.unicode.org/reports/tr15/)) in small letters, without what is not seen: full-width, mathematical and
//! circled letters become the plain ones, an accent stands apart however it was written, and default-ignorable characters are nothing.

use std::sync::LazyLock;

use icu_normalizer::DecomposingNormalizerBorrowed;

use crate::message::is_unseen;

/// Octets of the longest form that is kept; longer ones are ligatures of whole phrases, which no address holds.
const LONGEST: usize = 12;

/// A character in its plain form, in UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Folded {
    octets: [u8; LONGEST],
    length: u8,
}

impl Folded {
    const NOTHING: Self = Self {
        octets: [0; LONGEST],
        length: 0,
    };

    /// An octet as it is.
    pub(super) const fn octet(octet: u8) -> Self {
        let mut octets = [0; LONGEST];
        octets[0] = octet;
        Self { octets, length: 1 }
    }

    /// The octets; none where nothing is seen.
    pub(super) fn octets(&self) -> &[u8] {
        self.octets
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }
}

/// Latin letters, of which nearly all texts are made, and the signs before them.
const COMMON: std::ops::Range<u32> = 0..0x250;

static FOLDED: LazyLock<Vec<Folded>> =
    LazyLock::new(|| COMMON.filter_map(char::from_u32).map(look_up).collect());

/// A character in its plain form.
pub(super) fn fold(c: char) -> Folded {
    if COMMON.contains(&u32::from(c))
        && let Some(known) = FOLDED.get(u32::from(c) as usize)
    {
        return *known;
    }
    look_up(c)
}

/// The same for a text.
pub(super) fn folded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        out.extend_from_slice(fold(c).octets());
    }
    out
}

fn look_up(c: char) -> Folded {
    if is_unseen(c) {
        return Folded::NOTHING;
    }
    let mut text = [0; 4];
    let normal = DecomposingNormalizerBorrowed::new_nfkd().normalize(c.encode_utf8(&mut text));
    let small = normal.chars().flat_map(char::to_lowercase).map(same);
    let small: String = small.collect();
    // As it is, where it is longer than any name is written.
    let kept = if small.len() <= LONGEST {
        small
    } else {
        c.to_string()
    };
    let mut folded = Folded::NOTHING;
    for (place, octet) in folded.octets.iter_mut().zip(kept.bytes()) {
        *place = octet;
        folded.length += 1;
    }
    folded
}

/// The dots and hyphens that stand for those of names ([UTS 46](https://www.unicode.org/reports/tr46/)).
const fn same(c: char) -> char {
    match c {
        '\u{3002}' => '.',
        '\u{2010}' | '\u{2011}' => '-',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_what_unicode_holds_them_for() {
        for (text, want) in [
            ("Jan@Poczta.PL", "jan@poczta.pl"),
            ("ｊａｎ＠ｐｏｃｚｔａ．ｐｌ", "jan@poczta.pl"),
            ("ⓙⓐⓝ﹫𝗽𝗼𝗰𝘇𝘁𝗮｡𝓹𝓵", "jan@poczta.pl"),
            ("j\u{e006a}a\u{ad}\u{200b}n\u{fe0f}", "jan"),
            ("\u{212a}ow", "kow"),
            ("\u{7f}\u{85}\u{1b}x", "x"),
            ("a\u{2011}b。c", "a-b.c"),
        ] {
            assert_eq!(String::from_utf8(folded(text)).unwrap(), want, "{text}");
        }
        // However an accent is written.
        for (one, other) in [
            ("ż", "z\u{307}"),
            ("Ż", "ż"),
            ("Ó", "o\u{301}"),
            ("ﬁ", "fi"),
        ] {
            assert_eq!(folded(one), folded(other));
        }
        assert_eq!(folded("\u{fdfa}"), "\u{fdfa}".as_bytes());
    }
}
