//! What the writer says above a quote.

use super::super::lines::Line;

/// Words of people who answer within the quote, by their beginnings.
const WITHIN: [&str; 22] = [
    "poniżej",
    "niżej",
    "pod spodem",
    "w treści",
    "na czerwono",
    "między wierszami",
    "below",
    "inline",
    "in red",
    "in blue",
    "in between",
    "níže",
    "v textu",
    "červeně",
    "mezi řádky",
    "nižšie",
    "v texte",
    "červenou",
    "alább",
    "lentebb",
    "pirossal",
    "sorok közé",
];

/// What the writer says above a quote.
#[derive(Default)]
pub(super) struct Above {
    /// How many words.
    pub(super) words: usize,
    /// Whether anything.
    pub(super) is_written: bool,
    /// Whether it says that the answers stand within the quote.
    pub(super) points_within: bool,
}

impl Above {
    /// Adds a line.
    pub(super) fn add(&mut self, line: &Line<'_>) {
        self.words += line.words.words.len();
        self.is_written |= line.is_written();
        let content = line.content.to_lowercase();
        self.points_within |= WITHIN.iter().any(|word| content.contains(word));
    }
}
