//! Every fault of a receiving server at every phase of the dialogue, and every fault of the DNS: what one attempt makes of it.
//!
//! `cargo test --test relay matrix -- --nocapture` prints the tables (docs/threats.md#130 to #137).

use allegromail::mail::Outcome;
use allegromail::resolve::ResolverOptions;
use allegromail::scripted::dns::Zones;

use crate::support::memory::resident;
use crate::support::peer::{Peer, Step, hear, say};
use crate::support::way_out::{
    Field, MESSAGE, ONE_HOST, SHORT, WayOut, listeners, listeners_beside_ours, peer, short,
};

/// The phases of a dialogue, in their order.
const PHASES: &[&str] = &[
    "banner", "EHLO", "STARTTLS", "MAIL", "RCPT", "DATA", "dot", "QUIT",
];

/// What a good server says at a phase.
fn good(phase: &str, offer_tls: bool) -> &'static str {
    match phase {
        "banner" => "220 peer.example ESMTP",
        "EHLO" if offer_tls => "250-peer.example\r\n250 STARTTLS",
        "EHLO" => "250 peer.example",
        "DATA" => "354 go on",
        "QUIT" => "221 goodbye",
        _ => "250 ok",
    }
}

fn listen(phase: &'static str) -> Vec<Step> {
    match phase {
        "banner" => Vec::new(),
        "dot" => vec![Step::Message],
        _ => vec![Step::Hear(phase)],
    }
}

/// A dialogue that goes well up to `phase`, and then goes on with `fault`.
fn script(phase: &'static str, fault: Vec<Step>) -> Vec<Step> {
    let mut steps = Vec::new();
    for before in PHASES.iter().take_while(|before| **before != phase) {
        if *before != "STARTTLS" {
            steps.extend(listen(before));
            steps.push(say(good(before, phase == "STARTTLS")));
        }
    }
    steps.extend(listen(phase));
    steps.extend(fault);
    steps
}

/// The faults: a name, and what the server does in place of the good reply at a phase.
fn faults(phase: &'static str) -> Vec<(&'static str, Vec<Step>)> {
    let raw = |text: String| vec![Step::Say(text.into_bytes())];
    let code = &good(phase, false)[..3];
    let refused = |reply: &str| {
        let mut steps = vec![say(reply)];
        match phase {
            "EHLO" => steps.extend(hear("HELO", reply)),
            "MAIL" | "RCPT" | "DATA" => steps.extend(hear("RSET", "250 ok")),
            _ => {}
        }
        steps.push(Step::Hold);
        steps
    };
    vec![
        ("4xx", refused("451 4.3.0 later")),
        ("5xx", refused("554 5.7.1 never")),
        ("421, closes", vec![say("421 4.3.2 going down")]),
        ("closes", Vec::new()),
        ("resets", vec![Step::Reset]),
        ("silent", vec![Step::Hold]),
        (
            "stops in mid-line",
            [raw(format!("{code}-some")), vec![Step::Hold]].concat(),
        ),
        ("no code", raw("what do you want\r\n".to_owned())),
        ("999", raw("999 what\r\n".to_owned())),
        ("code changes", raw(format!("{code}-one\r\n299 two\r\n"))),
        (
            "endless lines",
            raw(format!("{code}-more\r\n").repeat(50_000)),
        ),
        ("10 MiB line", raw("x".repeat(10 << 20))),
    ]
}

/// What is to become of a fault.
fn wanted(phase: &str, fault: &str) -> &'static str {
    let replied = matches!(fault, "4xx" | "5xx" | "421, closes");
    match (phase, fault) {
        // The server has it.
        ("QUIT", _) => "delivered",
        // In clear text, over a second connection: nothing says that this mail must be secured.
        ("STARTTLS", _) => "delivered",
        // What is said at the door is about the server, not about the message.
        ("banner" | "EHLO", _) => "deferred 4.4.1",
        (_, "4xx") => "deferred 4.3.0",
        (_, "5xx") => "failed 5.7.1",
        (_, "421, closes") => "deferred 4.3.2",
        ("MAIL", _) if !replied => "deferred 4.4.1",
        _ => "deferred 4.4.2",
    }
}

async fn attempt(phase: &'static str, steps: Vec<Step>) -> (String, usize) {
    let peer = peer(vec![script(phase, steps)]).await;
    let out = Field::new(peer.port).hasty().start(ONE_HOST).await;
    let outcome = out.send().await;
    out.delivery.close().await;
    (short(&outcome), peer.seen().messages.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn h134_h136_every_fault_of_a_peer_ends_an_attempt_as_the_matrix_says() {
    let mut running = Vec::new();
    for phase in PHASES {
        for (fault, steps) in faults(phase) {
            let task = tokio::spawn(attempt(phase, steps));
            running.push((*phase, fault, task));
        }
    }
    let (mut table, mut wrong) = (String::new(), Vec::new());
    for (phase, fault, task) in running {
        let (became, arrived) = task.await.unwrap();
        table.push_str(&format!("{phase:<9} {fault:<18} {became}\n"));
        if became != wanted(phase, fault) {
            wrong.push(format!(
                "{phase}, {fault}: {became}, wanted {}",
                wanted(phase, fault)
            ));
        }
        // A delivered message is there, once; a message may be there and not be known to be: after the dot.
        let fits = match became.as_str() {
            "delivered" => arrived == 1,
            _ => arrived == usize::from(phase == "dot"),
        };
        if !fits {
            wrong.push(format!("{phase}, {fault}: {became}, and {arrived} arrived"));
        }
    }
    println!("{table}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn h134_replies_in_advance_are_never_taken_for_later_ones() {
    for phase in ["banner", "EHLO", "MAIL", "RCPT", "DATA", "dot"] {
        let early = format!("{}\r\n250 2.0.0 taken\r\n", good(phase, false));
        let rest = PHASES.iter().skip_while(|known| **known != phase).skip(1);
        let mut steps = vec![Step::Say(early.into_bytes())];
        for phase in rest.filter(|phase| **phase != "STARTTLS") {
            steps.extend(listen(phase));
            steps.push(say(good(phase, false)));
        }
        let peer = peer(vec![script(phase, steps)]).await;
        let out = WayOut::to(&peer).await;
        let outcome = out.send().await;
        let arrived = peer.seen().messages.len();
        // Behind the dot the early reply is too late to be believed for this message; the next one goes over a fresh connection.
        let wanted = match phase {
            "dot" => ("delivered".to_owned(), 1),
            "banner" | "EHLO" => ("deferred 4.4.1".to_owned(), 0),
            _ => ("deferred 4.4.2".to_owned(), 0),
        };
        assert_eq!(
            (short(&outcome), arrived),
            wanted,
            "{phase}: {:#?}",
            peer.seen()
        );
        assert_eq!(short(&out.send().await), "delivered", "{phase}");
        assert_eq!(peer.seen().connections, 2, "{phase}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h134_slow_and_odd_replies_are_understood() {
    let slow = |text: &'static str| -> Vec<Step> {
        text.bytes().map(|octet| Step::Say(vec![octet])).collect()
    };
    let scripts = vec![
        slow("220 peer.example\r\n"),
        [slow("250-peer.example\r\n250 SIZE 0\r\n")].concat(),
        vec![Step::Say(b"250 a\0b\x1b[2J\x80\r\n".to_vec())],
        vec![say("250")],
        vec![say("354-go\r\n354 on")],
        vec![say("250-2.0.0 a\r\n250 2.0.0 b")],
    ];
    let phases = ["banner", "EHLO", "MAIL", "RCPT", "DATA", "dot"];
    let steps = phases.iter().zip(scripts);
    let steps = steps.flat_map(|(phase, say)| [listen(phase), say].concat());
    let peer = peer(vec![steps.collect()]).await;
    let outcome = WayOut::to(&peer).await.send().await;
    assert_eq!(
        short(&outcome),
        "delivered",
        "{outcome:?} {:#?}",
        peer.seen()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn h135_a_connection_that_was_told_421_is_not_used_again() {
    let busy = script("RCPT", vec![say("421 4.3.2 later"), Step::Hold]);
    let peer = peer(vec![busy]).await;
    let out = WayOut::to(&peer).await;
    assert_eq!(short(&out.send().await), "deferred 4.3.2");
    assert_eq!(short(&out.send().await), "delivered");
    assert_eq!(peer.seen().connections, 2);
}

/// Servers on 127.0.0.2 and up, all with the same script for every connection.
async fn servers(count: u8, steps: &[Step]) -> Vec<Peer> {
    serve(listeners(count).await, steps)
}

/// The same, and one on our own address beside them.
async fn servers_beside_ours(count: u8, steps: &[Step]) -> (Peer, Vec<Peer>) {
    let (ours, theirs) = listeners_beside_ours(count).await;
    (Peer::serve(ours, vec![], None), serve(theirs, steps))
}

fn serve(listeners: Vec<tokio::net::TcpListener>, steps: &[Step]) -> Vec<Peer> {
    let listeners = listeners.into_iter();
    listeners
        .map(|listener| Peer::serve(listener, vec![steps.to_vec(); 9], None))
        .collect()
}

fn connections(peers: &[Peer]) -> Vec<usize> {
    peers.iter().map(|peer| peer.seen().connections).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn h132_all_hosts_in_order_and_five_addresses_at_most() {
    let records = [
        "poczta.example MX 10 a.poczta.example",
        "poczta.example MX 30 c.poczta.example",
        "poczta.example MX 20 b.poczta.example",
        "a.poczta.example A 127.0.0.2",
        "b.poczta.example A 127.0.0.3",
        "b.poczta.example A 127.0.0.4",
        "c.poczta.example A 127.0.0.5",
        "c.poczta.example A 127.0.0.6",
        "c.poczta.example A 127.0.0.7",
        "c.poczta.example A 127.0.0.8",
    ];
    let peers = servers(7, &[say("421 busy")]).await;
    let out = Field::new(peers[0].port).start(&records).await;
    assert_eq!(short(&out.send().await), "deferred 4.4.1");
    let tried = connections(&peers);
    assert_eq!(tried[..3], [1, 1, 1], "the better hosts first: {tried:?}");
    assert_eq!(tried.iter().sum::<usize>(), 5, "{tried:?}");
    // One host that takes it ends the search; a host that refuses for good, too.
    for (second, wanted) in [
        (vec![Step::Ordinary], "delivered"),
        (
            script(
                "RCPT",
                vec![say("550 5.1.1 no"), Step::Hear("RSET"), say("250 ok")],
            ),
            "failed 5.1.1",
        ),
    ] {
        let mut listeners = listeners(3).await.into_iter();
        let mut next = |steps: Vec<Step>| Peer::serve(listeners.next().unwrap(), vec![steps], None);
        let later = script(
            "RCPT",
            vec![say("450 4.2.1 later"), Step::Hear("RSET"), say("250 ok")],
        );
        let peers = [next(later), next(second), next(vec![Step::Ordinary])];
        let out = Field::new(peers[0].port).start(&[
            "poczta.example MX 10 a.poczta.example",
            "poczta.example MX 20 b.poczta.example",
            "poczta.example MX 30 c.poczta.example",
            "a.poczta.example A 127.0.0.2",
            "b.poczta.example A 127.0.0.3",
            "c.poczta.example A 127.0.0.4",
        ]);
        assert_eq!(short(&out.await.send().await), wanted);
        assert_eq!(connections(&peers), [1, 1, 0], "{wanted}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h132_our_own_side_is_passed_over_and_worse_hosts_than_we_are_too() {
    // 127.0.0.1 is our own side here; something listens there, too.
    let (own, peers) = servers_beside_ours(2, &[Step::Ordinary]).await;
    let port = peers[0].port;
    for (records, wanted) in [
        (
            &[
                "poczta.example MX 10 a.poczta.example",
                "a.poczta.example A 127.0.0.1",
                "a.poczta.example AAAA ::ffff:127.0.0.1",
                "a.poczta.example A 127.0.0.2",
            ][..],
            "delivered",
        ),
        (
            &[
                "poczta.example MX 10 mx.allegromail.example",
                "poczta.example MX 10 z.poczta.example",
                "poczta.example MX 20 a.poczta.example",
                "mx.allegromail.example A 127.0.0.2",
                "a.poczta.example A 127.0.0.3",
                "z.poczta.example A 127.0.0.1",
            ],
            "deferred 4.4.6",
        ),
        (&["poczta.example MX 10 127.0.0.2"], "failed 5.4.4"),
        (
            &["poczta.example MX 10 gone.poczta.example"],
            "failed 5.4.4",
        ),
        (&["poczta.example TXT nothing else"], "failed 5.4.4"),
    ] {
        let out = Field::new(port).start(records).await;
        assert_eq!(short(&out.send().await), wanted, "{records:?}");
    }
    assert_eq!(own.seen().connections, 0);
    assert_eq!(connections(&peers), [1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn h132_a_hundred_hosts_cost_five_tries() {
    let peers = servers(1, &[say("421 busy")]).await;
    let mut records: Vec<String> = Vec::new();
    for host in 0..100 {
        records.push(format!("poczta.example MX {host} h{host}.poczta.example"));
        records.push(format!("h{host}.poczta.example A 127.0.0.2"));
    }
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    let out = Field::new(peers[0].port).start(&records).await;
    assert_eq!(short(&out.send().await), "deferred 4.4.1");
    assert_eq!(connections(&peers), [5]);
    // Both kinds of address of five hosts.
    let mut asked = out.dns.asked();
    asked.retain(|question| question.starts_with('h'));
    assert_eq!(asked.len(), 2 * 5, "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn h133_the_address_that_was_checked_is_the_one_that_is_gone_to() {
    let later = script(
        "RCPT",
        vec![say("450 4.2.1 later"), Step::Hear("RSET"), say("250 ok")],
    );
    let (own, peers) = servers_beside_ours(1, &later).await;
    let port = peers[0].port;
    let out = Field::new(port).start(ONE_HOST).await;
    assert_eq!(short(&out.send().await), "deferred 4.2.1");
    let asked = out.dns.asked();
    let of_host = asked
        .iter()
        .filter(|question| *question == "mx.poczta.example. A");
    assert_eq!(of_host.count(), 1, "asked once, gone to once: {asked:?}");
    // The name turns to our own side: neither the answer that is still kept nor a new one leads there.
    out.dns.change(
        Zones::parse(&[
            "poczta.example MX 10 mx.poczta.example",
            "mx.poczta.example A 127.0.0.1",
        ])
        .unwrap(),
    );
    assert_eq!(short(&out.send().await), "deferred 4.2.1");
    let fresh = Field::new(port).start(&[
        "poczta.example MX 10 mx.poczta.example",
        "mx.poczta.example A 127.0.0.1",
    ]);
    assert_eq!(short(&fresh.await.send().await), "failed 5.4.6");
    assert_eq!(own.seen().connections, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn h130_every_dns_fault_ends_an_attempt_as_the_matrix_says() {
    let peer = peer(vec![]).await;
    let mut wrong = Vec::new();
    for (fault, at_mx, at_host) in [
        ("SERVFAIL", "deferred 4.4.3", "deferred 4.4.3"),
        ("REFUSED", "deferred 4.4.3", "deferred 4.4.3"),
        ("SILENCE", "deferred 4.4.3", "deferred 4.4.3"),
        ("GARBAGE", "deferred 4.4.3", "deferred 4.4.3"),
        ("WRONGID", "deferred 4.4.3", "deferred 4.4.3"),
        ("SLOW 60000", "deferred 4.4.3", "deferred 4.4.3"),
        ("SLOW 100", "delivered", "delivered"),
        ("TRUNCATED", "delivered", "delivered"),
        ("nothing", "delivered", "failed 5.4.4"),
        ("no such name", "failed 5.1.2", "failed 5.4.4"),
        ("CNAME poczta.example", "failed 5.4.4", "failed 5.4.4"),
    ] {
        for (name, wanted) in [("poczta.example", at_mx), ("mx.poczta.example", at_host)] {
            let line = format!("{name} {fault}");
            let mut records = vec![
                "poczta.example MX 10 mx.poczta.example",
                "mx.poczta.example A 127.0.0.2",
            ];
            match fault {
                "nothing" | "no such name" | "CNAME poczta.example" => {
                    records.retain(|record| !record.starts_with(&format!("{name} ")));
                    match fault {
                        "nothing" => records.push(if name == "poczta.example" {
                            "poczta.example A 127.0.0.2"
                        } else {
                            "mx.poczta.example TXT nothing"
                        }),
                        "no such name" if name == "poczta.example" => records.clear(),
                        "no such name" => {}
                        _ => records.push(&line),
                    }
                }
                _ => records.push(&line),
            }
            let mut field = Field::new(peer.port);
            field.options = ResolverOptions {
                patience: SHORT / 5,
                ..ResolverOptions::default()
            };
            let became = short(&field.start(&records).await.send().await);
            println!("{fault:<22} {name:<18} {became}");
            if became != wanted {
                wrong.push(format!("{fault} at {name}: {became}, wanted {wanted}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn h135_a_silent_server_of_many_domains_is_waited_for_once() {
    let peer = peer(vec![vec![Step::Hold]]).await;
    let records: Vec<String> = (0..50)
        .map(|n| format!("d{n}.example MX 10 mx.poczta.example"))
        .collect();
    let mut records: Vec<&str> = records.iter().map(String::as_str).collect();
    records.extend(ONE_HOST);
    let out = Field::new(peer.port).hasty().start(&records).await;
    for n in 0..50 {
        let outcome = out
            .deliver(&format!("a@d{n}.example"), MESSAGE.as_bytes())
            .await;
        assert_eq!(short(&outcome), "deferred 4.4.1");
    }
    assert_eq!(peer.seen().connections, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn h139_many_dead_domains_are_bounded_and_hinder_nobody() {
    let count: usize = std::env::var("ALLEGROMAIL_DNS_DOMAINS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(300);
    let peer = peer(vec![]).await;
    let mut records: Vec<String> = (0..count)
        .map(|n| format!("d{n}.example SLOW 60000"))
        .collect();
    records.extend(ONE_HOST.iter().map(|record| (*record).to_owned()));
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    let mut field = Field::new(peer.port);
    field.options = ResolverOptions {
        patience: SHORT / 5,
        ..ResolverOptions::default()
    };
    let out = std::sync::Arc::new(field.start(&records).await);
    let began = std::time::Instant::now();
    let before = resident();
    let attempts: Vec<_> = (0..count)
        .map(|n| {
            let out = out.clone();
            tokio::spawn(async move {
                out.deliver(&format!("a@d{n}.example"), MESSAGE.as_bytes())
                    .await
            })
        })
        .collect();
    let outcome = out.send().await;
    assert_eq!(short(&outcome), "delivered");
    for attempt in attempts {
        assert!(matches!(attempt.await.unwrap(), Outcome::Deferred(_)));
    }
    println!(
        "{count} dead domains: {:?}, resident memory {before} KiB before, {} KiB after",
        began.elapsed(),
        resident()
    );
}
