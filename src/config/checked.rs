//! The configuration after all checks. Values have their types and units; paths are resolved against the file's folder.

mod center;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::engine::{Engine, SpoolEngine};
use crate::auth::{Mode, SharedSpf};
use crate::content;
use crate::mail::{Domain, Mailbox, Network, Timestamp};
use crate::masking::{MaskedDomain, ParticipantId, TokenKeys};
use crate::resolve::Dnssec;

pub use center::{Center, KeySource, SignIn, WhenBehind};

/// A whole configuration. Nothing in it changes while the server runs; what SIGHUP reads again are the files that it names.
#[derive(Clone)]
pub struct Config {
    /// The file that it was read from.
    pub file: PathBuf,
    /// The text that was read, for what has changed in the file since. Secrets stand in files of their own.
    pub text: Arc<str>,
    /// The name in the banner, in EHLO and in trace fields.
    pub hostname: Domain,
    /// The folder of directory, spool and trace.
    pub data_dir: PathBuf,
    /// `[directory]`, with `[cluster]`.
    pub directory: Engine,
    /// `[spool]`.
    pub spool: SpoolEngine,
    /// `[smtp]`.
    pub smtp: Smtp,
    /// `[[domain]]`, at least one.
    pub domains: Vec<MaskedDomainConfig>,
    /// `[allowlist] path`: a file, or a folder of `*.txt`.
    pub allowlist: PathBuf,
    /// `[auth]`.
    pub auth: Auth,
    /// `[policy]`.
    pub policy: Policy,
    /// `[content]`.
    pub content: Content,
    /// `[limits]`.
    pub limits: Limits,
    /// `[secrets]`: the keys themselves, and no path: they are read once, for what they seal must stay open as long as the server runs.
    pub secrets: TokenKeys,
    /// `[delivery]`.
    pub delivery: Delivery,
    /// `[handover]`.
    pub handover: Handover,
    /// `[dns] servers`; empty: the system's.
    pub dns_servers: Vec<SocketAddr>,
    /// Whether their word on DNSSEC is taken.
    pub dnssec: Dnssec,
    /// `[admin]`.
    pub admin: Admin,
    /// `[verify]`.
    pub verify: Verify,
    /// `[center]`; none: there is no Message Center.
    pub center: Option<Center>,
}

/// `[smtp]`.
#[derive(Debug, Clone)]
pub struct Smtp {
    /// Addresses to listen on; `[::]` is dual stack.
    pub listen: Vec<SocketAddr>,
    /// The largest message in bytes, announced by SIZE.
    pub max_message_size: usize,
    /// The most recipients of one message.
    pub max_recipients: usize,
    /// Certificate and key; none: STARTTLS is not offered.
    pub tls: Option<TlsFiles>,
    /// Where connections come with a PROXY header.
    pub proxy_listen: Vec<SocketAddr>,
    /// From which networks it is believed; at least one where anything listens there.
    pub proxy_from: Vec<Network>,
}

/// A certificate chain and its key, PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, leaf first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// One `[[domain]]`.
#[derive(Debug, Clone)]
pub struct MaskedDomainConfig {
    /// Name, marketplaces, aliases.
    pub masked: MaskedDomain,
    /// Signing keys, one table of them each; empty: unsigned.
    pub dkim: Vec<Dkim>,
}

/// One table of signing keys of a domain: during a rotation there are two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dkim {
    /// Selector and PEM file of the RSA key.
    pub rsa: Option<(String, PathBuf)>,
    /// Selector and PEM file of the Ed25519 key.
    pub ed25519: Option<(String, PathBuf)>,
    /// Whether they sign; else the DNS publishes them, and they wait for their turn.
    pub sign: bool,
}

/// `[auth]`.
#[derive(Debug, Clone, Default)]
pub struct Auth {
    /// How participants prove their From.
    pub registered: Mode,
    /// How couriers prove theirs.
    pub courier: Mode,
    /// What a pass through a shared SPF include is worth.
    pub shared_spf: SharedSpf,
    /// Which includes are shared by strangers.
    pub shared_spf_includes: Vec<Domain>,
    /// Whether couriers' mail is sealed (ARC, RFC 8617) by the masked domain that it goes to.
    pub arc_seal: bool,
}

/// `[policy] courier_recipients`: to whom couriers may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CourierRecipients {
    /// To the buyer of the transaction, and to any active participant at the address without one.
    #[default]
    Buyers,
    /// To either party.
    All,
}

/// `[policy] display_name`: the name beside a masked From.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisplayName {
    /// The account's public login.
    #[default]
    Login,
    /// The name that the writer set.
    Keep,
    /// No name.
    None,
}

/// `[policy]`.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Whether an address without `+transaction` is refused.
    pub require_transaction: bool,
    /// How long an unknown transaction of a known participant is answered 451.
    pub transaction_grace: Duration,
    /// To whom couriers may write.
    pub courier_recipients: CourierRecipients,
    /// The name beside a masked From.
    pub display_name: DisplayName,
    /// Whether a line says so where a signature was taken out of a message.
    pub signature_note: bool,
    /// How long after the last message of a pair it is remembered what its messages brought.
    pub guess_memory: Duration,
    /// Whether artist and copyright stay in sellers' pictures.
    pub keep_copyright: bool,
    /// Where mail to the roles goes; none: 450.
    pub contact: Option<Mailbox>,
    /// Local parts that are roles, lower case; never participant ids.
    pub roles: Vec<String>,
    /// Printed in refusals.
    pub help_url: Option<String>,
}

/// `[content]`.
#[derive(Debug, Clone, Default)]
pub struct Content {
    /// The folder of the rules; none: those that are compiled in.
    pub rules: Option<PathBuf>,
    /// The folder of another set, which decides nothing.
    pub shadow: Option<PathBuf>,
    /// What becomes of duplicates, in the order of time.
    pub duplicate: Vec<ActionFrom>,
    /// What becomes of prohibited contents, in the order of time.
    pub prohibited: Vec<ActionFrom>,
    /// What becomes of files of other kinds, in the order of time: [`content::Action::Off`] or [`content::Action::Block`].
    pub attachment: Vec<ActionFrom>,
    /// How long one message may answer what a buyer wrote.
    pub asked_within: Duration,
    /// Rules that are not held against a seller.
    pub exceptions: Vec<ContentException>,
}

/// What becomes of messages from a time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionFrom {
    /// Since when: midnight in Warsaw.
    pub from: Timestamp,
    /// What.
    pub action: content::Action,
}

impl ActionFrom {
    /// What becomes of messages at a time; [`content::Action::Off`] before the first day.
    #[must_use]
    pub fn at(days: &[Self], now: Timestamp) -> content::Action {
        let begun = days.iter().rev().find(|day| day.from <= now);
        begun.map_or(content::Action::Off, |day| day.action)
    }
}

/// One `[[content.exception]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentException {
    /// The seller.
    pub seller: ParticipantId,
    /// A rule's id, or the beginning of several and a `*`.
    pub rule: String,
    /// When it ends: the midnight after its last day.
    pub until: Timestamp,
}

/// COUNT/PERIOD.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// How many.
    pub count: u32,
    /// In how long a time.
    pub period: Duration,
}

/// `[limits]`; none: off.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Refusals per client address, or per what was proven.
    pub refusals_per_client: Option<Budget>,
    /// Messages per proven sender.
    pub messages_per_sender: Option<Budget>,
    /// Messages per transaction and writer.
    pub messages_per_transaction: Option<Budget>,
    /// Mail to roles per client address.
    pub role_messages: Option<Budget>,
    /// Mail to roles of all clients.
    pub role_messages_total: Option<Budget>,
    /// Open connections per client address.
    pub connections_per_client: usize,
    /// Open connections in all.
    pub connections: usize,
    /// Open connections per /24 or /64.
    pub connections_per_network: usize,
    /// Bytes of memory for messages under way.
    pub memory: usize,
}

/// `[delivery]` with its routes.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// First match wins; no route: MX look-up.
    pub routes: Vec<Route>,
    /// The waits after the first, second … attempt; the last one repeats until expiry.
    pub retry: Vec<Duration>,
    /// How long a message may wait in all.
    pub expire: Duration,
    /// How long a message waits before its writer is told so.
    pub delay_notice: Duration,
    /// PEM file of certificates that count as roots beside the public ones.
    pub ca_file: Option<PathBuf>,
}

/// Bounces may come for as long as a queue keeps mail, and two weeks more (docs/architecture.md#masks-tokens-and-message-ids). A day less
/// than the history keeps a message: a token that is still good must lead to it.
const TOKEN_DAYS_BEYOND_EXPIRY: u16 = 14;

impl Delivery {
    /// Days for which a bounce token is good: as long as mail may wait, here or at the next server.
    #[must_use]
    pub fn token_days(&self) -> u16 {
        let days = self.expire.as_secs() / 86_400;
        let days = u16::try_from(days).unwrap_or(u16::MAX);
        days.saturating_add(TOKEN_DAYS_BEYOND_EXPIRY)
    }
}

/// `[handover]`: where sale documents of blocked messages go.
#[derive(Debug, Clone)]
pub struct Handover {
    /// A folder.
    pub folder: Option<PathBuf>,
    /// An HTTP server. With neither documents lie in `data_dir/documents` until they are said to be taken.
    pub url: Option<WebAddress>,
    /// The bearer token for the latter.
    pub token: Option<String>,
    /// How long one may wait.
    pub give_up: Duration,
    /// Octets of all that wait.
    pub max_bytes: u64,
}

/// An address at an HTTP server: https, or on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAddress {
    /// Whether TLS is spoken.
    pub tls: bool,
    /// A name or an IP address, the latter without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The path, or what paths begin with; no slash ends it.
    pub path: String,
}

/// One `[[delivery.route]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Which recipients' domains.
    pub domain: RouteDomain,
    /// A host name or an IP address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether TLS is used.
    pub tls: RouteTls,
}

/// Which domains a route is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteDomain {
    /// `*`: every domain.
    Every,
    /// Exactly this one.
    Exactly(Domain),
}

/// TLS on a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteTls {
    /// Never.
    None,
    /// Where the next hop offers it; no certificate is asked for (RFC 7435).
    #[default]
    Opportunistic,
    /// With a valid certificate, or not at all.
    Required,
}

/// `[admin]`.
#[derive(Debug, Clone)]
pub struct Admin {
    /// Where it listens, by default on `data_dir/admin.sock`.
    pub http: HttpConfig,
    /// Names that it goes by, beside `hostname` and `localhost`.
    pub hosts: Vec<Domain>,
    /// The bearer token; none: a unix socket, or a loopback address where that was asked for.
    pub token: Option<String>,
}

/// `[verify]`: where carriers ask about orders.
#[derive(Debug, Clone)]
pub struct Verify {
    /// Where it listens, a TCP address; none: nobody is answered.
    pub http: Option<HttpConfig>,
    /// Names that it goes by, beside `hostname` and `localhost`.
    pub hosts: Vec<Domain>,
    /// How many unknown addresses a token may ask for; none: as many as it likes.
    pub unknown_per_token: Option<Budget>,
}

/// Where an HTTP listener is, and where TLS ends.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Without `tls` and `behind_proxy` a loopback address or a unix socket.
    pub listen: HttpListen,
    /// Certificate and key; none: clear text.
    pub tls: Option<TlsFiles>,
    /// Proxies that end TLS; where there are any, nobody else is served.
    pub behind_proxy: Vec<Network>,
}

/// A TCP address or a unix socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpListen {
    /// `127.0.0.1:8025`.
    Tcp(SocketAddr),
    /// A path.
    Unix(PathBuf),
}
