//! The reader of the feed under a small deterministic simulation: changes that take their time, nodes that are slow or frozen, answers that are lost. After
//! a change is answered no node may use what was before.
//!
//! `ALLEGROMAIL_FEED_SEEDS=1000000 cargo test --release --lib feed::reading -- --nocapture` is the long form; `ALLEGROMAIL_FEED_SEED` is the first seed.

use super::{LAST_NUMBER, Reading};
use crate::directory::postgres::feed::Word;

/// Milliseconds.
const STEP: u64 = 5;
const LOOK: u64 = 250;
const TRUST: u64 = 2_000;
const END: u64 = 8_000;

/// Numbers that look random and come again with the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

/// A change that is not committed.
struct Open {
    key: usize,
    /// Its number, where it got it at once: the planted fault.
    number: Option<i64>,
    ends: u64,
}

/// A look at the feed.
struct Look {
    asked: u64,
    runs: u64,
    answered: u64,
    /// What was read, and how far the counter was; none: it has not run.
    read: Option<(Vec<(i64, usize)>, i64)>,
}

struct Node {
    reading: Reading,
    cache: [Option<u64>; 3],
    believed: u64,
    look: Option<Look>,
    next: u64,
    frozen: u64,
    /// What the table of nodes says of it.
    row: (i64, u64),
}

/// Runs a seed; what is wrong, in a sentence.
fn run(seed: u64, is_plain_sequence: bool) -> Result<u64, String> {
    let mut dice = Dice((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let (mut versions, mut answered) = ([0_u64; 3], [0_u64; 3]);
    let (mut feed, mut numbers): (Vec<(i64, usize)>, i64) = (Vec::new(), 0);
    let (mut open, mut waits): (Vec<Open>, Vec<(usize, u64, i64)>) = (Vec::new(), Vec::new());
    let mut uses = 0;
    let node = || Node {
        reading: Reading::from(0),
        cache: [None; 3],
        believed: 0,
        look: None,
        next: 0,
        frozen: 0,
        row: (0, 0),
    };
    let mut nodes: Vec<Node> = (0..3).map(|_| node()).collect();
    for now in (0..END).step_by(5) {
        // Whoever has the counter keeps the others from it until it commits.
        if dice.below(20) == 0 && (is_plain_sequence || open.is_empty()) {
            numbers += i64::from(is_plain_sequence);
            open.push(Open {
                key: usize::try_from(dice.below(3)).unwrap(),
                number: is_plain_sequence.then_some(numbers),
                ends: now + dice.below(300),
            });
        }
        let (ended, left): (Vec<Open>, Vec<Open>) =
            open.into_iter().partition(|one| one.ends <= now);
        open = left;
        for Open { key, number, .. } in ended {
            let number = number.unwrap_or_else(|| {
                numbers += 1;
                numbers
            });
            versions[key] += 1;
            feed.push((number, key));
            feed.sort_unstable();
            waits.push((key, versions[key], number));
        }
        for node in &mut nodes {
            act(node, now, &mut dice, &feed);
        }
        waits.retain(|(key, version, number)| {
            let is_behind = |node: &Node| node.row.0 < *number && node.row.1 + TRUST > now;
            let waits = nodes.iter().any(is_behind);
            if !waits {
                answered[*key] = answered[*key].max(*version);
            }
            waits
        });
        for (number, node) in nodes
            .iter_mut()
            .enumerate()
            .filter(|(_, node)| node.frozen <= now)
        {
            let key = usize::try_from(dice.below(3)).unwrap();
            let cached = node.cache[key].filter(|_| now < node.believed);
            uses += u64::from(cached.is_some());
            let used = cached.unwrap_or(versions[key]);
            node.cache[key] = Some(used);
            if used < answered[key] {
                return Err(format!(
                    "at {now} ms node {number} uses version {used} of {key}, and {} was answered",
                    answered[key]
                ));
            }
        }
    }
    Ok(uses)
}

/// What a node does within a step.
fn act(node: &mut Node, now: u64, dice: &mut Dice, feed: &[(i64, usize)]) {
    let wait = |dice: &mut Dice| match dice.below(12) {
        0 => dice.below(3_000),
        _ => dice.below(30),
    };
    // The database does not know that it is frozen.
    if let Some(look) = &mut node.look
        && look.read.is_none()
        && look.runs <= now
    {
        node.row = (node.reading.seen(), now);
        let new = feed
            .iter()
            .filter(|(number, _)| *number > node.reading.seen());
        let last = feed.last().map_or(0, |(number, _)| *number);
        look.read = Some((new.copied().collect(), last));
    }
    if dice.below(400) == 0 {
        node.frozen = now + dice.below(4_000);
    }
    if node.frozen > now {
        return;
    }
    if let Some(look) = node.look.take_if(|look| look.answered <= now) {
        // An answer that is lost: asked again at once.
        let Some((rows, last)) = look.read.filter(|_| dice.below(20) > 0) else {
            return;
        };
        let before = node.reading.seen();
        let rows: Vec<(i64, String)> = rows
            .iter()
            .map(|(number, key)| (*number, key.to_string()))
            .collect();
        let rows = rows.iter().map(|(number, key)| (*number, "table", &**key));
        for word in node.reading.hear(rows.chain([(last, LAST_NUMBER, "")])) {
            match word {
                Word::Table(key) => node.cache[key.parse::<usize>().unwrap()] = None,
                _ => node.cache = [None; 3],
            }
        }
        if node.reading.seen() != before {
            node.row = (node.reading.seen(), now);
        }
        node.believed = look.asked + TRUST;
    }
    if node.look.is_none() && node.next <= now {
        node.next = now + LOOK;
        let runs = now + wait(dice);
        let answered = runs + STEP + wait(dice);
        node.look = Some(Look {
            asked: now,
            runs,
            answered,
            read: None,
        });
    }
}

fn asked(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |text| text.parse().unwrap())
}

#[test]
fn no_node_uses_what_was_before_a_change_that_was_answered() {
    let (first, seeds) = (
        asked("ALLEGROMAIL_FEED_SEED", 0),
        asked("ALLEGROMAIL_FEED_SEEDS", 500),
    );
    let mut uses = 0;
    for seed in first..first + seeds {
        match run(seed, false) {
            Ok(more) => uses += more,
            Err(wrong) => panic!(
                "seed {seed}: {wrong}\nagain: ALLEGROMAIL_FEED_SEED={seed} ALLEGROMAIL_FEED_SEEDS=1 cargo test --lib feed::reading"
            ),
        }
    }
    println!("{seeds} seeds: the cache was used {uses} times");
    assert!(uses > seeds * 100, "{uses}");
}

#[test]
fn a_feed_from_a_plain_sequence_is_found() {
    let mut seeds = 0..500;
    let found = seeds.find_map(|seed| Some((seed, run(seed, true).err()?)));
    let (seed, text) = found.expect("no seed finds it");
    println!("plain sequence: seed {seed}: {text}");
    assert!(run(seed, false).is_ok());
}

#[test]
fn a_gap_is_anything_and_so_is_a_counter_that_went_back() {
    let hear = |seen, rows: &[(i64, &'static str, &'static str)]| {
        let mut reading = Reading::from(seen);
        let words = reading.hear(rows.iter().copied());
        (words, reading.seen())
    };
    let table = || Word::Table("a".to_owned());
    assert_eq!(
        hear(4, &[(5, "table", "a"), (5, LAST_NUMBER, "")]),
        (vec![table()], 5)
    );
    assert_eq!(
        hear(4, &[(6, "table", "a"), (6, LAST_NUMBER, "")]),
        (vec![Word::Anything, table()], 6)
    );
    assert_eq!(hear(4, &[(9, LAST_NUMBER, "")]), (vec![Word::Anything], 9));
    assert_eq!(hear(4, &[(2, LAST_NUMBER, "")]), (vec![Word::Anything], 2));
    assert_eq!(hear(4, &[(4, LAST_NUMBER, "")]), (vec![], 4));
}
