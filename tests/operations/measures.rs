//! Measurements, not tests: they print and assert nothing about time. Run one alone, with the compiler's help:
//! `cargo test --release --test relay measures -- --ignored --nocapture --test-threads=1`.

use std::time::{Duration, Instant};

use allegromail::auth::{Evidence, Mode, Proof, Prover, ProverSettings, SharedSpf};
use allegromail::config::{Dkim, MaskedDomainConfig};
use allegromail::mail::{Domain, Mailbox, ReversePath, Timestamp, TraceId};
use allegromail::masking::{MaskedDomain, MaskedDomains};
use allegromail::message::Message;
use allegromail::resolve::DnsResolver;
use allegromail::rewrite::{self, ParticipantPlan, Trace};
use allegromail::scripted::dns::{DnsServer, Zones};
use allegromail::signing::{KeyKind, Signer, generate};

use crate::support::dialogue::Dialogue;
use crate::support::dkim::Pair;
use crate::support::stage::{BIURO, JAN, SELLER, Setup, message};

fn quantiles(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    format!("p10 {:?}, median {:?}, p90 {:?}", at(10), at(50), at(90))
}

/// How long the answer to an unproven From takes, registered or not, in turns.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn time_to_refuse_an_unproven_sender() {
    let setup = Setup::default().key("limits", "refusals_per_client = \"off\"");
    let stage = setup
        .record("nowhere.example TXT v=spf1 -all")
        .start()
        .await;
    let froms = [JAN, BIURO, "nobody@poczta.example", "x@nowhere.example"];
    let mut times = vec![Vec::new(); froms.len()];
    for round in 0..600 {
        for (at, from) in froms.iter().enumerate() {
            let mut dialogue = Dialogue::greeted(stage.smtp()).await;
            dialogue.open("m@evil.example", SELLER).await;
            let begun = Instant::now();
            dialogue
                .data(&message(from, SELLER, ""))
                .await
                .assert("550 5.7.26");
            if round >= 100 {
                times[at].push(begun.elapsed());
            }
        }
    }
    for (from, times) in froms.iter().zip(times) {
        println!("{from:<24} {}", quantiles(times));
    }
}

/// What verifying and signing cost, 10 KB a message, the DNS answers cached.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn cost_of_verifying_and_signing() {
    const ROUNDS: u32 = 3_000;
    let pair = Pair::new();
    let zones = [
        "shop.example TXT v=spf1 ip4:192.0.2.1 -all".to_owned(),
        format!("s1._domainkey.shop.example TXT {}", pair.record),
    ];
    let zones: Vec<&str> = zones.iter().map(String::as_str).collect();
    let dns = DnsServer::start(Zones::parse(&zones).unwrap())
        .await
        .unwrap();
    let resolver = DnsResolver::new(&[dns.address()]).unwrap();
    let settings = ProverSettings {
        hostname: Domain::parse("mx.example").unwrap(),
        shared_spf: SharedSpf::Warn,
        shared_includes: Vec::new(),
    };
    let prover = Prover::new(&resolver, settings);
    let plain = format!(
        "{}{}",
        message("x@shop.example", SELLER, ""),
        "0123456789abcdef0123456789abcdef\r\n".repeat(300)
    );
    let signed = Message::parse(
        pair.sign("shop.example", &["From", "To", "Subject"], &plain)
            .into(),
    )
    .unwrap();
    let from = Mailbox::parse("x@shop.example").unwrap();
    let recipients = [Mailbox::parse(SELLER).unwrap()];
    for (what, client) in [
        ("SPF alone", "192.0.2.1"),
        ("SPF fails, DKIM verifies", "192.0.2.9"),
    ] {
        let evidence = Evidence {
            client: client.parse().unwrap(),
            helo: "shop.example",
            reverse_path: &ReversePath::Mailbox(from.clone()),
            from: &from,
            message: &signed,
            mode: Mode::Require,
            recipients: &recipients,
        };
        assert!(matches!(prover.prove(&evidence).await, Proof::Proven(_)));
        let begun = Instant::now();
        for _ in 0..ROUNDS {
            prover.prove(&evidence).await;
        }
        println!("{what:<28} {:?} a message", begun.elapsed() / ROUNDS);
    }
    let folder = tempfile::TempDir::new().unwrap();
    let file = |name: &str, kind: KeyKind| {
        let path = folder.path().join(name);
        std::fs::write(&path, generate(kind).unwrap()).unwrap();
        Some((name.to_owned(), path))
    };
    let (rsa, ed25519) = (file("s1", KeyKind::Rsa), file("s2", KeyKind::Ed25519));
    let name = Domain::parse("allegromail.pl").unwrap();
    for (what, dkim) in [
        (
            "sign RSA-2048",
            Dkim {
                rsa: rsa.clone(),
                ed25519: None,
                sign: true,
            },
        ),
        (
            "sign Ed25519",
            Dkim {
                rsa: None,
                ed25519: ed25519.clone(),
                sign: true,
            },
        ),
        (
            "sign both",
            Dkim {
                rsa,
                ed25519,
                sign: true,
            },
        ),
    ] {
        let masked = MaskedDomain {
            name: name.clone(),
            marketplaces: Vec::new(),
            aliases: Vec::new(),
        };
        let signer = Signer::load(&[MaskedDomainConfig {
            masked,
            dkim: vec![dkim],
        }])
        .unwrap();
        let begun = Instant::now();
        for _ in 0..ROUNDS {
            signer.sign(&name, signed.raw().clone()).await.unwrap();
        }
        println!("{what:<28} {:?} a message", begun.elapsed() / ROUNDS);
    }
}

/// What rewriting and the leak gate cost, 10 KB a message.
#[test]
#[ignore = "a measurement"]
fn cost_of_rewriting_and_the_gate() {
    const ROUNDS: u32 = 2_000;
    let line = "Zwykły tekst o rowerze, koło 28 cali.\r\n";
    let html = "<p style=\"color:#333\">Rower &amp; koło: <a href=\"https://x.example/?a=1&b=2\">tu</a></p>\r\n";
    let addresses = [Mailbox::parse(BIURO).unwrap()];
    let domains = MaskedDomains::new(Vec::new());
    for (what, kind, body) in [
        ("plain text", "text/plain; charset=utf-8", line.repeat(240)),
        ("HTML", "text/html; charset=utf-8", html.repeat(104)),
        (
            "base64 picture",
            "image/png\r\nContent-Transfer-Encoding: base64",
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZF\r\n"
                .repeat(128),
        ),
    ] {
        let raw = format!("From: <{BIURO}>\r\nContent-Type: {kind}\r\n\r\n{body}");
        let letter = Message::parse(raw.into()).unwrap();
        let plan = ParticipantPlan {
            from: Mailbox::parse(SELLER).unwrap(),
            from_name: None,
            writer_addresses: &addresses,
            to: Mailbox::parse(SELLER).unwrap(),
            threading: rewrite::Threading {
                message_id: "1@allegromail.pl".to_owned(),
                ..rewrite::Threading::default()
            },
            domains: &domains,
            trace: Trace {
                host: Domain::parse("mx.example").unwrap(),
                id: TraceId::new(1, 1),
                at: Timestamp(0),
            },
            options: rewrite::Options::default(),
        };
        let begun = Instant::now();
        for _ in 0..ROUNDS {
            Message::parse(letter.raw().clone()).unwrap();
        }
        let split = begun.elapsed() / ROUNDS;
        let begun = Instant::now();
        for _ in 0..ROUNDS {
            rewrite::participant(&letter, &plan).unwrap();
        }
        let rewritten = begun.elapsed() / ROUNDS;
        let out = rewrite::participant(&letter, &plan).unwrap();
        let begun = Instant::now();
        for _ in 0..ROUNDS {
            rewrite::check(&out, &addresses).unwrap();
        }
        let gate = begun.elapsed() / ROUNDS;
        println!("{what:<16} split {split:?}, rewrite {rewritten:?}, gate {gate:?}");
    }
}
