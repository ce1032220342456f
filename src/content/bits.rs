//! Small numbers as bits.

/// A set of numbers below a bound, which is emptied at the cost of what is in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Bits {
    words: Vec<u64>,
    /// The words that hold any.
    used: Vec<u32>,
}

impl Bits {
    /// An empty set of numbers below `bound`.
    pub(super) fn new(bound: usize) -> Self {
        Self {
            words: vec![0; bound.div_ceil(64)],
            used: Vec::new(),
        }
    }

    /// Adds a number; nothing at the bound or above.
    pub(super) fn add(&mut self, number: u32) {
        let Some(word) = self.words.get_mut(number as usize / 64) else {
            return;
        };
        if *word == 0 {
            self.used.push(number / 64);
        }
        *word |= 1 << (number % 64);
    }

    pub(super) fn has(&self, number: u32) -> bool {
        let word = self.words.get(number as usize / 64);
        word.is_some_and(|word| (word >> (number % 64)) & 1 == 1)
    }

    pub(super) fn clear(&mut self) {
        for used in self.used.drain(..) {
            if let Some(word) = self.words.get_mut(used as usize) {
                *word = 0;
            }
        }
    }
}
