//! No address of a writer is in the Message Center, however it was written: generated messages pass the relay, and the oracle of `tests/leaks` looks at all
//! that the Center answers both sides and at all that its files hold.
//!
//! `ALLEGROMAIL_LEAK_MESSAGES=40000 cargo test --release --test relay center_leaks -- --nocapture` is the long run; `ALLEGROMAIL_LEAK_SEED=17` has other
//! messages generated.

#[path = "../leaks/generate.rs"]
#[allow(clippy::cast_possible_truncation, reason = "its numbers are small")]
mod generate;
#[allow(clippy::cast_possible_truncation, reason = "its numbers are small")]
#[path = "../leaks/text.rs"]
mod text;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::center::Tool;
use crate::support::dialogue::Dialogue;
use crate::support::stage::{Setup, Stage, until};

use generate::{Generator, Random};

/// Who writes, and to whom.
struct Side {
    id: &'static str,
    addresses: &'static [&'static str],
    /// Domains that must not show in prose either: a buyer's.
    hidden: &'static [&'static str],
    /// Names of others that hold one of its own.
    others: &'static [&'static str],
    /// The mask that it writes to, and whose that is.
    to: &'static str,
    reader: &'static str,
}

const SIDES: [Side; 3] = [
    Side {
        id: "leakbuyer1",
        addresses: &["jan.kowalski@kowalscy.example"],
        hidden: &["kowalscy.example"],
        others: &["mojkowalscy.example", "jan.kowalski@kowalscy.example.com"],
        to: "leakseller+leak1@allegromail.pl",
        reader: "leakseller",
    },
    Side {
        id: "leakseller",
        addresses: &["biuro@sklepik.example", "sprzedaz@rowery-24.example"],
        hidden: &[],
        others: &["biuro@sklepik.example.com", "mojebiuro@sklepik.example"],
        to: "leakbuyer1+leak1@allegromail.pl",
        reader: "leakbuyer1",
    },
    // Letters that no ASCII has: the domain has two forms.
    Side {
        id: "leakbuyer2",
        addresses: &["jan@xn--zwiadowc-p8a.example"],
        hidden: &["xn--zwiadowc-p8a.example"],
        others: &["jan@zwiadowca.example", "xn--zwiadowc-p8a.example.com"],
        to: "leakseller+leak2@allegromail.pl",
        reader: "leakseller",
    },
];

/// A number from the environment.
fn number(name: &str, otherwise: u64) -> u64 {
    let given = std::env::var(name).ok();
    given
        .and_then(|given| given.parse().ok())
        .unwrap_or(otherwise)
}

/// An address with its domain as people write it.
fn unicode(address: &str) -> String {
    let (local, domain) = address.split_once('@').unwrap();
    format!("{local}@{}", idna::domain_to_unicode(domain).0)
}

/// The oracle that looks for what is one side's. It writes what it finds into a file: nobody reads it before the end.
fn oracle(side: &Side, found: &Path) -> Option<Child> {
    let python = match Path::new("/usr/bin/python3").exists() {
        true => "/usr/bin/python3",
        false => "python3",
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/leaks/oracle.py");
    let mut command = Command::new(python);
    command.arg(script).args(side.addresses).arg("--");
    command.args(side.hidden).arg("--").args(side.others);
    let child = command
        .stdin(Stdio::piped())
        .stdout(std::fs::File::create(found).unwrap())
        .spawn();
    let is_required = std::env::var("ALLEGROMAIL_INTEROP").is_ok_and(|value| value == "require");
    assert!(
        child.is_ok() || !is_required,
        "python3 is missing, and ALLEGROMAIL_INTEROP=require"
    );
    child.ok()
}

async fn stage() -> Stage {
    let mut accounts = String::new();
    for side in &SIDES {
        let addresses = serde_json::to_string(side.addresses).unwrap();
        writeln!(
            accounts,
            r#"{{"type":"participant","id":"{0}","login":"{0}","marketplace":"allegro-pl","primary":"{1}","addresses":{addresses}}}"#,
            side.id, side.addresses[0]
        )
        .unwrap();
    }
    for (order, buyer) in [("leak1", "leakbuyer1"), ("leak2", "leakbuyer2")] {
        writeln!(
            accounts,
            r#"{{"type":"transaction","id":"{order}","buyer":"{buyer}","seller":"leakseller"}}"#
        )
        .unwrap();
    }
    let addresses = SIDES.iter().flat_map(|side| side.addresses);
    let zones = addresses.map(|address| {
        let (_, domain) = address.split_once('@').unwrap();
        format!("{domain} TXT v=spf1 ip4:127.0.0.1 -all")
    });
    let mut setup = Setup {
        accounts,
        zones: zones.collect(),
        ..Setup::default()
    };
    for budget in [
        "messages_per_sender",
        "messages_per_transaction",
        "refusals_per_client",
    ] {
        setup = setup.key("limits", &format!("{budget} = \"off\""));
    }
    // All shapes pass, whatever may be said and attached.
    for rules in ["duplicate", "prohibited", "attachment"] {
        setup = setup.key("content", &format!("{rules} = []"));
    }
    let center = "[center]\nlisten = \"127.0.0.1:0\"\nrequests_per_participant = \"off\"";
    setup.key("admin", center).start().await
}

/// Sends generated messages of one side; what each that was taken says of itself, and how many were refused for what.
async fn send(stage: &Stage, side: &Side, seed: u64, count: u64) -> (u64, BTreeMap<String, u64>) {
    let shown: Vec<String> = side
        .addresses
        .iter()
        .map(|address| unicode(address))
        .collect();
    let mut generator = Generator::new(
        Random::new(seed),
        &shown,
        (side.hidden, side.others),
        side.to,
    );
    let (mut taken, mut refused) = (0, BTreeMap::new());
    let mut dialogue = Dialogue::greeted(stage.smtp()).await;
    for number in 0..count {
        if number % 50 == 49 {
            dialogue = Dialogue::greeted(stage.smtp()).await;
            let _ = stage.sink.take();
        }
        let (_, raw) = generator.message();
        // Names of envelopes are in ASCII, and no two messages are one.
        let mut raw = replaced(
            &raw,
            b"<1@x.example>",
            format!("<{seed}.{number}@x.example>").as_bytes(),
        );
        let mut from = side.addresses[0];
        for (written, address) in shown.iter().zip(side.addresses) {
            let field = |address: &str| format!("\r\nFrom: {address}\r\n").into_bytes();
            if memchr::memmem::find(&raw, &field(written)).is_some_and(|at| at < 200) {
                raw = replaced(&raw, &field(written), &field(address));
                from = address;
            }
        }
        dialogue
            .say(&format!("MAIL FROM:<{from}> BODY=8BITMIME"))
            .await
            .assert("250");
        dialogue
            .say(&format!("RCPT TO:<{}>", side.to))
            .await
            .assert("250");
        dialogue.say("DATA").await.assert("354");
        dialogue.raw(&dotted(raw)).await;
        let answer = dialogue.answer().await;
        if answer.0.starts_with("250") {
            taken += 1;
            continue;
        }
        assert!(answer.0.starts_with('5'), "{}", answer.0);
        // The words behind the codes, up to what names the message.
        let words = answer.0.split(" [").next().unwrap_or_default();
        let reason = words.trim().to_owned();
        *refused.entry(reason).or_default() += 1;
        dialogue = Dialogue::greeted(stage.smtp()).await;
    }
    (taken, refused)
}

/// The first `old` of a message as `new`.
fn replaced(raw: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let Some(at) = memchr::memmem::find(raw, old) else {
        return raw.to_vec();
    };
    [&raw[..at], new, &raw[at + old.len()..]].concat()
}

/// Whole lines with dots stuffed, and the end (RFC 5321 4.5.2).
fn dotted(mut raw: Vec<u8>) -> Vec<u8> {
    if !raw.ends_with(b"\r\n") {
        raw.extend(b"\r\n");
    }
    let mut wire = Vec::with_capacity(raw.len() + 16);
    for line in raw.split_inclusive(|octet| *octet == b'\n') {
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        wire.extend(line);
    }
    wire.extend(b".\r\n");
    wire
}

/// What the oracle reads next: octets of this kind, or a message as it stands.
fn show(oracle: &mut Child, name: &str, kind: Option<&str>, octets: &[u8]) {
    let head =
        kind.map(|kind| format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"));
    let head = head.unwrap_or_default();
    let input = oracle.stdin.as_mut().unwrap();
    writeln!(input, "0 {} passed {name}", head.len() + octets.len()).unwrap();
    input.write_all(head.as_bytes()).unwrap();
    input.write_all(octets).unwrap();
}

/// The oracles of both parties of a message.
type Oracles = BTreeMap<&'static str, Child>;

/// Shows the oracles all that one participant is answered; how many messages it has.
async fn read(tool: &Tool, own: &str, oracles: &mut Oracles) -> u64 {
    let mut count = 0;
    let threads = tool.get("threads").await;
    for thread in threads["threads"].as_array().unwrap() {
        let parties = [own, thread["other"]["login"].as_str().unwrap()];
        let path = format!("threads/{}", thread["id"].as_str().unwrap());
        let mut after = 0;
        loop {
            let page = tool
                .get(&format!("{path}/messages?after={after}&limit=100"))
                .await;
            let messages = page["messages"].as_array().unwrap();
            let Some(last) = messages.last() else { break };
            after = last["number"].as_u64().unwrap();
            for message in messages {
                count += 1;
                for (name, kind, octets) in shown(tool, message).await {
                    for party in parties {
                        show(
                            oracles.get_mut(party).unwrap(),
                            &name,
                            kind.as_deref(),
                            &octets,
                        );
                    }
                }
            }
        }
    }
    count
}

/// All that is answered of a message: its name, its type (none: it is a message itself), and its octets.
async fn shown(tool: &Tool, message: &Value) -> Vec<(String, Option<String>, Vec<u8>)> {
    let plain = || Some("text/plain; charset=utf-8".to_owned());
    let mut all = Vec::new();
    for field in ["subject", "text", "quoted"] {
        let said = message[field].as_str().unwrap().as_bytes();
        all.push((field.to_owned(), plain(), said.to_vec()));
    }
    // Names of files, states and reasons with all the rest.
    all.push((
        "message".to_owned(),
        plain(),
        message.to_string().into_bytes(),
    ));
    let raw = format!("messages/{}/raw", message["id"].as_str().unwrap());
    let octets = tool.octets(&raw).await;
    all.extend(octets.map(|raw| ("raw".to_owned(), None, raw)));
    for file in message["files"].as_array().unwrap() {
        let path = format!("files/{}", file["id"].as_str().unwrap());
        let kind = file["type"].as_str().unwrap().to_owned();
        let octets = tool.octets(&path).await;
        all.extend(octets.map(|octets| ("file".to_owned(), Some(kind), octets)));
    }
    all
}

/// Addresses that stand as they are in files of the Center, in letters of one octet or two. Texts and octets are in files by month, and those the oracles
/// have read: names of others are there, which hold an address.
fn in_files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        if name.starts_with("20") {
            continue;
        }
        let octets = std::fs::read(&path).unwrap().to_ascii_lowercase();
        for address in SIDES.iter().flat_map(|side| side.addresses) {
            for form in [(*address).to_owned(), unicode(address)] {
                let wide: Vec<u8> = form.encode_utf16().flat_map(u16::to_le_bytes).collect();
                for octets_of in [form.as_bytes(), &wide] {
                    if memchr::memmem::find(&octets, octets_of).is_some() {
                        found.push(format!("{form} in {}", path.display()));
                    }
                }
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_of_a_writer_is_in_the_center() {
    let share = number("ALLEGROMAIL_LEAK_MESSAGES", 300) / SIDES.len() as u64;
    let first = number("ALLEGROMAIL_LEAK_SEED", 1);
    let verdicts = tempfile::tempdir().unwrap();
    let mut oracles = Oracles::new();
    for side in &SIDES {
        let Some(oracle) = oracle(side, &verdicts.path().join(side.id)) else {
            println!("SKIPPED: python3 is missing, so no oracle looked at the Message Center");
            return;
        };
        oracles.insert(side.id, oracle);
    }
    let stage = stage().await;
    let mut taken = BTreeMap::new();
    for (seed, side) in SIDES.iter().enumerate() {
        let (sent, refused) = send(&stage, side, seed as u64 + first, share).await;
        println!("{}: {sent} of {share} taken, refused: {refused:?}", side.id);
        assert!(sent > share / 2, "most are not looked at");
        for party in [side.id, side.reader] {
            *taken.entry(party).or_insert(0) += sent;
        }
    }
    for side in &SIDES {
        let tool = Tool::of(&stage, side.id).await;
        let all = taken[side.id];
        until("the messages", async || {
            let events = tool.get(&format!("events?after={}&limit=1", all - 1)).await;
            events["events"][0]["number"].as_u64()
        })
        .await;
        assert_eq!(read(&tool, side.id, &mut oracles).await, all, "{}", side.id);
    }
    stage.drained().await;
    let folder = stage.stop().await;
    let in_files = in_files(&folder.path().join("data/center"));
    let mut good = in_files.is_empty();
    for (side, mut oracle) in oracles {
        drop(oracle.stdin.take());
        let status = oracle.wait().unwrap();
        let verdict = std::fs::read(verdicts.path().join(side)).unwrap();
        println!("{side}: {}", String::from_utf8_lossy(&verdict).trim_end());
        good &= status.success();
    }
    assert!(good, "an address is in the Message Center: {in_files:?}");
}
