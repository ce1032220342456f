//! Lines are found again by number and by name, after a crash too.

use std::time::Duration;

use super::*;
use crate::mail::{QueueId, ReversePath, Timestamp, TraceId};
use crate::spool::{Entry, MessageSummary, Origin, Progress, StateUpdates, Target};

const NOW: Timestamp = Timestamp(1_795_392_000_000);
const DAY: Duration = Duration::from_secs(86_400);
const MASK: &str = "k2m9x0r7t3+cub31c122@allegromail.pl";

fn entry(number: u64, arrived: Timestamp) -> Entry {
    Entry {
        id: QueueId(number),
        trace: TraceId::new(number, 1),
        arrived,
        target: Target::Participant {
            participant: "k2m9x0r7t3".parse().unwrap(),
            transaction: None,
        },
        origin: Origin::Nobody,
        reverse_path: ReversePath::Null,
        smtputf8: false,
        eight_bit: false,
        about: MessageSummary {
            recipient: MASK.to_owned(),
            message_id: format!("<{number}@poczta.example>"),
            ..MessageSummary::default()
        },
        sent_as: format!("token{number}@allegromail.pl"),
        memory: StateUpdates::default(),
        held: None,
        came: None,
        progress: Progress::default(),
    }
}

fn open(folder: &tempfile::TempDir) -> History {
    History::open(&folder.path().join("trace"), DAY * 19).unwrap()
}

fn day(at: Timestamp) -> u16 {
    u16::try_from(at.0 / 86_400_000).unwrap()
}

#[test]
fn a_message_is_found_by_its_number_until_it_expires() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(&folder);
    let tomorrow = NOW.plus(DAY);
    for (number, at) in [(1, NOW), (2, NOW), (3, tomorrow)] {
        history.note(HistoryRecord::accepted(&entry(number, at)));
    }
    for (number, minted) in [(1, NOW), (2, NOW), (3, NOW), (3, tomorrow)] {
        let (line, accepted) = history
            .find(QueueId(number), day(minted))
            .unwrap()
            .expect("a token of before midnight finds a message of after it");
        assert_eq!(line.to, MASK);
        assert_eq!(
            accepted.about.message_id,
            format!("<{number}@poczta.example>")
        );
    }
    assert_eq!(history.find(QueueId(9), day(NOW)).unwrap(), None);
    history.expire(NOW.plus(DAY * 20)).unwrap();
    assert_eq!(history.find(QueueId(1), day(NOW)).unwrap(), None);
    assert!(history.find(QueueId(3), day(tomorrow)).unwrap().is_some());
}

#[test]
fn a_life_is_found_by_whatever_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(&folder);
    for number in 1..=3 {
        let entry = entry(number, NOW);
        history.note(HistoryRecord::accepted(&entry));
        history.note(HistoryRecord::of(
            &entry,
            NOW,
            HistoryEvent::Delivered { attempts: 1 },
        ));
    }
    for query in [
        TraceId::new(2, 1).to_string(),
        QueueId(2).to_string(),
        "<2@POCZTA.example>".to_owned(),
        "token2@allegromail.pl".to_owned(),
    ] {
        let life = history.search(&TraceQuery::new(&query)).unwrap();
        let events: Vec<_> = life.iter().map(|line| (line.id, &line.event)).collect();
        assert_eq!(events.len(), 2, "{query}: {events:?}");
        assert!(events.iter().all(|(id, _)| *id == Some(QueueId(2))));
        assert!(matches!(
            events[1].1,
            HistoryEvent::Delivered { attempts: 1 }
        ));
    }
    assert_eq!(history.search(&TraceQuery::new(MASK)).unwrap().len(), 6);
    assert!(
        history
            .search(&TraceQuery::new("nobody"))
            .unwrap()
            .is_empty()
    );
}

#[test]
fn what_a_crash_took_is_written_again_from_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(&folder);
    let entries: Vec<Entry> = (1..=5).map(|number| entry(number, NOW)).collect();
    for entry in &entries[..3] {
        history.note(HistoryRecord::accepted(entry));
    }
    history.sync().unwrap();
    drop(history);
    // The crash tore the last line and the last record of the index.
    let path = |kind: &str| folder.path().join(format!("trace/2026-11-23.{kind}"));
    for kind in ["ndjson", "index"] {
        let bytes = std::fs::read(path(kind)).unwrap();
        std::fs::write(path(kind), &bytes[..bytes.len() - 5]).unwrap();
    }
    let history = open(&folder);
    assert_eq!(history.replay(entries.iter()).unwrap(), 3);
    assert_eq!(history.replay(entries.iter()).unwrap(), 0);
    for number in 1..=5 {
        assert!(
            history.find(QueueId(number), day(NOW)).unwrap().is_some(),
            "{number}"
        );
    }
}

#[test]
fn lines_that_could_not_be_written_keep_the_log_until_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let history = open(&folder);
    history.note(HistoryRecord::accepted(&entry(1, NOW)));
    history.sync().unwrap();
    // The next day's file cannot be made.
    std::fs::create_dir(folder.path().join("trace/2026-11-24.ndjson")).unwrap();
    let tomorrow = entry(2, NOW.plus(DAY));
    history.note(HistoryRecord::accepted(&tomorrow));
    assert!(history.sync().is_err(), "the spool must keep its log");
    std::fs::remove_dir(folder.path().join("trace/2026-11-24.ndjson")).unwrap();
    history.note(HistoryRecord::accepted(&entry(3, NOW.plus(DAY))));
    assert!(history.sync().is_err(), "what was lost is still lost");
    assert!(
        history
            .find(QueueId(3), day(NOW.plus(DAY)))
            .unwrap()
            .is_some()
    );
    drop(history);
    let history = open(&folder);
    assert_eq!(history.replay([&tomorrow].into_iter()).unwrap(), 1);
    history.sync().unwrap();
    assert!(
        history
            .find(QueueId(2), day(NOW.plus(DAY)))
            .unwrap()
            .is_some()
    );
}

/// Bytes that this thread has read so far.
fn octets_read() -> u64 {
    let told = std::fs::read_to_string("/proc/thread-self/io").unwrap();
    let line = told.lines().find_map(|line| line.strip_prefix("rchar: "));
    line.unwrap().parse().unwrap()
}

#[test]
fn h162_a_look_up_reads_a_piece_of_a_day() {
    const MANY: u64 = 200_000;
    let folder = tempfile::tempdir().unwrap();
    let history = open(&folder);
    history.note(HistoryRecord::accepted(&entry(7, NOW)));
    history.note(HistoryRecord::accepted(&entry(MANY + 9, NOW)));
    history.sync().unwrap();
    drop(history);
    // As a version before left it: numbers rise, but for those that overtook others, and for what a start after a crash added at the end.
    let index = folder.path().join("trace/2026-11-23.index");
    let written = std::fs::read(&index).unwrap();
    let (first, last) = written.split_at(16);
    let mut bytes = first.to_vec();
    for number in 0..MANY {
        let number = 8 + (number ^ 3);
        bytes.extend_from_slice(&number.to_le_bytes());
        bytes.extend_from_slice(&0_u64.to_le_bytes());
    }
    bytes.extend_from_slice(last);
    bytes.extend_from_slice(&3_u64.to_le_bytes());
    bytes.extend_from_slice(first.split_at(8).1);
    std::fs::write(&index, bytes).unwrap();
    let history = open(&folder);
    let find = |number| history.find(QueueId(number), day(NOW)).unwrap();
    assert!(find(7).is_some());
    let before = octets_read();
    for _ in 0..10 {
        assert!(find(7).is_some_and(|(line, _)| line.id == Some(QueueId(7))));
        assert!(find(MANY + 9).is_some_and(|(line, _)| line.id == Some(QueueId(MANY + 9))));
        assert!(find(3).is_some(), "what was added late is found");
        assert_eq!(find(MANY * 2), None);
    }
    let each = (octets_read() - before) / 40;
    assert!(each < 256 * 1024, "{each} bytes for one number");
    // What is written meanwhile is found as well, on the same terms.
    history.note(HistoryRecord::accepted(&entry(MANY + 50, NOW)));
    let before = octets_read();
    assert!(find(MANY + 50).is_some());
    assert!(octets_read() - before < 512 * 1024);
}

mod names;
