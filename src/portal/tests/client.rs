//! Requests, written as they are wanted, and answers in pieces.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What is heard.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Heard {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A field of the head.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}

/// Asks with the same fields each time.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) address: SocketAddr,
    pub(super) fields: String,
}

impl Client {
    /// The same with one more field.
    pub(super) fn and(&self, field: &str) -> Self {
        Self {
            address: self.address,
            fields: format!("{}{field}\r\n", self.fields),
        }
    }

    /// Opens a connection and sends a request.
    pub(super) async fn send(&self, line: &str, body: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let length = match body.is_empty() {
            true => String::new(),
            false => format!("Content-Length: {}\r\n", body.len()),
        };
        let head = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}{length}\r\n",
            self.fields
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // A server that has answered already may have closed.
        let _ = stream.write_all(body).await;
        stream
    }

    pub(super) async fn ask(&self, line: &str, body: &[u8]) -> Heard {
        let mut stream = self.send(line, body).await;
        let mut octets = Vec::new();
        let _ = stream.read_to_end(&mut octets).await;
        let heard = parsed(&octets);
        // No answer may ever have it, whatever is asked.
        assert!(
            !String::from_utf8_lossy(&octets).contains("real.address"),
            "{heard:?}"
        );
        heard
    }

    pub(super) async fn get(&self, path: &str) -> Heard {
        self.ask(&format!("GET /center/v1/{path}"), b"").await
    }

    /// Asks with a body of JSON.
    pub(super) fn json(
        &self,
        method: &str,
        path: &str,
        body: Value,
    ) -> impl Future<Output = Heard> + use<> {
        let client = self.and("Content-Type: application/json");
        let line = format!("{method} /center/v1/{path}");
        async move { client.ask(&line, body.to_string().as_bytes()).await }
    }
}

/// An answer in pieces.
fn parsed(octets: &[u8]) -> Heard {
    let end = octets.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("{:?}", String::from_utf8_lossy(octets)));
    let head = String::from_utf8(octets[..end].to_vec()).unwrap();
    let body = octets[end + 4..].to_vec();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    // A body without a length comes in chunks.
    let body = match head.contains("transfer-encoding: chunked") {
        true => unchunked(&body),
        false => body,
    };
    Heard { status, head, body }
}

fn unchunked(mut octets: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = octets.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&octets[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        let chunk = &octets[end + 2..];
        body.extend_from_slice(&chunk[..size]);
        octets = &chunk[size + 2..];
    }
    body
}
