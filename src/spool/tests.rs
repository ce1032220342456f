//! The log under restart, truncation at every byte, flipped bits, churn, and a second process.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::*;
use crate::mail::{ReversePath, Timestamp, TraceId};

mod asked;
mod damage;
mod inspect;
mod pieces;
mod power;
mod reuse;

fn settings(dir: &Path, segment_bytes: u64) -> SpoolSettings {
    SpoolSettings {
        dir: dir.to_owned(),
        segment_bytes,
        min_free_bytes: 0,
        min_free_inodes: 0,
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

#[tokio::test]
async fn what_was_committed_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path()).await;
    let mut opened = open(dir.path());
    assert_eq!(ids(&opened), [1, 2, 3]);
    assert_eq!(opened.spool.body(QueueId(3)).await.unwrap(), "third");
    assert!(matches!(
        opened.spool.body(QueueId(4)).await,
        Err(SpoolError::NoSuchEntry(_))
    ));
    let progress = Progress {
        attempts: 3,
        next_attempt: Timestamp(99),
        ..Progress::default()
    };
    opened
        .spool
        .settle(QueueId(2), Settlement::Deferred(progress.clone()))
        .await
        .unwrap();
    let report = opened.spool.next_id();
    assert_eq!(report, QueueId(5));
    opened
        .spool
        .report(QueueId(1), Settlement::Done, committed(report, b"report"))
        .await
        .unwrap();
    assert_eq!(opened.committed.recv().await.unwrap().entry.id, report);
    drop(opened);
    let opened = open(dir.path());
    assert_eq!(ids(&opened), [2, 3, 5]);
    assert_eq!(opened.recovered[0].progress, progress);
}

#[tokio::test]
async fn h127_a_second_user_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let _first = open(dir.path());
    let second = LocalSpool::open(settings(dir.path(), 1), Box::new(|| Ok(())));
    assert!(matches!(second, Err(SpoolError::Locked(_))));
}

#[tokio::test]
async fn h120_what_was_being_delivered_at_a_crash_is_counted_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    for body in [b"one", b"two", b"six", b"ten"] {
        let id = opened.spool.next_id();
        opened
            .spool
            .commit(vec![committed(id, body)])
            .await
            .unwrap();
    }
    // What a kill leaves behind: no flight of these ends.
    for id in 1..=3 {
        std::mem::forget(opened.spool.begin_attempt(QueueId(id)).unwrap());
    }
    drop(opened.spool.begin_attempt(QueueId(4)).unwrap());
    let spool = &opened.spool;
    spool.settle(QueueId(1), Settlement::Done).await.unwrap();
    let progress = Settlement::Deferred(Progress::default());
    spool.settle(QueueId(2), progress).await.unwrap();
    drop(opened);
    let opened = open(dir.path());
    assert_eq!(ids(&opened), [2, 3, 4]);
    assert_eq!(opened.report.in_flight, 2, "numbers 2 and 3");
    drop(opened);
    assert_eq!(open(dir.path()).report.in_flight, 0, "they were told");
}

/// All of `0..len`, but for most of the zeros in the head of a segment.
fn places(len: usize) -> impl Iterator<Item = usize> {
    (0..len).filter(|at| !(100..4_000).contains(at) || at % 100 == 0)
}

#[tokio::test]
async fn h126_a_log_cut_at_any_octet_keeps_whole_commits() {
    let dir = scratch();
    fill(dir.path()).await;
    let file = dir.path().join("00000001.seg");
    let whole = std::fs::read(&file).unwrap();
    for len in places(whole.len()) {
        std::fs::write(&file, &whole[..len]).unwrap();
        let opened = open(dir.path());
        let found = ids(&opened);
        let possible: [&[u64]; 4] = [&[], &[1], &[1, 2, 3], &[1, 2, 3, 4]];
        assert!(
            possible.contains(&found.as_slice()),
            "cut at {len}: {found:?}"
        );
        assert_eq!(opened.report.damaged, 0, "cut at {len}");
        for entry in &opened.recovered {
            opened.spool.body(entry.id).await.unwrap();
        }
    }
}

#[tokio::test]
async fn h126_a_flipped_bit_costs_one_commit_at_most() {
    let dir = scratch();
    fill(dir.path()).await;
    let file = dir.path().join("00000001.seg");
    let whole = std::fs::read(&file).unwrap();
    for at in places(whole.len()) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        std::fs::write(&file, &flipped).unwrap();
        let opened = open(dir.path());
        let found = ids(&opened);
        let lost = [1, 2, 3].iter().filter(|id| !found.contains(id)).count();
        assert!(lost <= 2, "bit at {at}: {found:?}");
        assert!(
            lost == 0 || found.contains(&1) != (found.contains(&2) && found.contains(&3)),
            "bit at {at}: {found:?}"
        );
        for entry in &opened.recovered {
            opened.spool.body(entry.id).await.unwrap();
        }
    }
}

#[tokio::test]
async fn churn_leaves_the_disk_bounded_and_the_living_alive() {
    let dir = tempfile::tempdir().unwrap();
    let opened = LocalSpool::open(settings(dir.path(), 64 * 1024), Box::new(|| Ok(()))).unwrap();
    let spool = opened.spool.clone();
    let stays = spool.next_id();
    spool
        .commit(vec![committed(stays, b"stays")])
        .await
        .unwrap();
    let progress = Progress {
        attempts: 7,
        ..Progress::default()
    };
    spool
        .settle(stays, Settlement::Deferred(progress.clone()))
        .await
        .unwrap();
    let mut living = vec![stays.0];
    for _ in 0..40 {
        let id = spool.next_id();
        spool
            .commit(vec![committed(id, id.to_string().as_bytes())])
            .await
            .unwrap();
        living.push(id.0);
    }
    churn(&spool, 1_000).await;
    let segments = count_segments(dir.path());
    assert!(
        segments <= 3,
        "{segments} segments of 64 KiB after 2 MB of churn"
    );
    assert_eq!(spool.body(stays).await.unwrap(), "stays");
    drop((spool, opened));
    let opened = open(dir.path());
    let mut found = ids(&opened);
    found.sort_unstable();
    assert_eq!(found, living);
    for entry in &opened.recovered {
        let body = opened.spool.body(entry.id).await.unwrap();
        if entry.id == stays {
            assert_eq!((&body[..], &entry.progress), (&b"stays"[..], &progress));
        } else {
            assert_eq!(body, entry.id.to_string());
        }
    }
    assert_eq!(opened.spool.next_id(), QueueId(1_042));
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
    let bytes = std::fs::read(&path).unwrap();
    let salt = &bytes[16..24];
    let mut at = 0;
    while bytes.get(at + 16..at + 24) == Some(salt) {
        let word = |from: usize| u32::from_le_bytes(bytes[from..from + 4].try_into().unwrap());
        at += 44 + word(at + 24) as usize + word(at + 28) as usize;
    }
    (path, at)
}

#[tokio::test]
async fn old_records_behind_the_last_one_are_not_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let living = written_over(dir.path()).await;
    let copy = dir.path().join("copy");
    let (last, end) = last_segment(&copy);
    let size = std::fs::metadata(&last).unwrap().len();
    assert!(
        end as u64 + 2_000 < size,
        "{end} of {size}: nothing is left over"
    );
    let whole = std::fs::read(&last).unwrap();
    // A commit that was torn, at every byte of it, over what stood there.
    let record = whole[end - 2_500..end].to_vec();
    let start = memchr::memmem::rfind(&record, b"AMS2\x01").unwrap();
    let torn = &record[start..];
    for len in (0..torn.len()).step_by(7) {
        let mut bytes = whole.clone();
        bytes[end..end + len].copy_from_slice(&torn[..len]);
        std::fs::write(&last, &bytes).unwrap();
        let opened = open(&copy);
        assert_eq!(ids(&opened), living, "torn after {len}");
        let report = opened.report;
        assert_eq!(report.damaged, 0, "torn after {len}");
        // From the salt on it is known whose it is, and from the checksums on how long it would have been.
        let (least, most) = match len {
            0..16 => (0, 0),
            16..40 => (0, size - end as u64),
            _ => (torn.len() as u64, torn.len() as u64),
        };
        let told = report.torn_bytes;
        assert!((least..=most).contains(&told), "{told} after {len}");
        for entry in &opened.recovered {
            opened.spool.body(entry.id).await.unwrap();
        }
    }
}

#[tokio::test]
async fn an_orderly_end_leaves_nothing_behind_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let living = written_over(dir.path()).await;
    let (last, end) = last_segment(dir.path());
    assert_eq!(std::fs::metadata(&last).unwrap().len(), end as u64);
    assert_eq!(ids(&open(dir.path())), living);
    assert!(!dir.path().join("spare").exists());
}

#[tokio::test]
async fn a_record_inside_a_message_is_none_when_what_is_around_it_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    fill(other.path()).await;
    // Good records of another log.
    let forged = std::fs::read(other.path().join("00000001.seg")).unwrap();
    let opened = open(dir.path());
    let id = opened.spool.next_id();
    let entry = committed(id, &forged);
    opened.spool.commit(vec![entry]).await.unwrap();
    drop(opened);
    let file = dir.path().join("00000001.seg");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[4_096 + 44 + 44] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert!(ids(&open(dir.path())).is_empty());
}

#[tokio::test]
async fn the_log_of_an_earlier_version_is_refused_and_stays() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("00000001.seg");
    std::fs::write(&file, b"AMS1 and more").unwrap();
    let refused = LocalSpool::open(settings(dir.path(), 1), Box::new(|| Ok(())));
    let Err(SpoolError::Unhealthy(why)) = refused else {
        panic!("it was opened");
    };
    assert!(why.contains("earlier version"), "{why}");
    assert_eq!(std::fs::read(&file).unwrap(), b"AMS1 and more");
}

#[tokio::test]
async fn a_damaged_message_is_set_aside_and_does_not_keep_the_log_from_shrinking() {
    let dir = tempfile::tempdir().unwrap();
    let opened = LocalSpool::open(settings(dir.path(), 16 * 1024), Box::new(|| Ok(()))).unwrap();
    let spool = &opened.spool;
    let (bad, good) = (spool.next_id(), spool.next_id());
    for (id, body) in [(bad, b"damaged"), (good, b"is good")] {
        spool.commit(vec![committed(id, body)]).await.unwrap();
    }
    let file = dir.path().join("00000001.seg");
    let whole = std::fs::read(&file).unwrap();
    let at = memchr::memmem::find(&whole, b"damaged").unwrap();
    std::fs::OpenOptions::new()
        .write(true)
        .open(&file)
        .unwrap()
        .write_all_at(b"DAMAGED", at as u64)
        .unwrap();
    churn(spool, 60).await;
    assert!(count_segments(dir.path()) <= 3);
    assert_eq!(spool.body(good).await.unwrap(), "is good");
    assert!(spool.body(bad).await.is_err());
    assert_eq!(spool.raw_bytes(bad).await.unwrap(), "DAMAGED");
    drop(opened);
    assert_eq!(ids(&open(dir.path())), [good.0]);
}

#[tokio::test]
async fn the_checkpoint_comes_before_a_segment_goes() {
    let dir = tempfile::tempdir().unwrap();
    let opened = LocalSpool::open(
        settings(dir.path(), 4 * 1024),
        Box::new(|| Err("state is not durable".into())),
    )
    .unwrap();
    for _ in 0..20 {
        let id = opened.spool.next_id();
        opened
            .spool
            .commit(vec![committed(id, &[b'x'; 1_000])])
            .await
            .unwrap();
        opened.spool.settle(id, Settlement::Done).await.unwrap();
    }
    assert!(count_segments(dir.path()) > 4);
}

#[tokio::test]
async fn too_little_disk_is_said_before_mail_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = settings(dir.path(), 1024);
    settings.min_free_bytes = u64::MAX;
    let opened = LocalSpool::open(settings, Box::new(|| Ok(()))).unwrap();
    assert!(matches!(opened.spool.ready(), Err(SpoolError::Full(_))));
    let id = opened.spool.next_id();
    opened
        .spool
        .commit(vec![committed(id, b"x")])
        .await
        .unwrap();
    opened.spool.settle(id, Settlement::Done).await.unwrap();
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
