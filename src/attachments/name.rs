//! A file name as those read it who open the file.

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;

use super::extensions::{self, Claim};

/// Characters of a name that are read; no system takes a longer one.
const MOST: usize = 1_024;
/// Dots that look like one and that NFKC leaves: of East Asia, Lisu, Vai, Arabic and Syriac.
const DOTS: [char; 6] = [
    '\u{3002}', '\u{a4f8}', '\u{a60e}', '\u{6d4}', '\u{701}', '\u{702}',
];

/// Why a name cannot be trusted, whatever it claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// It turns the order in which it is read (Unicode UAX #9, 2.1 to 2.4).
    Turned,
    /// It holds a control character; many readers end at a NUL.
    Control,
}

/// What a name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) claim: Claim,
    /// The claim in words, with an article.
    pub(super) words: &'static str,
    pub(super) flaw: Option<Flaw>,
}

/// Reads a decoded name.
pub(super) fn read(name: &str) -> Reading {
    let flaw = name.chars().find_map(flaw_of);
    let base = base(&folded(name));
    let (claim, words) = segments(&base);
    Reading { claim, words, flaw }
}

/// The extension in small letters; empty if there is none.
pub(super) fn extension(name: &str) -> String {
    extension_of(&base(&folded(name))).to_owned()
}

/// Marks that only say how signs beside them stand (U+200E, U+200F, U+061C) stand in honest names of right-to-left scripts, and turn no letters.
const fn flaw_of(c: char) -> Option<Flaw> {
    match c {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Some(Flaw::Turned),
        // Folded fields leave tabs and line ends.
        '\t' | '\r' | '\n' => None,
        '\0'..='\u{1f}' | '\u{7f}' => Some(Flaw::Control),
        _ => None,
    }
}

/// In small letters and their plain forms (NFKC), without what is not seen.
fn folded(name: &str) -> String {
    const IGNORABLE: icu_properties::CodePointSetDataBorrowed<'_> =
        CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let seen = name
        .chars()
        .take(MOST)
        .chain(tail(name))
        .filter(|c| !IGNORABLE.contains(*c) && *c != '\0');
    ComposingNormalizerBorrowed::new_nfkc()
        .normalize_iter(seen)
        .map(|c| if DOTS.contains(&c) { '.' } else { c })
        .flat_map(char::to_lowercase)
        .collect()
}

/// The end of a long name: its extension is there.
fn tail(name: &str) -> impl Iterator<Item = char> + '_ {
    let rest = name.char_indices().nth(MOST).map(|(at, _)| at);
    let rest = rest.and_then(|at| name.get(at..)).unwrap_or_default();
    let skipped = rest.chars().count().saturating_sub(MOST);
    rest.chars().skip(skipped)
}

/// The last component of a path: old programs write where the file lay.
fn base(folded: &str) -> String {
    let ends = |c: char| c == '/' || c == '\\';
    let trimmed = folded.trim_end_matches(|c| ends(c) || is_dropped(c));
    let last = trimmed.rsplit(ends).next().unwrap_or_default();
    last.trim_start().to_owned()
}

/// Whether Windows drops it from the end of a name.
fn is_dropped(c: char) -> bool {
    c == '.' || c.is_whitespace() || c.is_control()
}

/// What is behind the last dot, if that can be an extension: a number of a date and words of a sentence are none.
fn extension_of(base: &str) -> &str {
    let end = base.trim_end_matches(is_dropped);
    let extension = end.rsplit_once('.').map(|(_, extension)| extension);
    extension
        .filter(|extension| !extension.contains(char::is_whitespace))
        .unwrap_or_default()
}

/// The claim of a name, and of each of its parts between colons: `x.pdf:evil.exe` is a stream of `x.pdf` (NTFS). In `Re: x.pdf` a blank follows.
fn segments(base: &str) -> (Claim, &'static str) {
    let mut rest = base;
    while let Some((before, behind)) = rest.split_once(':') {
        let claimed = extensions::claim(extension_of(before));
        if claimed.0 == Claim::Program && !behind.starts_with(char::is_whitespace) {
            return claimed;
        }
        rest = behind;
    }
    // `x.exe::$data` ends in the name of a stream without a dot.
    extensions::claim(extension_of(rest))
}

/// A name as a refusal shows it: ASCII, the rest as `\u{202e}`, the middle of a long one left out.
pub(super) fn shown(name: &str) -> String {
    const FRONT: usize = 38;
    const END: usize = 20;
    let count = name.chars().count();
    let escaped = |c: char| match c {
        '"' => "'".to_owned(),
        ' '..='~' => c.to_string(),
        '\t' | '\r' | '\n' => " ".to_owned(),
        _ => c.escape_unicode().to_string(),
    };
    if count <= FRONT + END + 2 {
        return name.chars().map(escaped).collect();
    }
    let front: String = name.chars().take(FRONT).map(escaped).collect();
    let end: String = name.chars().skip(count - END).map(escaped).collect();
    format!("{front}..{end}")
}
