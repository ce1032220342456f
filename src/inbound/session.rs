//! Drives the machine over a stream: reads lines, asks, writes replies. One task a connection; a panic ends this session only.
//!
//! Replies to pipelined commands leave together. Commands that must be the last of their group (EHLO, DATA, STARTTLS; RFC 2920) are, or the
//! session ends: what stands behind them could be somebody else's words.

mod data;
mod effects;
mod waiting;

use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use rustls::ProtocolVersion;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use self::waiting::Waiting;
use super::handler::{Client, Protocol};
use super::machine::{Effect, Machine, Tls};
use super::resend_cache::Answered;
use super::server::Server;
use crate::mail::{EnhancedStatus, Reply};
use crate::smtp::{Command, LineReader, Offer, parse_command};

/// How a session goes on after a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// It reads the next one.
    Command,
    /// The stream is handed to TLS; the session goes on over that.
    StartTls,
    /// It ends, after what was said is written.
    Close,
}

/// One connection, before or after STARTTLS.
struct Session<'a, S> {
    /// The socket, or TLS over it.
    stream: S,
    /// What is shared with all others.
    server: &'a Arc<Server>,
    /// What has been said. Outlives the change to TLS, with its counts of errors.
    machine: Machine,
    /// Cuts octets into commands, in bounded memory (docs/threats.md#24).
    lines: LineReader,
    /// What was read and not used yet: commands, then a message, then commands again.
    buffer: BytesMut,
    /// What is to be written at the next wait.
    replies: Vec<u8>,
    /// When a message was last accepted, or the session began.
    productive: Instant,
    /// Since when a command is waited for, and since when the one that has begun is.
    waiting: Waiting,
    /// The answer to the last message, if it is not known to be heard.
    answered: Answered<'a>,
}

/// A session that ends for what its client did, in the form of a broken connection: nobody is to be told.
fn ends() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}

/// Serves one connection to its end.
///
/// # Errors
/// The connection broke; nothing that was not answered 250 is ours.
pub(super) async fn serve<S>(
    stream: S,
    server: &Arc<Server>,
    address: std::net::IpAddr,
    stop: &CancellationToken,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // Random and not counted up: traces show in replies, and must not tell how much mail there is.
    let mut random = [0; 8];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| io::Error::other("no randomness"))?;
    let client = Client {
        session: u64::from_ne_bytes(random),
        address,
        helo: String::new(),
        protocol: Protocol::Smtp,
    };
    let settings = &server.settings;
    let offer = Offer {
        max_message_size: settings.max_message_size,
        max_recipients: settings.max_recipients,
        starttls: false,
    };
    // One look for the whole session: a reload in between must neither offer TLS that cannot be had nor change the certificate.
    let acceptor = server.acceptor();
    let tls = if acceptor.is_some() {
        Tls::Offered
    } else {
        Tls::Absent
    };
    let machine = Machine::new(settings.hostname.clone(), offer, tls, client);
    let mut session = Session {
        stream,
        server,
        machine,
        lines: LineReader::default(),
        buffer: BytesMut::with_capacity(4096),
        replies: Vec::new(),
        productive: Instant::now(),
        waiting: Waiting::default(),
        answered: Answered::default(),
    };
    session.greet().await?;
    if session.converse(stop).await? != Next::StartTls {
        return Ok(());
    }
    let Some(acceptor) = acceptor else {
        return Ok(());
    };
    let Session {
        stream,
        mut machine,
        productive,
        ..
    } = session;
    let stream = timeout(server.session_limits().handshake, acceptor.accept(stream))
        .await
        .map_err(|_| ends())??;
    count_tls(stream.get_ref().1.protocol_version());
    machine.secured();
    // New lines and a new buffer: what came in clear behind STARTTLS must never be read as said under TLS (RFC 3207 4.2, CVE-2011-0411;
    // docs/threats.md#41). The machine has forgotten the rest.
    let mut secured = Session {
        stream,
        server,
        machine,
        lines: LineReader::default(),
        buffer: BytesMut::with_capacity(4096),
        replies: Vec::new(),
        productive,
        waiting: Waiting::default(),
        answered: Answered::default(),
    };
    secured.converse(stop).await.map(|_| ())
}

fn count_tls(version: Option<ProtocolVersion>) {
    let version = match version {
        Some(ProtocolVersion::TLSv1_3) => "1.3",
        Some(ProtocolVersion::TLSv1_2) => "1.2",
        _ => "other",
    };
    metrics::counter!("allegromail_inbound_tls_total", "version" => version).increment(1);
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<'_, S> {
    /// Takes commands until the session ends or turns to TLS. What was said is written before every wait, so that a group of pipelined commands
    /// has its replies in one segment.
    async fn converse(&mut self, stop: &CancellationToken) -> io::Result<Next> {
        loop {
            let limits = self.server.session_limits();
            self.machine.tolerate(limits.errors, limits.junk);
            match self.lines.next_line(&mut self.buffer) {
                Ok(Some(line)) => {
                    // The next command of a client that waits for replies shows that our last 250 arrived; without one it may come again
                    // (docs/threats.md#118).
                    self.answered.heard();
                    let effect = match parse_command(&line) {
                        // Never "read on and see": text behind DATA and words behind EHLO are what smuggling is made of (docs/threats.md#19 to #21).
                        Ok(command) if self.is_out_of_step(&command) => Effect::Close(Reply::new(
                            554,
                            Some(EnhancedStatus::new(5, 5, 0)),
                            "the command must be the last of its group",
                        )),
                        Ok(command) => self.machine.step(command),
                        Err(reply) => self.machine.blame(reply),
                    };
                    let next = self.perform(effect).await?;
                    self.slow_down(stop).await?;
                    self.waiting = Waiting::default();
                    if next != Next::Command {
                        self.flush().await?;
                        return Ok(next);
                    }
                }
                Ok(None) => {
                    self.flush().await?;
                    if !self.wait(stop).await? {
                        return Ok(Next::Close);
                    }
                }
                Err(error) => {
                    self.waiting = Waiting::default();
                    let next = self.bad_line(error);
                    self.slow_down(stop).await?;
                    if next == Next::Close {
                        self.flush().await?;
                        return Ok(Next::Close);
                    }
                }
            }
        }
    }

    /// Whether octets stand behind a command that ends its group. QUIT in a client's last group is not among them.
    fn is_out_of_step(&self, command: &Command) -> bool {
        !self.buffer.is_empty()
            && matches!(
                command,
                Command::Hello { .. } | Command::Data | Command::StartTls
            )
    }
}
