//! A mail server on loopback that keeps what it gets: the other end of the demo, and of tests.
//!
//! It takes every message, but for recipients that it was told to refuse.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// One message as it arrived.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    /// MAIL FROM without brackets; empty: the null reverse-path.
    pub reverse_path: String,
    /// RCPT TO without brackets.
    pub recipients: Vec<String>,
    /// The message with CRLF line ends, dots unstuffed.
    pub data: Vec<u8>,
}

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
        let task = tokio::spawn({
            let shared = shared.clone();
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    shared.connections.fetch_add(1, Ordering::Relaxed);
                    let shared = shared.clone();
                    tokio::spawn(async move {
                        // A client that goes away mid-sentence has delivered nothing.
                        let _ = converse(stream, &shared).await;
                    });
                }
            }
        });
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

/// One session. It is lenient on purpose: what the relay sends is looked at afterwards, not refused here.
async fn converse(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    // A reply that waits for an acknowledgement of the last one would look like a slow relay.
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut message = Received::default();
    stream.write_all(b"220 sink.example ESMTP\r\n").await?;
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let reply = match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            // No STARTTLS: it has no certificate, and the route of the demo asks for none.
            "EHLO" => "250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SMTPUTF8".to_owned(),
            "MAIL" => {
                message = Received { reverse_path: path(&line), ..Received::default() };
                "250 2.1.0 ok".to_owned()
            }
            "RCPT" => {
                let recipient = path(&line);
                let refused = lock(&shared.refused).get(&recipient.to_ascii_lowercase()).cloned();
                if refused.is_none() {
                    message.recipients.push(recipient);
                }
                refused.unwrap_or_else(|| "250 2.1.5 ok".to_owned())
            }
            "DATA" if message.recipients.is_empty() => "554 5.5.1 no recipients".to_owned(),
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                message.data = data(&mut stream).await?;
                let subject = message.data.split(|octet| *octet == b'\n').find(|line| line.starts_with(b"Subject: "));
                lock(&shared.subjects).extend(subject.map(|line| String::from_utf8_lossy(line).trim_end().to_owned()));
                // Before the 250: whoever hears that can rely on finding the message here.
                lock(&shared.received).push(std::mem::take(&mut message));
                shared.arrived.notify_one();
                shared.watched.notify_waiters();
                "250 2.0.0 kept".to_owned()
            }
            "QUIT" => return stream.write_all(b"221 2.0.0 goodbye\r\n").await,
            "RSET" | "NOOP" | "HELO" => "250 2.0.0 ok".to_owned(),
            _ => "502 5.5.1 not known here".to_owned(),
        };
        stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
    }
}

/// What stands between the brackets of MAIL or RCPT.
fn path(line: &str) -> String {
    let inside = line
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    inside.map(|(path, _)| path.to_owned()).unwrap_or_default()
}

/// The message behind 354, dots unstuffed (RFC 5321 4.5.2).
async fn data(stream: &mut BufReader<TcpStream>) -> std::io::Result<Vec<u8>> {
    let mut data = Vec::new();
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        match line.as_slice() {
            b".\r\n" => return Ok(data),
            [b'.', rest @ ..] => data.extend_from_slice(rest),
            whole => data.extend_from_slice(whole),
        }
    }
}
