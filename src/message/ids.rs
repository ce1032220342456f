//! Message identifiers in Message-ID, In-Reply-To and References (RFC 5322 3.6.4), read leniently.

use std::collections::HashSet;

/// The most ids of one field; the newest are kept, for they matter to threading.
const MAX_IDS: usize = 50;
/// The longest id in octets: what a line may hold.
const MAX_ID: usize = 990;

/// Octets of a field that are read: all ids that are kept have room there.
const MAX_READ: usize = 64 * 1024;

/// The ids of a field, without their angle brackets. Words between them, as old programs write, are passed over; so is an id that holds
/// anything but printable ASCII, since it could not be written again.
pub(super) fn read(value: &[u8]) -> Vec<String> {
    // The newest stand last.
    let newest = value.len().saturating_sub(MAX_READ);
    let text = String::from_utf8_lossy(value.get(newest..).unwrap_or(value));
    let mut ids = Vec::new();
    let mut seen = HashSet::new();
    for piece in text.split('<').skip(1) {
        let Some((id, _)) = piece.split_once('>') else {
            continue;
        };
        // A field that was folded within an id is mended.
        let id: String = id.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let printable = id.chars().all(|c| c.is_ascii_graphic());
        if printable && (1..=MAX_ID).contains(&id.len()) && seen.insert(id.clone()) {
            ids.push(id);
        }
    }
    if ids.is_empty() {
        ids = bare(&text);
    }
    ids.split_off(ids.len().saturating_sub(MAX_IDS))
}

/// The ids of a field in which none has angle brackets, as some programs write it: nothing but words with an at sign.
fn bare(text: &str) -> Vec<String> {
    let words: Vec<&str> = text
        .split(|c: char| c.is_ascii_whitespace() || c == ',')
        .filter(|word| !word.is_empty())
        .collect();
    let is_id = |word: &&str| {
        let printable = word.len() <= MAX_ID && word.chars().all(|c| c.is_ascii_graphic());
        let parts = word
            .split_once('@')
            .is_some_and(|(left, right)| !left.is_empty() && !right.is_empty());
        printable && parts && !word.contains(['<', '>', '"', '(', ')'])
    };
    if !words.iter().all(is_id) {
        return Vec::new();
    }
    let mut seen = HashSet::new();
    let ids = words.into_iter().filter(|word| seen.insert(*word));
    ids.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_whatever_stands_between_them() {
        for (value, want) in [
            ("<1@a.example>", vec!["1@a.example"]),
            (
                " <1@a>\r\n\t<2@b> , <1@a>\r\n (comment) <3\r\n @c>",
                vec!["1@a", "2@b", "3@c"],
            ),
            ("Your message of Monday \"Re: x\" <4@d>", vec!["4@d"]),
            ("<> < <5@e> <\u{17c}@f> 6@g", vec!["5@e"]),
            ("none", vec![]),
        ] {
            assert_eq!(read(value.as_bytes()), want, "{value}");
        }
        let many: String = (0..80).map(|n| format!("<{n}@x> ")).collect();
        let ids = read(many.as_bytes());
        assert_eq!((ids.len(), ids[0].as_str()), (50, "30@x"));
    }

    #[test]
    fn h195_ids_that_all_lack_their_brackets_are_read() {
        for (value, want) in [
            (" 7@h.example", vec!["7@h.example"]),
            ("8@i 9@j,\r\n 8@i", vec!["8@i", "9@j"]),
            ("Your message to jan@k.example", vec![]),
            ("7@h.example> x", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(read(value.as_bytes()), want, "{value}");
        }
    }
}
