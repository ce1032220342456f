//! An HTTP server that takes documents: `PUT URL/TRANSACTION/documents/SHA256`, and links by `POST URL/TRANSACTION/links`.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use super::{Handed, HandoverRequest};
use crate::config::WebAddress;
use crate::content::DocumentPlace;
use crate::failpoint;
use crate::mail::Domain;
use crate::resolve::Resolver;

/// Makes TLS connections that want a certificate from a known root, as these are read now.
pub type Connector = Arc<dyn Fn() -> TlsConnector + Send + Sync>;

/// How long one document may take, look-up to answer.
const LIMIT: Duration = Duration::from_secs(60);
/// How long one address may take for its connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How long nothing is tried after the server could not be reached or kept silent: a thousand documents would each wait for that.
const CLOSED: Duration = Duration::from_secs(20);
/// Octets of an answer that are read.
const LARGEST: usize = 64 * 1024;
/// The most addresses that are tried.
const MAX_ADDRESSES: usize = 3;

/// A server.
pub(super) struct Server {
    pub(super) url: WebAddress,
    pub(super) token: Option<String>,
    pub(super) resolver: Arc<dyn Resolver>,
    pub(super) secured: Connector,
    /// When it was not reached last, and why; none since it answered.
    pub(super) failed: Mutex<Option<(Instant, String)>>,
}

/// Why there was no answer.
enum Trouble {
    /// Nobody is there, or says nothing.
    Silent(String),
    /// The exchange ended before its end.
    Broken(String),
}

/// The task of a connection, which ends with this.
struct AbortOnDrop(JoinHandle<hyper::Result<()>>);

impl AbortOnDrop {
    /// Waits until everything is written and the connection closed. What a server says beyond its answer is no fault of the document's.
    async fn ended(mut self) -> Result<(), String> {
        let ended = (&mut self.0).await.map_err(|error| error.to_string())?;
        let broken = |error: &hyper::Error| {
            let cause = std::error::Error::source(error);
            error.is_body_write_aborted() || cause.is_some_and(|cause| cause.is::<std::io::Error>())
        };
        match ended {
            Err(error) if broken(&error) => Err(error.to_string()),
            _ => Ok(()),
        }
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a connection is made of.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Server {
    /// Sends a document, and reads what became of it: 2xx and 409 (it is there) are its end, 4xx is for good, and everything else is for now.
    pub(super) async fn put(&self, request: &HandoverRequest<'_>) -> Handed {
        if let Some(why) = self.closed() {
            return Handed::Untried(why);
        }
        let answered = tokio::time::timeout(LIMIT, self.send(request)).await;
        let answered =
            answered.unwrap_or_else(|_| Err(Trouble::Silent("no answer came in time".to_owned())));
        failpoint::pass("handover.answered");
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        match answered {
            Ok(status) => {
                *failed = None;
                meaning(status)
            }
            // A matter of this document: the others go on.
            Err(Trouble::Broken(why)) => Handed::Later(format!("{}: {why}", self.url.host)),
            Err(Trouble::Silent(why)) => {
                let why = format!("{}: {why}", self.url.host);
                *failed = Some((Instant::now(), why.clone()));
                Handed::Later(why)
            }
        }
    }

    /// Why nothing is tried now.
    pub(super) fn closed(&self) -> Option<String> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = failed
            .as_ref()
            .filter(|(since, _)| since.elapsed() < CLOSED);
        recent.map(|(_, why)| why.clone())
    }

    /// Tries again, however short ago it failed.
    pub(super) fn open(&self) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The status of the answer. Of success it counts once the whole request was written and the exchange has ended.
    async fn send(&self, request: &HandoverRequest<'_>) -> Result<StatusCode, Trouble> {
        let broken = |error: &dyn std::fmt::Display| Trouble::Broken(error.to_string());
        let request = self.request(request).map_err(|error| broken(&error))?;
        let stream = self.connect().await.map_err(Trouble::Silent)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| broken(&error))?;
        let connection = AbortOnDrop(tokio::spawn(connection));
        failpoint::pass("handover.connected");
        let answer = sender
            .send_request(request)
            .await
            .map_err(|error| broken(&error))?;
        let status = answer.status();
        if !status.is_success() {
            return Ok(status);
        }
        // What it says beside is not kept.
        let read = Limited::new(answer.into_body(), LARGEST).collect().await;
        read.map_err(|error| broken(&error))?;
        drop(sender);
        connection.ended().await.map_err(|error| broken(&error))?;
        Ok(status)
    }

    fn request(&self, request: &HandoverRequest<'_>) -> Result<Request<Full<Bytes>>, String> {
        let (document, transaction) = (request.document, &request.held.transaction);
        let metadata = request.metadata().map_err(|error| error.to_string())?;
        let (method, path, kind, body) = match &document.place {
            DocumentPlace::Part(_) => (
                Method::PUT,
                format!("documents/{}", document.sha256),
                document.media_type.as_str(),
                request.octets.clone(),
            ),
            DocumentPlace::Link(_) => (
                Method::POST,
                "links".to_owned(),
                "application/json",
                Bytes::from(metadata.clone()),
            ),
        };
        let host = match self.url.host.contains(':') {
            true => format!("[{}]:{}", self.url.host, self.url.port),
            false => format!("{}:{}", self.url.host, self.url.port),
        };
        let mut built = Request::builder()
            .method(method)
            .uri(format!("{}/{transaction}/{path}", self.url.path))
            .header(HOST, host)
            .header(USER_AGENT, "allegromail")
            .header(CONTENT_TYPE, kind)
            // The same document is the same request, however often it comes.
            .header("Idempotency-Key", &document.sha256);
        // Of a link all of it stands in the body; it may be long.
        if matches!(document.place, DocumentPlace::Part(_)) {
            built = built.header("X-Document", data_encoding::BASE64URL.encode(&metadata));
        }
        if let Some(token) = &self.token {
            built = built.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        built
            .body(Full::new(body))
            .map_err(|error| error.to_string())
    }

    /// A connection to the first address that takes one. They are the operator's choice, so private ones are as good as others.
    async fn connect(&self) -> Result<Box<dyn Stream>, String> {
        let mut last = "it has no address".to_owned();
        for ip in self.addresses().await?.into_iter().take(MAX_ADDRESSES) {
            match tokio::time::timeout(CONNECT, self.connect_to(ip)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = error,
                Err(_) => last = format!("{ip} does not answer"),
            }
        }
        Err(last)
    }

    async fn connect_to(&self, ip: IpAddr) -> Result<Box<dyn Stream>, String> {
        let stream = TcpStream::connect(SocketAddr::new(ip, self.url.port)).await;
        let stream = stream.map_err(|error| error.to_string())?;
        if !self.url.tls {
            return Ok(Box::new(stream));
        }
        let name =
            ServerName::try_from(self.url.host.clone()).map_err(|error| error.to_string())?;
        let secured = (self.secured)().connect(name, stream).await;
        let secured = secured.map_err(|error| error.to_string())?;
        Ok(Box::new(secured))
    }

    async fn addresses(&self) -> Result<Vec<IpAddr>, String> {
        if let Ok(ip) = self.url.host.parse() {
            return Ok(vec![ip]);
        }
        if self.url.host == "localhost" {
            return Ok(vec![
                IpAddr::from([127, 0, 0, 1]),
                IpAddr::from([0_u16, 0, 0, 0, 0, 0, 0, 1]),
            ]);
        }
        let host = Domain::parse(&self.url.host).map_err(|error| error.to_string())?;
        let found = self.resolver.addresses(&host).await;
        found
            .map(|found| found.value)
            .map_err(|error| error.to_string())
    }
}

/// What a status says of a document (RFC 9110 15). A token that is not taken is our own fault, and what says "later" is no refusal.
fn meaning(status: StatusCode) -> Handed {
    let told = format!("the server answered {status}");
    match status.as_u16() {
        200..=299 | 409 => Handed::Over,
        401 | 407 | 408 | 414 | 421 | 425 | 429 | 431 => Handed::Later(told),
        400..=499 => Handed::Refused(told),
        _ => Handed::Later(told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_what_became_of_a_document() {
        let meaning = |code| meaning(StatusCode::from_u16(code).unwrap());
        for code in [200, 201, 202, 204, 409] {
            assert_eq!(meaning(code), Handed::Over, "{code}");
        }
        for code in [400, 403, 404, 410, 413, 415, 422] {
            assert!(matches!(meaning(code), Handed::Refused(_)), "{code}");
        }
        for code in [301, 307, 401, 408, 425, 429, 500, 502, 503, 504] {
            assert!(matches!(meaning(code), Handed::Later(_)), "{code}");
        }
    }
}
