//! Where sentences end.

use super::fold::folded;

/// Octets of a sentence, about: room for all of a text is made at once.
pub(super) const LENGTH: usize = 32;

/// A line that is shorter than this ends its sentence.
const SHORT_LINE: usize = 45;

/// The sentences of a text.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::with_capacity(text.len() / LENGTH + 1);
    let mut from = 0;
    let mut line = 0;
    let octets = text.as_bytes();
    for at in ends(octets) {
        let Some(octet) = octets.get(at) else { break };
        let behind = octets.get(at + 1);
        let ends = match octet {
            b'!' | b'?' | b';' => behind.is_none_or(u8::is_ascii_whitespace),
            b'.' => {
                behind.is_none_or(u8::is_ascii_whitespace)
                    && !goes_on(text.get(at + 1..))
                    && !is_abbreviation(text.get(from..at).unwrap_or_default())
            }
            b'\n' => {
                let length = at - line;
                let above = octets.get(line..at).unwrap_or_default();
                line = at + 1;
                let below = octets.get(line..).unwrap_or_default();
                // A word a line is a sentence that stands upright, with or without lines between.
                !(is_word(above) && is_word(next_line(below)))
                    && (length < SHORT_LINE || !goes_on(text.get(at + 1..)))
            }
            _ => false,
        };
        if ends {
            found.extend(text.get(from..=at));
            from = at + 1;
        }
    }
    found.extend(text.get(from..));
    found.retain(|sentence| !sentence.trim_ascii().is_empty());
    found
}

/// Where a sentence may end, in order.
fn ends(octets: &[u8]) -> impl Iterator<Item = usize> {
    let mut common = memchr::memchr3_iter(b'.', b'?', b'\n', octets).peekable();
    let mut rare = memchr::memchr2_iter(b'!', b';', octets).peekable();
    std::iter::from_fn(move || match (common.peek(), rare.peek()) {
        (Some(one), Some(other)) if other < one => rare.next(),
        (None, _) => rare.next(),
        _ => common.next(),
    })
}

/// Words that stand before a full stop which ends no sentence, folded; numbers and names follow them.
const ABBREVIATIONS: [&str; 28] = [
    "nr", "no", "num", "c", "cis", "zam", "obj", "ul", "tel", "np", "godz", "dot", "ws", "szt",
    "sz", "ref", "art", "poz", "al", "os", "pl", "dr", "inz", "mgr", "kb", "st", "mr", "mrs",
];

/// Octets below a line within which the next one begins and ends, where it is one word.
const NEAR: usize = 80;

/// Whether a line is one word at most.
fn is_word(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.len() < NEAR && !line.iter().any(u8::is_ascii_whitespace)
}

/// The first line of a text that is not empty, as far as it is near.
fn next_line(text: &[u8]) -> &[u8] {
    let near = text.get(..NEAR).unwrap_or(text).trim_ascii_start();
    let end = memchr::memchr(b'\n', near);
    near.get(..end.unwrap_or(near.len())).unwrap_or_default()
}

/// Whether a text ends in an abbreviation.
fn is_abbreviation(text: &str) -> bool {
    const LONGEST: usize = 4;
    let octets = text.bytes().rev().take(LONGEST + 1);
    let length = octets
        .take_while(|octet| octet.is_ascii_alphanumeric() || !octet.is_ascii())
        .count();
    let word = text.get(text.len() - length..);
    let short = word.filter(|_| length <= LONGEST);
    short.is_some_and(|word| ABBREVIATIONS.contains(&folded(word).as_str()))
}

/// Whether what follows a full stop or a line end goes on with the sentence: in a small letter, on the same line or the next.
fn goes_on(rest: Option<&str>) -> bool {
    let rest = rest.unwrap_or_default();
    let octets = rest.as_bytes();
    let blank = |octet: &u8| matches!(octet, b' ' | b'\t' | b'\r');
    let start = octets.iter().take_while(|octet| blank(octet)).count();
    match octets.get(start) {
        None => false,
        Some(first) if first.is_ascii() => first.is_ascii_lowercase(),
        Some(_) => {
            let rest = rest.get(start..).unwrap_or_default();
            rest.starts_with(char::is_lowercase)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_a_reader_stops() {
        for (text, want) in [
            (
                "Raz. Dwa! Trzy? cztery",
                vec!["Raz.", "Dwa!", "Trzy?", "cztery"],
            ),
            (
                "np. wysyłka na ul. Długą 3",
                vec!["np. wysyłka na ul. Długą 3"],
            ),
            ("wejdź na sklep.pl teraz", vec!["wejdź na sklep.pl teraz"]),
            ("krótka linia\ndruga", vec!["krótka linia", "druga"]),
            (
                "to jest dość długa linia, która się nie kończy i\nidzie dalej",
                vec!["to jest dość długa linia, która się nie kończy i\nidzie dalej"],
            ),
        ] {
            let found: Vec<&str> = sentences(text).into_iter().map(str::trim).collect();
            assert_eq!(found, want);
        }
    }
}
