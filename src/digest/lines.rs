//! The lines of a text, and what marks of quotes stand in front of each.

use std::cell::OnceCell;
use std::hash::{BuildHasher, Hash, Hasher};
use std::ops::Range;

use foldhash::fast::FixedState;

use super::text::Text;
use crate::message::is_unseen;

/// Signs that rules across the page are made of.
const RULES: [char; 6] = ['-', '_', '=', '*', ' ', '\u{a0}'];

/// A line.
#[derive(Debug)]
pub(super) struct Line<'t> {
    /// Its place in the text, without its end.
    pub(super) place: Range<usize>,
    /// How many marks stand in front of it.
    pub(super) depth: usize,
    /// What stands behind these, without blanks around it.
    pub(super) content: &'t str,
    /// Whether a colon stands in it.
    pub(super) has_colon: bool,
    /// Whether a mail program set the marks.
    pub(super) cited: bool,
    /// What it says, where anybody asked.
    words: OnceCell<Words>,
}

/// The words of a line as numbers: without case, signs and what is not seen.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) words: Vec<u64>,
    /// Addresses of pages in it.
    pub(super) links: Vec<u64>,
}

impl Line<'_> {
    /// What it says. Most lines are never asked.
    pub(super) fn words(&self) -> &Words {
        self.words.get_or_init(|| words(self.content))
    }

    /// Whether it says nothing: empty, or signs alone.
    pub(super) fn is_silent(&self) -> bool {
        *self.words() == Words::default()
    }

    /// Whether nothing stands behind its marks.
    pub(super) fn is_empty(&self) -> bool {
        self.content.is_empty()
    }

    /// Whether there is more than a rule across the page.
    pub(super) fn is_written(&self) -> bool {
        self.content.contains(|c| !RULES.contains(&c))
    }
}

/// The lines of a text.
pub(super) fn lines(text: &Text) -> Vec<Line<'_>> {
    let mut cited = text.cited.iter().peekable();
    let mut at = 0;
    let lines = text.text.split('\n').map(|line| {
        let place = at..at + line.len();
        at = place.end + 1;
        while cited.next_if(|cited| cited.end <= place.start).is_some() {}
        let (depth, content) = marks(line);
        Line {
            depth,
            content: content.trim(),
            has_colon: memchr::memchr(b':', content.as_bytes()).is_some(),
            cited: depth > 0 && cited.peek().is_some_and(|cited| cited.start <= place.start),
            words: OnceCell::new(),
            place,
        }
    });
    lines.collect()
}

/// How many `>` stand in front of a line, with blanks between them, and what stands behind.
pub(super) fn marks(line: &str) -> (usize, &str) {
    let (mut depth, mut rest) = (0, line);
    while let Some(inner) = rest
        .trim_start_matches([' ', '\t', '\u{a0}'])
        .strip_prefix('>')
    {
        depth += 1;
        rest = inner;
    }
    (depth, rest)
}

/// The words of a text that has no marks. Addresses of mail are none: each side sees others.
pub(super) fn words(text: &str) -> Words {
    let mut found = Words::default();
    for piece in text.split_whitespace() {
        if piece.contains('@') {
            continue;
        }
        // "word<https://…>" is a word and a link.
        let scheme = piece.find("://").map_or(piece.len(), |end| {
            let front = piece.get(..end).unwrap_or_default();
            front
                .trim_end_matches(|c: char| c.is_ascii_alphabetic())
                .len()
        });
        let (piece, link) = piece.split_at_checked(scheme).unwrap_or((piece, ""));
        let link = link.trim_matches(|c: char| !c.is_alphanumeric() && c != '/');
        if !link.is_empty() {
            found.links.push(hash(link.chars()));
        }
        let seen = |c: &char| !is_unseen(*c);
        let pictures = piece.chars().filter(|c| is_picture(*c));
        found
            .words
            .extend(pictures.map(|c| hash(std::iter::once(c))));
        // Nearly every piece is one word with signs around it.
        for word in piece.split(|c: char| !c.is_alphanumeric() && !is_unseen(c)) {
            let mut letters = word.chars().filter(seen).peekable();
            if letters.peek().is_some() {
                found.words.push(hash_of_word(letters));
            }
        }
    }
    found
}

/// Whether a sign says something alone: an emoji.
fn is_picture(c: char) -> bool {
    ('\u{2600}'..='\u{27bf}').contains(&c) || c >= '\u{1f000}'
}

fn hash(letters: impl Iterator<Item = char>) -> u64 {
    let mut hasher = FixedState::with_seed(0).build_hasher();
    letters.for_each(|c| c.hash(&mut hasher));
    hasher.finish()
}

/// As [`hash`], in small letters.
fn hash_of_word(letters: impl Iterator<Item = char>) -> u64 {
    let mut hasher = FixedState::with_seed(0).build_hasher();
    letters.for_each(|c| match c.is_ascii() {
        // Nearly all of them, and no table is needed.
        true => c.to_ascii_lowercase().hash(&mut hasher),
        false => c.to_lowercase().for_each(|small| small.hash(&mut hasher)),
    });
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_counted_with_the_blanks_between_them() {
        for (line, want) in [
            ("a", (0, "a")),
            ("> a", (1, " a")),
            (">> > a > b", (3, " a > b")),
            (" >", (1, "")),
            ("-> a", (0, "-> a")),
        ] {
            assert_eq!(marks(line), want, "{line}");
        }
    }

    #[test]
    fn words_are_the_same_however_they_are_set() {
        for (one, other) in [
            ("Dzień dobry, Panie Janie!", "dzień  DOBRY panie\u{a0}janie"),
            ("*żółw*", "Żó\u{ad}łw"),
            ("a x@y.example b", "a b"),
            ("<https://a.example/b?c>", "https://a.example/b?c"),
            ("sklep<https://a.example/>", "Sklep https://a.example/"),
        ] {
            assert_eq!(words(one), words(other), "{one}");
        }
        assert_ne!(words("https://a.example"), words("https://b.example"));
        assert_eq!(words("--- > ___"), Words::default());
    }
}
