//! Bytes that have changed on the disk, and a folder in which things went wrong: what is whole stays, and a start comes about.

use super::*;
use crate::spool::request;

const SECTOR: usize = 512;

fn flip(file: &Path, at: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[at] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

/// Where the record of an entry begins, all its bytes being in `bytes`.
fn entry_at(bytes: &[u8], id: QueueId) -> usize {
    memchr::memmem::find_iter(bytes, b"AMS2\x01")
        .find(|at| bytes[at + 8..at + 16] == id.0.to_le_bytes())
        .unwrap()
}

#[tokio::test]
async fn a_segment_whose_first_sector_is_lost_is_told_from_what_stood_there_before() {
    let dir = tempfile::tempdir().unwrap();
    let living = written_over(dir.path()).await;
    let copy = dir.path().join("copy");
    let (last, _) = last_segment(&copy);
    let mut bytes = std::fs::read(&last).unwrap();
    bytes[..SECTOR].fill(0);
    std::fs::write(&last, bytes).unwrap();
    let opened = open(&copy);
    assert_eq!(ids(&opened), living);
    assert_eq!(opened.report.damaged, 1);
}

#[tokio::test]
async fn a_segment_that_lost_its_head_is_set_aside_and_nothing_in_it_is_believed() {
    let dir = tempfile::tempdir().unwrap();
    written_over(dir.path()).await;
    let copy = dir.path().join("copy");
    let (last, _) = last_segment(&copy);
    let mut bytes = std::fs::read(&last).unwrap();
    bytes[..2 * 4_096].fill(0);
    std::fs::write(&last, &bytes).unwrap();
    let opened = open(&copy);
    assert_eq!(opened.report.damaged, 1);
    assert!(ids(&opened).is_empty(), "{:?}", ids(&opened));
    let aside = copy.join("damaged").join(last.file_name().unwrap());
    let aside = std::fs::read(aside).unwrap();
    assert!(aside == bytes);
    let id = opened.spool.next_id();
    opened
        .spool
        .commit(vec![committed(id, b"goes on")])
        .await
        .unwrap();
    drop(opened);
    let opened = open(&copy);
    assert_eq!(opened.report.damaged, 0, "it was told once");
    assert_eq!(opened.spool.body(id).await.unwrap(), "goes on");
}

#[tokio::test]
async fn damage_in_one_entry_of_a_commit_costs_that_entry_only() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    let (a, b) = (opened.spool.next_id(), opened.spool.next_id());
    let both = vec![committed(a, b"one"), committed(b, b"two")];
    opened.spool.commit(both).await.unwrap();
    // An orderly end: all of the log is known to have been synced, its last commit as well.
    drop(opened);
    let file = dir.path().join("00000001.seg");
    let whole = std::fs::read(&file).unwrap();
    for (bad, good) in [(a, b), (b, a)] {
        std::fs::write(&file, &whole).unwrap();
        flip(&file, entry_at(&whole, bad) + 50);
        let opened = open(dir.path());
        assert_eq!(ids(&opened), [good.0]);
        assert_eq!(opened.report.damaged, 1);
    }
}

#[tokio::test]
async fn a_report_that_is_torn_does_not_end_what_it_reports_on() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    let id = opened.spool.next_id();
    opened
        .spool
        .commit(vec![committed(id, b"message")])
        .await
        .unwrap();
    let report = opened.spool.next_id();
    opened
        .spool
        .report(id, Settlement::Done, committed(report, b"report"))
        .await
        .unwrap();
    let file = dir.path().join("00000001.seg");
    let mut bytes = std::fs::read(&file).unwrap();
    drop(opened);
    // The report has not reached the disk, the end of the entry has.
    let at = entry_at(&bytes, report);
    bytes[at..at + 100].fill(0);
    std::fs::write(&file, &bytes).unwrap();
    let opened = open(dir.path());
    assert_eq!(ids(&opened), [id.0]);
    assert_eq!(opened.report.damaged, 0);
    assert!(opened.report.torn_bytes > 100);
}

#[tokio::test]
async fn damage_that_cannot_be_set_aside_does_not_keep_the_server_from_starting() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path()).await;
    let file = dir.path().join("00000001.seg");
    let bytes = std::fs::read(&file).unwrap();
    flip(&file, entry_at(&bytes, QueueId(1)) + 50);
    std::fs::write(dir.path().join("damaged"), b"in the way").unwrap();
    let opened = open(dir.path());
    assert_eq!(ids(&opened), [2, 3]);
    assert_eq!(opened.report.damaged, 1);
}

#[tokio::test]
async fn a_segment_that_somebody_took_away_does_not_keep_the_log_from_shrinking() {
    let dir = tempfile::tempdir().unwrap();
    let opened = LocalSpool::open(settings(dir.path(), 16 * 1024), Box::new(|| Ok(()))).unwrap();
    std::fs::remove_file(dir.path().join("00000001.seg")).unwrap();
    for _ in 0..60 {
        let id = opened.spool.next_id();
        opened
            .spool
            .commit(vec![committed(id, &[b'x'; 2_000])])
            .await
            .unwrap();
        opened.spool.settle(id, Settlement::Done).await.unwrap();
    }
    drop(opened);
    assert!(count_segments(dir.path()) <= 3);
}

#[tokio::test]
async fn an_entry_that_is_too_large_is_refused_before_it_meets_others() {
    let mut large = committed(QueueId(1), b"x");
    large.entry.about.date = "x".repeat(300 * 1024);
    assert!(matches!(request::entry(&large), Err(SpoolError::Full(_))));
}

#[tokio::test]
async fn opening_and_closing_does_not_make_the_log_longer() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path()).await;
    let bytes = std::fs::read(dir.path().join("00000001.seg")).unwrap();
    drop(open(dir.path()));
    drop(open(dir.path()));
    assert!(std::fs::read(dir.path().join("00000001.seg")).unwrap() == bytes);
}

/// Opens, commits an entry for each body, and closes in good order. The segment and its bytes.
async fn written(dir: &Path, bodies: &[&[u8]], done: &[usize]) -> (PathBuf, Vec<u8>) {
    let opened = open(dir);
    for (number, body) in bodies.iter().enumerate() {
        let id = opened.spool.next_id();
        opened
            .spool
            .commit(vec![committed(id, body)])
            .await
            .unwrap();
        if done.contains(&number) {
            opened.spool.settle(id, Settlement::Done).await.unwrap();
        }
    }
    drop(opened);
    let file = dir.join("00000001.seg");
    let bytes = std::fs::read(&file).unwrap();
    (file, bytes)
}

#[tokio::test]
async fn h174_a_bit_in_a_message_makes_it_damaged_and_its_head_is_known() {
    let dir = tempfile::tempdir().unwrap();
    let body = [b'm'; 3_000];
    let (file, whole) = written(dir.path(), &[&body, &body, &body], &[2]).await;
    for (number, ended) in [(1, false), (2, false), (3, true)] {
        std::fs::remove_dir_all(dir.path().join("damaged")).ok();
        std::fs::write(&file, &whole).unwrap();
        let at = memchr::memmem::find(&whole[entry_at(&whole, QueueId(number))..], &[b'm'; 100]);
        flip(
            &file,
            entry_at(&whole, QueueId(number)) + at.unwrap() + 1_000,
        );
        let opened = open(dir.path());
        let wanted: Vec<u64> = [1, 2].into_iter().filter(|id| *id != number).collect();
        assert_eq!(ids(&opened), wanted, "{number}");
        if ended {
            assert!(opened.damaged.is_empty(), "it concerns nobody any more");
            assert!(opened.spool.quarantine().list().unwrap().is_empty());
            continue;
        }
        let [damaged] = opened.damaged.as_slice() else {
            panic!("{:?}", opened.damaged);
        };
        assert_eq!(damaged.id, QueueId(number));
        let entry = damaged.entry.as_ref().unwrap();
        assert_eq!(entry.id, QueueId(number));
        let left = opened.spool.raw_bytes(QueueId(number)).await.unwrap();
        assert_eq!(left.len(), body.len());
        let changed = left.iter().filter(|byte| **byte != b'm').count();
        assert_eq!(changed, 1, "all but one byte is left");
        // A crash before it is ended: the next start finds it again, once.
        drop(opened);
        let opened = open(dir.path());
        assert_eq!(opened.damaged.len(), 1);
        assert_eq!(ids(&opened), wanted);
        // A crash between its end in the log and the note beside it.
        let id = QueueId(number);
        opened.spool.settle(id, Settlement::Done).await.unwrap();
        drop(opened);
        for _ in 0..2 {
            let opened = open(dir.path());
            assert!(opened.damaged.is_empty(), "it ends once");
            let listed = opened.spool.quarantine().list().unwrap();
            assert_eq!(listed.len(), 1, "and stays to be looked at");
            assert!(listed[0].ended);
            drop(opened);
        }
        let opened = open(dir.path());
        assert!(opened.spool.quarantine().forget(id).unwrap());
        assert!(opened.spool.raw_bytes(id).await.is_err());
        drop(opened);
        assert!(open(dir.path()).damaged.is_empty());
    }
}

#[tokio::test]
async fn h174_a_bit_in_the_head_leaves_the_number_wherever_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let (file, whole) = written(dir.path(), &[b"one", b"two", b"three"], &[2]).await;
    for number in [2, 3] {
        let from = entry_at(&whole, QueueId(number));
        let head = u32::from_le_bytes(whole[from + 24..from + 28].try_into().unwrap()) as usize;
        for at in (from..from + 40 + head).step_by(3) {
            std::fs::remove_dir_all(dir.path().join("damaged")).ok();
            std::fs::write(&file, &whole).unwrap();
            flip(&file, at);
            let opened = open(dir.path());
            let ours = opened.damaged.iter().filter(|d| d.id == QueueId(number));
            let all = opened.damaged.len();
            if number == 3 {
                assert_eq!(ours.count(), 0, "{at}: it has ended");
                continue;
            }
            assert_eq!(ours.count(), 1, "{at}: {:?}", opened.damaged);
            assert!(all <= 2, "{at}: {:?}", opened.damaged);
            assert_eq!(ids(&opened), [1]);
            let next = opened.spool.next_id();
            assert!(next.0 > 3, "{at}: no number comes twice");
        }
    }
}

#[tokio::test]
async fn h174_what_a_crash_tore_is_told_to_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    let body = [b'm'; 3_000];
    for _ in 0..2 {
        let id = opened.spool.next_id();
        let entry = committed(id, &body);
        opened.spool.commit(vec![entry]).await.unwrap();
    }
    // As a crash leaves it: no mark of an orderly end.
    let copy = dir.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    let bytes = std::fs::read(dir.path().join("00000001.seg")).unwrap();
    let file = copy.join("00000001.seg");
    for cut in [1, 500, 2_999] {
        let end = entry_at(&bytes, QueueId(2)) + 40 + cut;
        std::fs::write(&file, &bytes[..end]).unwrap();
        let opened = open(&copy);
        assert_eq!(ids(&opened), [1], "{cut}");
        assert!(opened.damaged.is_empty(), "{cut}: {:?}", opened.damaged);
        drop(opened);
    }
    let mut torn = bytes.clone();
    let last = entry_at(&bytes, QueueId(2));
    let body_at = last + memchr::memmem::find(&bytes[last..], &[b'm'; 100]).unwrap();
    torn[body_at + 512..body_at + 1_024].fill(0);
    std::fs::write(&file, &torn).unwrap();
    let opened = open(&copy);
    assert_eq!(ids(&opened), [1]);
    assert!(opened.damaged.is_empty(), "{:?}", opened.damaged);
}

#[tokio::test]
async fn h174_a_message_that_is_damaged_before_it_is_copied_forward_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let opened = LocalSpool::open(settings(dir.path(), 64 * 1024), Box::new(|| Ok(()))).unwrap();
    let id = opened.spool.next_id();
    let entry = committed(id, &[b'm'; 3_000]);
    opened.spool.commit(vec![entry.clone()]).await.unwrap();
    let file = dir.path().join("00000001.seg");
    let bytes = std::fs::read(&file).unwrap();
    let at = memchr::memmem::find(&bytes, &[b'm'; 100]).unwrap();
    let handle = std::fs::File::options().write(true).open(&file).unwrap();
    handle.write_all_at(b"x", at as u64 + 50).unwrap();
    churn(&opened.spool, 200).await;
    assert!(!file.exists(), "the segment was given back");
    let kept = opened.spool.quarantine().get(id).unwrap().unwrap();
    assert_eq!(kept.entry.unwrap().id, id);
    opened.spool.quarantine_message(&entry.entry).await.unwrap();
    assert_eq!(opened.spool.raw_bytes(id).await.unwrap().len(), 3_000);
    drop(opened);
    let opened = open(dir.path());
    assert_eq!(opened.damaged.len(), 1);
    assert_eq!(opened.damaged[0].id, id);
}
