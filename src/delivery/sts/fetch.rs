//! Fetches a policy over HTTPS (RFC 8461 3.3): the certificate must be valid, no redirect is followed, and what comes is bounded.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, USER_AGENT};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::policy::Policy;
use crate::delivery::network_policy::NetworkPolicy;
use crate::delivery::settings::DeliverySettings;
use crate::delivery::tls::Tls;
use crate::mail::Domain;
use crate::resolve::Resolver;

/// The largest policy in octets (RFC 8461 3.3 suggests it).
const LARGEST: usize = 64 * 1024;
/// The most addresses that are tried; one that keeps silent takes all the time there is.
const MAX_ADDRESSES: usize = 3;

/// Fetches policies.
pub(super) struct Fetcher {
    network: NetworkPolicy,
    /// For all of it, look-up to last octet.
    limit: Duration,
    /// With known roots: a policy is worth what the certificate of its host is (RFC 8461 3.3).
    tls: Tls,
}

impl Fetcher {
    pub(super) fn new(settings: &DeliverySettings, tls: &Tls) -> Self {
        Self {
            network: settings.network,
            limit: settings.timeouts.policy,
            tls: tls.clone(),
        }
    }

    /// The policy of `domain` as its web server has it now.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn fetch(
        &self,
        domain: &Domain,
        resolver: &dyn Resolver,
    ) -> Result<Policy, String> {
        tokio::time::timeout(self.limit, self.get(domain, resolver))
            .await
            .map_err(|_| "it does not come in time".to_owned())?
    }

    /// As [`Self::fetch`], however long it takes. No redirect is followed: it could lead to where others may write.
    async fn get(&self, domain: &Domain, resolver: &dyn Resolver) -> Result<Policy, String> {
        let host =
            Domain::parse(&format!("mta-sts.{domain}")).map_err(|error| error.to_string())?;
        let stream = self.connect(&host, resolver).await?;
        let text = |error: hyper::Error| error.to_string();
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(text)?;
        // Ends with the sender.
        let connection = tokio::spawn(connection);
        let request = Request::get("/.well-known/mta-sts.txt")
            .header(HOST, host.as_str())
            .header(USER_AGENT, "allegromail")
            .header(ACCEPT, "text/plain")
            .body(Empty::<Bytes>::new())
            .map_err(|error| error.to_string())?;
        let answered = async {
            let answer = sender.send_request(request).await.map_err(text)?;
            if answer.status() != hyper::StatusCode::OK {
                return Err(format!("the server answered {}", answer.status()));
            }
            let kind = answer.headers().get(CONTENT_TYPE);
            let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
            let essence = kind.split(';').next().unwrap_or_default().trim();
            // Where strangers may put files, they are seldom served as this.
            if !essence.eq_ignore_ascii_case("text/plain") {
                return Err("it is no text/plain".to_owned());
            }
            let body = Limited::new(answer.into_body(), LARGEST).collect().await;
            let body = body.map_err(|error| error.to_string())?.to_bytes();
            let body = std::str::from_utf8(&body).map_err(|error| error.to_string())?;
            Policy::parse(body).map_err(str::to_owned)
        };
        let answered = answered.await;
        connection.abort();
        answered
    }

    /// TLS with the policy's host, at the first of its addresses that takes a connection and may be gone to (docs/threats.md#132).
    async fn connect(
        &self,
        host: &Domain,
        resolver: &dyn Resolver,
    ) -> Result<TlsStream<TcpStream>, String> {
        let found = resolver.addresses(host).await;
        let found = found.map_err(|error| error.to_string())?;
        let name = ServerName::try_from(host.to_string()).map_err(|error| error.to_string())?;
        let mut last = "its host has no address that may be gone to".to_owned();
        let allowed = |ip: &IpAddr| (self.network.allows)(*ip);
        for ip in found.value.into_iter().filter(allowed).take(MAX_ADDRESSES) {
            let address = SocketAddr::new(ip, self.network.https_port);
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    let secured = self.tls.verified().connect(name, stream).await;
                    return secured.map_err(|error| error.to_string());
                }
                Err(error) => last = error.to_string(),
            }
        }
        Err(last)
    }
}
