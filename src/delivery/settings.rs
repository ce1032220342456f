//! What delivery needs to know: our name, the routes, and how long and how far it goes.

use std::path::PathBuf;
use std::time::Duration;

use super::network_policy::NetworkPolicy;
use crate::config::{Config, Route};
use crate::mail::{Domain, Listeners};

/// What delivery needs to know.
#[derive(Debug, Clone)]
pub struct DeliverySettings {
    /// Our name in EHLO.
    pub hostname: Domain,
    /// Where we listen ourselves.
    pub listeners: Listeners,
    /// Routes, the first that fits is taken.
    pub routes: Vec<Route>,
    /// How long each step may take.
    pub timeouts: Timeouts,
    /// Which servers may be found by look-up. No key of the configuration changes it.
    pub network: NetworkPolicy,
    /// PEM file of certificates that count as roots beside the public ones.
    pub ca_file: Option<PathBuf>,
    /// Where the MTA-STS policies of other domains are kept.
    pub policies: PathBuf,
}

impl DeliverySettings {
    /// The settings of a configuration; `listeners` are the sockets as they were bound.
    #[must_use]
    pub fn from_config(config: &Config, listeners: Listeners) -> Self {
        Self {
            hostname: config.hostname.clone(),
            listeners,
            routes: config.delivery.routes.clone(),
            timeouts: Timeouts::default(),
            network: NetworkPolicy::default(),
            ca_file: config.delivery.ca_file.clone(),
            policies: config.data_dir.join("mta-sts"),
        }
    }
}

/// How long each step may take (RFC 5321 4.5.3.2). Connecting has no time there; 30 seconds is Postfix's. No key of the configuration changes any:
/// shorter ones lose mail at slow servers, or make it arrive twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Opening the connection: 30 seconds.
    pub connect: Duration,
    /// The reply to anything but DATA and the final dot: 5 minutes.
    pub command: Duration,
    /// The reply to DATA: 2 minutes.
    pub data: Duration,
    /// Sending a block of the message: 3 minutes.
    pub block: Duration,
    /// The reply to the final dot: 10 minutes.
    pub end_of_data: Duration,
    /// The TLS handshake: 30 seconds.
    pub handshake: Duration,
    /// The reply to QUIT, which is a courtesy: 2 seconds.
    pub quit: Duration,
    /// Fetching an MTA-STS policy, all of it: 20 seconds (RFC 8461 3.3 suggests a minute at most).
    pub policy: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            command: Duration::from_secs(300),
            data: Duration::from_secs(120),
            block: Duration::from_secs(180),
            end_of_data: Duration::from_secs(600),
            handshake: Duration::from_secs(30),
            quit: Duration::from_secs(2),
            policy: Duration::from_secs(20),
        }
    }
}
