//! mail-auth's own DKIM samples (cargo has its source) through our verdict: real mail of large senders, with the keys of its day.
//!
//! Each is asked about twice: as it is, and with one word of its body changed.

use std::path::PathBuf;

use allegromail::auth::{Evidence, Mode, Proof, Prover, ProverSettings, SharedSpf};
use allegromail::mail::{Domain, Mailbox, ReversePath};
use allegromail::message::{Message, parse_list};
use allegromail::resolve::DnsResolver;
use allegromail::scripted::dns::{DnsServer, Zones};

fn samples() -> Option<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home =
        home.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")))?;
    let sources = std::fs::read_dir(home.join("registry/src")).ok()?;
    let mut folders = sources
        .flatten()
        .map(|source| source.path().join("mail-auth-0.13.3/resources/dkim"));
    folders.find(|folder| folder.is_dir())
}

async fn prove(zone: &str, raw: String) -> Option<Proof> {
    let lines: Vec<&str> = zone
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let lines: Vec<String> = lines
        .iter()
        .map(|line| line.replacen(' ', " TXT ", 1))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let dns = DnsServer::start(Zones::parse(&lines).unwrap())
        .await
        .unwrap();
    let resolver = DnsResolver::new(&[dns.address()]).unwrap();
    let settings = ProverSettings {
        hostname: Domain::parse("receiver.example").unwrap(),
        shared_spf: SharedSpf::Warn,
        shared_includes: Vec::new(),
    };
    let prover = Prover::new(&resolver, settings);
    let message = Message::parse(raw.into()).ok()?;
    let from = message.from().ok()?.mailbox;
    // The samples were sent to others than masks: their own recipients stand in for them.
    let recipients: Vec<Mailbox> = message
        .named("To")
        .flat_map(|field| parse_list(field.value).unwrap_or_default())
        .map(|listed| listed.mailbox)
        .collect();
    let evidence = Evidence {
        client: "192.0.2.1".parse().unwrap(),
        helo: "client.example",
        reverse_path: &ReversePath::Null,
        from: &from,
        message: &message,
        mode: Mode::Require,
        recipients: &recipients,
    };
    Some(prover.prove(&evidence).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_are_proven_as_they_are_and_not_when_altered() {
    let Some(folder) = samples() else {
        eprintln!("SKIPPED: mail-auth's source is not where cargo keeps it");
        assert!(
            std::env::var_os("ALLEGROMAIL_INTEROP").is_none_or(|mode| mode != "require"),
            "the samples are required"
        );
        return;
    };
    let mut proven = 0;
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        let (zone, raw) = text.split_once("\n\n").unwrap();
        let raw = raw.replace('\n', "\r\n");
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let found = prove(zone, raw.clone()).await;
        println!("{name}: {found:?}");
        proven += usize::from(matches!(found, Some(Proof::Proven(_))));
        let (head, body) = raw.split_once("\r\n\r\n").unwrap();
        let altered = prove(zone, format!("{head}\r\n\r\nPay here.\r\n{body}")).await;
        assert!(
            !matches!(altered, Some(Proof::Proven(_))),
            "{name}: altered, and proven"
        );
    }
    println!("DKIM samples: {} messages, {proven} proven", files.len());
    assert!(proven > 0);
}
