//! A command that looks sees what a start would find, and leaves every byte where it was.

use std::collections::BTreeMap;

use super::torn::places;
use super::*;

/// Every file below a folder.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    found
}

/// Looks, and then starts: both find the same, and only the start changes anything.
async fn same_as_a_start(dir: &Path, what: &str) {
    let before = files(dir);
    let seen = ReadOnlySpool::open(dir).unwrap();
    let mut bodies = Vec::new();
    for entry in &seen.entries {
        bodies.push(seen.body(entry.id).await.ok());
    }
    for damaged in &seen.damaged {
        let _ = seen.raw_bytes(damaged.id);
    }
    assert!(files(dir) == before, "{what}: something was changed");
    let (entries, damaged) = (seen.entries.clone(), seen.damaged.clone());
    drop(seen);
    let opened = open(dir);
    assert_eq!(entries, opened.recovered, "{what}");
    let same = |damaged: &[DamagedMessage]| -> Vec<_> {
        let known = damaged.iter();
        known
            .map(|damaged| (damaged.id, damaged.entry.is_some(), damaged.unsure))
            .collect()
    };
    assert_eq!(same(&damaged), same(&opened.damaged), "{what}");
    for (entry, body) in entries.iter().zip(bodies) {
        assert_eq!(opened.spool.body(entry.id).await.ok(), body, "{what}");
    }
}

#[tokio::test]
async fn h126_a_look_at_a_torn_or_damaged_log_tells_what_a_start_would_and_changes_nothing() {
    let dir = scratch();
    fill(dir.path()).await;
    let file = dir.path().join("00000001.seg");
    let whole = std::fs::read(&file).unwrap();
    let fresh = || {
        for path in files(dir.path()).into_keys() {
            std::fs::remove_file(path).unwrap();
        }
    };
    for at in places(whole.len()).filter(|at| at % 7 == 0) {
        fresh();
        std::fs::write(&file, &whole[..at]).unwrap();
        same_as_a_start(dir.path(), &format!("cut at {at}")).await;
        fresh();
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        std::fs::write(&file, &flipped).unwrap();
        same_as_a_start(dir.path(), &format!("bit at {at}")).await;
    }
}

#[tokio::test]
async fn a_look_keeps_a_server_out_and_a_server_keeps_it_out() {
    let dir = scratch();
    fill(dir.path()).await;
    let seen = ReadOnlySpool::open(dir.path()).unwrap();
    let another = ReadOnlySpool::open(dir.path());
    assert!(another.is_ok(), "two may look at once");
    let start = LocalSpool::open(settings(dir.path(), 64 * 1024), Box::new(|| Ok(())));
    assert!(matches!(start, Err(SpoolError::Locked(_))));
    drop((seen, another));
    let opened = open(dir.path());
    let look = ReadOnlySpool::open(dir.path());
    assert!(matches!(look, Err(SpoolError::Locked(_))));
    drop(opened);
}

#[test]
fn where_there_is_no_log_a_look_finds_nothing_and_makes_nothing() {
    let dir = scratch();
    let none = dir.path().join("spool");
    let seen = ReadOnlySpool::open(&none).unwrap();
    assert!(seen.entries.is_empty() && seen.damaged.is_empty());
    assert!(!none.exists());
}
