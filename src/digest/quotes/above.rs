//! What the writer says above a quote.

use std::cell::Cell;

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

/// What the writer says above a quote. Of most texts nobody asks, so lines are read when somebody does, and each once.
#[derive(Default)]
pub(super) struct Above<'a> {
    lines: Vec<&'a Line<'a>>,
    is_written: bool,
    /// The words of how many lines were counted, and how many these are.
    counted: Cell<(usize, usize)>,
    /// Of how many lines it is known whether they say that answers stand within, and whether one does.
    searched: Cell<(usize, bool)>,
}

impl<'a> Above<'a> {
    /// Adds a line.
    pub(super) fn add(&mut self, line: &'a Line<'a>) {
        self.is_written |= line.is_written();
        self.lines.push(line);
    }

    /// Whether it says anything.
    pub(super) const fn is_written(&self) -> bool {
        self.is_written
    }

    /// Whether it has as many words.
    pub(super) fn has_words(&self, least: usize) -> bool {
        let (mut seen, mut words) = self.counted.get();
        for line in self.lines.iter().skip(seen) {
            if words >= least {
                break;
            }
            (seen, words) = (seen + 1, words + line.words().words.len());
        }
        self.counted.set((seen, words));
        words >= least
    }

    /// Whether it says that the answers stand within the quote.
    pub(super) fn points_within(&self) -> bool {
        let (seen, mut points) = self.searched.get();
        points = points || self.lines.iter().skip(seen).any(|line| points_to_it(line));
        self.searched.set((self.lines.len(), points));
        points
    }
}

fn points_to_it(line: &Line<'_>) -> bool {
    let content = line.content.to_lowercase();
    WITHIN.iter().any(|word| content.contains(word))
}
