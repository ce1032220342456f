//! The simulation over many seeds.
//!
//! `ALLEGROMAIL_SHARD_SEEDS=1000000 cargo test --release --lib shards::tests::seeds -- --nocapture` is the long form; `ALLEGROMAIL_SHARD_SEED` is the first seed.

use super::fault::Planted;
use super::world::World;

/// A number from the environment, for the long form.
pub(super) fn asked(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |text| text.parse().unwrap())
}

/// What is wrong with a run; none: nothing.
pub(super) fn fault_of(seed: u64, planted: Option<Planted>) -> Option<String> {
    World::new(seed, planted).run().err()
}

#[test]
fn no_entry_is_lost_orphaned_or_delivered_by_two_owners() {
    let first = asked("ALLEGROMAIL_SHARD_SEED", 0);
    let seeds = asked("ALLEGROMAIL_SHARD_SEEDS", 10_000);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let run = |thread: u64| {
        let (mut attempts, mut duplicates, mut takings) = (0, 0, 0);
        for seed in (first..first + seeds).filter(|seed| seed % threads == thread) {
            let mut world = World::new(seed, None);
            if let Err(wrong) = world.run() {
                panic!(
                    "seed {seed}: {wrong}\nagain: ALLEGROMAIL_SHARD_SEED={seed} ALLEGROMAIL_SHARD_SEEDS=1 cargo test --lib shards::tests::seeds"
                );
            }
            attempts += world.verdict.attempts;
            duplicates += world.verdict.duplicates;
            takings += world.verdict.takings;
        }
        (attempts, duplicates, takings)
    };
    let (mut attempts, mut duplicates, mut takings) = (0, 0, 0);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|thread| scope.spawn(move || run(thread)))
            .collect();
        for thread in threads {
            let (a, d, t) = thread.join().unwrap();
            attempts += a;
            duplicates += d;
            takings += t;
        }
    });
    println!("{seeds} seeds: {attempts} attempts, {takings} take-overs, {duplicates} duplicates");
    // A simulation in which nothing goes wrong shows nothing.
    if seeds >= 1_000 {
        assert!(takings > seeds / 4 && duplicates > 0 && attempts > seeds * 10);
    }
}
