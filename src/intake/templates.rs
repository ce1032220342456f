//! What sellers send again and again: the same words to one order after another, with other names and numbers, are a tool's. In memory only: after a
//! restart it is learnt anew.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use foldhash::fast::RandomState;

use super::arrival::Purpose;
use crate::mail::Timestamp;
use crate::masking::{ParticipantId, TransactionId};

/// Orders of one seller that get the same words before those are a tool's.
const ORDERS: usize = 5;
/// In how long a time.
const WITHIN: Duration = Duration::from_secs(86_400);
/// Texts that are remembered, of all sellers: a MiB at most. The oldest goes first.
const MOST: usize = 10_000;

/// The texts of the last day.
#[derive(Default)]
pub(super) struct Templates(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    texts: HashMap<u64, Text, RandomState>,
    /// The texts in the order in which they were first seen.
    order: VecDeque<u64>,
    hasher: RandomState,
}

struct Text {
    first: Timestamp,
    /// Digests of orders, each once.
    orders: Vec<u64>,
}

impl Templates {
    /// Whether `seller` has sent the text of `template` to enough orders; `order` counts with them. A question is not remembered.
    pub(super) fn is_repeated(
        &self,
        (seller, order): (&ParticipantId, &TransactionId),
        template: u64,
        now: Timestamp,
        purpose: Purpose,
    ) -> bool {
        use std::hash::BuildHasher;

        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = seen.hasher.hash_one((seller, template));
        let order = seen.hasher.hash_one(order);
        if let Some(known) = seen.texts.get_mut(&text)
            && now.since(known.first) < WITHIN
        {
            let new = !known.orders.contains(&order);
            let count = known.orders.len() + usize::from(new);
            if new && known.orders.len() < ORDERS && purpose == Purpose::Mail {
                known.orders.push(order);
            }
            return count >= ORDERS;
        }
        if purpose == Purpose::Mail {
            seen.begin(text, order, now);
        }
        false
    }
}

impl Seen {
    fn begin(&mut self, text: u64, order: u64, now: Timestamp) {
        while self.order.len() >= MOST {
            let oldest = self.order.pop_front();
            oldest.map(|oldest| self.texts.remove(&oldest));
        }
        let begun = Text {
            first: now,
            orders: vec![order],
        };
        // One that begins anew keeps its place.
        if self.texts.insert(text, begun).is_none() {
            self.order.push_back(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_order_of_a_day_tells_a_tool() {
        let templates = Templates::default();
        let seller = "k2m9x0r7t3".parse().unwrap();
        let other = "8awgqyk6a5".parse().unwrap();
        let order = |number: u32| format!("cub31c{number:03}").parse().unwrap();
        let repeated = |seller, number, hour: u64, purpose| {
            let now = Timestamp(hour * 3_600_000);
            templates.is_repeated((seller, &order(number)), 7, now, purpose)
        };
        for number in 100..104 {
            assert!(!repeated(&seller, number, 1, Purpose::Mail));
            // The same order again, somebody else, and a question.
            assert!(!repeated(&seller, number, 1, Purpose::Mail));
            assert!(!repeated(&other, 100, 1, Purpose::Mail));
        }
        assert!(repeated(&seller, 104, 2, Purpose::Question));
        assert!(!repeated(&seller, 103, 2, Purpose::Question));
        assert!(repeated(&seller, 104, 2, Purpose::Mail));
        assert!(repeated(&seller, 100, 3, Purpose::Mail));
        assert!(!repeated(&seller, 105, 25, Purpose::Mail), "another day");
    }
}
