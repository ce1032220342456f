//! The work that a message may cost before its sender is proven: counted before each step, by what the step is about to do, and never timed.
//!
//! Every reader here takes time that grows with what it reads and no faster; this is the limit behind that. The prices are what the steps cost at
//! worst on the machine of the README, in nanoseconds of one core (`tests/bench/effort.py` measures them all at once). No message within a
//! hundred recipients, two hundred addresses, eight signatures and a hundred parts comes near the limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::section::Malformed;

/// What every message may cost, and what it may cost for each MiB, in nanoseconds.
const BASE: u64 = 50_000_000;
const EACH_MIB: u64 = 3_000_000;
const MIB: u64 = 1 << 20;

/// A step, with what it is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Octets that are read from their first to their last, each begun KiB.
    Reading,
    /// Lines that could be delimiters.
    Lines,
    /// Parameters in the heads of parts: what stands between semicolons.
    Parameters,
    /// Parts.
    Parts,
    /// Header fields.
    Fields,
    /// Addresses.
    Addresses,
    /// Octets that are hashed, each begun KiB.
    Hashing,
    /// Signatures.
    Signatures,
    /// Recipients.
    Recipients,
}

impl Task {
    /// In nanoseconds.
    const fn price(self) -> u64 {
        match self {
            Self::Reading => 500,
            Self::Lines => 40,
            Self::Parameters => 2_500,
            Self::Parts => 2_000,
            Self::Fields => 1_000,
            Self::Addresses => 500,
            Self::Hashing => 1_000,
            Self::Signatures => 1_500_000,
            Self::Recipients => 50_000,
        }
    }

    /// What a message has too many of.
    const fn what(self) -> &'static str {
        match self {
            Self::Reading => "octets",
            Self::Lines => "lines that begin with two hyphens",
            Self::Parameters => "parameters of parts",
            Self::Parts => "parts",
            Self::Fields => "header fields",
            Self::Addresses => "addresses",
            Self::Hashing => "octets under signatures",
            Self::Signatures => "signatures",
            Self::Recipients => "recipients",
        }
    }
}

/// What one message has cost, and what it may; copies count together.
#[derive(Debug, Clone)]
pub struct Effort {
    spent: Arc<AtomicU64>,
    allowed: u64,
}

impl Effort {
    /// Nothing spent, and the allowance of a message of so many octets.
    #[must_use]
    pub fn of(octets: usize) -> Self {
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        Self {
            spent: Arc::default(),
            allowed: BASE.saturating_add(octets.saturating_mul(EACH_MIB) / MIB),
        }
    }

    /// Counts a step before it is taken.
    ///
    /// # Errors
    /// It is more than the message may cost; the text names the limit and what there is too much of.
    pub fn spend(&self, task: Task, many: usize) -> Result<(), Malformed> {
        let many = u64::try_from(many).unwrap_or(u64::MAX);
        let many = match task {
            Task::Reading | Task::Hashing => many.div_ceil(1_024),
            _ => many,
        };
        let cost = many.saturating_mul(task.price());
        let before = self.spent.fetch_add(cost, Ordering::Relaxed);
        if before.saturating_add(cost) <= self.allowed {
            return Ok(());
        }
        Err(Malformed(format!(
            "it holds too many {}: its size allows for {} units of work",
            task.what(),
            self.allowed / 1_000
        )))
    }

    /// What was counted, in milliseconds of one core.
    #[must_use]
    pub fn milliseconds(&self) -> u32 {
        u32::try_from(self.spent.load(Ordering::Relaxed) / 1_000_000).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h146_an_allowance_grows_with_the_message_and_is_named_when_it_is_spent() {
        let small = Effort::of(0);
        assert!(small.spend(Task::Signatures, 8).is_ok());
        assert_eq!(small.milliseconds(), 12);
        let error = small.spend(Task::Addresses, 100_000).unwrap_err();
        assert_eq!(
            error.to_string(),
            "it holds too many addresses: its size allows for 50000 units of work"
        );
        assert!(
            small.spend(Task::Parts, 1).is_err(),
            "what is spent stays spent"
        );
        let large = Effort::of(35 << 20);
        assert!(large.spend(Task::Addresses, 300_000).is_ok());
        // Whatever number is counted, nothing runs over.
        assert!(large.spend(Task::Reading, usize::MAX).is_err());
    }

    #[test]
    fn h146_honest_counts_together_stay_within_the_allowance() {
        for octets in [100 << 10, 1 << 20, 35 << 20] {
            let effort = Effort::of(octets);
            for (task, many) in [
                (Task::Reading, octets),
                (Task::Hashing, octets),
                (Task::Hashing, octets),
                (Task::Recipients, 100),
                (Task::Addresses, 200),
                (Task::Signatures, 8),
                (Task::Parts, 100),
                (Task::Parameters, 100 * 10),
                (Task::Fields, 1_000),
                (Task::Lines, 300),
            ] {
                assert!(effort.spend(task, many).is_ok(), "{octets} {task:?}");
            }
        }
    }
}
