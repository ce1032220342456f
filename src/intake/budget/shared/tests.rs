//! Nodes that count together, over a sum in memory: what comes through in all, whoever spends how.

use std::collections::HashMap;

use super::super::bucket::Buckets;
use super::*;
use crate::masking::TokenKeys;

const BUDGET: Budget = Budget {
    count: 100,
    period: Duration::from_secs(3_600),
};

/// What a database would have.
#[derive(Default)]
struct Sums(HashMap<[u8; 16], f64>);

impl Sums {
    fn add_up(&mut self, node: &SharedBudgets) -> usize {
        let (asked, told) = (Instant::now(), node.to_tell());
        let add = |told: &Spending| {
            let sum = self.0.entry(told.whose).or_default();
            *sum = (*sum + told.more).max(0.0);
            *sum
        };
        let sums: Vec<f64> = told.iter().map(add).collect();
        node.hear(&told, &sums, asked);
        told.len()
    }
}

struct Node {
    shared: std::sync::Arc<SharedBudgets>,
    buckets: Buckets<String>,
}

fn nodes() -> [Node; 3] {
    std::array::from_fn(|_| {
        let keys = BudgetKeys::new(&TokenKeys::new(vec![vec![7; 32]]));
        let shared = std::sync::Arc::new(SharedBudgets::new(keys));
        Node {
            buckets: Buckets::new("test", Some(BUDGET), Some(&shared)),
            shared,
        }
    })
}

#[tokio::test(start_paused = true)]
async fn at_three_nodes_one_may_spend_its_budget_and_a_tenth_for_each_at_most() {
    // Messages at each node between two sums.
    for pace in [1, 3, 9] {
        let (nodes, mut sums, mut passed) = (nodes(), Sums::default(), 0);
        let (loud, quiet) = ("loud".to_owned(), "quiet".to_owned());
        for _ in 0..400 / pace {
            for node in &nodes {
                for _ in 0..pace {
                    passed += u32::from(node.buckets.spend(&loud));
                }
            }
            for node in &nodes {
                sums.add_up(&node.shared);
            }
        }
        assert!((100..=130 + 3 * pace).contains(&passed), "{passed}");
        // Whoever spends beside it has all of its own, at whichever node.
        for turn in 0..90 {
            assert!(nodes[turn % 3].buckets.spend(&quiet));
            sums.add_up(&nodes[turn % 3].shared);
        }
        // What comes back is there once, not once a node.
        tokio::time::advance(Duration::from_secs(360)).await;
        let mut more = 0;
        for _ in 0..30 {
            for node in &nodes {
                more += u32::from(node.buckets.spend(&loud));
                sums.add_up(&node.shared);
            }
        }
        assert!(more <= 13, "{more}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_little_nothing_is_told_and_of_what_is_fast_at_once() {
    let [one, ..] = nodes();
    let (who, mut sums) = ("who".to_owned(), Sums::default());
    for _ in 0..9 {
        assert!(one.buckets.spend(&who));
    }
    assert_eq!(sums.add_up(&one.shared), 0);
    assert!(one.buckets.spend(&who));
    // The next sum does not wait.
    tokio::time::timeout(Duration::from_millis(1), one.shared.urgent.notified())
        .await
        .unwrap();
    assert_eq!(sums.add_up(&one.shared), 1);
    assert_eq!(sums.0.values().sum::<f64>(), 10.0);
    // Nothing new: nothing is told.
    assert_eq!(sums.add_up(&one.shared), 0);
}

#[tokio::test(start_paused = true)]
async fn while_nothing_is_heard_each_node_has_its_own_count() {
    let [one, two, _] = nodes();
    let (who, mut sums) = ("who".to_owned(), Sums::default());
    let spend = |node: &Node| (0..200).filter(|_| node.buckets.spend(&who)).count();
    assert_eq!(spend(&one), 100);
    sums.add_up(&one.shared);
    for _ in 0..10 {
        assert!(two.buckets.spend(&who));
    }
    sums.add_up(&two.shared);
    assert_eq!(spend(&two), 0);
    two.shared.is_alone();
    assert_eq!(spend(&two), 0);
    tokio::time::advance(HEARD).await;
    assert_eq!(spend(&two), 90);
    // What it has let through meanwhile counts as soon as it is heard.
    sums.add_up(&two.shared);
    assert_eq!(sums.0.values().sum::<f64>().round(), 200.0);
    assert_eq!(spend(&two), 0);
}

#[tokio::test(start_paused = true)]
async fn what_came_back_is_told_and_who_spends_nothing_is_forgotten() {
    let [one, ..] = nodes();
    let (who, mut sums) = ("who".to_owned(), Sums::default());
    for _ in 0..50 {
        assert!(one.buckets.spend(&who));
    }
    sums.add_up(&one.shared);
    let digest = one.shared.digest("test", &who);
    one.shared.give_back(&digest, 20);
    sums.add_up(&one.shared);
    assert_eq!(sums.0[&digest], 30.0);
    tokio::time::advance(BUDGET.period).await;
    assert!(one.shared.to_tell().is_empty());
    assert!(one.shared.spenders.lock().unwrap().is_empty());
}
