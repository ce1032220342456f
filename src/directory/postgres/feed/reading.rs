//! How far a node has read the feed, and what the rows of an answer tell it: no connection and no clock.

use super::Word;

/// The kind of the row with the last number: behind all others of that number.
pub(super) const LAST_NUMBER: &str = "zzz";

/// How far a node has read the feed.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    seen: i64,
}

impl Reading {
    /// From behind the change `seen` on.
    pub(super) fn from(seen: i64) -> Self {
        Self { seen }
    }

    /// The number of the last change that was read.
    pub(super) fn seen(&self) -> i64 {
        self.seen
    }

    /// Takes in rows in the order of their numbers: number, kind and key of each.
    ///
    /// Numbers come from a counter that a change holds until it is committed, so that no row can come behind one that was read. What is not there was
    /// forgotten meanwhile, and could be anything.
    pub(super) fn hear<'a>(
        &mut self,
        rows: impl Iterator<Item = (i64, &'a str, &'a str)>,
    ) -> Vec<Word> {
        let mut words = Vec::new();
        for (number, kind, key) in rows {
            if kind == LAST_NUMBER {
                // Behind what was read: this node was away for longer than changes are kept. Before it: the database is an older one.
                if number != self.seen {
                    words.push(Word::Anything);
                    self.seen = number;
                }
                continue;
            }
            if number != self.seen + 1 {
                words.push(Word::Anything);
            }
            words.push(Word::read(kind, key));
            self.seen = number;
        }
        words
    }
}

#[cfg(test)]
mod tests;
