//! A mail server that does exactly what its script says, connection by connection: the faults of other people's servers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use allegromail::scripted::session::{Host, Received, Wire, converse};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// One thing that the server does.
#[derive(Debug, Clone)]
pub enum Step {
    /// Writes these octets.
    Say(Vec<u8>),
    /// Reads a line, which must begin with this.
    Hear(&'static str),
    /// Reads a message up to its end.
    Message,
    /// Reads so many octets of whatever comes.
    Octets(usize),
    /// Resets the connection.
    Reset,
    /// Says and hears nothing until the client goes.
    Hold,
    /// Does the TLS handshake.
    Tls,
    /// Speaks as an ordinary server does, until the client goes.
    Ordinary,
}

/// Says a line.
pub fn say(line: &str) -> Step {
    Step::Say(format!("{line}\r\n").into_bytes())
}

/// Hears a line and answers it.
pub fn hear(word: &'static str, answer: &str) -> Vec<Step> {
    vec![Step::Hear(word), say(answer)]
}

/// Banner and EHLO without any extension.
pub fn greeting() -> Vec<Step> {
    [
        vec![say("220 peer.example ESMTP")],
        hear("EHLO", "250 peer.example"),
    ]
    .concat()
}

/// MAIL, RCPT and DATA, all taken.
pub fn envelope() -> Vec<Step> {
    [
        hear("MAIL", "250 2.1.0 ok"),
        hear("RCPT", "250 2.1.5 ok"),
        hear("DATA", "354 go on"),
    ]
    .concat()
}

/// What a peer saw.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Every line and message, in order, of all connections.
    pub lines: Vec<String>,
    /// Messages that came whole.
    pub messages: Vec<String>,
    /// Connections.
    pub connections: usize,
    /// Connections that are open.
    pub open: usize,
    /// The most that were open at once.
    pub at_once: usize,
}

/// A running server. When its scripts are used up it is an ordinary one.
pub struct Peer {
    /// Where it listens.
    pub port: u16,
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Peer {
    /// Starts a server that plays one script for each connection, on a free port of 127.0.0.1.
    pub async fn start(scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::serve(listener, scripts, None)
    }

    /// The same on a listener, with TLS where there is a certificate: then the ordinary server offers STARTTLS.
    pub fn serve(listener: TcpListener, scripts: Vec<Vec<Step>>, tls: Option<TlsAcceptor>) -> Self {
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let task = tokio::spawn({
            let seen = seen.clone();
            async move {
                let mut scripts = VecDeque::from(scripts);
                while let Ok((stream, _)) = listener.accept().await {
                    {
                        let mut seen = seen.lock().unwrap();
                        seen.connections += 1;
                        seen.open += 1;
                        seen.at_once = seen.at_once.max(seen.open);
                    }
                    let script = scripts.pop_front().unwrap_or_else(|| vec![Step::Ordinary]);
                    let host = Ordinary {
                        seen: seen.clone(),
                        tls: tls.clone(),
                    };
                    let seen = seen.clone();
                    tokio::spawn(async move {
                        if let Ok(play) = Play::of(stream, host) {
                            let _ = play.all(script).await;
                        }
                        seen.lock().unwrap().open -= 1;
                    });
                }
            }
        });
        Self { port, seen, task }
    }

    /// What it saw so far.
    pub fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until so many messages came whole.
    pub async fn messages(&self, count: usize) -> Vec<String> {
        for _ in 0..10_000 {
            let seen = self.seen();
            if seen.messages.len() >= count {
                return seen.messages;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("{count} messages did not come: {:#?}", self.seen());
    }
}

/// How an ordinary peer answers, and where it notes what it hears.
struct Ordinary {
    seen: Arc<Mutex<Seen>>,
    tls: Option<TlsAcceptor>,
}

impl Ordinary {
    fn note(&self, line: &str) {
        self.seen.lock().unwrap().lines.push(line.to_owned());
    }

    fn keep(&self, message: &[u8]) {
        let message = String::from_utf8_lossy(message).into_owned();
        self.seen.lock().unwrap().messages.push(message);
    }
}

impl Host for Ordinary {
    fn name(&self) -> &'static str {
        "peer.example"
    }

    fn tls(&self) -> Option<&TlsAcceptor> {
        self.tls.as_ref()
    }

    fn heard(&self, line: &str) {
        self.note(line);
    }

    fn secured(&self) {
        self.note("TLS");
    }

    fn takes(&self, message: Received) -> String {
        self.keep(&message.data);
        "250 2.0.0 taken".to_owned()
    }
}

/// One connection of a peer.
struct Play {
    wire: Wire,
    /// The socket itself, for a reset.
    socket: socket2::Socket,
    host: Ordinary,
}

impl Play {
    fn of(stream: TcpStream, host: Ordinary) -> std::io::Result<Self> {
        let socket = socket2::SockRef::from(&stream).try_clone()?;
        Ok(Self {
            wire: Wire::over(stream)?,
            socket,
            host,
        })
    }

    async fn all(mut self, script: Vec<Step>) -> std::io::Result<()> {
        for step in script {
            match step {
                Step::Say(octets) => self.wire.write(&octets).await?,
                Step::Hear(word) => {
                    if !self.line().await?.starts_with(word) {
                        self.host.note(&format!("!! wanted {word}"));
                        return Ok(());
                    }
                }
                Step::Message => {
                    let message = self.wire.message().await?;
                    self.host.keep(&message);
                }
                Step::Octets(count) => {
                    self.wire.bytes(count).await?;
                }
                Step::Reset => return self.socket.set_linger(Some(Duration::ZERO)),
                Step::Hold => loop {
                    self.line().await?;
                },
                Step::Tls => {
                    self.wire = self.wire.secure(self.host.tls().unwrap()).await?;
                    self.host.secured();
                }
                Step::Ordinary => return converse(self.wire, &self.host).await,
            }
        }
        Ok(())
    }

    async fn line(&mut self) -> std::io::Result<String> {
        let line = self.wire.line().await?;
        self.host.note(line.trim_end());
        Ok(line)
    }
}
