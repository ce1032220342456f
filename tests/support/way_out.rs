//! The way out alone: delivery with a scripted DNS and servers on loopback, one server for each of 127.0.0.2, 127.0.0.3, …
//!
//! 127.0.0.1 stands for our own side here: it is never gone to.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use allegromail::clock::{Clock, SystemClock};
use allegromail::delivery::{
    Deliver, DeliveryContext, DeliveryRequest, DeliverySettings, NetworkPolicy, SharedPolicies,
    SmtpDelivery, Timeouts,
};
use allegromail::mail::{Listeners, Mailbox, Outcome, QueueId, ReversePath};
use allegromail::resolve::{DnsResolver, ResolverOptions};
use allegromail::scripted::dns::{DnsServer, Zones};
use allegromail::signing::Signer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::peer::{Peer, Step};

/// What a short timeouts is here: long enough for a busy machine, short enough for a test.
pub const SHORT: Duration = Duration::from_millis(1_500);

/// An ordinary message.
pub const MESSAGE: &str =
    "From: a@example.org\r\nTo: jan@poczta.example\r\nSubject: hello\r\n\r\nHello.\r\n";

/// Everything that a test may set before it starts.
pub struct Field {
    pub settings: DeliverySettings,
    pub options: ResolverOptions,
    pub clock: Arc<dyn Clock>,
    pub signer: Arc<Signer>,
    pub policies: Option<Arc<dyn SharedPolicies>>,
    folder: tempfile::TempDir,
}

fn allows(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V4(v4) if v4.is_loopback() && v4 != Ipv4Addr::LOCALHOST)
}

/// A port that is free on every address of loopback that tests use.
pub async fn listeners(count: u8) -> Vec<TcpListener> {
    for _ in 0..100 {
        let first = TcpListener::bind("127.0.0.2:0").await.unwrap();
        let port = first.local_addr().unwrap().port();
        let mut all = vec![first];
        for host in 3..2 + count {
            match TcpListener::bind((Ipv4Addr::new(127, 0, 0, host), port)).await {
                Ok(listener) => all.push(listener),
                Err(_) => break,
            }
        }
        if all.len() == usize::from(count) {
            return all;
        }
    }
    panic!("no port is free on {count} addresses");
}

/// The same, and on our own address beside them.
pub async fn listeners_beside_ours(count: u8) -> (TcpListener, Vec<TcpListener>) {
    for _ in 0..100 {
        let theirs = listeners(count).await;
        let port = theirs[0].local_addr().unwrap().port();
        if let Ok(ours) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            return (ours, theirs);
        }
    }
    panic!("no port is free on our address and {count} others");
}

/// A server on 127.0.0.2 with these scripts.
pub async fn peer(scripts: Vec<Vec<Step>>) -> Peer {
    Peer::serve(listeners(1).await.remove(0), scripts, None)
}

/// The same with a certificate.
pub async fn tls_peer(scripts: Vec<Vec<Step>>, tls: TlsAcceptor) -> Peer {
    Peer::serve(listeners(1).await.remove(0), scripts, Some(tls))
}

impl Field {
    /// Mail by MX look-up to servers on `port`.
    pub fn new(port: u16) -> Self {
        Self::within(
            port,
            tempfile::TempDir::with_prefix("allegromail-test-").unwrap(),
        )
    }

    /// The same with the files of an earlier run.
    pub fn within(port: u16, folder: tempfile::TempDir) -> Self {
        let settings = DeliverySettings {
            hostname: "mx.allegromail.example".parse().unwrap(),
            listeners: Listeners::default(),
            routes: Vec::new(),
            timeouts: Timeouts {
                policy: SHORT,
                ..Timeouts::default()
            },
            network: NetworkPolicy {
                smtp_port: port,
                https_port: 1,
                allows,
            },
            ca_file: None,
            policies: folder.path().join("mta-sts"),
        };
        Self {
            settings,
            options: ResolverOptions::default(),
            clock: Arc::new(SystemClock),
            signer: Arc::new(Signer::load(&[]).unwrap()),
            policies: None,
            folder,
        }
    }

    /// With little timeouts for the servers.
    pub fn hasty(mut self) -> Self {
        self.settings.timeouts = Timeouts {
            connect: SHORT,
            command: SHORT,
            data: SHORT,
            block: SHORT,
            end_of_data: SHORT,
            handshake: SHORT,
            quit: SHORT,
            policy: SHORT,
        };
        self
    }

    /// Starts with these DNS records.
    pub async fn start(self, records: &[&str]) -> WayOut {
        let dns = DnsServer::start(Zones::parse(records).unwrap())
            .await
            .unwrap();
        let resolver = DnsResolver::with_options(&[dns.address()], self.options).unwrap();
        let tools = DeliveryContext {
            resolver: Arc::new(resolver),
            signer: self.signer,
            policies: self.policies,
            clock: self.clock,
        };
        let delivery = SmtpDelivery::new(self.settings, tools);
        WayOut {
            delivery: delivery.unwrap(),
            dns,
            folder: self.folder,
        }
    }
}

/// A running delivery.
pub struct WayOut {
    pub delivery: SmtpDelivery,
    pub dns: DnsServer,
    pub folder: tempfile::TempDir,
}

impl WayOut {
    /// One server on 127.0.0.2 for `poczta.example`.
    pub async fn to(peer: &Peer) -> Self {
        Field::new(peer.port).start(ONE_HOST).await
    }

    /// One attempt for a small message to `jan@poczta.example`.
    pub async fn send(&self) -> Outcome {
        self.deliver("jan@poczta.example", MESSAGE.as_bytes()).await
    }

    /// One attempt for `body`.
    pub async fn deliver(&self, to: &str, body: &[u8]) -> Outcome {
        let work = DeliveryRequest {
            id: QueueId(1),
            reverse_path: ReversePath::Null,
            recipient: Mailbox::parse(to).unwrap(),
            body: bytes::Bytes::copy_from_slice(body).into(),
            smtputf8: false,
            eight_bit: !body.is_ascii(),
        };
        self.delivery.deliver(work).await.outcome
    }
}

/// `poczta.example` has one server, on 127.0.0.2.
pub const ONE_HOST: &[&str] = &[
    "poczta.example MX 10 mx.poczta.example",
    "mx.poczta.example A 127.0.0.2",
];

/// An outcome in a few words: `delivered`, `4.4.2`, `5.1.1`.
pub fn short(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Delivered { .. } => "delivered".to_owned(),
        Outcome::Deferred(diagnostic) => format!("deferred {}", diagnostic.status),
        Outcome::Failed(diagnostic) => format!("failed {}", diagnostic.status),
    }
}
