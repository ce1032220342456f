//! Drives the machine over a stream: reads lines, asks, writes replies. One task a connection; a panic ends this session only.
//!
//! Replies to pipelined commands leave together. Commands that must be the last of their group (EHLO, DATA, STARTTLS; RFC 2920) are, or the
//! session ends: what stands behind them could be somebody else's words.

use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::limits;
use super::listener::Server;
use super::machine::{Effect, Machine, Tls};
use super::receive::{self, Received};
use super::reception::{Client, Protocol};
use crate::failpoint;
use crate::mail::{EnhancedStatus, Reply};
use crate::policy::{Reason, Refusal};
use crate::smtp::{Command, LineError, LineReader, Offer, parse_command};

/// How a session goes on after a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Command,
    StartTls,
    Close,
}

struct Session<'a, S> {
    stream: S,
    server: &'a Arc<Server>,
    machine: Machine,
    lines: LineReader,
    buffer: BytesMut,
    replies: Vec<u8>,
    /// When a message was last accepted, or the session began.
    productive: Instant,
}

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
    let stream = timeout(limits::HANDSHAKE, acceptor.accept(stream))
        .await
        .map_err(|_| ends())??;
    machine.secured();
    let mut secured = Session {
        stream,
        server,
        machine,
        lines: LineReader::default(),
        buffer: BytesMut::with_capacity(4096),
        replies: Vec::new(),
        productive,
    };
    secured.converse(stop).await.map(|_| ())
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<'_, S> {
    /// The banner; nobody speaks before it (hostile-inputs 22).
    async fn greet(&mut self) -> io::Result<()> {
        let early = timeout(
            std::time::Duration::ZERO,
            self.stream.read_buf(&mut self.buffer),
        )
        .await;
        if early.is_ok() {
            self.say(&Reply::new(
                554,
                Some(EnhancedStatus::new(5, 5, 0)),
                "wait for the greeting",
            ));
            self.flush().await?;
            return Err(ends());
        }
        self.say(&Reply::new(
            220,
            None,
            &format!("{} ESMTP", self.server.settings.hostname),
        ));
        self.flush().await
    }

    async fn converse(&mut self, stop: &CancellationToken) -> io::Result<Next> {
        loop {
            match self.lines.next_line(&mut self.buffer) {
                Ok(Some(line)) => {
                    let effect = match parse_command(&line) {
                        Ok(command) if self.is_out_of_step(&command) => Effect::Close(Reply::new(
                            554,
                            Some(EnhancedStatus::new(5, 5, 0)),
                            "the command must be the last of its group",
                        )),
                        Ok(command) => self.machine.step(command),
                        Err(reply) => self.machine.blame(reply),
                    };
                    let next = self.perform(effect).await?;
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
                    if self.bad_line(error) == Next::Close {
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

    fn bad_line(&mut self, error: LineError) -> Next {
        let effect = match error {
            LineError::TooLong => self.machine.blame(Reply::new(
                500,
                Some(EnhancedStatus::new(5, 5, 2)),
                "the line is too long",
            )),
            LineError::Endless => Effect::Close(Reply::new(
                421,
                Some(EnhancedStatus::new(4, 7, 0)),
                "the line does not end",
            )),
            LineError::BareLineEnd => {
                let refusal = Refusal::new(Reason::BareLineEnd, "lines end in CR LF.");
                Effect::Close(self.server.reception.refusal(
                    &self.machine.client,
                    self.machine.transaction(),
                    &refusal,
                ))
            }
        };
        match effect {
            Effect::Say(reply) => {
                self.say(&reply);
                Next::Command
            }
            Effect::Close(reply) => {
                self.say(&reply);
                Next::Close
            }
            _ => Next::Close,
        }
    }

    /// Waits for octets; false if the session is to end, which was said then.
    async fn wait(&mut self, stop: &CancellationToken) -> io::Result<bool> {
        let left = limits::UNPRODUCTIVE.saturating_sub(self.productive.elapsed());
        let patience = limits::COMMAND.min(left);
        self.buffer.reserve(4096);
        let read = tokio::select! {
            read = timeout(patience, self.stream.read_buf(&mut self.buffer)) => read,
            () = stop.cancelled() => {
                self.say(&Reply::new(421, Some(EnhancedStatus::new(4, 3, 2)), "the server is stopping; please try again later"));
                self.flush().await?;
                return Ok(false);
            }
        };
        match read {
            Ok(read) => Ok(read? > 0),
            Err(_) => {
                self.say(&Reply::new(
                    421,
                    Some(EnhancedStatus::new(4, 4, 2)),
                    "nothing came for too long",
                ));
                self.flush().await?;
                Ok(false)
            }
        }
    }

    async fn perform(&mut self, effect: Effect) -> io::Result<Next> {
        let reception = self.server.reception.clone();
        match effect {
            Effect::Say(reply) => self.say(&reply),
            Effect::Close(reply) => {
                self.say(&reply);
                return Ok(Next::Close);
            }
            Effect::Refuse(refusal) => self.say(&reception.refusal(
                &self.machine.client,
                self.machine.transaction(),
                &refusal,
            )),
            Effect::RefuseAndClose(refusal) => {
                self.say(&reception.refusal(
                    &self.machine.client,
                    self.machine.transaction(),
                    &refusal,
                ));
                return Ok(Next::Close);
            }
            Effect::AskSender(transaction) => {
                let judged = reception.sender(&self.machine.client, &transaction).await;
                let effect = self.machine.sender_judged(transaction, judged);
                return Ok(self.answer(&effect));
            }
            Effect::AskRecipient(path) => {
                let judged = match self.machine.transaction() {
                    Some(transaction) => {
                        reception
                            .recipient(&self.machine.client, transaction, &path)
                            .await
                    }
                    None => Ok(()),
                };
                let effect = self.machine.recipient_judged(path, judged);
                return Ok(self.answer(&effect));
            }
            Effect::ReadData => return self.data().await,
            Effect::StartTls(reply) => {
                self.say(&reply);
                return Ok(Next::StartTls);
            }
        }
        Ok(Next::Command)
    }

    fn answer(&mut self, effect: &Effect) -> Next {
        match effect {
            Effect::Say(reply) => {
                self.say(reply);
                Next::Command
            }
            Effect::Close(reply) => {
                self.say(reply);
                Next::Close
            }
            _ => Next::Close,
        }
    }

    async fn data(&mut self) -> io::Result<Next> {
        self.say(&Reply::new(
            354,
            None,
            "end with a line that holds a dot only",
        ));
        self.flush().await?;
        let server = self.server;
        let received = receive::message(
            &mut self.stream,
            &mut self.buffer,
            server.settings.max_message_size,
            &server.bytes,
        )
        .await;
        failpoint::pass("inbound.data_read");
        let Some(transaction) = self.machine.data_ended() else {
            return Ok(Next::Close);
        };
        let reception = server.reception.clone();
        let (reply, next) = match received {
            Received::Gone => return Ok(Next::Close),
            Received::Refused(refusal) => (
                reception.refusal(&self.machine.client, Some(&transaction), &refusal),
                Next::Command,
            ),
            Received::Broken(refusal) => (
                reception.refusal(&self.machine.client, Some(&transaction), &refusal),
                Next::Close,
            ),
            Received::Message(message, shares) => {
                let client = self.machine.client.clone();
                // A task of its own: a client that goes away must not stop a commit half way, and a panic becomes a 451.
                let judged = tokio::spawn({
                    let (reception, client, transaction) =
                        (reception.clone(), client.clone(), transaction.clone());
                    async move {
                        let reply = reception.message(&client, transaction, message).await;
                        drop(shares);
                        reply
                    }
                });
                let reply = judged.await.unwrap_or_else(|_| {
                    let refusal = Refusal::new(
                        Reason::Internal,
                        "the server failed over this message; please try again later.",
                    );
                    reception.refusal(&client, Some(&transaction), &refusal)
                });
                let next = if reply.code.get() == 421 {
                    Next::Close
                } else {
                    Next::Command
                };
                (reply, next)
            }
        };
        failpoint::pass("inbound.judged");
        if reply.code.is_success() {
            self.productive = Instant::now();
        }
        let effect = if reply.code.is_success() || next == Next::Close {
            Effect::Say(reply)
        } else {
            self.machine.blame(reply)
        };
        Ok(match self.answer(&effect) {
            Next::Command => next,
            other => other,
        })
    }

    fn say(&mut self, reply: &Reply) {
        self.replies.extend_from_slice(&reply.to_wire());
    }

    async fn flush(&mut self) -> io::Result<()> {
        if self.replies.is_empty() {
            return Ok(());
        }
        let replies = std::mem::take(&mut self.replies);
        let written = timeout(limits::WRITE, async {
            self.stream.write_all(&replies).await?;
            self.stream.flush().await
        });
        written.await.map_err(|_| ends())??;
        failpoint::pass("inbound.answered");
        Ok(())
    }
}
