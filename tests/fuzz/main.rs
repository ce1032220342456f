//! Mutated input for what reads strangers' bytes: header splitter, rewriter and gate, tokens, the reader of other servers' reports.
//!
//! `ALLEGROMAIL_FUZZ_SECONDS=600 cargo test --release --test fuzz -- --nocapture` is the long run; without the variable each target takes a fixed
//! number of rounds. Seeds are the golden messages and what stands below; whatever once broke something is added there.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use allegromail::dsn;
use allegromail::mail::{Domain, Mailbox, QueueId, Timestamp, TraceId};
use allegromail::masking::{
    MaskedDomain, MaskedDomains, MessageIdKeys, Pair, ParticipantId, TokenKeys, TokenKind,
};
use allegromail::message::Message;
use allegromail::rewrite::{self, ParticipantPlan, Trace};

/// Rounds of the short run.
const ROUNDS: u64 = 3_000;

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

fn seeds() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut found = Vec::new();
    let golden = std::fs::read_dir(root.join("golden")).unwrap();
    for folder in golden.map(|entry| entry.unwrap().path()) {
        let text = std::fs::read_to_string(folder.join("in.eml")).unwrap();
        found.push(text.replace('\n', "\r\n").into_bytes());
    }
    found.push(
        b"From: MAILER-DAEMON@x\r\nSubject: failure notice\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\n<a@b>: 550 5.1.1 no\r\n--b\r\n\
          Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 no\r\n--b--\r\n"
            .to_vec(),
    );
    found
}

/// Calls `target` with mutated input, for as long as is asked.
fn fuzz(name: &str, mut target: impl FnMut(&[u8])) {
    let seconds = std::env::var("ALLEGROMAIL_FUZZ_SECONDS").ok();
    let time = seconds
        .and_then(|text| text.parse().ok())
        .map(Duration::from_secs);
    let seeds = seeds();
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ name.len() as u64);
    if time.is_some() {
        // The long run goes other ways every time, and says which.
        random.0 ^= u64::from(std::process::id());
        println!("{name}: seed {:#x}", random.0);
    }
    let (begun, mut rounds) = (Instant::now(), 0_u64);
    while time.map_or(rounds < ROUNDS, |time| begun.elapsed() < time) {
        target(&mutated(&mut random, &seeds));
        rounds += 1;
    }
    println!("{name}: {rounds} inputs in {:?}", begun.elapsed());
}

#[test]
fn the_header_splitter_and_all_that_reads_fields() {
    fuzz("header splitter", |octets| {
        let Ok(letter) = Message::parse(octets.to_vec().into()) else {
            return;
        };
        let _ = (letter.from(), letter.reply_to(), letter.automatic());
        for field in letter.fields() {
            let name = String::from_utf8_lossy(field.name).into_owned();
            let _ = (letter.text(&name), letter.ids(&name));
        }
        for part in &letter.structure().parts {
            assert!(part.head.end <= part.body.start && part.body.end <= octets.len());
        }
    });
}

#[test]
fn the_rewriter_and_the_gate() {
    let mailbox = |text: &str| Mailbox::parse(text).unwrap();
    let domains = MaskedDomains::new(vec![MaskedDomain {
        name: Domain::parse("allegromail.pl").unwrap(),
        marketplaces: vec!["allegro-pl".into()],
        aliases: Vec::new(),
    }]);
    let addresses = [mailbox("jan.kowalski@poczta.example")];
    let (mut left, mut stopped) = (0_u64, 0_u64);
    fuzz("rewriter and gate", |octets| {
        let Ok(letter) = Message::parse(octets.to_vec().into()) else {
            return;
        };
        let plan = ParticipantPlan {
            from: mailbox("8awgqyk6a5@allegromail.pl"),
            from_name: None,
            writer_addresses: &addresses,
            to: mailbox("k2m9x0r7t3@allegromail.pl"),
            threading: rewrite::Threading::default(),
            domains: &domains,
            trace: Trace {
                host: Domain::parse("mx.allegromail.pl").unwrap(),
                id: TraceId::new(7, 1),
                at: Timestamp(1_795_392_000_000),
            },
            options: rewrite::Options::default(),
        };
        let Ok(out) = rewrite::participant(&letter, &plan) else {
            return;
        };
        left += 1;
        if rewrite::check(&out, &addresses).is_err() {
            stopped += 1;
            return;
        }
        let plain = out.to_ascii_lowercase();
        let needle = b"jan.kowalski@poczta.example";
        let mut from = 0;
        while let Some(at) = memchr::memmem::find(&plain[from..], needle) {
            let (start, end) = (from + at, from + at + needle.len());
            // Part of a longer address is another address.
            let joins = |octet: Option<&u8>| {
                octet.is_some_and(|octet| octet.is_ascii_alphanumeric() || b"._+-".contains(octet))
            };
            let longer = start > 0 && joins(plain.get(start - 1)) || joins(plain.get(end));
            assert!(longer, "{}", String::from_utf8_lossy(octets));
            from = end;
        }
    });
    println!("{left} left the rewriter, the gate stopped {stopped} of them");
}

#[test]
fn tokens() {
    let secrets = TokenKeys::new(vec![vec![7; 32], vec![8; 32]]);
    let keys = MessageIdKeys::new(&secrets);
    let domain = Domain::parse("allegromail.pl").unwrap();
    let (one, two) = (
        ParticipantId::parse("8awgqyk6a5").unwrap(),
        ParticipantId::parse("k2m9x0r7t3").unwrap(),
    );
    let pair = Pair {
        writer: &one,
        reader: &two,
    };
    let now = Timestamp(1_795_392_000_000);
    let genuine = secrets.sign(TokenKind::Participant, 42, now);
    let sealed = keys.seal(pair, "1@poczta.example", &domain).unwrap().id;
    let local = sealed.split_once('@').unwrap().0.to_owned();
    let mut random = Random(42);
    fuzz("tokens", |octets| {
        let text = String::from_utf8_lossy(&octets[..octets.len().min(300)]).into_owned();
        assert!(secrets.verify(&text, now, 19).is_err());
        assert!(!matches!(
            keys.open(pair, &text),
            Some(allegromail::masking::Original::Id(_))
        ));
        let token = keys.seal(pair, &text, &domain).unwrap();
        assert!(token.id.len() <= 200);
        let _ = text.parse::<QueueId>();
        // One character of a genuine token changed.
        for genuine in [&genuine, &local] {
            let mut altered = genuine.clone().into_bytes();
            let at = random.below(altered.len());
            altered[at] = b'!' + random.below(90) as u8;
            let altered = String::from_utf8(altered).unwrap();
            if !altered.eq_ignore_ascii_case(genuine) {
                assert!(secrets.verify(&altered, now, 19).is_err(), "{altered}");
                let opened = keys.open(pair, &altered);
                assert!(
                    !matches!(opened, Some(allegromail::masking::Original::Id(_))),
                    "{altered}"
                );
            }
        }
    });
}

#[test]
fn reports_of_other_servers() {
    let hidden = dsn::Hidden {
        real: vec![Mailbox::parse("jan.kowalski@poczta.example").unwrap()],
        shown_as: "8awgqyk6a5@allegromail.pl".to_owned(),
    };
    fuzz("report reader", |octets| {
        let Ok(letter) = Message::parse(octets.to_vec().into()) else {
            return;
        };
        let Some(report) = dsn::read(&letter) else {
            return;
        };
        let words = report.reply.map(|reply| reply.lines.join(" "));
        let told = dsn::mask(&words.unwrap_or_default(), &hidden);
        let lower = told.to_ascii_lowercase();
        assert!(!lower.contains("poczta.example"), "{told}");
        assert!(!told.chars().any(char::is_control), "{told}");
        assert!(told.chars().count() <= 400, "{told}");
    });
}
