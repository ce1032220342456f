//! Whoever follows the log hears of every entry, done or not, and what it has not had stays there.

use std::collections::HashSet;

use super::*;

const SEGMENT: u64 = 64 * 1024;

fn open(dir: &Path, most_unread: u64) -> Opened {
    let settings = SpoolSettings {
        most_unread: Some(most_unread),
        ..settings(dir, SEGMENT)
    };
    LocalSpool::open(settings, Box::new(|| Ok(()))).unwrap()
}

fn segments(dir: &Path) -> usize {
    let names = std::fs::read_dir(dir).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".seg")).count()
}

/// Everything that is unread, with bodies.
async fn read(reader: &LogReader) -> Vec<(u64, Vec<u8>)> {
    let read = reader.read(usize::MAX, &HashSet::new()).await.unwrap();
    let read = read.into_iter();
    read.map(|read| (read.id.0, read.read.unwrap().1.to_vec()))
        .collect()
}

#[tokio::test]
async fn done_entries_stay_until_they_were_read_also_across_a_restart() {
    let dir = scratch();
    let opened = open(dir.path(), u64::MAX);
    churn(&opened.spool, 200).await;
    let held = segments(dir.path());
    assert!(held > 4, "{held} segments");
    opened.spool.close();
    drop(opened);
    let opened = open(dir.path(), u64::MAX);
    assert!(opened.recovered.is_empty());
    let reader = opened.spool.reader();
    let all = read(&reader).await;
    assert_eq!(all.len(), 200);
    assert!(all.iter().all(|(_, body)| body == &[b'x'; 2_000]));
    assert!(all.is_sorted());
    let first = reader.read(3, &HashSet::new()).await.unwrap();
    let but: HashSet<QueueId> = first.iter().map(|read| read.id).collect();
    let next = reader.read(1, &but).await.unwrap();
    assert_eq!(next[0].id.0, all[3].0, "those that are left out are passed");
    reader.mark_read(reader.unread());
    assert_eq!(reader.unread_bytes(), 0);
    // With the next batches the segments go.
    churn(&opened.spool, 40).await;
    reader.mark_read(reader.unread());
    churn(&opened.spool, 1).await;
    assert!(segments(dir.path()) < 4, "{}", segments(dir.path()));
}

#[tokio::test]
async fn one_that_was_copied_forward_is_unread_once() {
    let dir = scratch();
    let opened = open(dir.path(), u64::MAX);
    let reader = opened.spool.reader();
    let (unread, had) = (opened.spool.next_id(), opened.spool.next_id());
    for id in [unread, had] {
        let entry = committed(id, b"stays");
        opened.spool.commit(vec![entry]).await.unwrap();
    }
    reader.mark_read([had]);
    // What comes and goes is read at once, so that segments may go but for the one that waits.
    for _ in 0..200 {
        let id = opened.spool.next_id();
        let entry = committed(id, &[b'x'; 2_000]);
        opened.spool.commit(vec![entry]).await.unwrap();
        reader.mark_read([id]);
        opened.spool.settle(id, Settlement::Done).await.unwrap();
    }
    assert!(
        segments(dir.path()) > 4,
        "an unread entry holds its segment"
    );
    assert_eq!(read(&reader).await, [(unread.0, b"stays".to_vec())]);
    reader.mark_read([unread]);
    churn(&opened.spool, 1).await;
    assert!(segments(dir.path()) < 4, "{}", segments(dir.path()));
    let left: Vec<u64> = reader.unread().iter().map(|id| id.0).collect();
    assert!(
        !left.contains(&unread.0) && !left.contains(&had.0),
        "{left:?}"
    );
}

#[tokio::test]
async fn a_reader_too_far_behind_stops_the_mail() {
    let dir = scratch();
    let opened = open(dir.path(), 50_000);
    assert!(opened.spool.ready().is_ok());
    churn(&opened.spool, 30).await;
    let refused = opened.spool.ready().unwrap_err();
    assert!(matches!(refused, SpoolError::Full(_)), "{refused}");
    let reader = opened.spool.reader();
    reader.mark_read(reader.unread());
    assert!(opened.spool.ready().is_ok());
}

#[tokio::test]
async fn pieces_count_once_their_commit_is_finished() {
    let dir = scratch();
    let opened = open(dir.path(), u64::MAX);
    let (spool, reader) = (&opened.spool, opened.spool.reader());
    let (number, piece, last) = (spool.next_id(), spool.next_id(), spool.next_id());
    let first = committed(piece, b"one");
    let written = first.entry.clone();
    spool.write_part(number, vec![first]).await.unwrap();
    assert!(reader.unread().is_empty());
    let last = committed(last, b"two");
    spool
        .finish(number, vec![written], vec![last])
        .await
        .unwrap();
    assert_eq!(read(&reader).await.len(), 2);
    let (given_up, piece) = (spool.next_id(), spool.next_id());
    spool
        .write_part(given_up, vec![committed(piece, b"no")])
        .await
        .unwrap();
    spool.abandon(given_up);
    churn(spool, 1).await;
    assert!(!reader.is_unread(piece));
}

#[tokio::test]
async fn where_nobody_reads_nothing_is_kept() {
    let dir = scratch();
    let opened = super::open(dir.path());
    churn(&opened.spool, 3).await;
    assert!(opened.spool.reader().unread().is_empty());
}
