//! One message over an open connection (RFC 5321 3.3).
//!
//! With PIPELINING, MAIL, RCPT and DATA leave in one segment. Whatever breaks tells at which point it broke: before the reply to MAIL
//! a reused connection has cost nothing; after the final dot nobody knows who has the message.

use super::DeliveryRequest;
use super::connection::Connection;
use super::trouble::{SessionError, SessionOutcome};
use crate::failpoint;
use crate::mail::Reply;
use crate::smtp::{BareLineEnd, end_of_data, stuff, stuff_part};
use crate::spool::Content;

impl Connection {
    /// Sends one message. What the server refuses is no error: the connection is good for the next message, unless [`Connection::used`] says that
    /// it is not.
    ///
    /// # Errors
    /// [`SessionError`] tells at which point the connection broke; it is of no use then.
    pub(super) async fn send(
        &mut self,
        work: &DeliveryRequest,
    ) -> Result<SessionOutcome, SessionError> {
        if let Some(lack) = self.lacks(work) {
            return Ok(SessionOutcome::MissingExtension(lack));
        }
        failpoint::pass("delivery.sending");
        // Before MAIL: a message that cannot be stuffed must not leave a transaction open (docs/threats.md#16).
        let slices =
            stuffed(&work.body).map_err(|error| SessionError::MidTransaction(error.to_string()))?;
        self.used += 1;
        let commands = self.commands(work);
        // One segment, one round trip in place of three (RFC 2920 3.1).
        if self.extensions.pipelining {
            self.wire.unanswered().map_err(SessionError::BeforeMail)?;
            let all = commands.concat();
            self.wire
                .write(all.as_bytes())
                .await
                .map_err(SessionError::BeforeMail)?;
        }
        let mut refused = None;
        for (at, (name, command)) in ["MAIL", "RCPT", "DATA"]
            .into_iter()
            .zip(&commands)
            .enumerate()
        {
            let broken = |error| {
                if at == 0 {
                    SessionError::BeforeMail(error)
                } else {
                    SessionError::MidTransaction(error)
                }
            };
            if !self.extensions.pipelining {
                self.wire.unanswered().map_err(broken)?;
                self.wire.write(command.as_bytes()).await.map_err(broken)?;
            }
            let wait = if name == "DATA" {
                self.wire.timeouts.data
            } else {
                self.wire.timeouts.command
            };
            let reply = self.wire.reply(wait).await.map_err(broken)?;
            let taken = is_taken(name, &reply);
            if !taken && refused.is_none() {
                refused = Some((name, reply));
                // With PIPELINING the other replies come all the same, and each has to be read.
                if !self.extensions.pipelining {
                    break;
                }
            } else if name == "DATA" && taken && refused.is_some() {
                // DATA was accepted although no recipient was: an empty message ends it, and is refused or goes nowhere (RFC 2920 3.1).
                self.wire.write(b".\r\n").await.map_err(broken)?;
                self.wire
                    .reply(self.wire.timeouts.end_of_data)
                    .await
                    .map_err(broken)?;
                return self.refuse(refused).await;
            }
        }
        // Without DATA allowed nothing more is sent.
        if refused.is_some() {
            return self.refuse(refused).await;
        }
        self.wire
            .unanswered()
            .map_err(SessionError::MidTransaction)?;
        failpoint::pass("delivery.data_allowed");
        self.write_message(slices, &work.body)
            .await
            .map_err(SessionError::MidTransaction)?;
        failpoint::pass("delivery.dot_sent");
        let reply = self
            .wire
            .reply(self.wire.timeouts.end_of_data)
            .await
            .map_err(SessionError::AfterDot)?;
        failpoint::pass("delivery.answered");
        Ok(if reply.code.is_success() {
            SessionOutcome::Accepted(reply)
        } else {
            SessionOutcome::Refused("DATA", reply)
        })
    }

    /// The message with its end: by `slices`, where it is in memory.
    async fn write_message(
        &mut self,
        slices: Option<Vec<&[u8]>>,
        message: &Content,
    ) -> Result<(), String> {
        match slices {
            Some(slices) => self.wire.write_all(slices).await,
            None => self.write_chunks(message).await,
        }
    }

    /// A message that is not in memory, with dots stuffed and its end; the end only where all of it is what was written.
    async fn write_chunks(&mut self, message: &Content) -> Result<(), String> {
        let (mut at, mut start, mut checksum) = (0, true, crc32fast::Hasher::new());
        while at < message.len() {
            let chunk = message.chunk(at).await.map_err(|error| error.to_string())?;
            // The two octets of a line end stay together.
            let more = at + chunk.len() < message.len();
            let chunk = match chunk.split_last() {
                Some((b'\r', before)) if more && !before.is_empty() => before,
                _ => &chunk,
            };
            checksum.update(chunk);
            let slices = stuff_part(chunk, start).map_err(|error| error.to_string())?;
            self.wire.write_all(slices).await?;
            at += chunk.len();
            start = chunk.ends_with(b"\r\n");
        }
        if !message.matches(checksum) {
            return Err("the message cannot be read from the spool".to_owned());
        }
        self.wire.write_all(vec![end_of_data(start)]).await
    }

    /// Clears the transaction, so that the connection can be used again; if it cannot be, the connection is used up.
    async fn refuse(
        &mut self,
        refused: Option<(&'static str, Reply)>,
    ) -> Result<SessionOutcome, SessionError> {
        let (name, reply) =
            refused.ok_or_else(|| SessionError::MidTransaction("no reply".to_owned()))?;
        // After 421 the server goes (RFC 5321 3.8).
        if reply.code.get() == 421 || self.wire.command("RSET\r\n").await.is_err() {
            self.used = u32::MAX;
        }
        Ok(SessionOutcome::Refused(name, reply))
    }

    /// The extension without which the server cannot take the message. SIZE 0 names no limit (RFC 1870 4).
    fn lacks(&self, work: &DeliveryRequest) -> Option<&'static str> {
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

    /// MAIL, RCPT and DATA. Only what was offered is used; neither ENVID nor ORCPT, which would carry the writer's words (RFC 3461).
    fn commands(&self, work: &DeliveryRequest) -> [String; 3] {
        // Octets before dot-stuffing (RFC 1870 5).
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
}

/// Whether a command was accepted: DATA by 3xx, the others by 2xx (RFC 5321 4.2.1).
fn is_taken(command: &str, reply: &Reply) -> bool {
    if command == "DATA" {
        reply.code.is_intermediate()
    } else {
        reply.code.is_success()
    }
}

/// The slices of a message in memory. None for one in the log: that is looked at on its way, and the connection ends before the first wrong octet.
fn stuffed(message: &Content) -> Result<Option<Vec<&[u8]>>, BareLineEnd> {
    match message {
        Content::Held(message) => stuff(message).map(Some),
        Content::Stored(_) => Ok(None),
    }
}
