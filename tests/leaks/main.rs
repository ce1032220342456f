//! No address of the writer leaves, however it was written: generated messages go through the rewriter, and an oracle that shares no code with
//! it, Python's email package, decodes what comes out and looks for them.
//!
//! `ALLEGROMAIL_LEAK_MESSAGES=100000 cargo test --release --test leaks -- --nocapture` is the long run; without the variable it is a short one.
//! `ALLEGROMAIL_LEAK_SEED=17` has other messages generated.

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
mod guesses;
mod honest;
mod kept;
mod near;
mod reports;
mod text;
mod writers;

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use allegromail::mail::{Domain, Mailbox, Timestamp, TraceId};
use allegromail::masking::{
    MaskedDomain, MaskedDomains, MessageIdKeys, Pair, ParticipantId, TokenKeys,
};
use allegromail::message::Message;
use allegromail::rewrite::{self, Attachments, Events, Needles, Options, ParticipantPlan, Trace};

use generate::{Generator, Random};

/// Who writes: the addresses that must not show, and the mask that shows.
struct Side {
    addresses: &'static [&'static str],
    /// Domains that must not show in prose either: a buyer's.
    hidden: &'static [&'static str],
    mask: &'static str,
    other: &'static str,
}

const SIDES: [Side; 3] = [
    Side {
        addresses: &["jan.kowalski@poczta.example"],
        hidden: &["poczta.example"],
        mask: "8awgqyk6a5+cub31c122@allegromail.pl",
        other: "k2m9x0r7t3+cub31c122@allegromail.pl",
    },
    Side {
        addresses: &["biuro@rowery.example", "sprzedaz+allegro@rowery-24.example"],
        hidden: &[],
        mask: "k2m9x0r7t3+cub31c122@allegromail.pl",
        other: "8awgqyk6a5+cub31c122@allegromail.pl",
    },
    // Letters that no ASCII has: the domain has two forms, and a charset of one octet writes it in its own way.
    Side {
        addresses: &["jan@xn--zwiadowc-p8a.example"],
        hidden: &["xn--zwiadowc-p8a.example"],
        mask: "8awgqyk6a5+cub31c122@allegromail.pl",
        other: "k2m9x0r7t3+cub31c122@allegromail.pl",
    },
];

fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap()
}

fn domain(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

/// What a message of one side is rewritten with.
struct Rules {
    addresses: Vec<Mailbox>,
    hidden: Vec<Domain>,
    domains: MaskedDomains,
    keys: MessageIdKeys,
    ids: [ParticipantId; 2],
    /// None where what other programs wrote is compared with what comes of it: pictures stay as they were.
    attachments: Option<Attachments>,
}

impl Rules {
    fn new(side: &Side) -> Self {
        let id = |mask: &str| ParticipantId::parse(&mask[..10]).unwrap();
        Self {
            addresses: side.addresses.iter().map(|text| mailbox(text)).collect(),
            hidden: side.hidden.iter().map(|text| domain(text)).collect(),
            domains: MaskedDomains::new(vec![MaskedDomain {
                name: domain("allegromail.pl"),
                marketplaces: vec!["allegro-pl".into()],
                aliases: Vec::new(),
            }]),
            keys: MessageIdKeys::new(&TokenKeys::new(vec![vec![7; 32]])),
            ids: [id(side.mask), id(side.other)],
            attachments: None,
        }
    }

    fn needles(&self) -> Needles<'_> {
        Needles {
            addresses: &self.addresses,
            domains: &self.hidden,
        }
    }

    fn plan(&self, side: &Side, message_id: String) -> ParticipantPlan<'_> {
        ParticipantPlan {
            from: mailbox(side.mask),
            from_name: Some("login".to_owned()),
            writer_addresses: &self.addresses,
            to: mailbox(side.other),
            threading: rewrite::Threading {
                message_id,
                ..rewrite::Threading::default()
            },
            domains: &self.domains,
            trace: Trace {
                host: domain("mx.allegromail.pl"),
                id: TraceId::new(7, 1),
                at: Timestamp(1_795_392_000_000),
            },
            options: Options {
                attachments: self.attachments,
                language: "pl",
                hidden_domains: &self.hidden,
                events: Some(Events {
                    keys: &self.keys,
                    pair: Pair {
                        writer: &self.ids[0],
                        reader: &self.ids[1],
                    },
                }),
                signature_note: None,
                documents_held: false,
                null_sender: false,
            },
        }
    }

    fn rewrite(
        &self,
        side: &Side,
        letter: &Message,
        message_id: String,
    ) -> Result<Vec<u8>, String> {
        let plan = self.plan(side, message_id);
        rewrite::participant(letter, &plan).map_err(|error| error.to_string())
    }
}

/// Sends one message of `side` through the rewriter and the gate: what leaves, or why nothing does.
fn pass(side: &Side, raw: Vec<u8>) -> Result<Vec<u8>, String> {
    let rules = Rules::new(side);
    let letter = Message::parse(raw.into()).map_err(|error| error.to_string())?;
    let out = rules.rewrite(side, &letter, "token@allegromail.pl".to_owned())?;
    rewrite::check(&out, rules.needles()).map_err(|leak| format!("the gate: {leak}"))?;
    Ok(out)
}

/// A number from the environment.
fn number(name: &str, otherwise: u64) -> u64 {
    let given = std::env::var(name).ok();
    given
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

/// An address with its domain as people write it.
fn unicode(address: &str) -> String {
    let (local, domain) = address.split_once('@').unwrap();
    format!("{local}@{}", idna::domain_to_unicode(domain).0)
}

/// The system's own Python, where there is one: it has the parsers that its packages bring.
fn python() -> &'static str {
    const SYSTEMS: &str = "/usr/bin/python3";
    if std::path::Path::new(SYSTEMS).exists() {
        SYSTEMS
    } else {
        "python3"
    }
}

/// One oracle of its own for each side, so that all cores work.
fn oracle(side: &Side, others: &[&str]) -> Option<Child> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/leaks/oracle.py");
    let child = Command::new(python())
        .arg(script)
        .args(side.addresses)
        .arg("--")
        .args(side.hidden)
        .arg("--")
        .args(others)
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

/// Whether a message has one octet of a line end without the other, which no server has to take (RFC 5321 2.3.8).
fn lone_line_ends(message: &[u8]) -> bool {
    let whole = memchr::memmem::find_iter(message, b"\r\n").count();
    memchr::memchr2_iter(b'\r', b'\n', message).count() != 2 * whole
}

fn run(side: &Side, others: &[&str], seed: u64, count: u64, mut oracle: Child) -> Tally {
    let rules = Rules {
        attachments: Some(Attachments {
            refuse: false,
            keep_copyright: true,
        }),
        ..Rules::new(side)
    };
    let shown: Vec<String> = side
        .addresses
        .iter()
        .map(|address| unicode(address))
        .collect();
    let random = Random::new(seed);
    let mut generator = Generator::new(random, &shown, (side.hidden, others), side.other);
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
        let Ok(out) = rules.rewrite(side, &message, format!("{number}.1@allegromail.pl")) else {
            tally.refused += 1;
            continue;
        };
        assert!(
            lone_line_ends(&raw) || !lone_line_ends(&out),
            "{recipe}: half a line end is left in {}",
            String::from_utf8_lossy(&out)
        );
        let stopped = rewrite::check(&out, rules.needles()).err();
        if let Some(leak) = &stopped {
            tally.gate += 1;
            if tally.gate <= 3 {
                println!("the gate stopped {recipe}: {leak}");
                if std::env::var_os("ALLEGROMAIL_LEAK_SHOW").is_some() {
                    println!("{}", String::from_utf8_lossy(&out));
                }
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
    let share = number("ALLEGROMAIL_LEAK_MESSAGES", 600) / SIDES.len() as u64;
    let first = number("ALLEGROMAIL_LEAK_SEED", 1);
    let tallies: Vec<Option<Tally>> = std::thread::scope(|scope| {
        let threads: Vec<_> = SIDES
            .iter()
            .zip(near::NAMES)
            .enumerate()
            .map(|(seed, (side, others))| {
                scope.spawn(move || {
                    let oracle = oracle(side, others)?;
                    Some(run(side, others, seed as u64 + first, share, oracle))
                })
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
    println!(
        "{:?} for {} messages",
        begun.elapsed(),
        share * SIDES.len() as u64
    );
    assert!(good, "an address leaked, or the gate had to stop one");
}
