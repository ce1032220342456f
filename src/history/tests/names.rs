//! Lines are found by whatever names them, with the index of names, without it, and while it is made.

use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::mail::{Reception, RemoteSession};
use crate::masking::{TokenKeys, TraceKeys};

const JAN: &str = "jan@poczta.example";
const BIURO: &str = "biuro@rowery.example";

fn keys() -> TraceKeys {
    TraceKeys::new(&TokenKeys::new(vec![vec![3; 32]]))
}

fn open_with_keys(folder: &tempfile::TempDir) -> History {
    open(folder).with_keys(keys())
}

fn reception(from: &str, at: Timestamp) -> Reception {
    Reception {
        client: IpAddr::V4(Ipv4Addr::LOCALHOST),
        protocol: "ESMTPS",
        helo: "mx.poczta.example".to_owned(),
        octets: 900,
        began: at,
        ended: Some(at),
        from: Some(from.to_owned()),
        reverse_path: format!("<{from}>"),
        message_id: format!("<a.{from}>"),
        checks: "spf=pass".to_owned(),
        findings: "spf: SPF of poczta.example passes".to_owned(),
        decided: "party".to_owned(),
        shown_as: "8awgqyk6a5+cub31c122@allegromail.pl".to_owned(),
        seller: "k2m9x0r7t3".to_owned(),
        changed: vec!["addresses masked"],
    }
}

/// An accepted message of `from`, delivered at once.
fn delivered(history: &History, number: u64, at: Timestamp, from: &str) {
    let entry = Entry {
        origin: Origin::Participant {
            participant: "8awgqyk6a5".parse().unwrap(),
            transaction: Some("cub31c122".parse().unwrap()),
        },
        came: Some(Box::new(reception(from, at))),
        ..entry(number, at)
    };
    history.note(HistoryRecord::accepted(&entry));
    let session = RemoteSession {
        host: Some("mx.rowery.example".parse().unwrap()),
        address: Some("192.0.2.7:25".parse().unwrap()),
        tls: Some("TLSv1.3"),
        ..RemoteSession::default()
    };
    let reply = format!("250 2.0.0 <{BIURO}> took it at mx.rowery.example");
    let hidden = Hidden::of_attempt(&session, &BIURO.parse().unwrap(), Some(reply));
    history.note(HistoryRecord {
        attempt: Some(Attempt::of(&session, Duration::ZERO)),
        hidden: Some(Box::new(hidden)),
        ..HistoryRecord::of(&entry, at, HistoryEvent::Delivered { attempts: 1 })
    });
}

/// A refused one of a stranger.
fn refused(history: &History, number: u64, at: Timestamp) {
    let came = reception("x@strangers.example", at);
    let event = HistoryEvent::Refused {
        reason: "sender-not-registered".to_owned(),
        status: None,
    };
    let trace = TraceId::new(number, 9);
    history.note(HistoryRecord {
        hidden: Some(Box::new(Hidden {
            said: Some("x@strangers.example is nobody's".to_owned()),
            ..Hidden::of_reception(&came)
        })),
        came: Some(Box::new(Came {
            seller: String::new(),
            ..Came::of(&came)
        })),
        ..HistoryRecord::new(at, trace, None, MASK.to_owned(), event)
    });
}

/// Whether each name leads to its lines, and another to none.
fn assert_found(history: &History, what: &str) {
    for (query, lines) in [
        (TraceQuery::new("8AWGQYK6A5"), 4),
        (TraceQuery::new("cub31c122"), 5),
        (TraceQuery::new("JAN@poczta.example"), 2),
        (TraceQuery::new(BIURO), 4),
        (TraceQuery::new("<a.jan@poczta.example>"), 2),
        (TraceQuery::new("x@strangers.example"), 1),
        (TraceQuery::new("<a.x@strangers.example>"), 1),
        (TraceQuery::new(MASK), 5),
        (TraceQuery::new("token1@allegromail.pl"), 2),
        (TraceQuery::all().of_seller("k2m9x0r7t3"), 4),
        (TraceQuery::new(JAN).of_seller("k2m9x0r7t3"), 2),
        (TraceQuery::new(JAN).of_seller("somebody"), 0),
        (TraceQuery::all().between(Some(NOW), Some(NOW)), 3),
        (TraceQuery::all().between(Some(NOW.plus(DAY)), None), 2),
        (TraceQuery::new(MASK).between(None, Some(NOW)), 3),
        (TraceQuery::new("nobody@poczta.example"), 0),
    ] {
        let found = history.search(&query).unwrap();
        assert_eq!(found.len(), lines, "{what}: {query:?}: {found:?}");
    }
}

/// Indexes until there is nothing left to do.
fn index(history: &History) {
    while history.index().unwrap() {}
}

fn three(history: &History) {
    delivered(history, 1, NOW, JAN);
    refused(history, 3, NOW);
    delivered(history, 2, NOW.plus(DAY), "ola@poczta.example");
    history.flush().unwrap();
}

#[test]
fn every_name_leads_to_its_lines_with_and_without_the_index() {
    let folder = tempfile::tempdir().unwrap();
    let history = open_with_keys(&folder);
    three(&history);
    assert_found(&history, "digests in memory");
    index(&history);
    assert_found(&history, "the first day indexed");
    drop(history);
    let history = open_with_keys(&folder);
    assert_found(&history, "the second day lost its digests");
    index(&history);
    assert_found(&history, "all indexed");
    for day in ["2026-11-23", "2026-11-24"] {
        let path = folder.path().join(format!("trace/{day}.keys"));
        assert!(path.exists(), "{day}");
        std::fs::remove_file(path).unwrap();
    }
    assert_found(&history, "the index is deleted");
    assert_found(
        &History::inspect(&folder.path().join("trace")).with_keys(keys()),
        "no server",
    );
}

#[test]
fn a_damaged_index_is_made_again_and_misses_nothing_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let history = open_with_keys(&folder);
    three(&history);
    drop(history);
    index(&open_with_keys(&folder));
    let path = folder.path().join("trace/2026-11-23.keys");
    let whole = std::fs::read(&path).unwrap();
    for damaged in [&whole[..whole.len() - 1], &whole[..20], &[0xff; 4096], &[]] {
        std::fs::write(&path, damaged).unwrap();
        let history = open_with_keys(&folder);
        assert_found(&history, "damaged");
        index(&history);
        assert_found(&history, "made again");
        assert_eq!(std::fs::read(&path).unwrap(), whole);
    }
}

#[test]
fn an_index_that_covers_lines_which_a_crash_took_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let history = open_with_keys(&folder);
    three(&history);
    drop(history);
    index(&open_with_keys(&folder));
    // The lines of the second day did not reach the disk, and others come in their place.
    let lines = folder.path().join("trace/2026-11-24.ndjson");
    std::fs::write(&lines, "").unwrap();
    let history = open_with_keys(&folder);
    delivered(&history, 2, NOW.plus(DAY), "ola@poczta.example");
    history.flush().unwrap();
    assert_found(&history, "written again");
    drop(history);
    let history = open_with_keys(&folder);
    index(&history);
    assert_found(&history, "indexed again");
}

#[test]
fn many_runs_of_a_day_become_one() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..20 {
        let history = open_with_keys(&folder);
        delivered(
            &history,
            number,
            NOW,
            &format!("writer{number}@poczta.example"),
        );
        history.flush().unwrap();
        drop(history);
        // A day that is over is merged, so this is not.
        let history = open_with_keys(&folder);
        let yesterday = Timestamp(NOW.0 - 86_400_000);
        delivered(&history, 100 + number, yesterday, JAN);
        history.flush().unwrap();
        index(&history);
    }
    let history = open_with_keys(&folder);
    for number in 0..20 {
        let query = TraceQuery::new(&format!("writer{number}@poczta.example"));
        assert_eq!(history.search(&query).unwrap().len(), 2, "{number}");
    }
    assert_eq!(history.search(&TraceQuery::new(JAN)).unwrap().len(), 40);
    index(&history);
    let path = folder.path().join("trace/2026-11-23.keys");
    let heads = std::fs::read(path).unwrap();
    let heads = heads.windows(8).filter(|octets| octets == b"amtrace1");
    assert_eq!(heads.count(), 1);
}

#[test]
fn of_many_messages_the_last_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let history = open_with_keys(&folder);
    for number in 0..700 {
        let at = Timestamp(NOW.0 + number);
        delivered(&history, number, at, JAN);
    }
    for what in ["in memory", "indexed"] {
        let found = history.search(&TraceQuery::new(JAN)).unwrap();
        assert_eq!(found.len(), 1_000, "{what}");
        assert_eq!(found.last().unwrap().at, Timestamp(NOW.0 + 699), "{what}");
        assert_eq!(found[0].at, Timestamp(NOW.0 + 200), "{what}");
        delivered(&history, 9_999, NOW.plus(DAY), "ola@poczta.example");
        index(&history);
    }
}

#[test]
fn a_time_is_found_behind_thousands_of_later_messages() {
    let folder = tempfile::tempdir().unwrap();
    let history = open_with_keys(&folder);
    for number in 0..6_000 {
        delivered(&history, number, Timestamp(NOW.0 + number), JAN);
    }
    for what in ["in memory", "indexed"] {
        let then = (Some(Timestamp(NOW.0 + 20)), Some(Timestamp(NOW.0 + 29)));
        for query in [
            TraceQuery::new(JAN),
            TraceQuery::all().of_seller("k2m9x0r7t3"),
        ] {
            let found = history.search(&query.between(then.0, then.1)).unwrap();
            assert_eq!(found.len(), 20, "{what}");
        }
        delivered(&history, 9_999, NOW.plus(DAY), "ola@poczta.example");
        index(&history);
    }
}

/// A message that waits in the queue has its end long after it came: it is found beside some hundred that ended before.
#[test]
fn what_began_before_the_time_that_is_asked_for_is_found_by_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let history = open_with_keys(&folder);
    let came = reception(JAN, NOW);
    let waiting = Entry {
        came: Some(Box::new(came)),
        ..entry(7_000, NOW)
    };
    history.note(HistoryRecord::accepted(&waiting));
    for number in 0..400 {
        delivered(&history, number, Timestamp(NOW.0 + number), JAN);
    }
    let since = Timestamp(NOW.0 + 1_000);
    let end = HistoryEvent::Delivered { attempts: 9 };
    history.note(HistoryRecord::of(&waiting, since.plus(DAY / 2), end));
    for what in ["in memory", "indexed"] {
        let of_seller = TraceQuery::all().of_seller("k2m9x0r7t3");
        let found = history
            .search(&of_seller.between(Some(since), Some(since.plus(DAY))))
            .unwrap();
        assert_eq!(found.len(), 2, "{what}");
        assert_eq!(found[0].trace, waiting.trace, "{what}");
        delivered(&history, 9_999, NOW.plus(3 * DAY), "ola@poczta.example");
        index(&history);
    }
}

#[test]
fn files_hold_no_real_address_host_or_word_and_a_line_shows_them_on_request_only() {
    let folder = tempfile::tempdir().unwrap();
    let history = open_with_keys(&folder);
    three(&history);
    history.flush().unwrap();
    index(&history);
    let found = history.search(&TraceQuery::new(MASK)).unwrap();
    let veiled = serde_json::to_string(&shown(found.clone(), false)).unwrap();
    let mut places = vec![("shown".to_owned(), veiled.clone())];
    for entry in std::fs::read_dir(folder.path().join("trace")).unwrap() {
        let path = entry.unwrap().path();
        let octets = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&octets).into_owned();
        places.push((path.display().to_string(), text));
    }
    assert!(places.len() >= 6, "lines, numbers and names of two days");
    for (place, text) in &places {
        for secret in [
            JAN,
            BIURO,
            "ola@",
            "strangers",
            "rowery",
            "192.0.2.7",
            "mx.poczta",
        ] {
            assert!(!text.contains(secret), "{place}: {secret} in {text}");
        }
    }
    let wanted = format!("250 2.0.0 <{MASK}> took it at (host)");
    assert!(veiled.contains(&wanted), "{veiled}");
    assert!(veiled.contains("(address) is nobody's"), "{veiled}");
    let revealed = serde_json::to_string(&shown(found, true)).unwrap();
    for real in [
        JAN,
        BIURO,
        "mx.rowery.example",
        "192.0.2.7",
        "x@strangers.example is nobody's",
    ] {
        assert!(revealed.contains(real), "{real}: {revealed}");
    }
}
