//! How long a start takes with many messages queued, and what they cost in memory.
//!
//! `ALLEGROMAIL_QUEUED=100000 cargo test --release --test crash recovery -- --nocapture` is the measurement.

use std::time::{Duration, Instant};

use allegromail::mail::{ReversePath, Timestamp, TraceId};
use allegromail::spool::{
    Entry, LocalSpool, MessageSummary, NewEntry, Origin, Progress, Spool, SpoolSettings,
    StateUpdates, Target,
};

use crate::asked;
use crate::ground::Ground;
use crate::support::http;

/// Octets of each message.
const SIZE: usize = 3_000;

/// A figure of `/proc/PID/status` or `smaps_rollup`, in MiB.
fn mebibytes(pid: u32, file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}

fn entry(spool: &LocalSpool, number: usize) -> NewEntry {
    let pair = number % 50;
    let id = spool.next_id();
    // Not due before the end of the test.
    let progress = Progress {
        attempts: 1,
        next_attempt: Timestamp(1_795_392_000_000 + 86_400_000 * 3_000),
        held: true,
        ..Progress::default()
    };
    let entry = Entry {
        id,
        trace: TraceId::new(id.0, 1),
        arrived: Timestamp(1_795_392_000_000),
        target: Target::Participant {
            participant: format!("se{pair:05}").parse().unwrap(),
            transaction: Some(format!("tse{pair:05}").parse().unwrap()),
        },
        origin: Origin::Participant {
            participant: format!("bu{pair:05}").parse().unwrap(),
            transaction: Some(format!("tse{pair:05}").parse().unwrap()),
        },
        reverse_path: ReversePath::Mailbox(
            "b-sr0n2b800000000000h4a11aadghj8c9552g@allegromail.pl"
                .parse()
                .unwrap(),
        ),
        smtputf8: false,
        eight_bit: false,
        about: MessageSummary {
            recipient: format!("se{pair:05}+tse{pair:05}@allegromail.pl"),
            subject: format!("Pytanie o zamówienie numer {number}"),
            date: "Mon, 23 Nov 2026 10:00:00 +0100".to_owned(),
            message_id: format!("<{number}.abcdefgh@poczta.example>"),
            ..MessageSummary::default()
        },
        sent_as: format!("m-0123456789abcdefghijklmnopqrstuvwxyz{number}@allegromail.pl"),
        memory: StateUpdates::default(),
        held: None,
        came: None,
        progress,
    };
    NewEntry {
        entry,
        body: vec![b'x'; SIZE].into(),
    }
}

#[test]
fn a_long_queue_is_recovered_whole() {
    let queued = asked("ALLEGROMAIL_QUEUED", 2_000);
    let ground = Ground::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let settings = SpoolSettings {
        most_unread: None,
        dir: ground.data("spool"),
        segment_bytes: 64 * 1024 * 1024,
        min_free_bytes: 0,
        min_free_inodes: 0,
        first_id: 1,
        flow: std::sync::Arc::default(),
    };
    let opened = LocalSpool::open(settings, Box::new(|| Ok(()))).unwrap();
    for from in (0..queued).step_by(100) {
        let batch = (from..(from + 100).min(queued)).map(|number| entry(&opened.spool, number));
        runtime
            .block_on(opened.spool.commit(batch.collect()))
            .unwrap();
    }
    drop(opened);
    for round in 0..2 {
        let begun = Instant::now();
        let relay = ground.start_armed("");
        let took = begun.elapsed();
        // The admin interface answers, too.
        assert!(http::get(relay.admin, "/readyz").contains(" 200 "));
        let (now, peak) = (
            mebibytes(relay.pid(), "smaps_rollup", "Pss:"),
            mebibytes(relay.pid(), "status", "VmHWM:"),
        );
        let ticks = crate::ground::cpu_ticks(relay.pid());
        std::thread::sleep(Duration::from_secs(if queued > 10_000 { 10 } else { 1 }));
        let spent = crate::ground::cpu_ticks(relay.pid()) - ticks;
        println!(
            "start {round} with {queued} queued: mail is taken after {took:.2?}; {now} MiB, peak {peak} MiB, {} MiB and {spent} ticks of CPU later",
            mebibytes(relay.pid(), "smaps_rollup", "Pss:")
        );
        relay.stop();
    }
    let listed = ground.command(&["queue", "list", "--json"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), queued);
}
