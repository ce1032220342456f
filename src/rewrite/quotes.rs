//! What of a text the writer quotes, and what are its own words.
//!
//! Quoted is what stands behind `>`, in a blockquote, and below the separators with which Outlook, Apple Mail and web mail begin the message
//! that is answered.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::message::QUOTE_SEPARATORS;

/// A piece of a text, and whether it is quoted.
pub(super) type Piece = (Range<usize>, bool);

/// The names of header fields above a quoted message, in the languages of the marketplaces: who wrote, when, to whom, about what.
const FROM: [&str; 4] = ["from", "od", "von", "feladó"];
const OTHERS: [&str; 17] = [
    "sent",
    "date",
    "to",
    "subject",
    "wysłano",
    "data",
    "do",
    "temat",
    "odesláno",
    "odoslané",
    "komu",
    "předmět",
    "predmet",
    "elküldve",
    "dátum",
    "címzett",
    "tárgy",
];
/// Octets behind such a name within which others follow.
const HEADER: usize = 1_200;

/// Whether `text` quotes anything.
pub(super) fn any(text: &[u8]) -> bool {
    pieces(text).iter().any(|(_, quoted)| *quoted)
}

/// What quotes in HTML: the separators, and blockquotes behind them. All are looked for at once.
static MARKS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let marks = QUOTE_SEPARATORS.iter().chain(std::iter::once(&BLOCKQUOTE));
    let mut builder = AhoCorasick::builder();
    builder.ascii_case_insensitive(true).build(marks).ok()
});
const BLOCKQUOTE: &str = "blockquote";

/// What the marks of HTML in a text say.
struct Marks {
    /// Where everything that follows is quoted; the end of the text if nothing is.
    below: usize,
    /// Where blockquotes open and close.
    blockquotes: Vec<(usize, bool)>,
}

/// The pieces of `text`, in order and without gaps.
pub(super) fn pieces(text: &[u8]) -> Vec<Piece> {
    let marks = marks(text);
    let mut blockquotes = marks.blockquotes.into_iter().peekable();
    let mut out = Vec::new();
    let (mut from, mut depth) = (0, 0_usize);
    let mut at = 0;
    let ends = memchr::memchr_iter(b'\n', text).map(|end| end + 1);
    for end in ends.chain([text.len()]) {
        let marked = is_marked(text.get(at..end).unwrap_or_default());
        if marked || blockquotes.peek().is_some_and(|(place, _)| *place < end) {
            push(&mut out, from..at, depth > 0, marks.below);
            from = at;
            while let Some((place, opens)) = blockquotes.next_if(|(place, _)| *place < end) {
                push(&mut out, from..place, marked || depth > 0, marks.below);
                from = place;
                depth = if opens {
                    depth + 1
                } else {
                    depth.saturating_sub(1)
                };
            }
            push(&mut out, from..end, marked || depth > 0, marks.below);
            from = end;
        }
        at = end;
    }
    push(&mut out, from..at, depth > 0, marks.below);
    out
}

/// Whether a line is quoted by the mark at its front.
fn is_marked(line: &[u8]) -> bool {
    // Nearly every line begins with a letter.
    match line.first() {
        Some(b'>' | b' ' | b'\t' | b'&') => {
            let line = line.trim_ascii_start();
            line.starts_with(b">") || line.starts_with(b"&gt;")
        }
        _ => false,
    }
}

/// Looks for all marks.
fn marks(text: &[u8]) -> Marks {
    let mut found = Marks {
        below: header(text).unwrap_or(text.len()),
        blockquotes: Vec::new(),
    };
    // They stand in tags.
    let from = memchr::memchr(b'<', text).unwrap_or(text.len());
    let rest = aho_corasick::Input::new(text).span(from..text.len());
    for mark in MARKS.iter().flat_map(|marks| marks.find_iter(rest.clone())) {
        let before = text.get(..mark.start()).unwrap_or_default();
        if mark.pattern().as_usize() < QUOTE_SEPARATORS.len() {
            // Its tag belongs to it.
            let tag = memchr::memrchr(b'<', before).unwrap_or_else(|| mark.start());
            found.below = found.below.min(tag);
        } else {
            match before {
                [.., b'<', b'/'] => found.blockquotes.push((mark.start() - 2, false)),
                [.., b'<'] => found.blockquotes.push((mark.start() - 1, true)),
                _ => {}
            }
        }
    }
    found
}

/// Adds a piece, in two where everything `below` begins in it.
fn push(out: &mut Vec<Piece>, place: Range<usize>, quoted: bool, below: usize) {
    let middle = below.clamp(place.start, place.end);
    for (part, quoted) in [(place.start..middle, quoted), (middle..place.end, true)] {
        if part.is_empty() {
            continue;
        }
        match out.last_mut() {
            Some((last, known)) if *known == quoted && last.end == part.start => {
                last.end = part.end;
            }
            _ => out.push((part, quoted)),
        }
    }
}

/// Where the header lines of a quoted message begin, with the line of dashes or words above them.
fn header(text: &[u8]) -> Option<usize> {
    // Names without accents are found in other charsets, too.
    let text = std::str::from_utf8(text).map_or_else(
        |_| {
            let octets = text.iter().map(|octet| {
                if octet.is_ascii() {
                    char::from(*octet)
                } else {
                    '?'
                }
            });
            Cow::Owned(octets.collect())
        },
        Cow::Borrowed,
    );
    let at = memchr::memchr_iter(b':', text.as_bytes()).find_map(|colon| {
        let name = FROM.iter().find_map(|name| names(&text, colon, name))?;
        let window = text.get(colon + 1..)?;
        let end = window
            .char_indices()
            .nth(HEADER)
            .map_or(window.len(), |(at, _)| at);
        let window = window.get(..end)?;
        let others = memchr::memchr_iter(b':', window.as_bytes());
        let others = others.filter(|colon| {
            OTHERS
                .iter()
                .any(|name| names(window, *colon, name).is_some())
        });
        (others.count() >= 2).then_some(name)
    })?;
    // "-----Original Message-----" stands in the line before.
    let before = text
        .get(..at)?
        .trim_end_matches([' ', '\t', '*', '\r', '\n']);
    let line = before.rsplit('\n').next().unwrap_or_default();
    let dashes = line.trim_start_matches([' ', '\t']).starts_with(['-', '_']);
    Some(if dashes {
        before.len() - line.len()
    } else {
        at
    })
}

/// Octets before a colon in which a name stands: the longest, with the blanks and stars behind it.
const NAME: usize = 32;

/// Where `name`, which is in small letters, stands right before the colon at `colon`, as the first word of its line, or of what a tag begins.
fn names(text: &str, colon: usize, name: &str) -> Option<usize> {
    let before = text.get(..colon)?.trim_end_matches([' ', '*']);
    // Nearly no word ends like one of them.
    let last = |text: &str| text.bytes().next_back().filter(u8::is_ascii);
    if last(name)
        .is_some_and(|wanted| last(before).is_none_or(|found| !found.eq_ignore_ascii_case(&wanted)))
    {
        return None;
    }
    let mut from = before.len().saturating_sub(NAME);
    while !before.is_char_boundary(from) {
        from += 1;
    }
    // Small letters may take another number of octets, so the name is measured before.
    let start = before
        .char_indices()
        .rev()
        .nth(name.chars().count() - 1)
        .map(|(at, _)| at)?;
    let found = before.get(start..).filter(|_| start >= from)?;
    if !found.chars().flat_map(char::to_lowercase).eq(name.chars()) {
        return None;
    }
    let before = before
        .get(..start)?
        .trim_end_matches([' ', '\t', '*', '\u{a0}']);
    (before.is_empty() || before.ends_with(['\n', '>', ';'])).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> String {
        let found = pieces(text.as_bytes());
        let whole: usize = found.iter().map(|(place, _)| place.len()).sum();
        assert_eq!(whole, text.len(), "{found:?}");
        let quoted = found.into_iter().filter(|(_, quoted)| *quoted);
        quoted.map(|(place, _)| text.get(place).unwrap()).collect()
    }

    #[test]
    fn quotes_are_told_from_own_words_in_every_programs_layout() {
        for (text, want) in [
            (
                "Tak.\r\n\r\n> raz\r\n >> dwa\r\nNie.\r\n",
                "> raz\r\n >> dwa\r\n",
            ),
            (
                "x <blockquote type=\"cite\">raz<blockquote>dwa</blockquote>trzy</blockquote> y",
                "<blockquote type=\"cite\">raz<blockquote>dwa</blockquote>trzy",
            ),
            (
                "Tak<div id=\"divRplyFwdMsg\" dir=\"ltr\">raz",
                "<div id=\"divRplyFwdMsg\" dir=\"ltr\">raz",
            ),
            (
                "Tak<div id=\"appendonsend\"></div>raz",
                "<div id=\"appendonsend\"></div>raz",
            ),
            (
                "Tak<div class=\"gmail_quote\">raz",
                "<div class=\"gmail_quote\">raz",
            ),
            (
                "Tak<div class=\"moz-cite-prefix\">raz",
                "<div class=\"moz-cite-prefix\">raz",
            ),
            (
                "Tak\r\n-----Original Message-----\r\nFrom: a\r\nSent: b\r\nTo: c\r\nSubject: d\r\n\r\nraz",
                "-----Original Message-----\r\nFrom: a\r\nSent: b\r\nTo: c\r\nSubject: d\r\n\r\nraz",
            ),
            (
                "Tak\r\n________________________________\r\nOd: a\r\nWysłano: b\r\nDo: c\r\nTemat: d\r\n\r\nraz",
                "________________________________\r\nOd: a\r\nWysłano: b\r\nDo: c\r\nTemat: d\r\n\r\nraz",
            ),
            (
                "<p>Tak</p><p><b>From:</b> a<br><b>Sent:</b> b<br><b>To:</b> c</p>",
                "",
            ),
            (
                "<p>Tak</p><p><b>From: </b>a<br><b>Sent: </b>b<br><b>To: </b>c</p>raz",
                "From: </b>a<br><b>Sent: </b>b<br><b>To: </b>c</p>raz",
            ),
            ("Dane: od: jutra, do: piątku. Zapraszam.", ""),
            ("a > b, 5 < 6", ""),
        ] {
            let want = if text.contains("<b>From:</b>") {
                "From:</b> a<br><b>Sent:</b> b<br><b>To:</b> c</p>"
            } else {
                want
            };
            assert_eq!(quoted(text), want, "{text}");
        }
    }
}
