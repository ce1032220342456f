//! Characters in their plain form: small, half width, composed, and none that are not seen.

use std::ops::Range;
use std::sync::LazyLock;

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

use super::cuts::{GAP, SEAM};

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
        let odd = odd.get(shift(odd.as_bytes())..).unwrap_or_default();
        let mut chars = odd.chars();
        let Some(c) = chars.next() else {
            return;
        };
        if c.is_ascii() && !u8::try_from(c).is_ok_and(is_unseen_octet) {
            // Behind a shift.
            rest = odd;
            continue;
        }
        if is_mark(c) {
            compose(out, c);
        } else {
            bare(c, out);
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

/// How many octets at the front are ASCII that is seen.
fn ascii_run(octets: &[u8]) -> usize {
    let mut at = 0;
    let plain = |octet: u8| octet.is_ascii() & !is_unseen_octet(octet);
    for block in octets.chunks(32) {
        if !block.iter().fold(true, |all, octet| all & plain(*octet)) {
            let odd = block.iter().position(|octet| !plain(*octet));
            return at + odd.unwrap_or_default();
        }
        at += block.len();
    }
    at
}

/// The length of a shift to another charset (ISO 2022) at the front of a text, which some programs follow where nothing speaks of it.
fn shift(octets: &[u8]) -> usize {
    let Some(rest) = octets.strip_prefix(b"\x1b") else {
        return 0;
    };
    let between = rest
        .iter()
        .take(3)
        .take_while(|octet| (0x20..0x30).contains(*octet));
    let between = between.count();
    match rest.get(between) {
        Some(last) if between > 0 && last.is_ascii_graphic() => 2 + between,
        _ => 0,
    }
}

/// Whether an octet is a control that is no white space; what stands for something that was cut out stays.
fn is_unseen_octet(octet: u8) -> bool {
    let kept =
        (octet == b'\t') | (octet == b'\r') | (octet == b'\n') | (octet == SEAM) | (octet == GAP);
    ((octet < b' ') & !kept) | (octet == 0x7f)
}

/// The characters of nearly all texts: Latin letters with the signs before them, and punctuation.
const COMMON: [Range<u32>; 2] = [0x80..0x250, 0x2000..0x2070];

/// What each of them is.
static PLAIN: LazyLock<Vec<Box<str>>> = LazyLock::new(|| {
    let common = COMMON.into_iter().flatten().filter_map(char::from_u32);
    let plain = common.map(|c| {
        let mut out = String::new();
        look_up(c, &mut out);
        out.into_boxed_str()
    });
    plain.collect()
});

/// Writes a character in its plain form: small, and what Unicode holds for the same (NFKC); nothing if it is not seen.
fn bare(c: char, out: &mut String) {
    let [letters, signs] = COMMON;
    let code = u32::from(c);
    let place = if letters.contains(&code) {
        Some(code - letters.start)
    } else if signs.contains(&code) {
        Some(code - signs.start + letters.end - letters.start)
    } else {
        None
    };
    match place.and_then(|place| PLAIN.get(place as usize)) {
        Some(known) => out.push_str(known),
        None => look_up(c, out),
    }
}

fn look_up(c: char, out: &mut String) {
    if is_unseen(c) {
        return;
    }
    let mut text = [0; 4];
    let normal = ComposingNormalizerBorrowed::new_nfkc().normalize(c.encode_utf8(&mut text));
    for c in normal.chars().flat_map(char::to_lowercase) {
        match c {
            '\u{3002}' => out.push('.'),
            '\u{2010}' | '\u{2011}' => out.push('-'),
            _ => out.push(c),
        }
    }
}

/// Whether a character is not seen (Unicode, Default_Ignorable_Code_Point and Cc); what stands for something that was cut out stays.
fn is_unseen(c: char) -> bool {
    const IGNORABLE: icu_properties::CodePointSetDataBorrowed<'_> =
        icu_properties::CodePointSetData::new::<icu_properties::props::DefaultIgnorableCodePoint>();
    if c.is_ascii() {
        return u8::try_from(c).is_ok_and(is_unseen_octet);
    }
    // With the marks of annotations.
    c.is_control() || ('\u{fff9}'..='\u{fffb}').contains(&c) || IGNORABLE.contains(c)
}
