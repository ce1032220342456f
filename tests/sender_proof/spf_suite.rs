//! The RFC 7208 test suite of openspf.org (`tests/data/rfc7208-tests.json`, as pyspf ships it) through our verdict: `pass` must be proven,
//! `temperror` put off, everything else unproven. Where we differ, the table says why.

use std::collections::BTreeMap;

use allegromail::auth::{Evidence, Mode, Proof, Prover, ProverSettings, SharedSpf};
use allegromail::mail::{Domain, Mailbox, ReversePath};
use allegromail::message::Message;
use allegromail::resolve::DnsResolver;
use allegromail::scripted::dns::{DnsServer, Zones};
use serde::Deserialize;

#[derive(Deserialize)]
struct Section {
    description: String,
    tests: BTreeMap<String, Case>,
    zones: BTreeMap<String, Vec<(String, String)>>,
}

#[derive(Deserialize)]
struct Case {
    helo: String,
    host: String,
    mailfrom: String,
    result: Vec<String>,
}

/// Cases that end differently here, and why that is right or harmless.
const DIFFERENT: &[(&str, &str)] = &[
    ("a-bad-domain", UNANSWERED),
    ("a-bad-toplabel", UNANSWERED),
    ("a-cidr4-0", OPEN),
    ("a-cidr6-0-ip6", OPEN),
    ("a-colon-domain", STRICT),
    ("a-colon-domain-ip4mapped", STRICT),
    ("a-dual-cidr-ip4-err", LENIENT),
    ("a-null", UNANSWERED),
    ("all-double", OPEN),
    ("badip4", LENIENT),
    ("cidr4-0", OPEN),
    ("cidr4-032", LENIENT),
    ("cidr4-33", LENIENT),
    ("cidr6-0", OPEN),
    ("control-char-policy", LENIENT),
    ("exists-ip4", OPEN),
    ("exists-ip6", OPEN),
    ("hello-domain-literal", UNANSWERED),
    ("include-softfail", OPEN),
    ("invalid-domain-empty-label", UNANSWERED),
    ("invalid-domain-long", UNANSWERED),
    ("invalid-domain-long-via-macro", UNANSWERED),
    ("invalid-hello-macro", UNANSWERED),
    ("macro-mania-in-domain", UNANSWERED),
    ("macro-multiple-delimiters", OPEN),
    ("modifier-charset-good", STRICT),
    ("multispf2", OPEN),
    ("mx-bad-domain", UNANSWERED),
    ("mx-bad-toplab", UNANSWERED),
    ("mx-cidr4-0", OPEN),
    ("mx-cidr6-0-ip6", OPEN),
    ("mx-colon-domain", STRICT),
    ("mx-colon-domain-ip4mapped", STRICT),
    ("mx-null", UNANSWERED),
    ("null-text", SCRIPTED),
    ("p-macro-multiple", SCRIPTED),
    ("ptr-match-implicit", STRICT),
    ("ptr-match-ip6", STRICT),
    ("spftimeout", SCRIPTED),
];

/// A record that lets an address in that nobody has lets everybody in: no proof here, whatever the RFC's result is.
const OPEN: &str = "open to everybody";
/// A name that no DNS can hold gets no answer from the library's resolver: put off, where the RFC has a lasting error. Nobody gets in.
const UNANSWERED: &str = "a name that cannot be asked for";
/// The library reads past a syntax error elsewhere in the record. The client is one that the record lists by itself.
const LENIENT: &str = "a broken record that lists the client";
/// The library refuses syntax that the RFC allows, or evaluates `ptr` without its implicit domain. Nobody gets in.
const STRICT: &str = "stricter than the RFC";
/// Our scripted DNS has faults for whole names only, and no octets beyond ASCII in TXT.
const SCRIPTED: &str = "the script cannot say it";

fn wanted(result: &str) -> &'static str {
    match result {
        "pass" => "proven",
        "temperror" => "deferred",
        _ => "unproven",
    }
}

fn zones(section: &Section) -> Zones {
    let mut lines = Vec::new();
    for (name, records) in &section.zones {
        for (kind, data) in records {
            lines.push(match kind.as_str() {
                "TIMEOUT" => format!("{name} SERVFAIL"),
                kind => format!("{name} {kind} {data}"),
            });
        }
    }
    // Names that no DNS can hold are in the suite, too: nobody can find them.
    let held: Vec<&str> = lines
        .iter()
        .map(String::as_str)
        .filter(|line| Zones::parse(&[line]).is_ok())
        .collect();
    Zones::parse(&held).unwrap()
}

async fn judge(prover: &Prover, case: &Case) -> &'static str {
    let text = if case.mailfrom.is_empty() {
        format!("postmaster@{}", case.helo)
    } else {
        case.mailfrom.clone()
    };
    let text = if text.contains('@') {
        text
    } else {
        format!("postmaster@{text}")
    };
    // What is no address is refused long before SPF: that proves nothing, either.
    let Ok(from) = Mailbox::parse(&text) else {
        return "unproven";
    };
    let reverse_path = if case.mailfrom.is_empty() {
        ReversePath::Null
    } else {
        ReversePath::Mailbox(from.clone())
    };
    let message = Message::parse("From: x@example.com\r\n\r\nx\r\n".into()).unwrap();
    let evidence = Evidence {
        client: case.host.parse().unwrap(),
        helo: &case.helo,
        reverse_path: &reverse_path,
        from: &from,
        message: &message,
        mode: Mode::Require,
        recipients: &[],
    };
    match prover.prove(&evidence).await {
        Proof::Proven(_) => "proven",
        Proof::Deferred(_) => "deferred",
        Proof::Unproven(_) => "unproven",
        Proof::NotAsked => "not asked",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rfc_7208_suite_ends_as_it_should() {
    let sections: Vec<Section> =
        serde_json::from_str(include_str!("../data/rfc7208-tests.json")).unwrap();
    let mut different = BTreeMap::new();
    let (mut cases, mut proven) = (0, 0);
    for section in &sections {
        let dns = DnsServer::start(zones(section)).await.unwrap();
        let resolver = DnsResolver::new(&[dns.address()]).unwrap();
        for (name, case) in &section.tests {
            // A prover each: it remembers for a few seconds whom the DNS gave no answer for.
            let settings = ProverSettings {
                hostname: Domain::parse("receiver.example").unwrap(),
                shared_spf: SharedSpf::Warn,
                shared_includes: Vec::new(),
            };
            let prover = Prover::new(&resolver, settings);
            let found = judge(&prover, case).await;
            cases += 1;
            proven += usize::from(found == "proven");
            if !case.result.iter().any(|result| wanted(result) == found) {
                different.insert(
                    name.clone(),
                    format!("{}: {:?}, here {found}", section.description, case.result),
                );
            }
        }
    }
    println!(
        "RFC 7208: {cases} cases, {proven} proven, {} different",
        different.len()
    );
    let known: BTreeMap<_, _> = DIFFERENT.iter().copied().collect();
    let unknown: Vec<_> = different
        .iter()
        .filter(|(name, _)| !known.contains_key(name.as_str()))
        .collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
    let gone: Vec<_> = known
        .keys()
        .filter(|name| !different.contains_key(**name))
        .collect();
    assert!(gone.is_empty(), "no longer different: {gone:?}");
}
