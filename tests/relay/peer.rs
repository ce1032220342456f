//! A mail server that does exactly what its script says, connection by connection: the faults of other people's servers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
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
                    let (seen, tls) = (seen.clone(), tls.clone());
                    tokio::spawn(async move {
                        if let Ok(play) = Play::of(stream, tls, &seen) {
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

trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// One connection of a peer.
struct Play<'a> {
    stream: BufReader<Box<dyn Duplex>>,
    /// The socket itself, for a reset.
    socket: socket2::Socket,
    tls: Option<TlsAcceptor>,
    secured: bool,
    seen: &'a Mutex<Seen>,
}

impl<'a> Play<'a> {
    fn of(
        stream: TcpStream,
        tls: Option<TlsAcceptor>,
        seen: &'a Mutex<Seen>,
    ) -> std::io::Result<Self> {
        stream.set_nodelay(true)?;
        let socket = socket2::SockRef::from(&stream).try_clone()?;
        Ok(Self {
            stream: BufReader::new(Box::new(stream)),
            socket,
            tls,
            secured: false,
            seen,
        })
    }

    async fn all(mut self, script: Vec<Step>) -> std::io::Result<()> {
        for step in script {
            match step {
                Step::Say(octets) => {
                    self.stream.write_all(&octets).await?;
                    self.stream.flush().await?;
                }
                Step::Hear(word) => {
                    let line = self.line().await?;
                    if !line.starts_with(word) {
                        let note = format!("!! wanted {word}");
                        self.seen.lock().unwrap().lines.push(note);
                        return Ok(());
                    }
                }
                Step::Message => self.message().await?,
                Step::Octets(count) => {
                    let mut octets = vec![0; count];
                    tokio::io::AsyncReadExt::read_exact(&mut self.stream, &mut octets).await?;
                }
                Step::Reset => return self.socket.set_linger(Some(Duration::ZERO)),
                Step::Hold => loop {
                    self.line().await?;
                },
                Step::Tls => self = self.secure().await?,
                Step::Ordinary => return self.ordinary().await,
            }
        }
        Ok(())
    }

    async fn secure(self) -> std::io::Result<Self> {
        let acceptor = self.tls.clone().unwrap();
        let stream = acceptor.accept(self.stream.into_inner()).await?;
        self.seen.lock().unwrap().lines.push("TLS".to_owned());
        Ok(Self {
            stream: BufReader::new(Box::new(stream)),
            secured: true,
            ..self
        })
    }

    async fn ordinary(mut self) -> std::io::Result<()> {
        self.answer("220 peer.example ESMTP").await?;
        loop {
            let line = self.line().await?;
            match line.get(..4).unwrap_or_default() {
                "EHLO" => {
                    let offer = if self.tls.is_some() && !self.secured {
                        "250-STARTTLS\r\n"
                    } else {
                        ""
                    };
                    self.answer(&format!(
                        "250-peer.example\r\n{offer}250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8"
                    ))
                    .await?;
                }
                "STAR" if self.tls.is_some() => {
                    self.answer("220 2.0.0 go on").await?;
                    self = self.secure().await?;
                }
                "DATA" => {
                    self.answer("354 go on").await?;
                    self.message().await?;
                    self.answer("250 2.0.0 taken").await?;
                }
                "QUIT" => return self.answer("221 2.0.0 goodbye").await,
                _ => self.answer("250 2.0.0 ok").await?,
            }
        }
    }

    async fn answer(&mut self, text: &str) -> std::io::Result<()> {
        self.stream
            .write_all(format!("{text}\r\n").as_bytes())
            .await?;
        self.stream.flush().await
    }

    async fn line(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let shown = line.trim_end().to_owned();
        self.seen.lock().unwrap().lines.push(shown);
        Ok(line)
    }

    async fn message(&mut self) -> std::io::Result<()> {
        let mut message = String::new();
        loop {
            let mut line = Vec::new();
            if self.stream.read_until(b'\n', &mut line).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if line == b".\r\n" {
                self.seen.lock().unwrap().messages.push(message);
                return Ok(());
            }
            message.push_str(&String::from_utf8_lossy(&line));
        }
    }
}
