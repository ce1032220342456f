//! No address of the writer leaves, however it was written: generated messages go through the rewriter, and an oracle that shares no code with
//! it, Python's email package, decodes what comes out and looks for them.
//!
//! `ALLEGROMAIL_LEAK_MESSAGES=100000 cargo test --release --test leaks -- --nocapture` is the long run; without the variable it is a short one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::cast_possible_truncation,
    clippy::too_many_lines,
    reason = "a test fails by panicking, and its tables are long"
)]

mod generate;
mod golden;
mod honest;
mod text;

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use allegromail::mail::{Domain, Mailbox, Timestamp, TraceId};
use allegromail::masking::{MaskedDomain, MaskedDomains};
use allegromail::message::Message;
use allegromail::rewrite::{self, ParticipantPlan, Trace};

use generate::{Generator, Random};

/// Who writes: the addresses that must not show, and the mask that shows.
struct Side {
    addresses: &'static [&'static str],
    mask: &'static str,
    other: &'static str,
}

const SIDES: [Side; 2] = [
    Side {
        addresses: &["jan.kowalski@poczta.example"],
        mask: "8awgqyk6a5+cub31c122@allegromail.pl",
        other: "k2m9x0r7t3+cub31c122@allegromail.pl",
    },
    Side {
        addresses: &["biuro@rowery.example", "sprzedaz+allegro@rowery-24.example"],
        mask: "k2m9x0r7t3+cub31c122@allegromail.pl",
        other: "8awgqyk6a5+cub31c122@allegromail.pl",
    },
];

/// Sends one message of `side` through the rewriter and the gate: what leaves, or why nothing does.
fn pass(side: &Side, raw: Vec<u8>) -> Result<Vec<u8>, String> {
    let domains = MaskedDomains::new(vec![MaskedDomain {
        name: Domain::parse("allegromail.pl").unwrap(),
        marketplaces: vec!["allegro-pl".into()],
        aliases: Vec::new(),
    }]);
    let mailbox = |text: &str| Mailbox::parse(text).unwrap();
    let addresses: Vec<Mailbox> = side.addresses.iter().map(|text| mailbox(text)).collect();
    let letter = Message::parse(raw.into()).map_err(|error| error.to_string())?;
    let plan = ParticipantPlan {
        from: mailbox(side.mask),
        from_name: Some("login".to_owned()),
        writer_addresses: &addresses,
        to: mailbox(side.other),
        threading: rewrite::Threading {
            message_id: "token@allegromail.pl".to_owned(),
            ..rewrite::Threading::default()
        },
        domains: &domains,
        trace: Trace {
            host: Domain::parse("mx.allegromail.pl").unwrap(),
            id: TraceId::new(7, 1),
            at: Timestamp(1_795_392_000_000),
        },
    };
    let out = rewrite::participant(&letter, &plan).map_err(|error| error.to_string())?;
    rewrite::check(&out, &addresses).map_err(|leak| format!("the gate: {leak}"))?;
    Ok(out)
}

fn messages() -> u64 {
    std::env::var("ALLEGROMAIL_LEAK_MESSAGES")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(2_000)
}

/// One oracle of its own for each side, so that both cores work.
fn oracle(side: &Side) -> Option<Child> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/leaks/oracle.py");
    let child = Command::new("python3")
        .arg(script)
        .args(side.addresses)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    if child.is_err() && std::env::var("ALLEGROMAIL_INTEROP").is_ok_and(|value| value == "require")
    {
        panic!("python3 is missing, and ALLEGROMAIL_INTEROP=require");
    }
    child.ok()
}

struct Tally {
    sent: u64,
    refused: u64,
    gate: u64,
    verdict: String,
    leaks: bool,
}

fn run(side: &Side, seed: u64, count: u64, mut oracle: Child) -> Tally {
    let domains = MaskedDomains::new(vec![MaskedDomain {
        name: Domain::parse("allegromail.pl").unwrap(),
        marketplaces: vec!["allegro-pl".into()],
        aliases: Vec::new(),
    }]);
    let mailbox = |text: &str| Mailbox::parse(text).unwrap();
    let addresses: Vec<Mailbox> = side.addresses.iter().map(|text| mailbox(text)).collect();
    let mut generator = Generator::new(Random::new(seed), side.addresses, side.other);
    let mut input = oracle.stdin.take().unwrap();
    let mut tally = Tally {
        sent: 0,
        refused: 0,
        gate: 0,
        verdict: String::new(),
        leaks: false,
    };
    for number in 0..count {
        let (recipe, raw) = generator.message();
        let message =
            Message::parse(raw.clone().into()).unwrap_or_else(|error| panic!("{recipe}: {error}"));
        let plan = ParticipantPlan {
            from: mailbox(side.mask),
            from_name: Some("login".to_owned()),
            writer_addresses: &addresses,
            to: mailbox(side.other),
            threading: rewrite::Threading {
                message_id: format!("{number}.1@allegromail.pl"),
                ..rewrite::Threading::default()
            },
            domains: &domains,
            trace: Trace {
                host: Domain::parse("mx.allegromail.pl").unwrap(),
                id: TraceId::new(7, 1),
                at: Timestamp(1_795_392_000_000),
            },
        };
        let Ok(out) = rewrite::participant(&message, &plan) else {
            tally.refused += 1;
            continue;
        };
        let stopped = rewrite::check(&out, &addresses).err();
        if let Some(leak) = &stopped {
            tally.gate += 1;
            if tally.gate <= 3 {
                println!("the gate stopped {recipe}: {leak}");
            }
        }
        let gate = if stopped.is_some() {
            "stopped"
        } else {
            "passed"
        };
        let frame = format!("{number} {} {gate} {recipe}\n", out.len());
        input.write_all(frame.as_bytes()).unwrap();
        input.write_all(&out).unwrap();
        tally.sent += 1;
    }
    drop(input);
    let output = oracle.wait_with_output().unwrap();
    tally.verdict = String::from_utf8_lossy(&output.stdout).into_owned();
    tally.leaks = !output.status.success();
    tally
}

#[test]
fn no_address_of_the_writer_leaves() {
    let begun = Instant::now();
    let share = messages() / 2;
    let tallies: Vec<Option<Tally>> = std::thread::scope(|scope| {
        let threads: Vec<_> = SIDES
            .iter()
            .enumerate()
            .map(|(seed, side)| {
                scope.spawn(move || Some(run(side, seed as u64 + 1, share, oracle(side)?)))
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let mut good = true;
    for tally in tallies {
        let Some(tally) = tally else {
            println!("SKIPPED: python3 is missing, so no oracle looked at the messages");
            return;
        };
        println!(
            "{} messages, {} refused, {} stopped by the gate; the oracle says: {}",
            tally.sent,
            tally.refused,
            tally.gate,
            tally.verdict.trim_end()
        );
        good &= !tally.leaks && tally.gate == 0 && tally.sent > tally.refused;
    }
    println!("{:?} for {} messages", begun.elapsed(), share * 2);
    assert!(good, "an address leaked, or the gate had to stop one");
}
