//! The directory on local disk and on PostgreSQL, side by side: how long a million accounts with two million orders take to load, in how much memory, and
//! how many are looked up a second, from the cache and without it.
//!
//! `cargo bench --bench directory`; `ALLEGROMAIL_DIRECTORY_POSTGRES` names an empty database as `[directory] url` does, without it there is one engine only.
//! `ALLEGROMAIL_DIRECTORY_ACCOUNTS` is another number.

#![allow(clippy::unwrap_used, reason = "a measurement fails by panicking")]

use std::io::{BufReader, Read};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use allegromail::directory::{
    self, CachedDirectory, Directory, Link, PostgresDirectory, PostgresSettings, RecordRules,
    SledDirectory,
};
use allegromail::masking::{MaskedDomains, ParticipantId, TransactionId};

const POSTGRES: &str = "ALLEGROMAIL_DIRECTORY_POSTGRES";
/// Orders of an account.
const ORDERS: u64 = 2;
/// Looks at an order and both its parties, of each kind.
const LOOKS: u64 = 20_000;
/// Of them at once.
const AT_ONCE: u64 = 16;

fn main() {
    if let Some(engine) =
        std::env::args().find_map(|word| word.strip_prefix("engine=").map(str::to_owned))
    {
        tokio::runtime::Runtime::new()
            .unwrap()
            .block_on(measure(&engine));
        return;
    }
    let mut engines = vec!["sled"];
    match std::env::var(POSTGRES) {
        Ok(_) => engines.push("postgres"),
        Err(_) => println!("{POSTGRES} names no database: local disk only"),
    }
    for engine in engines {
        // Each in a process of its own, for the sake of its memory.
        let mut command = Command::new(std::env::current_exe().unwrap());
        assert!(
            command
                .arg(format!("engine={engine}"))
                .status()
                .unwrap()
                .success()
        );
    }
}

fn accounts() -> u64 {
    let accounts = std::env::var("ALLEGROMAIL_DIRECTORY_ACCOUNTS");
    accounts.map_or(1_000_000, |text| text.parse().unwrap())
}

fn account(number: u64) -> String {
    format!("b{number:09x}")
}

fn order(number: u64) -> String {
    format!("o{number:08x}")
}

/// Spread over all, the same for each engine.
fn spread(number: u64, many: u64) -> u64 {
    (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) % many
}

/// The lines of the file, made as they are read.
struct Lines {
    next: u64,
    accounts: u64,
    line: Vec<u8>,
}

impl Read for Lines {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.line.is_empty() {
            let number = self.next;
            self.next += 1;
            self.line = if number < self.accounts {
                let id = account(number);
                format!("{{\"type\":\"participant\",\"id\":\"{id}\",\"login\":\"{id}\",\"marketplace\":\"allegro-pl\",\"primary\":\"{id}@poczta.example\",\"addresses\":[\"{id}@poczta.example\"]}}\n").into_bytes()
            } else if number < self.accounts * (1 + ORDERS) {
                let number = number - self.accounts;
                let (buyer, seller) = (
                    account(number % self.accounts),
                    account(spread(number, self.accounts)),
                );
                format!("{{\"type\":\"transaction\",\"id\":\"{}\",\"buyer\":\"{buyer}\",\"seller\":\"{seller}\",\"order\":\"2026/{number}\"}}\n", order(number)).into_bytes()
            } else {
                return Ok(0);
            };
        }
        let many = self.line.as_slice().read(into)?;
        self.line.drain(..many);
        Ok(many)
    }
}

/// The greatest part of memory that this process had so far, in MiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let kib: u64 = line
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    kib / 1024
}

async fn measure(engine: &str) {
    let folder = tempfile::tempdir().unwrap();
    let directory: Arc<dyn Directory> = match engine {
        "sled" => Arc::new(SledDirectory::open(&folder.path().join("directory")).unwrap()),
        _ => {
            let url = std::env::var(POSTGRES).unwrap();
            let settings = PostgresSettings::parse(&url, None, None).unwrap();
            Arc::new(PostgresDirectory::new(Link::open(settings).await.unwrap()))
        }
    };
    let rules = RecordRules {
        domains: MaskedDomains::new(Vec::new()),
        roles: Vec::new(),
    };
    let accounts = accounts();
    let lines = Lines {
        next: 0,
        accounts,
        line: Vec::new(),
    };
    let start = Instant::now();
    let loaded = directory::import(
        &*directory,
        &rules,
        BufReader::with_capacity(1 << 16, lines),
        |_| {},
    );
    let loaded = loaded.await.unwrap();
    assert_eq!(
        (loaded.applied, loaded.bad_lines),
        (accounts * (1 + ORDERS), 0)
    );
    println!(
        "{engine:<10} {} records loaded in {:.1} s, at most {} MiB",
        loaded.applied,
        start.elapsed().as_secs_f64(),
        memory()
    );
    look(&format!("{engine}, one at a time"), &directory, 1).await;
    look(&format!("{engine}, {AT_ONCE} at once"), &directory, AT_ONCE).await;
    let cached: Arc<dyn Directory> = Arc::new(CachedDirectory::new(directory, LOOKS * 4));
    look(&format!("{engine}, into the cache"), &cached, AT_ONCE).await;
    look(&format!("{engine}, from the cache"), &cached, AT_ONCE).await;
}

/// Looks at orders and both their parties, as the decision about a message does.
async fn look(name: &str, directory: &Arc<dyn Directory>, at_once: u64) {
    let many = accounts() * ORDERS;
    let start = Instant::now();
    let tasks = (0..at_once).map(|task| {
        let directory = directory.clone();
        tokio::spawn(async move {
            for look in (0..LOOKS).filter(|look| look % at_once == task) {
                let id = TransactionId::parse(&order(spread(look, many))).unwrap();
                let found = directory.transaction(&id).await.unwrap().unwrap();
                let parties: [&ParticipantId; 2] = [&found.buyer, &found.seller];
                for party in parties {
                    assert!(directory.participant(party).await.unwrap().is_some());
                }
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let rate = (LOOKS * 3) as f64 / start.elapsed().as_secs_f64();
    println!("{name:<28} {rate:>9.0} look-ups/s");
}
