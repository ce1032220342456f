//! The fuzz targets as tests: what the corpus holds, and a little mutated input, in debug mode.
//!
//! `tests/fuzz/run all` has libFuzzer look for new ways for ten minutes a target; `ALLEGROMAIL_FUZZ_SECONDS=60 cargo test --release --test fuzz --
//! --nocapture` mutates without it. Whatever once broke something is a file in `tests/fuzz/corpus`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    unreachable_pub,
    reason = "a test fails by panicking"
)]

mod targets;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use targets::{TARGETS, Target};

/// Rounds of the short run.
const ROUNDS: u64 = 500;

/// A generator of numbers that is the same in every run (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// Pieces that mean something to one of the readers.
const PIECES: [&str; 30] = [
    "\r\n",
    "\r\n\r\n",
    "\r\n ",
    "--b\r\n",
    "--b--",
    "Content-Type: multipart/mixed; boundary=b\r\n",
    "Content-Type: message/rfc822\r\n\r\n",
    "Content-Transfer-Encoding: base64\r\n",
    "=?utf-8?B?",
    "?=",
    "=?utf-8?Q?=",
    "=40",
    "%40",
    "&#64;",
    "&commat",
    "\\u0040",
    "<!--",
    "-->",
    "jan.kowalski@poczta.example",
    "poczta.example",
    "\u{200d}",
    "charset=utf-16",
    "name*0*=utf-8''",
    "name*1=",
    "From: ",
    "<x@y>",
    "550 5.1.1 ",
    "Action: failed\r\n",
    "-----BEGIN PGP ",
    "BEGIN:VCALENDAR\r\nUID:",
];

fn mutated(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut octets = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(6) {
        let at = random.below(octets.len() + 1);
        match random.below(6) {
            0 if at < octets.len() => octets[at] = random.next() as u8,
            1 => octets.truncate(at),
            2 => {
                let end = (at + random.below(40)).min(octets.len());
                octets.drain(at..end);
            }
            3 => {
                let end = (at + random.below(200)).min(octets.len());
                let again = octets[at..end].to_vec();
                octets.splice(at..at, again);
            }
            4 => {
                let other = &seeds[random.below(seeds.len())];
                octets.truncate(at);
                octets.extend_from_slice(&other[random.below(other.len() + 1)..]);
            }
            _ => {
                let piece = PIECES[random.below(PIECES.len())].bytes();
                octets.splice(at..at, piece);
            }
        }
    }
    octets
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fuzz/corpus")
        .join(name)
}

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let read = |path: PathBuf| {
        let octets = std::fs::read(&path).unwrap();
        (path, octets)
    };
    files.into_iter().map(read).collect()
}

/// Calls a target with mutated input, for as long as is asked.
fn mutate((name, target): Target, seeds: &[Vec<u8>]) {
    let seconds = std::env::var("ALLEGROMAIL_FUZZ_SECONDS").ok();
    let time = seconds
        .and_then(|text| text.parse().ok())
        .map(Duration::from_secs);
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ name.len() as u64);
    if time.is_some() {
        // The long run goes other ways every time, and says which.
        random.0 ^= u64::from(std::process::id());
        println!("{name}: seed {:#x}", random.0);
    }
    let (begun, mut rounds) = (Instant::now(), 0_u64);
    while time.map_or(rounds < ROUNDS, |time| begun.elapsed() < time) {
        target(&mutated(&mut random, seeds));
        rounds += 1;
    }
    println!("{name}: {rounds} inputs in {:?}", begun.elapsed());
}

#[test]
fn every_target_survives_its_corpus_and_what_lies_near_it() {
    for (name, target) in TARGETS {
        let files = corpus(name);
        assert!(!files.is_empty(), "{name} has no corpus");
        for (path, octets) in &files {
            let held = std::panic::catch_unwind(|| target(octets));
            assert!(held.is_ok(), "{}", path.display());
        }
        let seeds: Vec<Vec<u8>> = files.into_iter().map(|(_, octets)| octets).collect();
        println!("{name}: {} files hold", seeds.len());
        mutate((name, target), &seeds);
    }
}

#[test]
fn the_fuzz_script_knows_every_target() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/run");
    let script = std::fs::read_to_string(script).unwrap();
    let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert!(script.contains(&format!("names=({})", names.join(" "))));
}
