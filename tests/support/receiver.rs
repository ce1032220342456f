//! An HTTP server of the marketplace that takes documents: it may be slow, refuse, or answer late.
#![allow(dead_code, reason = "two binaries share it, and each uses its part")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};

/// How long a request may take before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    pub path: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// What is told of the document: in `X-Document`, and of a link in the body.
    pub fn told(&self) -> serde_json::Value {
        match self.method {
            Method::POST => serde_json::from_slice(&self.body).unwrap(),
            _ => self.document(),
        }
    }

    /// The JSON in `X-Document`.
    pub fn document(&self) -> serde_json::Value {
        let encoded = self.header("X-Document").as_bytes();
        let json = data_encoding::BASE64URL.decode(encoded).unwrap();
        serde_json::from_slice(&json).unwrap()
    }
}

/// What is answered, one after the other, and how long that takes; the last goes on.
type Script = Arc<Mutex<Vec<(u16, Duration)>>>;

/// A running server.
pub struct Receiver {
    pub address: SocketAddr,
    came: Arc<Mutex<Vec<Request>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Receiver {
    /// One that answers by `script`.
    pub async fn start(script: &[(u16, Duration)]) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), script).await
    }

    /// The same at an address: one that was down comes back.
    pub async fn start_at(address: SocketAddr, script: &[(u16, Duration)]) -> Self {
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let script: Script = Arc::new(Mutex::new(script.to_vec()));
        let came: Arc<Mutex<Vec<Request>>> = Arc::default();
        let router = Router::new()
            .fallback(answer)
            .with_state((script, came.clone()));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            address,
            came,
            task,
        }
    }

    /// What came so far.
    pub fn came(&self) -> Vec<Request> {
        self.came.lock().unwrap().clone()
    }

    /// Waits until so many requests have come.
    pub async fn wait_for(&self, count: usize) -> Vec<Request> {
        let waited = tokio::time::timeout(PATIENCE, async {
            while self.came().len() < count {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        waited
            .await
            .unwrap_or_else(|_| panic!("{} of {count} requests came", self.came().len()));
        self.came()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State((script, came)): State<(Script, Arc<Mutex<Vec<Request>>>)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let (code, wait) = {
        let mut script = script.lock().unwrap();
        if script.len() > 1 {
            script.remove(0)
        } else {
            script[0]
        }
    };
    tokio::time::sleep(wait).await;
    came.lock().unwrap().push(Request {
        method,
        path: uri.path().to_owned(),
        headers,
        body: body.to_vec(),
    });
    StatusCode::from_u16(code).unwrap()
}
