//! The client side of the interface, for the commands that speak to a running server.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use super::pinned;
use crate::config::{Admin, HttpListen, TlsFiles};
use crate::http::ApiError;

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens: the server does not run, or elsewhere.
    #[error(
        "no server answers at {0}: `systemctl start allegromail`, or see why it does not run by `allegromail doctor`"
    )]
    Unreachable(String),
    /// This user may not ask there. Whether a server runs is not known.
    #[error(
        "{0} cannot be asked: permission denied; run this as the user of the server, or as root: sudo -u allegromail allegromail …"
    )]
    Barred(String),
    /// The server said no; the sentence is its own.
    #[error("{message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What is wrong.
        message: String,
    },
    /// The connection broke or the answer made no sense.
    #[error(
        "the server's answer was lost, and whether it was done is not known: {0}; `allegromail doctor` says how the server is"
    )]
    Lost(String),
}

/// Speaks to the server of a configuration. One connection a request.
pub struct Client {
    /// Where it listens.
    listen: HttpListen,
    /// What it shows there.
    tls: Option<TlsFiles>,
    /// What it wants.
    token: Option<String>,
}

impl Client {
    /// A client for the interface that `[admin]` describes.
    #[must_use]
    pub fn new(admin: &Admin) -> Self {
        Self {
            listen: admin.http.listen.clone(),
            tls: admin.http.tls.clone(),
            token: admin.token.clone(),
        }
    }

    /// A client for an interface without token and TLS that is bound at `listen`.
    #[must_use]
    pub const fn at(listen: HttpListen) -> Self {
        Self {
            listen,
            tls: None,
            token: None,
        }
    }

    /// The same, with a token.
    #[must_use]
    pub fn with_token(self, token: String) -> Self {
        Self {
            token: Some(token),
            ..self
        }
    }

    /// GET `path` as JSON.
    ///
    /// # Errors
    /// [`ClientError`]; `Unreachable` means that nothing was done.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.request(Method::GET, path, "", Bytes::new()).await
    }

    /// GET `path` as text.
    ///
    /// # Errors
    /// [`ClientError`]; `Unreachable` means that nothing was done.
    pub async fn text(&self, path: &str) -> Result<String, ClientError> {
        let body = self.bytes(Method::GET, path, "", Bytes::new()).await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// POST `body` to `path`, answer as JSON.
    ///
    /// # Errors
    /// [`ClientError`]; `Unreachable` means that nothing was done.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        kind: &str,
        body: Bytes,
    ) -> Result<T, ClientError> {
        self.request(Method::POST, path, kind, body).await
    }

    /// PUT `body`, JSON, to `path`, answer as JSON.
    ///
    /// # Errors
    /// [`ClientError`]; `Unreachable` means that nothing was done.
    pub async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Bytes,
    ) -> Result<T, ClientError> {
        self.request(Method::PUT, path, "application/json", body)
            .await
    }

    /// DELETE `path`, answer as JSON.
    ///
    /// # Errors
    /// [`ClientError`]; `Unreachable` means that nothing was done.
    pub async fn remove<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.request(Method::DELETE, path, "", Bytes::new()).await
    }

    /// DELETE `path`, without an answer.
    ///
    /// # Errors
    /// [`ClientError`]; `Unreachable` means that nothing was done.
    pub async fn delete(&self, path: &str) -> Result<(), ClientError> {
        self.request(Method::DELETE, path, "", Bytes::new()).await
    }

    /// One request whose answer is JSON.
    async fn request<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: Bytes,
    ) -> Result<T, ClientError> {
        let body = self.bytes(method, path, kind, body).await?;
        // 204 has no body; `()` is read from null.
        let body = if body.is_empty() {
            Bytes::from_static(b"null")
        } else {
            body
        };
        serde_json::from_slice(&body).map_err(|error| ClientError::Lost(error.to_string()))
    }

    /// One request, on a connection of its own: commands ask once or twice, and a server that was restarted in between is not noticed.
    async fn bytes(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: Bytes,
    ) -> Result<Bytes, ClientError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            // HTTP/1.1 wants one (RFC 9112 3.2), a unix socket has no name, and every server of ours goes by this one.
            .header(HOST, "localhost");
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, kind);
        }
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request
            .body(Full::new(body))
            .map_err(|error| ClientError::Lost(error.to_string()))?;
        match &self.listen {
            HttpListen::Tcp(address) => {
                let stream = TcpStream::connect(near(*address)).await;
                let stream = stream.map_err(|error| unreached(address.to_string(), &error))?;
                match &self.tls {
                    None => exchange(stream, request).await,
                    // Before the token is sent: whoever has the port may be another program.
                    Some(files) => {
                        let stream = pinned::connect(stream, files).await;
                        exchange(stream.map_err(ClientError::Lost)?, request).await
                    }
                }
            }
            HttpListen::Unix(path) => {
                let stream = UnixStream::connect(path).await;
                let stream =
                    stream.map_err(|error| unreached(path.display().to_string(), &error))?;
                exchange(stream, request).await
            }
        }
    }
}

/// A text as part of a path, or as a value of the query of a URI (RFC 3986 2.1).
#[must_use]
pub fn escaped(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes()
        .map(|byte| {
            if plain(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// Where a server that listens on `address` is reached from its own host.
#[must_use]
pub fn near(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// A server that may be there must not be gone round.
fn unreached(place: String, error: &io::Error) -> ClientError {
    if error.kind() == io::ErrorKind::PermissionDenied {
        ClientError::Barred(place)
    } else {
        ClientError::Unreachable(place)
    }
}

/// Sends the request and reads the whole answer. From here on a connection that breaks is `Lost`: nobody knows whether the
/// server has done it.
async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Bytes, ClientError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let lost = |error: &dyn std::fmt::Display| ClientError::Lost(error.to_string());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| lost(&error))?;
    // Moves the bytes while the answer is waited for.
    let driver = tokio::spawn(connection);
    let answer = sender
        .send_request(request)
        .await
        .map_err(|error| lost(&error))?;
    let status = answer.status();
    let body = answer
        .into_body()
        .collect()
        .await
        .map_err(|error| lost(&error))?
        .to_bytes();
    driver.abort();
    if !status.is_success() {
        // Something else than our server may answer there; its own words say most.
        let message = serde_json::from_slice::<ApiError>(&body).map_or_else(
            |_| String::from_utf8_lossy(&body).into_owned(),
            |failure| failure.error,
        );
        return Err(ClientError::Refused {
            status: status.as_u16(),
            message,
        });
    }
    Ok(body)
}
