//! Octets that have changed on the disk, and a folder in which things went wrong: what is whole stays, and a start comes about.

use super::*;
use crate::spool::request;

const SECTOR: usize = 512;

fn flip(file: &Path, at: usize) {
    let mut octets = std::fs::read(file).unwrap();
    octets[at] ^= 1;
    std::fs::write(file, octets).unwrap();
}

/// Where the record of an entry begins, all its octets being in `octets`.
fn entry_at(octets: &[u8], id: QueueId) -> usize {
    memchr::memmem::find_iter(octets, b"AMS2\x01")
        .find(|at| octets[at + 8..at + 16] == id.0.to_le_bytes())
        .unwrap()
}

#[tokio::test]
async fn a_segment_whose_first_sector_is_lost_is_told_from_what_stood_there_before() {
    let dir = tempfile::tempdir().unwrap();
    let living = written_over(dir.path()).await;
    let copy = dir.path().join("copy");
    let (last, _) = last_segment(&copy);
    let mut octets = std::fs::read(&last).unwrap();
    octets[..SECTOR].fill(0);
    std::fs::write(&last, octets).unwrap();
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
    let mut octets = std::fs::read(&last).unwrap();
    octets[..2 * 4_096].fill(0);
    std::fs::write(&last, &octets).unwrap();
    let opened = open(&copy);
    assert_eq!(opened.report.damaged, 1);
    assert!(ids(&opened).is_empty(), "{:?}", ids(&opened));
    let aside = copy.join("damaged").join(last.file_name().unwrap());
    let aside = std::fs::read(aside).unwrap();
    assert!(aside == octets);
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
    let mut octets = std::fs::read(&file).unwrap();
    drop(opened);
    // The report has not reached the disk, the end of the entry has.
    let at = entry_at(&octets, report);
    octets[at..at + 100].fill(0);
    std::fs::write(&file, &octets).unwrap();
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
    let octets = std::fs::read(&file).unwrap();
    flip(&file, entry_at(&octets, QueueId(1)) + 50);
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
    let octets = std::fs::read(dir.path().join("00000001.seg")).unwrap();
    drop(open(dir.path()));
    drop(open(dir.path()));
    assert!(std::fs::read(dir.path().join("00000001.seg")).unwrap() == octets);
}
