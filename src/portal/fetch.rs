//! A small client for the one thing that is fetched: keys. The certificate must be valid, no redirect is followed, and what comes is bounded.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::key_set::{Fetch, Fetching};
use crate::config::WebAddress;
use crate::mail::Domain;
use crate::resolve::Resolver;

/// How long it may take, look-up to last octet.
const LIMIT: Duration = Duration::from_secs(10);
/// Octets of an answer.
const LARGEST: usize = 256 * 1024;
/// The most addresses that are tried.
const MAX_ADDRESSES: usize = 3;

/// Fetches over HTTPS, and in clear text on this machine.
pub struct HttpFetch {
    /// Finds the server.
    pub resolver: Arc<dyn Resolver>,
    /// Makes TLS connections that want a certificate from a known root, as these are read now.
    pub secured: Arc<dyn Fn() -> TlsConnector + Send + Sync>,
}

/// What a connection is made of.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Fetch for HttpFetch {
    fn fetch<'a>(&'a self, address: &'a WebAddress) -> Fetching<'a> {
        Box::pin(async move {
            let got = tokio::time::timeout(LIMIT, self.get(address)).await;
            got.unwrap_or_else(|_| Err("no answer came in time".to_owned()))
        })
    }
}

impl HttpFetch {
    async fn get(&self, address: &WebAddress) -> Result<Vec<u8>, String> {
        let text = |error: hyper::Error| error.to_string();
        let stream = self.connect(address).await?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(text)?;
        let connection = tokio::spawn(connection);
        let host = match address.host.contains(':') {
            true => format!("[{}]:{}", address.host, address.port),
            false => format!("{}:{}", address.host, address.port),
        };
        let path = if address.path.is_empty() {
            "/"
        } else {
            &address.path
        };
        let request = Request::get(path)
            .header(HOST, host)
            .header(USER_AGENT, "allegromail")
            .header(ACCEPT, "application/jwk-set+json, application/json")
            .body(Empty::<Bytes>::new())
            .map_err(|error| error.to_string())?;
        let answered = async {
            let answer = sender.send_request(request).await.map_err(text)?;
            if answer.status() != StatusCode::OK {
                return Err(format!("the server answered {}", answer.status()));
            }
            let body = Limited::new(answer.into_body(), LARGEST).collect().await;
            let body = body.map_err(|error| error.to_string())?;
            Ok(body.to_bytes().to_vec())
        };
        let answered = answered.await;
        connection.abort();
        answered
    }

    /// A connection to the first address that takes one. They are the operator's choice, so private ones are as good as others.
    async fn connect(&self, address: &WebAddress) -> Result<Box<dyn Stream>, String> {
        let mut last = "it has no address".to_owned();
        for ip in self
            .addresses(&address.host)
            .await?
            .into_iter()
            .take(MAX_ADDRESSES)
        {
            match TcpStream::connect(SocketAddr::new(ip, address.port)).await {
                Ok(stream) if address.tls => {
                    let name = ServerName::try_from(address.host.clone());
                    let name = name.map_err(|error| error.to_string())?;
                    let secured = (self.secured)().connect(name, stream).await;
                    return Ok(Box::new(secured.map_err(|error| error.to_string())?));
                }
                Ok(stream) => return Ok(Box::new(stream)),
                Err(error) => last = error.to_string(),
            }
        }
        Err(last)
    }

    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        if let Ok(ip) = host.parse() {
            return Ok(vec![ip]);
        }
        if host == "localhost" {
            return Ok(vec![
                IpAddr::from([127, 0, 0, 1]),
                IpAddr::from([0_u16, 0, 0, 0, 0, 0, 0, 1]),
            ]);
        }
        let host = Domain::parse(host).map_err(|error| error.to_string())?;
        let found = self.resolver.addresses(&host).await;
        found
            .map(|found| found.value)
            .map_err(|error| error.to_string())
    }
}
