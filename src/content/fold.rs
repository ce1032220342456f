//! Words as they are compared: small Latin letters without accents, and digits.

use std::sync::LazyLock;

use icu_normalizer::DecomposingNormalizerBorrowed;

/// Letters that take no accent apart, and what they are compared as.
const LETTERS: [(char, &str); 12] = [
    ('ł', "l"),
    ('đ', "d"),
    ('ð', "d"),
    ('ø', "o"),
    ('æ', "ae"),
    ('œ', "oe"),
    ('ß', "ss"),
    ('þ', "th"),
    ('ı', "i"),
    ('ħ', "h"),
    ('ŧ', "t"),
    ('ŋ', "n"),
];

/// Cyrillic and Greek letters that look like Latin ones, in pairs. A small part of the table of
/// [UTS 39](https://www.unicode.org/reports/tr39/#Confusable_Detection), whose other letters stand in no word that anybody would take for one.
const LOOK_ALIKES: &str =
    "аaеeоoрpсcуyхxіiјjѕsԁdһhкkмmтtвbнhгrпnёeїiαaοoνvρpτtυuκkιiεeηnχxγyβbωwμu";

/// Letters of Latin, Greek and Cyrillic, of which nearly all texts are made.
const COMMON: std::ops::Range<u32> = 0x80..0x530;

/// As what a character is compared.
struct Folded {
    /// Its octets, in UTF-8; what is behind them is zero.
    octets: [u8; LONGEST],
    length: u8,
    /// Whether it is a letter or a digit.
    is_letter: bool,
}

/// Octets of the longest of these.
const LONGEST: usize = 6;

/// Of each of them.
static COMMON_FOLDED: LazyLock<Vec<Folded>> = LazyLock::new(|| {
    let common = COMMON.filter_map(char::from_u32);
    common
        .map(|c| {
            let text = look_up(c);
            let mut octets = [0; LONGEST];
            let pairs = octets.iter_mut().zip(text.bytes());
            let length = pairs.map(|(place, octet)| *place = octet).count();
            Folded {
                octets,
                length: u8::try_from(length).unwrap_or_default(),
                is_letter: c.is_alphanumeric(),
            }
        })
        .collect()
});

impl Folded {
    fn text(&self) -> &str {
        let octets = self.octets.get(..usize::from(self.length));
        std::str::from_utf8(octets.unwrap_or_default()).unwrap_or_default()
    }
}

fn common(c: char) -> Option<&'static Folded> {
    let place = u32::from(c).checked_sub(COMMON.start)?;
    COMMON_FOLDED.get(place as usize)
}

/// Whether a character is a letter or a digit.
pub(super) fn is_letter(c: char) -> bool {
    match common(c) {
        _ if c.is_ascii() => c.is_ascii_alphanumeric(),
        Some(known) => known.is_letter,
        None => c.is_alphanumeric(),
    }
}

/// Writes a character as it is compared; nothing for what is no letter or digit.
pub(super) fn fold(c: char, out: &mut String) {
    if c.is_ascii() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        }
        return;
    }
    match common(c) {
        Some(known) => out.push_str(known.text()),
        None => out.push_str(&look_up(c)),
    }
}

fn look_up(c: char) -> String {
    let mut text = [0; 4];
    let normal = DecomposingNormalizerBorrowed::new_nfkd().normalize(c.encode_utf8(&mut text));
    let mut out = String::new();
    for c in normal.chars().flat_map(char::to_lowercase) {
        match LETTERS.iter().find(|(letter, _)| *letter == c) {
            Some((_, plain)) => out.push_str(plain),
            None if c.is_alphanumeric() => out.push(c),
            None => {}
        }
    }
    out
}

/// Undoes in a folded word what is written to be read by people only: letters of another script among Latin ones, digits and signs among letters.
pub(super) fn undisguised(word: &mut String) {
    if word.bytes().all(|octet| octet.is_ascii_lowercase()) {
        return;
    }
    let latin = word.bytes().any(|octet| octet.is_ascii_lowercase());
    if latin && !word.is_ascii() {
        *word = word.chars().map(look_alike).collect();
    }
    let letters = word.bytes().filter(u8::is_ascii_lowercase).count();
    if letters < 3 || letters == word.len() || !word.is_ascii() {
        return;
    }
    let octets = word.as_bytes();
    let is_letter = |at: Option<usize>| {
        at.and_then(|at| octets.get(at))
            .is_some_and(u8::is_ascii_lowercase)
    };
    let changed = octets.iter().enumerate().map(|(at, octet)| {
        let before = is_letter(at.checked_sub(1));
        let behind = is_letter(Some(at + 1));
        let ends = at + 1 == octets.len() && letters >= 4;
        let meant = match octet {
            b'0' => 'o',
            b'1' => 'i',
            b'3' => 'e',
            b'4' => 'a',
            other => return char::from(*other),
        };
        let among = before && (behind || (ends && *octet == b'0'));
        if among { meant } else { char::from(*octet) }
    });
    *word = changed.collect();
}

fn look_alike(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    let mut pairs = LOOK_ALIKES.chars();
    while let (Some(other), Some(latin)) = (pairs.next(), pairs.next()) {
        if other == c {
            return latin;
        }
    }
    c
}

/// The folded words of a text that a rule is written with.
pub(super) fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        fold(c, &mut out);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_common_letters_are_compared_as_is_kept_whole() {
        for c in COMMON.filter_map(char::from_u32) {
            assert_eq!(folded(&c.to_string()), look_up(c), "{c:?}");
        }
    }

    #[test]
    fn words_are_compared_without_accents_and_disguise() {
        for (text, want) in [
            ("Zażółć", "zazolc"),
            ("ŐŰŘŽ", "ourz"),
            ("ﬁrma", "firma"),
            ("ＳＫＬＥＰ", "sklep"),
            ("𝐤𝐨𝐧𝐭𝐨", "konto"),
            ("don't", "dont"),
            ("Straße", "strasse"),
        ] {
            assert_eq!(folded(text), want);
        }
        for (word, want) in [
            ("aдрес", "aдpec"),
            ("sklер", "sklep"),
            ("allegr0", "allegro"),
            ("z4kup", "zakup"),
            ("ip65", "ip65"),
            ("h265", "h265"),
            ("fv26031", "fv26031"),
            ("bl1k", "blik"),
            ("2026", "2026"),
        ] {
            let mut word = word.to_owned();
            undisguised(&mut word);
            assert_eq!(word, want);
        }
    }
}
