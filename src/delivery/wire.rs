//! Octets to a server and replies from it, each step with its patience (RFC 5321 4.5.3.2).

use std::io::IoSlice;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::settings::Timeouts;
use crate::clock::at_once;
use crate::mail::Reply;
use crate::smtp::ReplyReader;

/// What can be spoken over: a connection, or TLS over one.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync> Stream for T {}

/// A stream to a server, and what was read of its replies.
pub(super) struct Wire {
    /// Taken out of here for the TLS handshake: what was read in clear text does not outlive that.
    pub(super) stream: Box<dyn Stream>,
    /// Bounds replies in lines and octets, for a server may send without an end (docs/threats.md#134).
    replies: ReplyReader,
    buffer: Vec<u8>,
    /// How long each step may take.
    pub(super) timeouts: Timeouts,
}

impl Wire {
    /// A stream of which nothing was read.
    pub(super) fn new(stream: Box<dyn Stream>, timeouts: Timeouts) -> Self {
        Self {
            stream,
            replies: ReplyReader::default(),
            buffer: vec![0; 4096],
            timeouts,
        }
    }

    /// Whether nothing of what was read is left: every octet belonged to a reply that was waited for.
    pub(super) fn is_drained(&self) -> bool {
        self.replies.is_drained()
    }

    /// Whether the server has closed the connection or said something unasked (421), as far as can be seen without waiting. Over TLS a
    /// record that is no data (a session ticket) is taken in and says nothing.
    pub(super) async fn is_stale(&mut self) -> bool {
        !self.replies.is_drained() || at_once(self.stream.read(&mut self.buffer)).await.is_some()
    }

    /// Nothing may have been answered yet: a reply in advance would be taken for the reply to what comes next, and from then on every
    /// reply for another one.
    pub(super) fn unanswered(&self) -> Result<(), String> {
        if self.replies.is_drained() {
            Ok(())
        } else {
            Err("the server answered before it was asked".to_owned())
        }
    }

    /// One command and its reply, at the patience that most commands have. An error says why there is none; the connection is of no use then.
    pub(super) async fn command(&mut self, command: &str) -> Result<Reply, String> {
        self.unanswered()?;
        self.write(command.as_bytes()).await?;
        self.reply(self.timeouts.command).await
    }

    /// Writes commands: small, so that one patience is enough for them together.
    pub(super) async fn write(&mut self, octets: &[u8]) -> Result<(), String> {
        let written = timeout(self.timeouts.block, async {
            self.stream.write_all(octets).await?;
            self.stream.flush().await
        });
        written
            .await
            .map_err(|_| "the server takes no data".to_owned())?
            .map_err(|error| error.to_string())
    }

    /// Writes slices with as few calls as possible; every call has its own patience, so that a long message may take as long as it makes
    /// progress (RFC 5321 4.5.3.2.5).
    pub(super) async fn write_all(&mut self, slices: Vec<&[u8]>) -> Result<(), String> {
        let mut slices: Vec<IoSlice<'_>> = slices
            .into_iter()
            .filter(|slice| !slice.is_empty())
            .map(IoSlice::new)
            .collect();
        let mut rest = slices.as_mut_slice();
        while !rest.is_empty() {
            let some = rest.get(..rest.len().min(64)).unwrap_or_default();
            let written = timeout(self.timeouts.block, self.stream.write_vectored(some)).await;
            let written = written
                .map_err(|_| "the server takes no data".to_owned())?
                .map_err(|error| error.to_string())?;
            if written == 0 {
                return Err("the server closed the connection".to_owned());
            }
            IoSlice::advance_slices(&mut rest, written);
        }
        timeout(self.timeouts.block, self.stream.flush())
            .await
            .map_err(|_| "the server takes no data".to_owned())?
            .map_err(|error| error.to_string())
    }

    /// The next reply, within `wait` as a whole: a server that sends an octet a minute gets no more time for it (docs/threats.md#134).
    pub(super) async fn reply(&mut self, wait: Duration) -> Result<Reply, String> {
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
