//! What must hold after every case, whatever was done to the relay; checked when a stage goes, so that no test can forget it.
//!
//! I1: what the spool took was answered 250. I2: nobody was connected to without mail to bring. I3: no registered address reaches the other
//! side, in a message, a report or a reply. I4: the next plain message on a new connection works. I5: no session outlives its client; what
//! sessions cost the process is measured on the program itself (`footprint.rs`).

use std::collections::{BTreeSet, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use allegromail::admin;
use allegromail::config::HttpListen;
use allegromail::scripted::{session::Received, sink::Watch};
use mail_parser::{MessageParser, PartType};
use tokio::net::TcpSocket;

use crate::support::dialogue::Dialogue;
use crate::support::stage::PATIENCE;

/// Every registered address of the ordinary stage. A test must not make a relay show one to anybody but its owner.
const REGISTERED: &[&str] = &[
    "jan@poczta.example",
    "biuro@rowery.example",
    "sprzedaz@rowery.example",
    "ola@poczta.example",
    "sleepy@poczta.example",
    "probe@honest.example",
    "other@honest.example",
];
/// The accounts that the probe uses, and nobody else.
pub const PROBE_ACCOUNTS: &str = r#"{"type":"participant","id":"probe1","login":"probe","marketplace":"allegro-pl","language":"en","primary":"probe@honest.example","addresses":["probe@honest.example"]}
{"type":"participant","id":"probe2","login":"other","marketplace":"allegro-pl","language":"en","primary":"other@honest.example","addresses":["other@honest.example"]}
{"type":"transaction","id":"probe0","buyer":"probe1","seller":"probe2"}
"#;
/// The probe's proof.
pub const PROBE_ZONE: &str = "honest.example TXT v=spf1 ip4:127.9.9.9 -all";
/// Where the probe comes from: a network whose budgets no test has spent.
const PROBE_FROM: &str = "127.9.9.9";

/// The transactions that a client of these tests has heard a 250 for.
static HEARD: Mutex<Option<HashSet<String>>> = Mutex::new(None);

/// Keeps the trace of an answer that took a message.
pub fn heard(answer: &str) {
    if !answer.starts_with("250") {
        return;
    }
    if let Some(trace) = answer.split("[trace=").nth(1) {
        let trace = trace.trim_end().trim_end_matches(']').to_owned();
        let mut heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
        heard.get_or_insert_default().insert(trace);
    }
}

/// Registered addresses in an answer that its client has not said itself (I3).
pub fn told(answer: &str, said: &[u8]) -> Vec<&'static str> {
    let (answer, said) = (answer.to_lowercase(), said.to_ascii_lowercase());
    let shown = |address: &&&str| answer.contains(**address);
    let own = |address: &&str| memchr::memmem::find(&said, address.as_bytes()).is_some();
    REGISTERED
        .iter()
        .filter(shown)
        .copied()
        .filter(|address| !own(address))
        .collect()
}

/// Registered addresses that a message shows to somebody who must not learn them (I3).
pub fn leaks(received: &Received) -> Vec<String> {
    let mut texts = Vec::new();
    decode(&received.data, &mut texts, 0);
    let head = texts.first().map(String::as_str).unwrap_or_default();
    let from_courier = !received.reverse_path.is_empty()
        && !head.lines().any(|line| {
            line.starts_with("from:") && (line.contains("@allegromail.") || line.contains("@user."))
        });
    // Role mail goes to the operator as it came, and what a courier writes of others is its own.
    let to_operator = received
        .recipients
        .iter()
        .any(|to| to.ends_with("@operator.example"));
    if to_operator || from_courier {
        return Vec::new();
    }
    let mut found = Vec::new();
    for address in REGISTERED {
        let owner = |to: &String| {
            let (one, other) = (to.rsplit_once('@'), address.rsplit_once('@'));
            to.eq_ignore_ascii_case(address)
                // A shop's two addresses are one account.
                || one.zip(other).is_some_and(|(one, other)| one.1 == "rowery.example" && one.1 == other.1)
        };
        if received.recipients.iter().any(owner) {
            continue;
        }
        if texts.iter().any(|text| text.contains(address)) {
            found.push(format!(
                "I3: {address} shows in a message to {:?}",
                received.recipients
            ));
        }
    }
    found
}

/// The raw text, and every part that can be decoded, in lower case.
fn decode(raw: &[u8], texts: &mut Vec<String>, depth: usize) {
    texts.push(String::from_utf8_lossy(raw).to_lowercase());
    let Some(message) = MessageParser::default().parse(raw).filter(|_| depth < 5) else {
        return;
    };
    for header in message.headers() {
        texts.push(format!("{:?}", header.value).to_lowercase());
    }
    for part in &message.parts {
        match &part.body {
            PartType::Text(text) | PartType::Html(text) => texts.push(text.to_lowercase()),
            PartType::Binary(octets) | PartType::InlineBinary(octets) => {
                texts.push(String::from_utf8_lossy(octets).to_lowercase());
            }
            PartType::Message(inner) => decode(inner.raw_message(), texts, depth + 1),
            PartType::Multipart(_) => {}
        }
    }
}

/// What a stage is held to.
pub struct Invariants {
    smtp: SocketAddr,
    admin: Option<SocketAddr>,
    trace: PathBuf,
    sink: Watch,
    /// Whether a plain message of the probe ends in the sink.
    pub to_sink: bool,
    /// Why acknowledgements may be missing; none: they may not.
    pub unheard: Option<&'static str>,
    /// Whether the probe is sent when the stage goes.
    pub probing: bool,
}

impl Invariants {
    /// For a relay that has just started.
    pub fn new(smtp: SocketAddr, admin: &str, folder: &Path, sink: Watch) -> Self {
        Self {
            smtp,
            admin: admin.parse().ok(),
            trace: folder.join("data/trace"),
            sink,
            to_sink: true,
            unheard: None,
            probing: true,
        }
    }

    /// Everything that does not hold.
    pub async fn check(&self) -> Vec<String> {
        let mut wrong = self.spooled_and_unheard().await;
        wrong.extend(self.sessions_without_client().await);
        wrong.extend(self.sink.waiting().iter().flat_map(leaks));
        if self.probing {
            wrong.extend(self.probe().await);
        }
        wrong
    }

    /// I1 and I2, from the life of every message that the relay keeps.
    async fn spooled_and_unheard(&self) -> Vec<String> {
        let Some(address) = self.admin else {
            return Vec::new();
        };
        let client = admin::Client::at(HttpListen::Tcp(address));
        // Looked at first: a message may be noted and brought out while the lines are read.
        let connected = self.sink.connections() > 0;
        // Asking for anything hands the lines to the system.
        let flushed: Result<serde_json::Value, _> = client.get("/v1/trace?q=x").await;
        if flushed.is_err() {
            return Vec::new();
        }
        let (mut spooled, mut held, mut notices) = (BTreeSet::new(), BTreeSet::new(), false);
        for file in std::fs::read_dir(&self.trace)
            .into_iter()
            .flatten()
            .flatten()
        {
            let text = std::fs::read_to_string(file.path()).unwrap_or_default();
            for line in text
                .lines()
                .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            {
                // A notice of our own stands beside a refusal.
                if line["event"] == "accepted" && line["about"]["subject"] == "notice" {
                    notices = true;
                } else if line["came"]["protocol"] == "HTTP" {
                    // Answered 201 in the Message Center.
                } else if line["event"] == "held" {
                    held.insert(line["trace"].as_str().unwrap_or_default().to_owned());
                } else if line["event"] == "accepted" {
                    spooled.insert(line["trace"].as_str().unwrap_or_default().to_owned());
                }
            }
        }
        // Refused, and kept for its documents: what is told of it later is not answered, either.
        spooled.retain(|trace| !held.contains(trace));
        notices |= !held.is_empty();
        let mut wrong = Vec::new();
        if self.unheard.is_none() {
            let heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
            for trace in &spooled {
                if !heard.as_ref().is_some_and(|heard| heard.contains(trace)) {
                    wrong.push(format!(
                        "I1: {trace} is in the spool and was not answered 250"
                    ));
                }
            }
        }
        if spooled.is_empty() && !notices && connected {
            wrong.push("I2: the next hop was connected to, and there was no mail".to_owned());
        }
        wrong
    }

    /// I5: connections that the relay holds and no client of this process does.
    async fn sessions_without_client(&self) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let (held, clients) = sockets(self.smtp.port());
            if held <= clients {
                return Vec::new();
            }
            if begun.elapsed() > PATIENCE {
                return vec![format!(
                    "I5: the relay holds {held} connections of {clients} clients"
                )];
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// I4, as an honest client of another network would see it.
    async fn probe(&self) -> Vec<String> {
        let (from, to) = ("probe@honest.example", "probe2+probe0@allegromail.pl");
        let subject = format!("probe {}", self.smtp.port());
        let body = format!(
            "From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n\r\nHello.\r\n"
        );
        let begun = Instant::now();
        let answer = loop {
            let socket = TcpSocket::new_v4().unwrap();
            let source = PROBE_FROM.parse::<IpAddr>().unwrap();
            socket.bind(SocketAddr::new(source, 0)).unwrap();
            let stream = match socket.connect(self.smtp).await {
                Ok(stream) => stream,
                Err(error) => return vec![format!("I4: no new connection: {error}")],
            };
            let mut dialogue = Dialogue::over(stream);
            let banner = dialogue.answer().await.0;
            // Connections that have just ended may still count.
            if banner.starts_with("421") && begun.elapsed() < PATIENCE {
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            }
            dialogue.say("EHLO probe.honest.example").await;
            break dialogue.send(from, &[to], &body).await.0;
        };
        if !answer.starts_with("250") {
            return vec![format!("I4: the next plain message is answered: {answer}")];
        }
        if self.to_sink && !self.sink.saw(&subject, PATIENCE).await {
            return vec!["I4: the next plain message was taken and did not arrive".to_owned()];
        }
        Vec::new()
    }
}

/// How many sockets of this process the server's side of a port holds, and how many its clients do.
fn sockets(port: u16) -> (usize, usize) {
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap_or_default();
    let port = format!(":{port:04X}");
    let (mut held, mut clients) = (0, 0);
    for line in table.lines().skip(1) {
        let mut words = line.split_whitespace().skip(1);
        let (Some(local), Some(remote), Some(state)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        // ESTABLISHED and CLOSE_WAIT: a file descriptor stands behind it.
        if matches!(state, "01" | "08") {
            held += usize::from(local.ends_with(&port));
            clients += usize::from(remote.ends_with(&port));
        }
    }
    (held, clients)
}

impl Drop for Invariants {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let wrong = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(self.check())
        });
        assert!(wrong.is_empty(), "after the case: {wrong:#?}");
    }
}
