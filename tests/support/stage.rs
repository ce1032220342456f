//! A relay with everything around it: accounts, DNS answers, a mailbox server behind it, a folder that goes with it.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use allegromail::admin;
use allegromail::app::Relay;
use allegromail::auth::{self, Prover};
use allegromail::config::HttpListen;
use allegromail::directory::{self, Directory, SledDirectory};
use allegromail::history::{History, LocalRecords};
use allegromail::in_force::InForce;
use allegromail::inbound::{self, ListenerKind, Server};
use allegromail::intake::Intake;
use allegromail::masking::MaskedDomains;
use allegromail::queue::EntryState;
use allegromail::resolve::DnsResolver;
use allegromail::scripted::dns::{DnsServer, Zones};
use allegromail::scripted::{session::Received, sink::Sink};
use allegromail::spool::{LocalSpool, SpoolSettings};
use allegromail::{backpressure::DocumentRoom, clock::SystemClock};
use allegromail::{config, observe};
use tokio_util::sync::CancellationToken;

use crate::support::dialogue::{Answer, Dialogue};
use crate::support::invariants::{self, Invariants, PROBE_ACCOUNTS, PROBE_ZONE};

/// How long a message may take before it counts as lost.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The buyer, its address, and its mask in the order.
pub const JAN: &str = "jan@poczta.example";
/// See [`JAN`].
pub const BUYER: &str = "8awgqyk6a5+cub31c122@allegromail.pl";
/// The seller's primary address.
pub const BIURO: &str = "biuro@rowery.example";
/// The seller's second address.
pub const SPRZEDAZ: &str = "sprzedaz@rowery.example";
/// The seller's mask in the order.
pub const SELLER: &str = "k2m9x0r7t3+cub31c122@allegromail.pl";
/// Registered, and no party of the order.
pub const OLA: &str = "ola@poczta.example";
/// On the shipped allowlist.
pub const COURIER: &str = "powiadomienia@inpost.pl";

/// Stands for the sink's port in [`Setup::routes`].
pub const PORT_OF_SINK: &str = "PORT_OF_SINK";

/// Accounts and orders, one of each state.
pub const ACCOUNTS: &str = r#"{"type":"participant","id":"8awgqyk6a5","login":"jan_kowalski","marketplace":"allegro-pl","language":"pl","primary":"jan@poczta.example","addresses":["jan@poczta.example"]}
{"type":"participant","id":"k2m9x0r7t3","login":"sklep-rowery","marketplace":"allegro-pl","language":"pl","primary":"biuro@rowery.example","addresses":["biuro@rowery.example","sprzedaz@rowery.example"]}
{"type":"participant","id":"5zz8c1w4mn","login":"ola_cz","marketplace":"allegro-cz","language":"cs","primary":"ola@poczta.example","addresses":["ola@poczta.example"]}
{"type":"participant","id":"sleepy","login":"sleepy","marketplace":"allegro-pl","language":"pl","primary":"sleepy@poczta.example","addresses":["sleepy@poczta.example"],"status":"suspended"}
{"type":"transaction","id":"cub31c122","buyer":"8awgqyk6a5","seller":"k2m9x0r7t3"}
{"type":"transaction","id":"closed1","buyer":"8awgqyk6a5","seller":"k2m9x0r7t3","status":"closed"}
{"type":"transaction","id":"other1","buyer":"5zz8c1w4mn","seller":"k2m9x0r7t3"}
{"type":"transaction","id":"sleepy1","buyer":"sleepy","seller":"k2m9x0r7t3"}
"#;

/// Everybody's mail comes from 127.0.0.1 here.
const ZONES: &[&str] = &[
    "poczta.example TXT v=spf1 ip4:127.0.0.1 -all",
    "rowery.example TXT v=spf1 ip4:127.0.0.1 -all",
    "inpost.pl TXT v=spf1 ip4:127.0.0.1 -all",
    "strangers.example TXT v=spf1 ip4:127.0.0.1 -all",
    "evil.example TXT v=spf1 ip4:127.0.0.1 -all",
    "dhl.com TXT v=spf1 ip4:192.0.2.1 -all",
    "broken.example SERVFAIL",
    PROBE_ZONE,
];

/// What a test changes of the ordinary relay.
pub struct Setup {
    /// Lines for tables of the configuration: `("smtp", "max_recipients = 5")`.
    pub keys: Vec<(&'static str, String)>,
    /// More DNS records; one of the same name and type takes the place of the usual one.
    pub zones: Vec<String>,
    /// More lines of accounts and orders.
    pub accounts: String,
    /// Send by MX look-up instead of to the sink.
    pub by_mx: bool,
    /// Where the relay's files are; none: a fresh folder.
    pub folder: Option<tempfile::TempDir>,
    /// Whether `[policy] contact` is set.
    pub contact: bool,
    /// The line `dkim = …` of `allegromail.pl`.
    pub dkim: String,
    /// More routes, before the one to the sink: TOML tables.
    pub routes: String,
    /// The allowlist; none: the shipped one.
    pub couriers: Option<PathBuf>,
    /// Its host name.
    pub hostname: &'static str,
    /// The port that the relay listens on; none: a free one.
    pub port: Option<u16>,
    /// The port that everything is sent to; none: the sink's.
    pub next_hop: Option<u16>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            zones: Vec::new(),
            accounts: String::new(),
            by_mx: false,
            folder: None,
            contact: true,
            dkim: String::new(),
            routes: String::new(),
            couriers: None,
            hostname: "mx.allegromail.example",
            port: None,
            next_hop: None,
        }
    }
}

impl Setup {
    /// With one more key.
    pub fn key(mut self, table: &'static str, line: &str) -> Self {
        self.keys.push((table, line.to_owned()));
        self
    }

    /// Without rules on contents: a test of something else may say what it likes.
    pub fn without_rules(self) -> Self {
        self.key("content", "duplicate = []")
            .key("content", "prohibited = []")
    }

    /// With one more DNS record.
    pub fn record(mut self, line: &str) -> Self {
        self.zones.push(line.to_owned());
        self
    }

    /// Starts it.
    pub async fn start(self) -> Stage {
        Stage::start(self).await
    }
}

/// What `look` finds, once it finds something.
pub async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let looked = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    looked.await.unwrap_or_else(|_| panic!("never: {what}"))
}

/// A running relay and its surroundings.
pub struct Stage {
    /// Checked when the stage goes, before everything else does.
    pub invariants: Invariants,
    pub relay: Relay,
    pub sink: Sink,
    _dns: DnsServer,
    pub folder: tempfile::TempDir,
    pub config: PathBuf,
}

impl Stage {
    /// The ordinary relay.
    pub async fn ordinary() -> Self {
        Setup::default().start().await
    }

    async fn start(mut setup: Setup) -> Self {
        let fresh = setup.folder.is_none();
        let folder = setup
            .folder
            .take()
            .unwrap_or_else(|| tempfile::TempDir::with_prefix("allegromail-test-").unwrap());
        let kind = |line: &str| {
            line.split(' ')
                .take(2)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let own: Vec<_> = setup.zones.iter().map(|line| kind(line)).collect();
        let usual = ZONES
            .iter()
            .copied()
            .filter(|line| !own.contains(&kind(line)));
        let zones: Vec<&str> = usual
            .chain(setup.zones.iter().map(String::as_str))
            .collect();
        let dns = DnsServer::start(Zones::parse(&zones).unwrap())
            .await
            .unwrap();
        let sink = Sink::start().await.unwrap();
        let port = setup.next_hop.unwrap_or_else(|| sink.address().port());
        let config = write_files(folder.path(), &setup, dns.address(), port);
        let loaded = config::load(&config).unwrap_or_else(|errors| panic!("{errors}"));
        if fresh {
            load_accounts(
                &loaded.config,
                &format!("{ACCOUNTS}{PROBE_ACCOUNTS}{}", setup.accounts),
            )
            .await;
        }
        let relay = Relay::start(loaded.config, observe::install_metrics())
            .await
            .unwrap();
        let mut invariants =
            Invariants::new(relay.smtp[0], &relay.admin, folder.path(), sink.watch());
        invariants.to_sink = setup.next_hop.is_none() && !setup.by_mx;
        Self {
            invariants,
            relay,
            sink,
            _dns: dns,
            folder,
            config,
        }
    }

    /// Where the relay takes mail.
    pub fn smtp(&self) -> SocketAddr {
        self.relay.smtp[0]
    }

    /// Sends one message of `from` to `to`, envelope and From the same.
    pub async fn send(&self, from: &str, to: &str) -> Answer {
        self.send_message(from, &[to], &message(from, to, "")).await
    }

    /// Sends a message on a fresh connection.
    pub async fn send_message(&self, from: &str, to: &[&str], message: &str) -> Answer {
        Dialogue::greeted(self.smtp())
            .await
            .send(from, to, message)
            .await
    }

    /// The next message that arrives behind the relay.
    pub async fn arrival(&self) -> Received {
        let arrived = tokio::time::timeout(PATIENCE, self.sink.next())
            .await
            .expect("nothing arrived behind the relay");
        let leaks = invariants::leaks(&arrived);
        assert!(leaks.is_empty(), "{leaks:?}\n{}", text(&arrived));
        arrived
    }

    /// Waits until everything that is queued waits for another attempt, and returns what stopped the first entry.
    pub async fn deferred(&self) -> String {
        loop {
            let listed = self.relay.queue().list().await;
            if !listed.is_empty()
                && listed
                    .iter()
                    .all(|entry| entry.state == EntryState::Deferred)
            {
                return listed[0].last_reply.clone().unwrap_or_default();
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    fn admin(&self) -> admin::Client {
        admin::Client::at(HttpListen::Tcp(self.relay.admin.parse().unwrap()))
    }

    /// The life of a message, by its trace id, as JSON.
    pub async fn trace(&self, id: &str) -> String {
        let path = format!("/v1/trace?q={id}");
        let found: serde_json::Value = self.admin().get(&path).await.unwrap();
        found.to_string()
    }

    /// Events for the marketplace behind a number.
    pub async fn events(&self, after: u64) -> Vec<serde_json::Value> {
        let path = format!("/v1/events?after={after}");
        self.admin().get(&path).await.unwrap()
    }

    /// The documents that wait, once there are so many.
    pub async fn documents(&self, count: usize) -> Vec<serde_json::Value> {
        until("so many documents", async || {
            let listed: Vec<serde_json::Value> = self.admin().get("/v1/documents").await.unwrap();
            (listed.len() == count).then_some(listed)
        })
        .await
    }

    /// Says that a document was taken.
    pub async fn taken(&self, document: &str) -> Result<(), String> {
        let path = format!("/v1/documents/{document}/taken");
        let admin = self.admin();
        let said = admin.post(&path, "application/json", "{}".into());
        let said: Result<serde_json::Value, _> = said.await;
        said.map(|_| ()).map_err(|error| error.to_string())
    }

    /// Does something with an entry of the queue.
    pub async fn act(&self, id: &str, action: &str) {
        let path = format!("/v1/queue/{id}/{action}");
        let admin = self.admin();
        let done = admin.post(&path, "application/json", "{}".into());
        let _: serde_json::Value = done.await.unwrap();
    }

    /// The set of rules on contents in force.
    pub async fn rules(&self) -> serde_json::Value {
        self.admin().get("/v1/rules").await.unwrap()
    }

    /// Has the rules read again; the error, if they are broken.
    pub async fn reload_rules(&self) -> Result<serde_json::Value, String> {
        let reload = self
            .admin()
            .post("/v1/rules/reload", "application/json", "{}".into())
            .await;
        reload.map_err(|error| error.to_string())
    }

    /// What `explain` says of a message, as JSON.
    pub async fn explain_message(&self, from: &str, to: &str, message: &str) -> String {
        let question = serde_json::json!({"from": from, "to": to, "message": message});
        let told: serde_json::Value = self
            .admin()
            .post(
                "/v1/explain",
                "application/json",
                question.to_string().into(),
            )
            .await
            .unwrap();
        told.to_string()
    }

    /// Removes a registered address through the admin interface.
    pub async fn remove_address(&self, participant: &str, address: &str) {
        self.admin()
            .delete(&format!(
                "/v1/participants/{participant}/addresses/{address}"
            ))
            .await
            .unwrap();
    }

    /// Waits until nothing is queued.
    pub async fn drained(&self) {
        while !self.relay.queue().list().await.is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Fails if anything has arrived, once a message sent now has come through: what was sent before it would be here.
    pub async fn nothing_arrived(&self) {
        self.send(JAN, SELLER).await.assert("250");
        let marker = self.arrival().await;
        assert_eq!(
            marker.recipients,
            [BIURO],
            "something else came first: {:?}",
            text(&marker)
        );
        assert!(self.sink.take().is_empty());
    }

    /// Stops the relay and keeps its files.
    pub async fn stop(self) -> tempfile::TempDir {
        let Self {
            mut invariants,
            relay,
            folder,
            ..
        } = self;
        // What is queued stays as the test has it.
        invariants.probing = false;
        drop(invariants);
        relay.stop().await;
        folder
    }
}

/// What an intake works with, for tests that put something else in place of a part. Proofs are off.
pub struct Bare {
    pub tools: allegromail::intake::Tools,
    _folder: tempfile::TempDir,
}

fn spool_settings(dir: PathBuf, min_free_bytes: u64) -> SpoolSettings {
    SpoolSettings {
        most_unread: None,
        dir,
        segment_bytes: 1 << 20,
        min_free_bytes,
        min_free_inodes: 0,
        first_id: 1,
        flow: Arc::default(),
    }
}

impl Bare {
    /// The ordinary parts, without accounts.
    pub fn new() -> Self {
        let folder = tempfile::TempDir::with_prefix("allegromail-test-").unwrap();
        let setup = Setup::default()
            .key("auth", "registered = \"off\"")
            .key("auth", "courier = \"off\"");
        let file = write_files(folder.path(), &setup, "127.0.0.1:1".parse().unwrap(), 1);
        let config = Arc::new(config::load(&file).unwrap().config);
        let resolver = DnsResolver::new(&config.dns_servers).unwrap();
        let spool = spool_settings(folder.path().join("spool"), 0);
        let sources = allegromail::app::sources(&config);
        let history = Arc::new(History::open(&folder.path().join("trace"), Duration::MAX).unwrap());
        let tools = allegromail::intake::Tools {
            domains: Arc::new(masked_domains(&config)),
            directory: Arc::new(SledDirectory::open(&folder.path().join("directory")).unwrap()),
            state: Arc::new(directory::SledState::open(&folder.path().join("state")).unwrap()),
            in_force: Arc::new(InForce::open(sources, None, Arc::new(SystemClock)).unwrap()),
            prover: Prover::new(
                &resolver,
                auth::ProverSettings {
                    hostname: config.hostname.clone(),
                    shared_spf: config.auth.shared_spf,
                    shared_includes: Vec::new(),
                },
            ),
            resolver: Arc::new(resolver),
            signer: Arc::new(allegromail::signing::Signer::load(&[]).unwrap()),
            spool: LocalSpool::open(spool, Box::new(|| Ok(()))).unwrap().spool,
            records: Arc::new(LocalRecords(history.clone())),
            history,
            flow: Arc::default(),
            documents: Arc::new(DocumentRoom::new(u64::MAX, None)),
            shared_budgets: None,
            clock: Arc::new(SystemClock),
            config,
        };
        Self {
            tools,
            _folder: folder,
        }
    }

    /// With the ordinary accounts.
    pub async fn with_accounts() -> Self {
        let bare = Self::new();
        load_into(&*bare.tools.directory, &bare.tools.config, ACCOUNTS).await;
        bare
    }

    /// With a spool that wants so many octets of free disk.
    pub fn want_disk(&mut self, octets: u64) {
        let settings = spool_settings(self._folder.path().join("other-spool"), octets);
        self.tools.spool = LocalSpool::open(settings, Box::new(|| Ok(())))
            .unwrap()
            .spool;
    }

    /// Serves them until the test ends.
    pub async fn serve(self) -> SocketAddr {
        self.serve_with(|_| {}).await
    }

    /// The same with other settings.
    pub async fn serve_with(self, change: impl FnOnce(&mut inbound::ServerSettings)) -> SocketAddr {
        let mut settings = inbound::ServerSettings::from_config(&self.tools.config);
        change(&mut settings);
        let server = Server::new(settings, Arc::new(Intake::new(self.tools))).unwrap();
        let listener = inbound::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let folder = self._folder;
        tokio::spawn(async move {
            inbound::run(
                vec![(listener, ListenerKind::Open)],
                Arc::new(server),
                CancellationToken::new(),
            )
            .await;
            drop(folder);
        });
        address
    }
}

fn masked_domains(config: &config::Config) -> MaskedDomains {
    let domains = config.domains.iter();
    MaskedDomains::new(domains.map(|domain| domain.masked.clone()).collect())
}

/// Puts records into the directory of a relay that does not run.
async fn load_accounts(config: &config::Config, lines: &str) {
    let directory = allegromail::app::open_directory(config).await.unwrap();
    load_into(&*directory, config, lines).await;
}

async fn load_into(directory: &dyn Directory, config: &config::Config, lines: &str) {
    let rules = allegromail::directory::RecordRules {
        domains: masked_domains(config),
        roles: config.policy.roles.clone(),
    };
    let report = allegromail::directory::import(directory, &rules, lines.as_bytes(), |_| {})
        .await
        .unwrap();
    assert!(report.bad.is_empty(), "{:?}", report.bad);
}

/// A small message.
pub fn message(from: &str, to: &str, more: &str) -> String {
    format!(
        "From: {from}\r\nTo: {to}\r\nSubject: hello\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n\
         Message-ID: <1@client.example>\r\n{more}\r\nHello.\r\n"
    )
}

pub fn plain() -> String {
    message(JAN, SELLER, "")
}

pub fn text(received: &Received) -> String {
    String::from_utf8_lossy(&received.data).into_owned()
}

fn write_files(folder: &Path, setup: &Setup, dns: SocketAddr, port: u16) -> PathBuf {
    let key = folder.join("secret.key");
    if !key.exists() {
        fs::write(&key, [7; 32]).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let shipped = || Path::new(env!("CARGO_MANIFEST_DIR")).join("allowlist/couriers.txt");
    let couriers = setup.couriers.clone().unwrap_or_else(shipped);
    let lines = |table: &str| -> String {
        let own = setup.keys.iter().filter(|(of, _)| *of == table);
        own.map(|(_, line)| format!("{line}\n")).collect()
    };
    let default = |table: &str, name: &str, line: &str| {
        let given = setup
            .keys
            .iter()
            .any(|(of, own)| *of == table && own.starts_with(name));
        if given {
            String::new()
        } else {
            format!("{line}\n")
        }
    };
    let mut text = format!(
        "hostname = \"{hostname}\"\ndata_dir = \"data\"\n[smtp]\nlisten = [\"127.0.0.1:{own}\"]\n{smtp}\
         [[domain]]\nname = \"allegromail.pl\"\nmarketplaces = [\"allegro-pl\"]\naliases = [\"user.allegrogroup.pl\"]\n{dkim}\n\
         [[domain]]\nname = \"allegromail.com\"\nmarketplaces = [\"allegro-cz\", \"allegro-sk\", \"allegro-hu\"]\n\
         [allowlist]\npath = {couriers:?}\n[auth]\n{auth}[policy]\n{contact}{policy}[content]\n{content}[directory]\n{directory}[limits]\n{limits}\
         [secrets]\nkey_file = \"secret.key\"\n[delivery]\n{delivery}[handover]\n{handover}[dns]\nservers = [\"{dns}\"]\n[verify]\n{verify}[admin]\n{listen}{tokenless}{admin}",
        hostname = setup.hostname,
        own = setup.port.unwrap_or(0),
        dkim = setup.dkim,
        smtp = lines("smtp"),
        auth = lines("auth"),
        contact = if setup.contact {
            "contact = \"postmaster@operator.example\"\n"
        } else {
            ""
        },
        policy = lines("policy"),
        content = lines("content"),
        directory =
            lines("directory") + "[cluster]\n" + &lines("cluster") + "[spool]\n" + &lines("spool"),
        limits = lines("limits"),
        delivery = lines("delivery"),
        handover = lines("handover"),
        listen = default("admin", "listen", "listen = \"127.0.0.1:0\""),
        tokenless = if setup
            .keys
            .iter()
            .any(|(of, own)| *of == "admin" && own.starts_with("token"))
        {
            String::new()
        } else {
            default(
                "admin",
                "allow_tokenless",
                "allow_tokenless_loopback = true",
            )
        },
        verify = lines("verify"),
        admin = lines("admin"),
    );
    text.push_str(&setup.routes.replace(PORT_OF_SINK, &port.to_string()));
    if !setup.by_mx {
        text.push_str(&format!("[[delivery.route]]\ndomain = \"*\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n"));
    }
    let file = folder.join("allegromail.toml");
    fs::write(&file, text).unwrap();
    file
}
