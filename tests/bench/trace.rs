//! What it costs to find a message in the history: by each name, among ten million lines of fourteen days.
//!
//! `cargo bench --bench trace` makes a folder of five million messages of two lines, indexes it and looks in it, each in a process of its own;
//! `ALLEGROMAIL_TRACE_MESSAGES` is another number, `ALLEGROMAIL_TRACE_FOLDER` a folder that stays. It wants 10 GB for ten million lines.

#![allow(clippy::unwrap_used, reason = "a measurement fails by panicking")]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use allegromail::history::{Attempt, Hidden, History, HistoryEvent, HistoryRecord, TraceQuery};
use allegromail::mail::{QueueId, Reception, RemoteSession, ReversePath, Timestamp, TraceId};
use allegromail::masking::{TokenKeys, TraceKeys};
use allegromail::spool::{Entry, MessageSummary, Origin, Target};

const BEGIN: Timestamp = Timestamp(1_795_392_000_000);
const DAYS: u64 = 14;
const DAY_MS: u64 = 86_400_000;
const BUYERS: u64 = 1_000_000;
const SELLERS: u64 = 20_000;
/// Makes a query for a message of so many.
type Make = fn(u64, u64) -> TraceQuery;
/// Looks for each name.
const LOOKS: u64 = 50;

fn main() {
    let messages = std::env::var("ALLEGROMAIL_TRACE_MESSAGES");
    let messages: u64 = messages.map_or(5_000_000, |text| text.parse().unwrap());
    let kept = std::env::var("ALLEGROMAIL_TRACE_FOLDER");
    let step = std::env::args().find_map(|word| word.strip_prefix("step=").map(str::to_owned));
    if let (Some(step), Ok(folder)) = (step, &kept) {
        let folder = Path::new(folder);
        match step.as_str() {
            "make" => make(folder, messages),
            "index" => index(folder),
            _ => look(folder, messages),
        }
        return;
    }
    let fresh = tempfile::tempdir().unwrap();
    let folder = kept.unwrap_or_else(|_| fresh.path().to_string_lossy().into_owned());
    for step in ["make", "index", "look"] {
        let status = Command::new(std::env::current_exe().unwrap())
            .arg(format!("step={step}"))
            .env("ALLEGROMAIL_TRACE_FOLDER", &folder)
            .env("ALLEGROMAIL_TRACE_MESSAGES", messages.to_string())
            .status();
        assert!(status.unwrap().success(), "{step}");
    }
}

fn open(folder: &Path) -> History {
    let keys = TraceKeys::new(&TokenKeys::new(vec![vec![3; 32]]));
    let history = History::open(folder, Duration::from_secs(86_400 * 20));
    history.unwrap().with_keys(keys)
}

/// The greatest part of memory that this process had so far.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.unwrap_or_default().replace([' ', '\t'], "")
}

/// Spread as numbers of accounts are: some have many.
fn skewed(number: u64, many: u64) -> u64 {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11;
    let share = mixed % many;
    share * share / many
}

fn at(number: u64, messages: u64) -> Timestamp {
    Timestamp(BEGIN.0 + number * (DAYS * DAY_MS) / messages)
}

fn buyer(number: u64) -> String {
    format!("b{:07}", skewed(number, BUYERS))
}

fn seller(number: u64) -> String {
    format!("s{:05}", skewed(number.rotate_left(7), SELLERS))
}

fn entry(number: u64, messages: u64) -> Entry {
    let (buyer, seller) = (buyer(number), seller(number));
    let (order, when) = (format!("order{number}"), at(number, messages));
    let transaction = Some(order.parse().unwrap());
    let address = format!("{buyer}@poczta{}.example", number % 1_000);
    let target = Target::Participant {
        participant: seller.parse().unwrap(),
        transaction: transaction.clone(),
    };
    let mask = format!("{seller}+{order}@allegromail.pl");
    Entry {
        origin: Origin::Participant {
            participant: buyer.parse().unwrap(),
            transaction,
        },
        reverse_path: ReversePath::Null,
        about: MessageSummary {
            recipient: mask,
            subject: format!("Pytanie o zamówienie numer {number}"),
            date: "Mon, 23 Nov 2026 10:00:00 +0100".to_owned(),
            message_id: format!("<{number}.a1b2c3d4e5@mail.poczta.example>"),
            ..MessageSummary::default()
        },
        sent_as: format!("0820mzcbtp8z0123456789abcdefghjkmnpqrstvwxyz{number}@allegromail.pl"),
        came: Some(Box::new(Reception {
            client: [203, 0, 113, (number % 250) as u8].into(),
            protocol: "ESMTPS",
            helo: "mx.poczta.example".to_owned(),
            octets: 10_240,
            began: when,
            ended: Some(when),
            reverse_path: format!("<{address}>"),
            from: Some(address),
            message_id: format!("<{number}.a1b2c3d4e5@mail.poczta.example>"),
            checks: "spf=pass".to_owned(),
            findings: "spf: SPF of poczta.example passes".to_owned(),
            decided: "party".to_owned(),
            shown_as: format!("{buyer}+{order}@allegromail.pl"),
            seller,
            changed: vec!["addresses masked"],
        })),
        ..Entry::new(QueueId(number), TraceId::new(number << 24, 1), when, target)
    }
}

fn make(folder: &Path, messages: u64) {
    let history = open(folder);
    let session = RemoteSession {
        host: Some("mx1.mail.rowery.example".parse().unwrap()),
        address: Some("192.0.2.7:25".parse().unwrap()),
        tls: Some("TLSv1.3"),
        ..RemoteSession::default()
    };
    let (begun, mut indexing) = (Instant::now(), Duration::ZERO);
    let mut noting = Duration::ZERO;
    for number in 0..messages {
        let entry = entry(number, messages);
        let recipient = format!("{}@rowery{}.example", seller(number), number % 100);
        let reply = "250 2.0.0 Ok: queued as 4XyZ123456".to_owned();
        let hidden = Hidden::of_attempt(&session, &recipient.parse().unwrap(), Some(reply));
        let delivered = HistoryRecord {
            attempt: Some(Attempt::of(&session, Duration::ZERO)),
            hidden: Some(Box::new(hidden)),
            ..HistoryRecord::of(
                &entry,
                entry.arrived,
                HistoryEvent::Delivered { attempts: 1 },
            )
        };
        let now = Instant::now();
        history.note(HistoryRecord::accepted(&entry));
        history.note(delivered);
        noting += now.elapsed();
        // As upkeep does, once a second.
        if number % 1_000 == 0 {
            let now = Instant::now();
            history.index().unwrap();
            indexing += now.elapsed();
        }
    }
    history.sync().unwrap();
    let each = |span: Duration| span.as_secs_f64() * 1e6 / messages as f64;
    println!(
        "{} lines in {:.0} s: noting {:.1} us a message, indexing {:.1} us a message, {}",
        messages * 2,
        begun.elapsed().as_secs_f64(),
        each(noting),
        each(indexing),
        memory()
    );
}

fn index(folder: &Path) {
    let (history, begun) = (open(folder), Instant::now());
    while history.index().unwrap() {}
    let mut sizes = std::collections::BTreeMap::<String, u64>::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry
            .path()
            .extension()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        *sizes.entry(kind).or_default() += entry.metadata().unwrap().len();
    }
    println!(
        "the rest indexed and merged in {:.1} s, {}",
        begun.elapsed().as_secs_f64(),
        memory()
    );
    for (kind, size) in sizes {
        println!("{kind}: {} MiB", size >> 20);
    }
}

fn look(folder: &Path, messages: u64) {
    let history = open(folder);
    let kinds: [(&str, Make); 9] = [
        ("trace id", |n, all| {
            TraceQuery::new(entry(n, all).trace.as_str())
        }),
        ("queue id", |n, _| TraceQuery::new(&QueueId(n).to_string())),
        ("masked address", |n, all| {
            TraceQuery::new(&entry(n, all).about.recipient)
        }),
        ("real address", |n, all| {
            TraceQuery::new(&entry(n, all).came.unwrap().from.unwrap())
        }),
        ("writer's Message-ID", |n, all| {
            TraceQuery::new(&entry(n, all).about.message_id)
        }),
        ("our Message-ID", |n, all| {
            TraceQuery::new(&entry(n, all).sent_as)
        }),
        ("transaction", |n, _| TraceQuery::new(&format!("order{n}"))),
        ("buyer", |n, _| TraceQuery::new(&buyer(n))),
        ("seller, an hour", |n, all| {
            let until = Timestamp(at(n, all).0 + 3_600_000);
            let query = TraceQuery::all().of_seller(&seller(n));
            query.between(Some(at(n, all)), Some(until))
        }),
    ];
    let seen = |name: &str, make: &dyn Fn(u64) -> TraceQuery| {
        let mut spans: Vec<(Duration, usize)> = (0..LOOKS)
            .map(|look| {
                let query = make((look * 0x9e37_79b9 + 17) % messages);
                let begun = Instant::now();
                let found = history.search(&query).unwrap().len();
                (begun.elapsed(), found)
            })
            .collect();
        spans.sort_unstable();
        let span = |at: usize| {
            spans
                .get(at)
                .map_or(0.0, |(span, _)| span.as_secs_f64() * 1e3)
        };
        let most = spans.iter().map(|(_, found)| found).max();
        let median = span(spans.len() / 2);
        let slowest = span(spans.len() - 1);
        println!(
            "{name:<22} median {median:>7.2} ms, slowest {slowest:>7.2} ms, {} lines at most",
            most.unwrap()
        );
    };
    for (name, make) in kinds {
        seen(name, &|number| make(number, messages));
    }
    seen("the busiest seller", &|_| {
        TraceQuery::all().of_seller("s00000")
    });
    seen("one hour", &|number| {
        let from = at(number, messages);
        TraceQuery::all().between(Some(from), Some(Timestamp(from.0 + 3_600_000)))
    });
    seen("nothing", &|number| {
        TraceQuery::new(&format!("nobody{number}@poczta.example"))
    });
    println!("{}", memory());
}
