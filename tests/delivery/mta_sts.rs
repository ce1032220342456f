//! MTA-STS on the way out (RFC 8461, docs/threats.md#48): who gets mail under a policy, and what an attacker in between can do.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use allegromail::clock::ManualClock;
use allegromail::delivery::{PolicyFuture, SharedPolicies};
use allegromail::mail::{Domain, Timestamp};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::support::authority::{Authority, Chain};
use crate::support::peer::{Peer, Step, hear, say};
use crate::support::way_out::{Field, MESSAGE, WayOut, listeners, short};

/// A web server that gives one answer to everything.
struct Web {
    port: u16,
    requests: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Web {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Web {
    async fn start(chain: &Chain, answer: String) -> Self {
        let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(AtomicUsize::new(0));
        let acceptor = chain.acceptor();
        let task = tokio::spawn({
            let requests = requests.clone();
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    requests.fetch_add(1, Ordering::SeqCst);
                    let Ok(stream) = acceptor.accept(stream).await else {
                        continue;
                    };
                    let mut stream = BufReader::new(stream);
                    let mut line = String::new();
                    while stream.read_line(&mut line).await.is_ok_and(|read| read > 2) {
                        line.clear();
                    }
                    if answer.is_empty() {
                        std::future::pending::<()>().await;
                    }
                    let _ = stream.write_all(answer.as_bytes()).await;
                    let _ = stream.shutdown().await;
                }
            }
        });
        Self {
            port,
            requests,
            task,
        }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn http(status: &str, kind: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn policy(mode: &str, mx: &[&str]) -> String {
    let mx: String = mx.iter().map(|mx| format!("mx: {mx}\r\n")).collect();
    let text = format!("version: STSv1\r\nmode: {mode}\r\n{mx}max_age: 86400\r\n");
    http("200 OK", "text/plain; charset=utf-8", &text)
}

/// Servers, a web server and an authority that all know one another.
struct World {
    authority: Authority,
    web: Web,
    peers: Vec<Peer>,
}

impl World {
    /// One mail server, certified for `name`; the web server has `answer`.
    async fn new(name: &str, answer: String) -> Self {
        Self::with(name, answer, vec![], 1).await
    }

    async fn with(name: &str, answer: String, scripts: Vec<Vec<Step>>, count: u8) -> Self {
        let authority = Authority::new();
        let chain = match name {
            "" => Chain::of_nobody("mx.poczta.example"),
            name => authority.certify(name),
        };
        let listeners = listeners(count).await.into_iter();
        let peers = listeners
            .map(|listener| Peer::serve(listener, scripts.clone(), Some(chain.acceptor())))
            .collect();
        let web = Web::start(&authority.certify("mta-sts.poczta.example"), answer).await;
        Self {
            authority,
            web,
            peers,
        }
    }

    fn field(&self, folder: Option<tempfile::TempDir>) -> Field {
        let port = self.peers[0].port;
        let mut field = match folder {
            Some(folder) => Field::within(port, folder),
            None => Field::new(port),
        };
        field.settings.network.https_port = self.web.port;
        let path = field.settings.policies.with_extension("pem");
        self.authority.write(&path);
        field.settings.ca_file = Some(path);
        field
    }

    async fn out(&self) -> WayOut {
        self.field(None).start(RECORDS).await
    }

    /// Messages, connections, and whether anything of a transaction was said in clear text.
    fn seen(&self) -> (usize, usize, bool) {
        let seen: Vec<_> = self.peers.iter().map(Peer::seen).collect();
        let clear = seen.iter().any(|seen| {
            let tls = seen.lines.iter().position(|line| line == "TLS");
            let mail = seen.lines.iter().position(|line| line.starts_with("MAIL"));
            mail.is_some_and(|mail| tls.is_none_or(|tls| mail < tls))
        });
        (
            seen.iter().map(|seen| seen.messages.len()).sum(),
            seen.iter().map(|seen| seen.connections).sum(),
            clear,
        )
    }
}

const RECORDS: &[&str] = &[
    "poczta.example MX 10 mx.poczta.example",
    "mx.poczta.example A 127.0.0.2",
    "_mta-sts.poczta.example TXT v=STSv1; id=20261124;",
    "mta-sts.poczta.example A 127.0.0.2",
];

#[tokio::test(flavor = "multi_thread")]
async fn h048_an_enforced_policy_wants_a_named_host_with_a_valid_certificate() {
    let enforce = || policy("enforce", &["mx.poczta.example"]);
    for (name, certified, answer, wanted) in [
        ("all well", "mx.poczta.example", enforce(), "delivered"),
        (
            "wildcard",
            "mx.poczta.example",
            policy("enforce", &["*.poczta.example"]),
            "delivered",
        ),
        (
            "host not named",
            "mx.poczta.example",
            policy("enforce", &["mx.other.example"]),
            "deferred 4.7.5",
        ),
        (
            "wildcard of two labels",
            "mx.poczta.example",
            policy("enforce", &["*.example"]),
            "deferred 4.7.5",
        ),
        (
            "certificate of another",
            "mx.evil.example",
            enforce(),
            "deferred 4.7.5",
        ),
        ("certificate of nobody", "", enforce(), "deferred 4.7.5"),
        (
            "testing",
            "",
            policy("testing", &["mx.other.example"]),
            "delivered",
        ),
        ("none", "", policy("none", &[]), "delivered"),
    ] {
        let world = World::new(certified, answer).await;
        let became = short(&world.out().await.send().await);
        assert_eq!(became, wanted, "{name}: {:#?}", world.peers[0].seen());
        let (messages, _, clear) = world.seen();
        assert_eq!(messages, usize::from(wanted == "delivered"), "{name}");
        assert!(!clear, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h043_h048_under_a_policy_no_trick_leads_to_clear_text() {
    let offers = || {
        [
            vec![say("220 peer")],
            hear("EHLO", "250-peer\r\n250 STARTTLS"),
        ]
        .concat()
    };
    let bare = [vec![say("220 peer")], hear("EHLO", "250 peer")].concat();
    for (name, script) in [
        ("STARTTLS taken out", [bare, vec![Step::Hold]].concat()),
        (
            "refused",
            [offers(), hear("STARTTLS", "454 no"), vec![Step::Hold]].concat(),
        ),
        (
            "injected",
            [
                offers(),
                hear("STARTTLS", "220 go\r\n250 ok"),
                vec![Step::Hold],
            ]
            .concat(),
        ),
        (
            "no handshake",
            [offers(), hear("STARTTLS", "220 go"), vec![say("no TLS")]].concat(),
        ),
        (
            "cut",
            [offers(), vec![Step::Hear("STARTTLS"), Step::Reset]].concat(),
        ),
    ] {
        let answer = policy("enforce", &["mx.poczta.example"]);
        let world = World::with("mx.poczta.example", answer, vec![script], 1).await;
        let out = world.out().await;
        assert_eq!(short(&out.send().await), "deferred 4.7.5", "{name}");
        let (messages, connections, clear) = world.seen();
        assert_eq!((messages, connections, clear), (0, 1, false), "{name}");
        assert_eq!(
            short(&out.send().await),
            "delivered",
            "{name}, when it is over"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h048_a_host_that_does_not_fit_is_passed_over_for_one_that_does() {
    let answer = policy("enforce", &["b.poczta.example"]);
    let world = World::with("b.poczta.example", answer, vec![], 2).await;
    let out = world.field(None).start(&[
        "poczta.example MX 10 a.poczta.example",
        "poczta.example MX 20 b.poczta.example",
        "a.poczta.example A 127.0.0.2",
        "b.poczta.example A 127.0.0.3",
        "_mta-sts.poczta.example TXT v=STSv1; id=1;",
        "mta-sts.poczta.example A 127.0.0.2",
    ]);
    assert_eq!(short(&out.await.send().await), "delivered");
    let connections: Vec<_> = world
        .peers
        .iter()
        .map(|peer| peer.seen().connections)
        .collect();
    assert_eq!(connections, [0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn h048_what_is_no_policy_binds_nobody_and_is_not_asked_for_again_at_once() {
    let good = || policy("enforce", &["mx.other.example"]);
    let text = "version: STSv1\nmode: enforce\nmx: mx.other.example\nmax_age: 86400\n";
    for (name, answer) in [
        ("not found", http("404 Not Found", "text/plain", text)),
        (
            "redirect",
            good().replace(
                "200 OK",
                "301 Moved\r\nLocation: https://mta-sts.poczta.example/x",
            ),
        ),
        ("web page", http("200 OK", "text/html", text)),
        (
            "too large",
            http(
                "200 OK",
                "text/plain",
                &format!("{text}{}", "x: y\n".repeat(20_000)),
            ),
        ),
        ("no policy", http("200 OK", "text/plain", "hello")),
        ("no HTTP", "SSH-2.0-OpenSSH\r\n".to_owned()),
        ("silent", String::new()),
    ] {
        let world = World::new("", answer).await;
        let out = world.out().await;
        for _ in 0..2 {
            assert_eq!(short(&out.send().await), "delivered", "{name}");
        }
        assert_eq!(world.web.requests(), 1, "{name}");
    }
    // The web server's own certificate counts, and our own side is not gone to for a policy either.
    for records in [
        &[
            "_mta-sts.poczta.example TXT v=STSv1; id=1;",
            "mta-sts.poczta.example CNAME other.example",
            "other.example A 127.0.0.1",
        ][..],
        &[
            "_mta-sts.poczta.example TXT v=STSv1; id=1;",
            "_mta-sts.poczta.example TXT v=STSv1; id=2;",
            "mta-sts.poczta.example A 127.0.0.2",
        ],
        &[
            "_mta-sts.poczta.example TXT v=STSv2; id=1;",
            "mta-sts.poczta.example A 127.0.0.2",
        ],
        &[
            "_mta-sts.poczta.example SERVFAIL",
            "mta-sts.poczta.example A 127.0.0.2",
        ],
    ] {
        let world = World::new("", good()).await;
        let records = [&RECORDS[..2], records].concat();
        let out = world.field(None).start(&records).await;
        assert_eq!(short(&out.send().await), "delivered", "{records:?}");
        assert_eq!(world.web.requests(), 0, "{records:?}");
    }
    let mut world = World::new("", good()).await;
    world.web = Web::start(&world.authority.certify("mta-sts.evil.example"), good()).await;
    assert_eq!(short(&world.out().await.send().await), "delivered");
}

#[tokio::test(flavor = "multi_thread")]
async fn h048_a_kept_policy_rules_after_a_restart_although_nothing_can_be_fetched() {
    let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000)));
    let mut world = World::new("", policy("enforce", &["mx.poczta.example"])).await;
    let mut field = world.field(None);
    field.clock = clock.clone();
    let out = field.start(RECORDS).await;
    assert_eq!(short(&out.send().await), "deferred 4.7.5");
    assert_eq!(world.web.requests(), 1);
    let mut folder = out.folder;
    // The record is held back; it is there and the web server is not; it says something else and the server is not there.
    for (name, record) in [
        ("no record", "x.example A 127.0.0.2"),
        ("no answer", "_mta-sts.poczta.example SERVFAIL"),
        ("same record", RECORDS[2]),
        ("new record", "_mta-sts.poczta.example TXT v=STSv1; id=2;"),
    ] {
        world.web = Web::start(&Chain::of_nobody("x"), "HTTP/1.1 200 OK\r\n\r\n".to_owned()).await;
        let mut field = world.field(Some(folder));
        field.clock = clock.clone();
        let out = field
            .start(&[&RECORDS[..2], &[record, RECORDS[3]]].concat())
            .await;
        assert_eq!(short(&out.send().await), "deferred 4.7.5", "{name}");
        folder = out.folder;
    }
    // A new policy takes its place when it can be had.
    world.web = Web::start(
        &world.authority.certify("mta-sts.poczta.example"),
        policy("testing", &["mx.poczta.example"]),
    )
    .await;
    let mut field = world.field(Some(folder));
    field.clock = clock.clone();
    let out = field
        .start(
            &[
                &RECORDS[..2],
                &["_mta-sts.poczta.example TXT v=STSv1; id=2;", RECORDS[3]],
            ]
            .concat(),
        )
        .await;
    assert_eq!(short(&out.send().await), "delivered");
    assert_eq!(world.web.requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn h048_a_policy_ends_with_its_max_age() {
    let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000)));
    let world = World::new("", policy("enforce", &["mx.poczta.example"])).await;
    let mut field = world.field(None);
    field.clock = clock.clone();
    let out = field.start(RECORDS).await;
    assert_eq!(short(&out.send().await), "deferred 4.7.5");
    let bare = |folder| {
        let mut field = world.field(Some(folder));
        field.clock = clock.clone();
        field.start(&RECORDS[..2])
    };
    clock.advance(Duration::from_secs(86_399));
    let out = bare(out.folder).await;
    assert_eq!(short(&out.send().await), "deferred 4.7.5");
    clock.advance(Duration::from_secs(1));
    assert_eq!(short(&bare(out.folder).await.send().await), "delivered");
}

#[tokio::test(flavor = "multi_thread")]
async fn h048_a_connection_opened_without_a_policy_is_not_used_under_one() {
    let world = World::new("", policy("enforce", &["mx.poczta.example"])).await;
    let records = [
        "poczta.example MX 10 mx.poczta.example",
        "free.example MX 10 mx.poczta.example",
        "mx.poczta.example A 127.0.0.2",
        RECORDS[2],
        RECORDS[3],
    ];
    let out = world.field(None).start(&records).await;
    let free = out.deliver("a@free.example", MESSAGE.as_bytes()).await;
    assert_eq!(short(&free), "delivered");
    assert_eq!(short(&out.send().await), "deferred 4.7.5");
    let free = out.deliver("a@free.example", MESSAGE.as_bytes()).await;
    assert_eq!(short(&free), "delivered");
    // The first connection was used twice; the second was for the other domain and did not hold.
    assert_eq!(world.seen(), (2, 2, false));
}

/// What nodes share, in memory.
#[derive(Default)]
struct Together {
    kept: Mutex<HashMap<Domain, (String, Timestamp)>>,
    is_away: Mutex<bool>,
}

impl SharedPolicies for Together {
    fn find<'a>(&'a self, domain: &'a Domain) -> PolicyFuture<'a, Option<String>> {
        let found = self.kept.lock().unwrap().get(domain).cloned();
        let answer = match *self.is_away.lock().unwrap() {
            true => Err("away".to_owned()),
            false => Ok(found.map(|(record, _)| record)),
        };
        Box::pin(std::future::ready(answer))
    }

    fn keep<'a>(
        &'a self,
        domain: &'a Domain,
        record: String,
        (fetched, until): (Timestamp, Timestamp),
    ) -> PolicyFuture<'a, ()> {
        assert_eq!(until.since(fetched), Duration::from_secs(86_400));
        let mut kept = self.kept.lock().unwrap();
        kept.insert(domain.clone(), (record, fetched));
        Box::pin(std::future::ready(Ok(())))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h048_whom_one_node_has_reached_no_other_meets_for_the_first_time() {
    let together = Arc::new(Together::default());
    let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000)));
    let mut world = World::new("", policy("enforce", &["mx.poczta.example"])).await;
    let node = |world: &World, folder| {
        let mut field = world.field(folder);
        field.policies = Some(together.clone());
        field.clock = clock.clone();
        field
    };
    let one = node(&world, None).start(RECORDS).await;
    assert_eq!(short(&one.send().await), "deferred 4.7.5");
    assert_eq!(world.web.requests(), 1);
    // Nobody lets the second one hear of a policy; the third could fetch it, and need not.
    let two = node(&world, None).start(&RECORDS[..2]).await;
    assert_eq!(short(&two.send().await), "deferred 4.7.5");
    let three = node(&world, None).start(RECORDS).await;
    assert_eq!(short(&three.send().await), "deferred 4.7.5");
    assert_eq!(world.web.requests(), 1);
    // What it has heard it keeps: the others may be away after its restart.
    *together.is_away.lock().unwrap() = true;
    let three = node(&world, Some(three.folder)).start(&RECORDS[..2]).await;
    assert_eq!(short(&three.send().await), "deferred 4.7.5");
    *together.is_away.lock().unwrap() = false;
    // A new policy is fetched by one, and the others have it.
    clock.advance(Duration::from_secs(1));
    let certified = world.authority.certify("mta-sts.poczta.example");
    world.web = Web::start(&certified, policy("testing", &["mx.poczta.example"])).await;
    let records = [
        &RECORDS[..2],
        &["_mta-sts.poczta.example TXT v=STSv1; id=2;", RECORDS[3]],
    ]
    .concat();
    for folder in [one.folder, two.folder, three.folder] {
        let node = node(&world, Some(folder)).start(&records).await;
        assert_eq!(short(&node.send().await), "delivered");
    }
    assert_eq!(world.web.requests(), 1);
    // One that has run out is nobody's.
    clock.advance(Duration::from_secs(86_400));
    let four = node(&world, None).start(&RECORDS[..2]).await;
    assert_eq!(short(&four.send().await), "delivered");
}
