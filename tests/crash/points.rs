//! The process ends at every named point, one after the other. The points are read from the sources, so that none is forgotten.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::asked;
use crate::documents;
use crate::ground::Ground;
use crate::load;
use crate::support::client::Client;
use crate::support::http;
use crate::support::process::Server;

/// SIGABRT.
const ABORTED: i32 = 6;

/// Points that are no steps: ways that a correct build does not go, numbers, the steps after damage or on a full disk, which `damaged.rs` and `full.rs`
/// go, and a commit in pieces that is given up, for which a large message must fail between two of its recipients (`src/spool/tests/power.rs`).
const NO_STEPS: [&str; 10] = [
    "spool.abandoning",
    "spool.acknowledge_early",
    "spool.keep_none",
    "spool.tear_write",
    "spool.damaged_kept",
    "queue.damage_composed",
    "queue.damage_told",
    "spool.reserve_given",
    "backup.reading",
    // Of nodes that share a database.
    "feed.held",
];

/// Every name that stands in a call of `pass` or `hit`.
pub fn points() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for call in [
                "failpoint::pass(\"",
                "failpoint::hit(\"",
                "failpoint::fails(\"",
            ] {
                for rest in text.split(call).skip(1) {
                    let name = rest.split('"').next().unwrap().to_owned();
                    assert!(
                        found.insert(name.clone()),
                        "{name} stands twice in the sources"
                    );
                }
            }
        }
    }
    found
}

/// What must be armed beside a point for the process to come by it.
fn beside(point: &str) -> &'static str {
    match point {
        "spool.write_torn" => "spool.tear_write=error:EIO",
        // Most files are kept and written over.
        "spool.segment_removed" => "spool.keep_none=error:EIO",
        _ => "",
    }
}

/// Damage and a torn commit at the end of the log, as a crash of the machine may leave them: nothing of it was acknowledged.
fn tear(ground: &Ground) {
    let mut segments: Vec<_> = fs::read_dir(ground.data("spool"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "seg"))
        .collect();
    segments.sort();
    let last = segments.last().unwrap();
    let whole = fs::read(last).unwrap();
    let mut file = fs::File::options().append(true).open(last).unwrap();
    // Rubbish before a good record, the sequence at the head of the segment, and half of that record again.
    file.write_all(b"rubbish").unwrap();
    file.write_all(&whole[..44]).unwrap();
    file.write_all(&whole[..20]).unwrap();
}

/// One message of each kind and what makes every part of the relay work: a refusal, a delay, a report, an automatic reply, many segments, a reload.
fn work(ground: &Ground, relay: &mut Server) {
    let (smtp, ledger) = (relay.smtp, &ground.ledger);
    let through = || -> std::io::Result<()> {
        let mut client = Client::connect(smtp)?;
        for _ in 0..60 {
            client.next(ledger)?;
        }
        load::large(&mut client, ledger)?;
        wait_for(|| ledger.token.lock().unwrap().is_some());
        let token = ledger.token.lock().unwrap().take();
        if let Some((_, token)) = token {
            let report = "From: MAILER-DAEMON@mx.rowery.example\r\nSubject: failure notice\r\n\r\n550 5.1.1 no such user\r\n";
            client.send("", &token, report)?;
        }
        let person = r#"{"id":"new01","login":"new01","marketplace":"allegro-pl","language":"pl","primary":"new@poczta.example","addresses":["new@poczta.example"]}"#;
        http::put(relay.admin, "/v1/participants/new01", person)?;
        // One courier more each time: a reload that changes something is noted and kept.
        let list = ground.folder.path().join("couriers.txt");
        let couriers = fs::read_to_string(&list)?;
        fs::write(
            &list,
            format!("{couriers}@more{}.example\n", couriers.len()),
        )?;
        let reloaded = || relay.log().matches("what=\"allowlist\"").count();
        let before = reloaded();
        relay.signal("HUP");
        wait_for(|| reloaded() > before);
        Ok(())
    };
    // The process may end at any moment: that is what it is armed for.
    let _ = through();
    // The process has ended, or has come to the notice of a delay, which is the last thing that happens.
    let noticed = || ledger.notices.load(Ordering::SeqCst);
    let (before, begun) = (noticed(), Instant::now());
    while !relay.has_ended() && noticed() == before && begun.elapsed() < Duration::from_secs(8) {
        std::thread::sleep(Duration::from_millis(10));
    }
    relay.signal("TERM");
}

fn wait_for(mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() && begun.elapsed() < Duration::from_secs(4) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Ends the process at `point`; false if it never came by.
fn end_at(ground: &Ground, point: &str) -> bool {
    let armed = format!("{point}=abort\n{}", beside(point));
    // First a relay that has acknowledged something before the point is armed.
    ground.arm("");
    let mut relay = ground.start();
    let mut taken = 0;
    while taken < 4 {
        // A directory that the last process was restoring may not be there yet.
        let mut client = Client::connect(relay.smtp).unwrap();
        let reply = client.next(&ground.ledger).unwrap();
        assert!(
            reply.starts_with("250") || reply.starts_with("451"),
            "{reply}"
        );
        taken += usize::from(reply.starts_with("250"));
    }
    ground.arm(&armed);
    work(ground, &mut relay);
    let status = relay.wait();
    let mut ended = status.signal() == Some(ABORTED);
    let log = relay.log();
    assert!(
        ended || status.code() == Some(0),
        "{point}: {status}\n{log}"
    );
    if !ended {
        // Else one that finds it on its way up, with a torn log and a lost directory.
        tear(ground);
        if point.starts_with("directory.") {
            fs::remove_dir_all(ground.data("directory")).unwrap();
        }
        let points = format!("file:{}", ground.folder.path().join("points").display());
        ended = match ground.try_start(&points, &[]) {
            Err(log) => {
                assert!(log.starts_with("signal: 6"), "{point}: {log}");
                true
            }
            Ok(mut relay) => {
                wait_for(|| relay.has_ended());
                relay.has_ended() && relay.wait().signal() == Some(ABORTED)
            }
        };
    }
    ground.arm("");
    ended
}

/// Grounds on which points are tried side by side: most of the time is waiting.
const GROUNDS: usize = 8;

#[test]
fn h119_points_each_end_the_process_and_lose_nothing() {
    let points: Vec<String> = points().into_iter().collect();
    let steps: Vec<String> = points
        .into_iter()
        .filter(|point| !NO_STEPS.contains(&point.as_str()) && !documents::is_point(point))
        .collect();
    assert!(steps.len() >= 40, "{}", steps.len());
    // The gate tries all, a short run every third.
    let whole = ["ALLEGROMAIL_INTEROP", "ALLEGROMAIL_POINTS"];
    let every = if whole.iter().any(|name| std::env::var(name).is_ok()) {
        1
    } else {
        3
    };
    let steps: Vec<String> = steps.into_iter().step_by(every).collect();
    let times = asked("ALLEGROMAIL_POINTS", 1);
    let run = move |share: Vec<String>| {
        let of_the_center = share.iter().any(|point| point.starts_with("center."));
        let ground = Ground::with(if of_the_center { "[center]\n" } else { "" });
        let mut unreached = Vec::new();
        for point in share
            .iter()
            .flat_map(|point| std::iter::repeat_n(point, times))
        {
            if !end_at(&ground, point) {
                unreached.push(point.clone());
            }
        }
        let relay = ground.start();
        let closing = ground.ledger.close(Duration::from_secs(20));
        relay.stop();
        (closing, unreached)
    };
    let (of_the_center, steps_of_all): (Vec<String>, Vec<String>) = steps
        .iter()
        .cloned()
        .partition(|point| point.starts_with("center."));
    let shares: Vec<_> = (0..GROUNDS)
        .map(|at| {
            steps_of_all
                .iter()
                .skip(at)
                .step_by(GROUNDS)
                .cloned()
                .collect()
        })
        .chain([of_the_center])
        .map(|share| std::thread::spawn(move || run(share)))
        .collect();
    let (mut acknowledged, mut duplicates) = (0, 0);
    for share in shares {
        let (closing, unreached) = share.join().unwrap();
        closing.assert_whole();
        assert!(unreached.is_empty(), "no work came by {unreached:?}");
        acknowledged += closing.acknowledged;
        duplicates += closing.duplicates;
    }
    println!(
        "ended at {} points {times} times: {acknowledged} acknowledged, 0 lost, {duplicates} duplicates",
        steps.len()
    );
}
