//! DANE on the way out (RFC 7672, docs/threats.md#48), with a DNS server that says AD as a validating resolver does.

use allegromail::resolve::{Dnssec, ResolverOptions};
use data_encoding::HEXLOWER;
use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;
use sha2::{Digest, Sha256, Sha512};

use crate::support::authority::{Authority, Chain};
use crate::support::peer::{Peer, Step, hear, say};
use crate::support::way_out::{Field, SHORT, WayOut, short, tls_peer};

const SECURE: &[&str] = &[
    "poczta.example MX 10 mx.poczta.example",
    "poczta.example SECURE",
    "mx.poczta.example A 127.0.0.2",
    "mx.poczta.example SECURE",
];

fn key(certificate: &CertificateDer<'_>) -> Vec<u8> {
    let parsed = ParsedCertificate::try_from(certificate).unwrap();
    parsed.subject_public_key_info().as_ref().to_vec()
}

/// `USAGE SELECTOR MATCHING DATA` over a certificate.
fn record(usage: u8, selector: u8, matching: u8, certificate: &CertificateDer<'_>) -> String {
    let octets = match selector {
        0 => certificate.as_ref().to_vec(),
        _ => key(certificate),
    };
    let octets = match matching {
        0 => octets,
        1 => Sha256::digest(&octets).to_vec(),
        _ => Sha512::digest(&octets).to_vec(),
    };
    format!("{usage} {selector} {matching} {}", HEXLOWER.encode(&octets))
}

async fn out(peer: &Peer, records: &[&str], tlsa: &[String], dnssec: Dnssec) -> WayOut {
    let mut field = Field::new(peer.port);
    field.options = ResolverOptions {
        dnssec,
        patience: SHORT,
    };
    let mut lines: Vec<String> = records.iter().map(|line| (*line).to_owned()).collect();
    let name = format!("_{}._tcp.mx.poczta.example", peer.port);
    lines.extend(tlsa.iter().map(|data| format!("{name} {data}")));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    field.start(&lines).await
}

fn tlsa(data: &str) -> Vec<String> {
    vec![format!("TLSA {data}"), "SECURE".to_owned()]
}

#[tokio::test(flavor = "multi_thread")]
async fn h048_dane_takes_what_the_records_name_and_nothing_else() {
    let metrics = allegromail::observe::install_metrics();
    let authority = Authority::new();
    let (chain, other) = (
        authority.certify("mx.poczta.example"),
        Chain::of_nobody("x"),
    );
    let renamed = authority.certify("mx.evil.example");
    let (leaf, issuer) = (&chain.certificates[0], &chain.certificates[1]);
    let nobody = &other.certificates[0];
    let unusable = record(1, 0, 1, leaf);
    let mut cases = Vec::new();
    for selector in [0, 1] {
        for matching in [0, 1, 2] {
            for (usage, good) in [(3, leaf), (2, issuer)] {
                let what = format!("{usage} {selector} {matching}");
                cases.push((
                    what.clone(),
                    &chain,
                    tlsa(&record(usage, selector, matching, good)),
                    "delivered",
                ));
                cases.push((
                    format!("{what}, another"),
                    &chain,
                    tlsa(&record(usage, selector, matching, nobody)),
                    "deferred 4.7.5",
                ));
            }
        }
    }
    cases.push((
        "issuer, another name".into(),
        &renamed,
        tlsa(&record(2, 0, 1, issuer)),
        "deferred 4.7.5",
    ));
    cases.push((
        "own, another name".into(),
        &renamed,
        tlsa(&record(3, 1, 1, &renamed.certificates[0])),
        "delivered",
    ));
    cases.push((
        "issuer as own".into(),
        &chain,
        tlsa(&record(3, 0, 1, issuer)),
        "deferred 4.7.5",
    ));
    cases.push((
        "own as issuer".into(),
        &chain,
        tlsa(&record(2, 0, 1, leaf)),
        "deferred 4.7.5",
    ));
    cases.push((
        "signed by nobody".into(),
        &other,
        tlsa(&record(3, 0, 2, nobody)),
        "delivered",
    ));
    let both = [tlsa(&record(3, 0, 1, nobody)), tlsa(&record(3, 0, 1, leaf))].concat();
    cases.push(("one of two".into(), &chain, both, "delivered"));
    cases.push(("none usable".into(), &other, tlsa(&unusable), "delivered"));
    let mixed = [tlsa(&unusable), tlsa(&record(3, 0, 1, nobody))].concat();
    cases.push((
        "a usable one decides".into(),
        &chain,
        mixed,
        "deferred 4.7.5",
    ));
    cases.push(("too short".into(), &other, tlsa("3 0 1 abcd"), "delivered"));
    cases.push((
        "bogus".into(),
        &chain,
        vec!["SERVFAIL".into()],
        "deferred 4.4.3",
    ));
    cases.push((
        "not vouched for".into(),
        &other,
        vec![format!("TLSA {}", record(3, 0, 1, leaf))],
        "delivered",
    ));
    cases.push(("no records".into(), &other, Vec::new(), "delivered"));
    for (name, chain, tlsa, wanted) in cases {
        let peer = tls_peer(vec![], chain.acceptor()).await;
        let out = out(&peer, SECURE, &tlsa, Dnssec::TrustAd).await;
        assert_eq!(short(&out.send().await), wanted, "{name}");
        let seen = peer.seen();
        assert_eq!(
            seen.messages.len(),
            usize::from(wanted == "delivered"),
            "{name}"
        );
        let mail = seen.lines.iter().position(|line| line.starts_with("MAIL"));
        let tls = seen.lines.iter().position(|line| line == "TLS");
        assert!(mail.is_none() || tls < mail, "{name}: {seen:#?}");
    }
    // An operator sees what became of the questions.
    let shown = metrics.render();
    for result in ["used", "none", "unusable", "no_answer"] {
        let series = format!("allegromail_delivery_dane_total{{result=\"{result}\"}} ");
        let value = shown.lines().find_map(|line| line.strip_prefix(&series));
        assert!(value.is_some_and(|value| value != "0"), "{series}{value:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h048_dane_needs_the_whole_way_vouched_for_and_trust() {
    let chain = Chain::of_nobody("x");
    let wrong = tlsa(&record(3, 0, 1, &Chain::of_nobody("y").certificates[0]));
    for (name, dropped, dnssec, wanted) in [
        ("all", "", Dnssec::TrustAd, "deferred 4.7.5"),
        ("not trusted", "", Dnssec::Off, "delivered"),
        ("MX", "poczta.example SECURE", Dnssec::TrustAd, "delivered"),
        (
            "address",
            "mx.poczta.example SECURE",
            Dnssec::TrustAd,
            "delivered",
        ),
    ] {
        let records: Vec<&str> = SECURE
            .iter()
            .copied()
            .filter(|line| *line != dropped)
            .collect();
        let peer = tls_peer(vec![], chain.acceptor()).await;
        let out = out(&peer, &records, &wrong, dnssec).await;
        assert_eq!(short(&out.send().await), wanted, "{name}");
        let asked = out.dns.asked();
        let tlsa = asked.iter().any(|question| question.ends_with("TLSA"));
        assert_eq!(tlsa, name == "all", "{name}: {asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h048_under_dane_there_is_no_clear_text() {
    let chain = Chain::of_nobody("x");
    let bare = vec![
        say("220 peer"),
        Step::Hear("EHLO"),
        say("250 peer"),
        Step::Hold,
    ];
    let refused = [
        vec![say("220 peer")],
        hear("EHLO", "250-peer\r\n250 STARTTLS"),
        hear("STARTTLS", "454 no"),
        vec![Step::Hold],
    ]
    .concat();
    for usage in [3, 1] {
        let data = tlsa(&record(usage, 0, 1, &chain.certificates[0]));
        for script in [&bare, &refused] {
            let peer = tls_peer(vec![script.clone()], chain.acceptor()).await;
            let out = out(&peer, SECURE, &data, Dnssec::TrustAd).await;
            assert_eq!(short(&out.send().await), "deferred 4.7.5", "usage {usage}");
            assert_eq!(peer.seen().connections, 1);
            assert_eq!(short(&out.send().await), "delivered");
        }
    }
}
