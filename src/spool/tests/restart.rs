//! What a start finds.

use super::*;

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
