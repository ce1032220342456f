//! A mail server on loopback that keeps what it gets: the other end of the demo, and of tests.
//!
//! It takes every message, but for recipients that it was told to refuse.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::session::{self, Host, Received};

/// What the server and those who watch it share.
#[derive(Default)]
struct Shared {
    /// What nobody has taken out yet, the oldest first.
    received: Mutex<Vec<Received>>,
    /// Lines `Subject:` of everything that ever arrived, also of what was taken out since.
    subjects: Mutex<Vec<String>>,
    /// How many came: tests see by it that nothing went out.
    connections: AtomicUsize,
    /// Recipient in lower case, and the reply that it gets.
    refused: Mutex<HashMap<String, String>>,
    /// Wakes one who takes out.
    arrived: Notify,
    /// The same, for those who only watch.
    watched: Notify,
}

/// Keeps what one session brings.
struct Keeper(Arc<Shared>);

impl Host for Keeper {
    fn name(&self) -> &'static str {
        "sink.example"
    }

    fn refuses(&self, recipient: &str) -> Option<String> {
        lock(&self.0.refused)
            .get(&recipient.to_ascii_lowercase())
            .cloned()
    }

    fn takes(&self, message: Received) -> String {
        let subject = message
            .data
            .split(|octet| *octet == b'\n')
            .find(|line| line.starts_with(b"Subject: "));
        lock(&self.0.subjects)
            .extend(subject.map(|line| String::from_utf8_lossy(line).trim_end().to_owned()));
        lock(&self.0.received).push(message);
        self.0.arrived.notify_one();
        self.0.watched.notify_waiters();
        "250 2.0.0 kept".to_owned()
    }
}

/// Looks at what a [`Sink`] gets without taking anything out.
#[derive(Clone)]
pub struct Watch(Arc<Shared>);

impl Watch {
    /// Connections so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.0.connections.load(Ordering::Relaxed)
    }

    /// What has arrived and was not taken out.
    #[must_use]
    pub fn waiting(&self) -> Vec<Received> {
        lock(&self.0.received).clone()
    }

    /// Whether a message with this subject has arrived, or does so in time.
    pub async fn saw(&self, subject: &str, patience: Duration) -> bool {
        let line = format!("Subject: {subject}");
        let seen = async {
            loop {
                let watched = self.0.watched.notified();
                tokio::pin!(watched);
                // Before the look: what arrives between the look and the wait wakes all the same.
                watched.as_mut().enable();
                if lock(&self.0.subjects).contains(&line) {
                    return;
                }
                watched.await;
            }
        };
        tokio::time::timeout(patience, seen).await.is_ok()
    }
}

/// A test that panicked while it held the lock has left the lists whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running server; it stops when it is dropped.
pub struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Sink {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// No port could be bound.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let host = {
            let shared = shared.clone();
            move || {
                shared.connections.fetch_add(1, Ordering::Relaxed);
                Keeper(shared.clone())
            }
        };
        let task = tokio::spawn(session::serve(listener, host));
        Ok(Self {
            address,
            shared,
            task,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// A look at it that outlives it.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch(self.shared.clone())
    }

    /// Answers `reply` to RCPT of this recipient from now on.
    pub fn refuse(&self, recipient: &str, reply: &str) {
        lock(&self.shared.refused).insert(recipient.to_ascii_lowercase(), reply.to_owned());
    }

    /// Takes this recipient again.
    pub fn accept(&self, recipient: &str) {
        lock(&self.shared.refused).remove(&recipient.to_ascii_lowercase());
    }

    /// Waits for the next message and takes it out.
    pub async fn next(&self) -> Received {
        loop {
            let arrived = self.shared.arrived.notified();
            let first = {
                let mut received = lock(&self.shared.received);
                if received.is_empty() {
                    None
                } else {
                    Some(received.remove(0))
                }
            };
            match first {
                Some(first) => return first,
                None => arrived.await,
            }
        }
    }

    /// Takes out all that has arrived so far.
    #[must_use]
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut *lock(&self.shared.received))
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}
