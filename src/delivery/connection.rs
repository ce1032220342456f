//! One connection to one server: banner, EHLO, STARTTLS, and transactions over it (RFC 5321 3, 4.5.3.2).
//!
//! With PIPELINING, MAIL, RCPT and DATA leave in one segment. Whatever breaks tells at which point it broke: before the reply to MAIL
//! a reused connection has cost nothing; after the final dot nobody knows who has the message.

use std::io::IoSlice;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::Work;
use super::broken::{Broken, Spoken};
use super::destination::Hop;
use super::dial::dial;
use super::settings::Patience;
use super::tls::{Security, Tls};
use crate::failpoint;
use crate::mail::{Domain, Reply};
use crate::smtp::{Extensions, ReplyReader, stuff};

trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync> Stream for T {}

/// An open connection after EHLO.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    replies: ReplyReader,
    buffer: Vec<u8>,
    extensions: Extensions,
    patience: Patience,
    /// Messages that went over it.
    pub(super) used: u32,
}

/// What every connection of ours has in common.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    /// Our name in EHLO.
    pub(super) own: &'a Domain,
    /// How TLS is spoken.
    pub(super) tls: &'a Tls,
    /// How long the other side is waited for.
    pub(super) patience: Patience,
}

impl Connection {
    /// Connects, greets, and turns to TLS as the hop wants it.
    pub(super) async fn open(hop: &Hop, side: Side<'_>) -> Result<Self, Broken> {
        match Self::open_with(hop, side, &hop.security).await {
            // A handshake that fails must not stop mail that would also have gone in clear text; the peer gets a new connection.
            Err(Broken::Tls(_)) if hop.security == Security::Opportunistic => {
                Self::open_with(hop, side, &Security::Clear).await
            }
            opened => opened,
        }
    }

    async fn open_with(hop: &Hop, side: Side<'_>, security: &Security) -> Result<Self, Broken> {
        let stream = dial(hop.address, side.patience.connect).await?;
        failpoint::pass("delivery.connected");
        let mut connection = Self {
            stream: Box::new(stream),
            replies: ReplyReader::default(),
            buffer: vec![0; 4096],
            extensions: Extensions::default(),
            patience: side.patience,
            used: 0,
        };
        let banner = timeout(side.patience.command, connection.reply(Duration::MAX)).await;
        let banner = banner
            .map_err(|_| Broken::Silent("no banner in time"))?
            .map_err(Broken::BeforeMail)?;
        if !banner.code.is_success() {
            return Err(Broken::Door(banner));
        }
        connection.greet(side.own).await?;
        match (security, connection.extensions.starttls) {
            (Security::Clear, _) | (Security::Opportunistic, false) => Ok(connection),
            (_, false) => Err(Broken::Tls("the server does not offer STARTTLS".to_owned())),
            (_, true) => connection.start_tls(hop, side, security).await,
        }
    }

    async fn greet(&mut self, own: &Domain) -> Result<(), Broken> {
        let reply = self
            .command(&format!("EHLO {own}\r\n"))
            .await
            .map_err(Broken::BeforeMail)?;
        if reply.code.is_success() {
            self.extensions = Extensions::of(&reply);
            return Ok(());
        }
        let reply = self
            .command(&format!("HELO {own}\r\n"))
            .await
            .map_err(Broken::BeforeMail)?;
        self.extensions = Extensions::default();
        if reply.code.is_success() {
            Ok(())
        } else {
            Err(Broken::Door(reply))
        }
    }

    async fn start_tls(
        mut self,
        hop: &Hop,
        side: Side<'_>,
        security: &Security,
    ) -> Result<Self, Broken> {
        let broken = |error: &dyn std::fmt::Display| Broken::Tls(error.to_string());
        let reply = self
            .command("STARTTLS\r\n")
            .await
            .map_err(|error| broken(&error))?;
        if !reply.code.is_success() {
            return Err(broken(&reply));
        }
        // Replies that came before the handshake would be taken for the server's own (response injection, hostile-inputs 43).
        if !self.replies.is_drained() {
            return Err(broken(&"the server sent more than its reply to STARTTLS"));
        }
        let name = hop
            .host
            .as_ref()
            .map_or_else(|| hop.address.ip().to_string(), ToString::to_string);
        let name = rustls_pki_types::ServerName::try_from(name).map_err(|error| broken(&error))?;
        let connector = side
            .tls
            .connector(security)
            .map_err(|error| broken(&error))?;
        let stream = timeout(
            side.patience.handshake,
            connector.connect(name, self.stream),
        )
        .await;
        let stream = stream
            .map_err(|_| broken(&"no handshake in time"))?
            .map_err(|error| broken(&error))?;
        let mut secured = Self {
            stream: Box::new(stream),
            replies: ReplyReader::default(),
            ..self
        };
        secured.greet(side.own).await?;
        Ok(secured)
    }

    /// Sends one message.
    pub(super) async fn send(&mut self, work: &Work) -> Result<Spoken, Broken> {
        if let Some(lack) = self.lacks(work) {
            return Ok(Spoken::Lacks(lack));
        }
        failpoint::pass("delivery.sending");
        let slices = stuff(&work.body).map_err(|error| Broken::Midway(error.to_string()))?;
        self.used += 1;
        let commands = self.commands(work);
        if self.extensions.pipelining {
            self.unanswered().map_err(Broken::BeforeMail)?;
            let all = commands.concat();
            self.write(all.as_bytes())
                .await
                .map_err(Broken::BeforeMail)?;
        }
        let mut refused = None;
        for (at, (name, command)) in ["MAIL", "RCPT", "DATA"]
            .into_iter()
            .zip(&commands)
            .enumerate()
        {
            let broken = |error| {
                if at == 0 {
                    Broken::BeforeMail(error)
                } else {
                    Broken::Midway(error)
                }
            };
            if !self.extensions.pipelining {
                self.unanswered().map_err(broken)?;
                self.write(command.as_bytes()).await.map_err(broken)?;
            }
            let wait = if name == "DATA" {
                self.patience.data
            } else {
                self.patience.command
            };
            let reply = self.reply(wait).await.map_err(broken)?;
            let taken = if name == "DATA" {
                reply.code.is_intermediate()
            } else {
                reply.code.is_success()
            };
            if !taken && refused.is_none() {
                refused = Some((name, reply));
                if !self.extensions.pipelining {
                    break;
                }
            } else if name == "DATA" && taken && refused.is_some() {
                // DATA was accepted although no recipient was: an empty message ends it, and is refused or goes nowhere (RFC 2920 3.1).
                self.write(b".\r\n").await.map_err(broken)?;
                self.reply(self.patience.end_of_data)
                    .await
                    .map_err(broken)?;
                return self.refuse(refused).await;
            }
        }
        if refused.is_some() {
            return self.refuse(refused).await;
        }
        self.unanswered().map_err(Broken::Midway)?;
        failpoint::pass("delivery.data_allowed");
        self.write_all(slices).await.map_err(Broken::Midway)?;
        failpoint::pass("delivery.dot_sent");
        let reply = self
            .reply(self.patience.end_of_data)
            .await
            .map_err(Broken::AfterDot)?;
        failpoint::pass("delivery.answered");
        Ok(if reply.code.is_success() {
            Spoken::Accepted(reply)
        } else {
            Spoken::Refused("DATA", reply)
        })
    }

    /// Clears the transaction, so that the connection can be used again.
    async fn refuse(&mut self, refused: Option<(&'static str, Reply)>) -> Result<Spoken, Broken> {
        let (name, reply) = refused.ok_or_else(|| Broken::Midway("no reply".to_owned()))?;
        // After 421 the server goes (RFC 5321 3.8).
        if reply.code.get() == 421 || self.command("RSET\r\n").await.is_err() {
            self.used = u32::MAX;
        }
        Ok(Spoken::Refused(name, reply))
    }

    fn lacks(&self, work: &Work) -> Option<&'static str> {
        let too_large = self
            .extensions
            .size
            .is_some_and(|size| size > 0 && (work.body.len() as u64) > size);
        match () {
            () if work.smtputf8 && !self.extensions.smtputf8 => Some("SMTPUTF8"),
            () if work.eight_bit && !self.extensions.eight_bit => Some("8BITMIME"),
            () if too_large => Some("SIZE"),
            () => None,
        }
    }

    fn commands(&self, work: &Work) -> [String; 3] {
        let size = if self.extensions.size.is_some() {
            format!(" SIZE={}", work.body.len())
        } else {
            String::new()
        };
        let body = if work.eight_bit { " BODY=8BITMIME" } else { "" };
        let utf8 = if work.smtputf8 { " SMTPUTF8" } else { "" };
        [
            format!("MAIL FROM:{}{size}{body}{utf8}\r\n", work.reverse_path),
            format!("RCPT TO:<{}>\r\n", work.recipient),
            "DATA\r\n".to_owned(),
        ]
    }

    /// Says goodbye, and does not wait long for an answer.
    pub(super) async fn quit(mut self) {
        failpoint::pass("delivery.quitting");
        let patience = self.patience.quit;
        let _ = timeout(patience, self.command("QUIT\r\n")).await;
    }

    /// Whether the server has closed the connection or said something unasked (421), as far as can be seen without waiting. Over TLS a
    /// record that is no data (a session ticket) is taken in and says nothing.
    pub(super) async fn is_stale(&mut self) -> bool {
        !self.replies.is_drained()
            || timeout(Duration::ZERO, self.stream.read(&mut self.buffer))
                .await
                .is_ok()
    }

    /// Nothing may have been answered yet: a reply in advance would be taken for the reply to what comes next, and from then on every
    /// reply for another one.
    fn unanswered(&self) -> Result<(), String> {
        if self.replies.is_drained() {
            Ok(())
        } else {
            Err("the server answered before it was asked".to_owned())
        }
    }

    async fn command(&mut self, command: &str) -> Result<Reply, String> {
        self.unanswered()?;
        self.write(command.as_bytes()).await?;
        self.reply(self.patience.command).await
    }

    async fn write(&mut self, octets: &[u8]) -> Result<(), String> {
        let written = timeout(self.patience.block, async {
            self.stream.write_all(octets).await?;
            self.stream.flush().await
        });
        written
            .await
            .map_err(|_| "the server takes no data".to_owned())?
            .map_err(|error| error.to_string())
    }

    /// Writes slices with as few calls as possible; every call has its own patience.
    async fn write_all(&mut self, slices: Vec<&[u8]>) -> Result<(), String> {
        let mut slices: Vec<IoSlice<'_>> = slices
            .into_iter()
            .filter(|slice| !slice.is_empty())
            .map(IoSlice::new)
            .collect();
        let mut rest = slices.as_mut_slice();
        while !rest.is_empty() {
            let some = rest.get(..rest.len().min(64)).unwrap_or_default();
            let written = timeout(self.patience.block, self.stream.write_vectored(some)).await;
            let written = written
                .map_err(|_| "the server takes no data".to_owned())?
                .map_err(|error| error.to_string())?;
            if written == 0 {
                return Err("the server closed the connection".to_owned());
            }
            IoSlice::advance_slices(&mut rest, written);
        }
        timeout(self.patience.block, self.stream.flush())
            .await
            .map_err(|_| "the server takes no data".to_owned())?
            .map_err(|error| error.to_string())
    }

    async fn reply(&mut self, wait: Duration) -> Result<Reply, String> {
        let read = async {
            loop {
                if let Some(reply) = self
                    .replies
                    .next_reply()
                    .map_err(|error| error.to_string())?
                {
                    return Ok(reply);
                }
                let octets = self
                    .stream
                    .read(&mut self.buffer)
                    .await
                    .map_err(|error| error.to_string())?;
                if octets == 0 {
                    return Err("the server closed the connection".to_owned());
                }
                self.replies
                    .feed(self.buffer.get(..octets).unwrap_or_default());
            }
        };
        timeout(wait, read)
            .await
            .map_err(|_| "the server did not answer in time".to_owned())?
    }
}
