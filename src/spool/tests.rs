//! The log under restart, truncation at every octet, flipped bits, churn, and a second process.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::*;
use crate::mail::{ReversePath, Timestamp, TraceId};

mod asked;
mod damage;
mod disk_space;
mod follow;
mod inspect;
mod pieces;
mod power;
mod restart;
mod reuse;
mod torn;

fn settings(dir: &Path, segment_bytes: u64) -> SpoolSettings {
    SpoolSettings {
        dir: dir.to_owned(),
        segment_bytes,
        min_free_bytes: 0,
        min_free_inodes: 0,
        most_unread: None,
        first_id: 1,
        flow: std::sync::Arc::default(),
    }
}

/// A folder in memory where there is one: what is looked at here is not the disk.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

fn open(dir: &Path) -> Opened {
    LocalSpool::open(settings(dir, 64 * 1024 * 1024), Box::new(|| Ok(()))).unwrap()
}

fn committed(id: QueueId, body: &[u8]) -> NewEntry {
    let entry = Entry {
        id,
        trace: TraceId::new(1, 1),
        arrived: Timestamp(1),
        target: Target::Participant {
            participant: "k2m9x0r7t3".parse().unwrap(),
            transaction: None,
        },
        origin: Origin::Nobody,
        reverse_path: ReversePath::Null,
        smtputf8: false,
        eight_bit: false,
        about: MessageSummary::default(),
        sent_as: String::new(),
        memory: StateUpdates::default(),
        held: None,
        came: None,
        progress: Progress::default(),
    };
    NewEntry {
        entry,
        body: Bytes::copy_from_slice(body),
    }
}

fn ids(opened: &Opened) -> Vec<u64> {
    opened.recovered.iter().map(|entry| entry.id.0).collect()
}

/// So many entries of 2 KB that come and go, one after the other.
async fn churn(spool: &LocalSpool, entries: usize) {
    for _ in 0..entries {
        let id = spool.next_id();
        spool
            .commit(vec![committed(id, &[b'x'; 2_000])])
            .await
            .unwrap();
        spool.settle(id, Settlement::Done).await.unwrap();
    }
}

/// Three commits: one entry, two entries at once, and one that is done.
async fn fill(dir: &Path) {
    let opened = open(dir);
    let spool = opened.spool;
    let id = spool.next_id();
    spool.commit(vec![committed(id, b"first")]).await.unwrap();
    let (a, b) = (spool.next_id(), spool.next_id());
    spool
        .commit(vec![committed(a, b"second"), committed(b, b"third")])
        .await
        .unwrap();
    let done = spool.next_id();
    spool
        .commit(vec![committed(done, b"fourth")])
        .await
        .unwrap();
    spool.settle(done, Settlement::Done).await.unwrap();
}

/// Segments of 16 KiB in `dir`, filled and emptied until a file has been written over, and then some commits: what a kill would leave behind.
/// Returns the ids that are live.
async fn written_over(dir: &Path) -> Vec<u64> {
    let opened = LocalSpool::open(settings(dir, 16 * 1024), Box::new(|| Ok(()))).unwrap();
    let spool = &opened.spool;
    let mut living = Vec::new();
    for number in 0..58 {
        let id = spool.next_id();
        spool
            .commit(vec![committed(id, &[b'x'; 2_000])])
            .await
            .unwrap();
        if number < 56 {
            spool.settle(id, Settlement::Done).await.unwrap();
        } else {
            living.push(id.0);
        }
    }
    // As it is now, not as it would be after an orderly end.
    let copy = dir.join("copy");
    std::fs::create_dir(&copy).unwrap();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, copy.join(path.file_name().unwrap())).unwrap();
        }
    }
    living
}

/// The last segment in a folder, and where its own records end.
fn last_segment(dir: &Path) -> (PathBuf, usize) {
    let number = *segment::segment_numbers(dir).unwrap().last().unwrap();
    let path = dir.join(format!("{number:08}.seg"));
    let octets = std::fs::read(&path).unwrap();
    let salt = &octets[16..24];
    let mut at = 0;
    while octets.get(at + 16..at + 24) == Some(salt) {
        let word = |from: usize| u32::from_le_bytes(octets[from..from + 4].try_into().unwrap());
        at += 44 + word(at + 24) as usize + word(at + 28) as usize;
    }
    (path, at)
}

fn count_segments(dir: &Path) -> usize {
    std::fs::read_dir(dir)
        .unwrap()
        .filter(|entry| {
            entry
                .as_ref()
                .unwrap()
                .path()
                .extension()
                .is_some_and(|e| e == "seg")
        })
        .count()
}
