//! Names that give no answer, wherever the proof of a sender meets them: never read as absence, and asked once, not once a message.

use std::time::{Duration, Instant};

use allegromail::auth::{Evidence, Mode, Proof, Prover, ProverSettings, SharedSpf};
use allegromail::clock::at_once;
use allegromail::mail::{Domain, Mailbox, ReversePath};
use allegromail::message::Message;
use allegromail::resolve::{DnsResolver, ResolverOptions};
use allegromail::scripted::dns::{DnsServer, Zones};

use crate::support::dkim::Pair;

/// A DNS of one domain, `shop.example`, and a prover that asks it.
struct Scene {
    dns: DnsServer,
    prover: Prover,
    pair: Pair,
}

impl Scene {
    async fn new(lines: &[&str]) -> Self {
        let pair = Pair::new();
        let key = format!("s1._domainkey.signed.example TXT {}", pair.record);
        let mut all = vec![key.as_str()];
        all.extend(lines);
        let zones = Zones::parse(&all).unwrap();
        let dns = DnsServer::start(zones).await.unwrap();
        let options = ResolverOptions {
            patience: Duration::from_millis(500),
            ..ResolverOptions::default()
        };
        let resolver = DnsResolver::with_options(&[dns.address()], options).unwrap();
        let settings = ProverSettings {
            hostname: Domain::parse("mx.example").unwrap(),
            shared_spf: SharedSpf::Warn,
            shared_includes: Vec::new(),
        };
        Self {
            prover: Prover::new(&resolver, settings),
            dns,
            pair,
        }
    }

    /// Proves a message of `x@shop.example` that comes from `path`, signed by `signer` if one is given.
    async fn prove(&self, path: &str, signer: Option<&str>) -> Proof {
        self.prove_from("192.0.2.55", "x@shop.example", path, signer)
            .await
    }

    /// The same for any client and From.
    async fn prove_from(
        &self,
        client: &str,
        from: &str,
        path: &str,
        signer: Option<&str>,
    ) -> Proof {
        let from = Mailbox::parse(from).unwrap();
        let text = format!("From: {from}\r\nTo: {from}\r\n\r\nx\r\n");
        let text = match signer {
            Some(domain) => self.pair.sign(domain, &["From", "To"], &text),
            None => text,
        };
        let message = Message::parse(text.into()).unwrap();
        let evidence = Evidence {
            client: client.parse().unwrap(),
            helo: "client.shop.example",
            reverse_path: &ReversePath::Mailbox(Mailbox::parse(path).unwrap()),
            from: &from,
            message: &message,
            mode: Mode::Require,
            recipients: std::slice::from_ref(&from),
        };
        self.prover.prove(&evidence).await
    }
}

/// Where a dead name may stand: the records around it (`FAULT` becomes the fault), and the envelope and signer that lead to it.
const PLACES: [(&str, &[&str], &str, Option<&str>); 9] = [
    (
        "the SPF record",
        &["shop.example FAULT"],
        "x@shop.example",
        None,
    ),
    (
        "an include",
        &[
            "shop.example TXT v=spf1 include:dead.example -all",
            "dead.example FAULT",
        ],
        "x@shop.example",
        None,
    ),
    (
        "a redirect",
        &[
            "shop.example TXT v=spf1 redirect=dead.example",
            "dead.example FAULT",
        ],
        "x@shop.example",
        None,
    ),
    (
        "a host",
        &[
            "shop.example TXT v=spf1 a:dead.example -all",
            "dead.example FAULT",
        ],
        "x@shop.example",
        None,
    ),
    (
        "an MX",
        &[
            "shop.example TXT v=spf1 mx:dead.example -all",
            "dead.example FAULT",
        ],
        "x@shop.example",
        None,
    ),
    (
        "the host of an MX",
        &[
            "shop.example TXT v=spf1 mx -all",
            "shop.example MX 10 dead.example",
            "dead.example FAULT",
        ],
        "x@shop.example",
        None,
    ),
    (
        "exists",
        &[
            "shop.example TXT v=spf1 exists:dead.example -all",
            "dead.example FAULT",
        ],
        "x@shop.example",
        None,
    ),
    (
        "a DKIM key",
        &[
            "shop.example TXT v=spf1 -all",
            "s1._domainkey.shop.example FAULT",
        ],
        "x@shop.example",
        Some("shop.example"),
    ),
    (
        "the DMARC record that may want strict alignment",
        &[
            "shop.example TXT v=spf1 -all",
            "mail.shop.example TXT v=spf1 ip4:192.0.2.55 -all",
            "_dmarc.shop.example FAULT",
        ],
        "x@mail.shop.example",
        None,
    ),
];

async fn dead_everywhere(fault: &str) {
    let mut tasks = tokio::task::JoinSet::new();
    for (place, lines, path, signer) in PLACES {
        let fault = fault.to_owned();
        tasks.spawn(async move {
            let lines: Vec<String> = lines
                .iter()
                .map(|line| line.replace("FAULT", &fault))
                .collect();
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let scene = Scene::new(&lines).await;
            let begun = Instant::now();
            let first = scene.prove(path, signer).await;
            assert!(matches!(&first, Proof::Deferred(_)), "{place}: {first:?}");
            println!("{fault:<9} {place:<48} {:?}: {first}", begun.elapsed());
            let asked = scene.dns.asked().len();
            for _ in 0..20 {
                let again = scene.prove(path, signer).await;
                let Proof::Deferred(text) = &again else {
                    panic!("{place}: {again:?}");
                };
                assert!(
                    text.contains("dead.example") || text.contains("shop.example"),
                    "{text}"
                );
            }
            assert_eq!(scene.dns.asked().len(), asked, "{place}: asked again");
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_failure_defers_and_is_remembered() {
    dead_everywhere("SERVFAIL").await;
    dead_everywhere("REFUSED").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_server_defers_and_is_remembered() {
    dead_everywhere("SILENCE").await;
}

/// Failures that SPF itself passes over (RFC 7208 5.5, 6.2) change nothing, the first time or later, and cost nothing later.
#[tokio::test(flavor = "multi_thread")]
async fn dns_failures_that_change_no_result_do_not_defer() {
    let scene = Scene::new(&[
        "shop.example TXT v=spf1 ptr ?ip4:192.0.2.55 -all exp=dead.example",
        "55.2.0.192.in-addr.arpa PTR host.dead.example",
        "host.dead.example SILENCE",
        "other.example TXT v=spf1 -all exp=dead.example",
        "dead.example SILENCE",
    ])
    .await;
    for round in 0..3 {
        let asked = scene.dns.asked().len();
        let proof = scene.prove("x@shop.example", None).await;
        let Proof::Unproven(text) = &proof else {
            panic!("{round}: {proof:?}");
        };
        assert!(text.contains("(neutral)"), "{text}");
        assert_eq!(scene.dns.asked().len() == asked, round > 0, "{round}");
    }
}

/// What one domain's dead names cost is its own affair.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_name_stands_in_nobody_elses_way() {
    let scene = Scene::new(&[
        "shop.example TXT v=spf1 a:half.example ip4:192.0.2.55 -all",
        "half.example AAAA 2001:db8::1",
        "mail.shop.example TXT v=spf1 include:_dmarc.shop.example -all",
        "_dmarc.shop.example TXT v=DMARC1; p=reject; aspf=s",
    ])
    .await;
    // A name that exists without such a record is absent, not dead.
    let proof = scene.prove("x@shop.example", None).await;
    assert!(matches!(proof, Proof::Proven(_)), "{proof:?}");
    // One check reads a record as what another check would never take it for: that must not be remembered.
    for _ in 0..2 {
        let proof = scene.prove("x@mail.shop.example", None).await;
        assert!(matches!(proof, Proof::Unproven(_)), "{proof:?}");
        let proof = scene.prove("x@shop.example", None).await;
        assert!(matches!(proof, Proof::Proven(_)), "{proof:?}");
    }
}

/// One network whose senders' DNS is a tarpit, with more messages than are checked at once: its own mail waits, and nobody else's.
#[tokio::test]
async fn h082_a_network_of_tarpits_stands_in_nobody_elses_way() {
    let tarpits: Vec<String> = (0..300)
        .map(|at| format!("t{at}.example SILENCE"))
        .collect();
    let honest = "honest.example TXT v=spf1 ip4:192.0.0.0/8 -all";
    let mut lines: Vec<&str> = tarpits.iter().map(String::as_str).collect();
    lines.push(honest);
    let scene = Scene::new(&lines).await;
    let mut stuck = Vec::new();
    for at in 0..300 {
        let scene = &scene;
        let mut proof = Box::pin(async move {
            let (client, from) = (format!("192.0.2.{}", at % 250), format!("x@t{at}.example"));
            scene.prove_from(&client, &from, &from, None).await
        });
        assert!(at_once(proof.as_mut()).await.is_none(), "{at}");
        // Not looked at again: it holds its place, or waits for one.
        stuck.push(proof);
    }
    let honest = async |client: &str| {
        let from = "x@honest.example";
        scene.prove_from(client, from, from, None).await
    };
    let proof = honest("192.0.3.1").await;
    assert!(matches!(proof, Proof::Proven(_)), "{proof:?}");
    // Mail of the same network waits its 20 seconds in vain, and hears a reply for now.
    tokio::time::pause();
    let proof = honest("192.0.2.77").await;
    let Proof::Deferred(text) = &proof else {
        panic!("{proof:?}");
    };
    assert!(text.contains("other mail"), "{text}");
    tokio::time::resume();
    // What it claimed to be is not held against those who are that.
    let proof = honest("192.0.3.1").await;
    assert!(matches!(proof, Proof::Proven(_)), "{proof:?}");
    drop(stuck);
    let proof = honest("192.0.2.77").await;
    assert!(matches!(proof, Proof::Proven(_)), "{proof:?}");
}
