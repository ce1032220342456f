//! Faults that are planted, to see that the seeds of the gate find them.

use super::fault::Planted;
use super::seeds::fault_of;

/// The first seed that finds it, and what it says.
fn found(planted: Planted) -> (u64, String) {
    let mut seeds = 0..10_000;
    let found = seeds.find_map(|seed| Some((seed, fault_of(seed, Some(planted))?)));
    let (seed, text) = found.unwrap_or_else(|| panic!("no seed finds {planted:?}"));
    println!("{planted:?}: seed {seed}: {text}");
    assert_eq!(
        fault_of(seed, None),
        None,
        "seed {seed} without {planted:?}"
    );
    (seed, text)
}

#[test]
fn a_statement_without_the_epoch_is_found() {
    found(Planted::NoEpoch);
}

#[test]
fn a_lease_by_the_nodes_clock_is_found() {
    found(Planted::NodeClock);
}

#[test]
fn no_look_at_the_list_of_standbys_is_found() {
    found(Planted::NoStandbyCheck);
}

#[test]
fn adoption_without_delay_is_found() {
    found(Planted::NoDelay);
}
