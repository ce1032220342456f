//! What the demo plays on: a temporary data directory, the sample accounts, DNS answers, the couriers' list, a mailbox sink.
//!
//! Everything is real but small: the configuration is a file, the accounts are imported, the relay listens on a port.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use crate::admin::Client;
use crate::app::Relay;
use crate::cli::import;
use crate::config::{self, HttpListen};
use crate::observe::Metrics;
use crate::scripted::dns::{DnsServer, Zones};
use crate::scripted::session::Received;
use crate::scripted::sink::Sink;

/// The couriers' list as it is shipped.
const COURIERS: &str = include_str!("../../../allowlist/couriers.txt");

/// Who may send for which domain. The demo's clients all come from 127.0.0.1; `dhl.com` and the impostor's victim do not list it.
const ZONES: &[&str] = &[
    "poczta.example TXT v=spf1 ip4:127.0.0.1 -all",
    "rowery.example TXT v=spf1 ip4:127.0.0.1 -all",
    "inpost.pl TXT v=spf1 ip4:127.0.0.1 -all",
    "newsletter.example TXT v=spf1 ip4:127.0.0.1 -all",
    "evil.example TXT v=spf1 ip4:127.0.0.1 -all",
    "dhl.com TXT v=spf1 ip4:192.0.2.1 -all",
];

/// The sample accounts: a buyer, a seller with two addresses, one order (docs/interface.md#data-format).
const ACCOUNTS: &str = r#"{"type":"participant","id":"8awgqyk6a5","login":"jan_kowalski","marketplace":"allegro-pl","language":"pl","primary":"jan@poczta.example","addresses":["jan@poczta.example"]}
{"type":"participant","id":"k2m9x0r7t3","login":"sklep-rowery","marketplace":"allegro-pl","language":"pl","primary":"biuro@rowery.example","addresses":["biuro@rowery.example","sprzedaz@rowery.example"]}
{"type":"participant","id":"5zz8c1w4mn","login":"ola_cz","marketplace":"allegro-cz","language":"cs","primary":"ola@poczta.example","addresses":["ola@poczta.example"]}
{"type":"transaction","id":"cub31c122","buyer":"8awgqyk6a5","seller":"k2m9x0r7t3"}
"#;

/// A relay with everything around it.
pub(super) struct Stage {
    /// The relay itself, as `serve` runs it.
    pub(super) relay: Relay,
    /// Where all of its routes lead.
    pub(super) sink: Sink,
    /// Kept so that the DNS goes on answering.
    _dns: DnsServer,
    /// Removed with everything in it when the stage goes.
    folder: tempfile::TempDir,
}

/// The stage could not be set up.
pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Stage {
    /// Starts it all.
    pub(super) async fn build(metrics: Metrics) -> Result<Self, Failure> {
        let folder = tempfile::TempDir::with_prefix("allegromail-demo-")?;
        let dns = DnsServer::start(Zones::parse(ZONES)?).await?;
        let sink = Sink::start().await?;
        let file = write_files(folder.path(), &dns, &sink)?;
        let loaded = config::load(&file)?;
        let data = std::io::Cursor::new(ACCOUNTS);
        // Before the relay starts: one process at a time has the directory.
        import::load_here(&loaded.config, data, &indicatif::ProgressBar::hidden())
            .await
            .map_err(|(message, _)| message)?;
        let relay = Relay::start(loaded.config, metrics).await?;
        Ok(Self {
            relay,
            sink,
            _dns: dns,
            folder,
        })
    }

    /// Where the files are.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Removes a registered address through the admin interface, as an account page would.
    pub(super) async fn remove_address(
        &self,
        participant: &str,
        address: &str,
    ) -> Result<(), Failure> {
        let listen = HttpListen::Tcp(self.relay.admin.parse()?);
        Client::at(listen)
            .delete(&format!(
                "/v1/participants/{participant}/addresses/{address}"
            ))
            .await?;
        Ok(())
    }

    /// What arrived, once something has; nothing where patience ran out.
    pub(super) async fn arrived(&self, patience: Duration) -> Vec<Received> {
        let first = tokio::time::timeout(patience, self.sink.next()).await;
        let mut arrived: Vec<Received> = first.into_iter().collect();
        arrived.extend(self.sink.take());
        arrived
    }

    /// Stops the relay and removes the files.
    pub(super) async fn strike(self) {
        self.relay.stop().await;
    }
}

/// The files of a small installation, and the path of the configuration. Everything listens on a port that the system chooses.
fn write_files(folder: &Path, dns: &DnsServer, sink: &Sink) -> Result<std::path::PathBuf, Failure> {
    std::fs::write(folder.join("couriers.txt"), COURIERS)?;
    let mut key = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut key).map_err(|_| "no randomness")?;
    let mut options = std::fs::OpenOptions::new();
    options
        .write(true)
        .create_new(true)
        // A key that others can read is an error of the configuration, here as anywhere.
        .mode(0o600)
        .open(folder.join("secret.key"))?
        .write_all(&key)?;
    let text = format!(
        r#"hostname = "mx.allegromail.example"
data_dir = "data"

[smtp]
listen = ["127.0.0.1:0"]

[[domain]]
name = "allegromail.pl"
marketplaces = ["allegro-pl"]
aliases = ["user.allegrogroup.pl"]

[[domain]]
name = "allegromail.com"
marketplaces = ["allegro-cz", "allegro-sk", "allegro-hu"]

[allowlist]
path = "couriers.txt"

[policy]
contact = "postmaster@operator.example"

[secrets]
key_file = "secret.key"

[[delivery.route]]
domain = "*"
host = "127.0.0.1"
port = {port}
tls = "none"

[dns]
servers = ["{dns}"]

[admin]
listen = "127.0.0.1:0"
allow_tokenless_loopback = true

[center]
listen = "127.0.0.1:0"
"#,
        port = sink.address().port(),
        dns = dns.address(),
    );
    let file = folder.join("allegromail.toml");
    std::fs::write(&file, text)?;
    Ok(file)
}
