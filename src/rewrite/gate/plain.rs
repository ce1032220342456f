//! Characters in their plain form: small, half width, composed, and none that are not seen.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

/// Writes a text of characters in their plain form. What is ASCII, as most mail is, needs no look at each character.
pub(super) fn plain(text: &str, out: &mut String) {
    let mut rest = text;
    loop {
        let (run, odd) = rest
            .split_at_checked(ascii_run(rest.as_bytes()))
            .unwrap_or((rest, ""));
        let from = out.len();
        out.push_str(run);
        if let Some(run) = out.get_mut(from..) {
            run.make_ascii_lowercase();
        }
        let mut chars = odd.chars();
        let Some(c) = chars.next() else {
            return;
        };
        match bare(c) {
            Some(c) if is_mark(c) => compose(out, c),
            bare => out.extend(bare),
        }
        rest = chars.as_str();
    }
}

/// What is put on the letter before it: the accents of Latin, Greek and Cyrillic, those of Arabic and of kana, and the vowels and ends of a
/// syllable of Hangul. For most texts this is all that their normal form asks.
const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{653}'..='\u{655}' | '\u{1161}'..='\u{11c2}' | '\u{3099}' | '\u{309a}')
}

/// Marks of one letter that are looked at together; no letter of a name has as many.
const MOST_MARKS: usize = 8;

/// Adds a mark to the letter at the end of `out`. The view has composed letters only, as the needles do: `o` with an accent of its own is `ó`.
// Cold: it would only be in the way of the texts that have no marks of their own.
#[cold]
fn compose(out: &mut String, mark: char) {
    let mut letters = out.char_indices().rev().take(MOST_MARKS);
    let from = letters.find(|(_, c)| !is_mark(*c)).map(|(at, _)| at);
    let from = from.unwrap_or(out.len());
    let mut letter = out.split_off(from);
    letter.push(mark);
    out.push_str(&composed(&letter));
}

/// `text` with composed letters (Unicode, NFC).
pub(super) fn composed(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let normal = ComposingNormalizerBorrowed::new_nfc().normalize(text);
    normal.into_owned()
}

/// `text` with each letter apart from its accents (Unicode, NFD).
pub(super) fn decomposed(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let normal = DecomposingNormalizerBorrowed::new_nfd().normalize(text);
    normal.into_owned()
}

/// How many octets at the front are ASCII.
fn ascii_run(octets: &[u8]) -> usize {
    let mut at = 0;
    for block in octets.chunks(32) {
        if !block.is_ascii() {
            return at
                + block
                    .iter()
                    .position(|octet| !octet.is_ascii())
                    .unwrap_or_default();
        }
        at += block.len();
    }
    at
}

/// A character in its plain form: lower case, half width; none if it is not seen.
fn bare(c: char) -> Option<char> {
    let c = match u32::from(c) {
        0xad
        | 0x34f
        | 0x61c
        | 0x180b..=0x180e
        | 0x200b..=0x200f
        | 0x202a..=0x202e
        | 0x2060..=0x206f
        | 0xfe00..=0xfe0f
        | 0xfeff => return None,
        wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0)?,
        _ => c,
    };
    if c.is_ascii() {
        return Some(c.to_ascii_lowercase());
    }
    let mut small = c.to_lowercase();
    match (small.next(), small.next()) {
        (Some(small), None) => Some(small),
        _ => Some(c),
    }
}
