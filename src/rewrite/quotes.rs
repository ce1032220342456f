//! What of a text the writer quotes, and what are its own words.
//!
//! Quoted is what stands behind `>`, in a blockquote, and below the separators with which Outlook, Apple Mail and web mail begin the message
//! that is answered.

use std::ops::Range;

use memchr::memmem;

/// A piece of a text, and whether it is quoted.
pub(super) type Piece = (Range<usize>, bool);

/// What mail programs write into HTML before the message that is answered: everything behind it is quoted.
const SEPARATORS: [&[u8]; 8] = [
    b"divrplyfwdmsg",
    b"appendonsend",
    b"gmail_quote",
    b"moz-cite-prefix",
    b"moz-forward-container",
    b"yahoo_quoted",
    b"protonmail_quote",
    b"reply-intro",
];

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

/// The pieces of `text`, in order and without gaps.
pub(super) fn pieces(text: &[u8]) -> Vec<Piece> {
    let lower = text.to_ascii_lowercase();
    let below = below(&lower);
    let mut out = Vec::new();
    let (mut at, mut depth) = (0, 0_usize);
    for line in lower.split_inclusive(|octet| *octet == b'\n') {
        let end = at + line.len();
        let marked = line.trim_ascii_start().starts_with(b">")
            || line.trim_ascii_start().starts_with(b"&gt;");
        let mut from = at;
        for (tag, opens) in blockquotes(line) {
            let place = at + tag;
            push(&mut out, from..place, marked || depth > 0, below);
            from = place;
            depth = if opens {
                depth + 1
            } else {
                depth.saturating_sub(1)
            };
        }
        push(&mut out, from..end, marked || depth > 0, below);
        at = end;
    }
    out
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

/// Where blockquotes open and close in a line.
fn blockquotes(line: &[u8]) -> impl Iterator<Item = (usize, bool)> {
    memmem::find_iter(line, b"blockquote").filter_map(|at| {
        let before = line.get(..at)?;
        match before {
            [.., b'<', b'/'] => Some((at - 2, false)),
            [.., b'<'] => Some((at - 1, true)),
            _ => None,
        }
    })
}

/// Where everything that follows is quoted; the end of the text if nothing is.
fn below(lower: &[u8]) -> usize {
    let marks = SEPARATORS.iter().filter_map(|mark| {
        let at = memmem::find(lower, mark)?;
        // Its tag belongs to it.
        let tag = lower
            .get(..at)
            .and_then(|before| memchr::memrchr(b'<', before));
        Some(tag.unwrap_or(at))
    });
    marks.chain(header(lower)).min().unwrap_or(lower.len())
}

/// Where the header lines of a quoted message begin, with the line of dashes or words above them.
fn header(lower: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(lower);
    // Octets that are no UTF-8 become longer: then places would not fit, and lines of such texts are looked for without accents.
    if text.len() != lower.len() {
        return None;
    }
    let at = memchr::memchr_iter(b':', lower).find_map(|colon| {
        let name = FROM.iter().find(|name| names(&text, colon, name))?;
        let rest = text.get(colon + 1..)?;
        let window: String = rest.chars().take(HEADER).collect();
        let mut places = memchr::memchr_iter(b':', window.as_bytes());
        let follows = places.any(|colon| OTHERS.iter().any(|name| names(&window, colon, name)));
        let others = memchr::memchr_iter(b':', window.as_bytes());
        let others = others.filter(|colon| OTHERS.iter().any(|name| names(&window, *colon, name)));
        (follows && others.count() >= 2).then_some(colon - name.len())
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

/// Whether `name` stands right before the colon at `colon`, as the first word of its line, or of what a tag begins.
fn names(text: &str, colon: usize, name: &str) -> bool {
    let before = text
        .get(..colon)
        .map(|before| before.trim_end_matches([' ', '*']));
    let before = before.and_then(|before| before.strip_suffix(name));
    before.is_some_and(|before| {
        let before = before.trim_end_matches([' ', '\t', '*', '\u{a0}']);
        before.is_empty() || before.ends_with(['\n', '>', ';'])
    })
}

/// How subjects of answers begin, in small letters.
const ANSWERS: [&str; 10] = [
    "re:", "re :", "re[", "odp:", "odp.:", "aw:", "sv:", "vá:", "válasz:", "ref:",
];

/// Whether a subject is that of an answer: then most of it are the words of the one who is answered.
pub(super) fn is_answer(subject: &str) -> bool {
    let subject = subject.trim_start().to_lowercase();
    ANSWERS.iter().any(|start| subject.starts_with(start))
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

    #[test]
    fn an_answer_is_told_by_its_subject() {
        for subject in [
            "Re: x", "RE: x", "Odp: x", "AW: x", " re: x", "VÁ: x", "Re[2]: x",
        ] {
            assert!(is_answer(subject), "{subject}");
        }
        for subject in ["Rower", "Recenzja: x", "Fwd: x", ""] {
            assert!(!is_answer(subject), "{subject}");
        }
    }
}
