//! Numbers that look random: how long to wait, so that nodes do not do the same at once.

use std::time::Duration;

/// A xorshift generator.
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// Begins with a seed, which must differ from node to node.
    pub(super) fn new(seed: u64) -> Self {
        // Zero would stay zero, and seeds that are alike begin alike.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `bound`; zero, where that is zero.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11).checked_rem(bound).unwrap_or_default()
    }

    /// A span of at most `most`, in whole milliseconds.
    pub(super) fn span(&mut self, most: Duration) -> Duration {
        let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.below(most.saturating_add(1)))
    }
}
