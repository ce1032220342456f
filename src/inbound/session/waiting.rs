//! Greeting, waiting for commands, writing replies: all that a slow client can stretch, and where it ends.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::{Session, ends};
use crate::clock::at_once;
use crate::failpoint;
use crate::mail::{EnhancedStatus, Reply};

/// Since when a command is waited for. Set anew after every command, so that its time is that of one command only.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    /// When the last command was answered, or the session began.
    since: Instant,
    /// When its first octet came.
    begun: Option<Instant>,
}

impl Default for Waiting {
    fn default() -> Self {
        Self {
            since: Instant::now(),
            begun: None,
        }
    }
}

/// What idle clients hear when the server stops (docs/threats.md#125).
fn stopping() -> Reply {
    Reply::new(
        421,
        Some(EnhancedStatus::new(4, 3, 2)),
        "the server is stopping; please try again later",
    )
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<'_, S> {
    /// The banner; nobody speaks before it (docs/threats.md#22).
    pub(super) async fn greet(&mut self) -> io::Result<()> {
        let early = at_once(self.stream.read_buf(&mut self.buffer)).await;
        // Ended in one case as in the other: octets before the banner are a bot's, an end of file is nobody's.
        if early.is_some() {
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

    /// Whether the client has ended its side already, as far as can be seen without waiting.
    pub(super) async fn is_gone(&mut self) -> bool {
        // What a client has sent ahead says that it is there, and must not grow in memory.
        if self.buffer.len() >= 4096 {
            return false;
        }
        self.buffer.reserve(4096);
        let read = at_once(self.stream.read_buf(&mut self.buffer)).await;
        matches!(read, Some(Ok(0) | Err(_)))
    }

    /// Lets a client wait that has made more errors than happen to a good one.
    ///
    /// # Errors
    /// It did not wait: its place is for others.
    pub(super) async fn slow_down(&mut self, stop: &CancellationToken) -> io::Result<()> {
        let owed = self.machine.penalties();
        if owed == 0 {
            return Ok(());
        }
        // Looked at before the wait, not after: it must not hold a place for nobody.
        if self.is_gone().await {
            return Err(ends());
        }
        let wait = tokio::time::sleep(self.server.session_limits().penalty.saturating_mul(owed));
        tokio::select! {
            () = wait => {}
            () = stop.cancelled() => {}
        }
        Ok(())
    }

    /// How much longer the client is waited for: the least of what is left for the command, for its line once it has begun, and for the session
    /// without a message. It shrinks when the server comes under stress, also for those who wait already.
    fn left(&self) -> std::time::Duration {
        let limits = self.server.session_limits();
        let command = limits.command.saturating_sub(self.waiting.since.elapsed());
        let session = limits
            .unproductive
            .saturating_sub(self.productive.elapsed());
        let line = self
            .waiting
            .begun
            .map_or(command, |begun| limits.line.saturating_sub(begun.elapsed()));
        command.min(session).min(line)
    }

    /// Waits for octets; false if the session is to end, which was said then.
    pub(super) async fn wait(&mut self, stop: &CancellationToken) -> io::Result<bool> {
        self.buffer.reserve(4096);
        if !self.buffer.is_empty() && self.waiting.begun.is_none() {
            self.waiting.begun = Some(Instant::now());
        }
        loop {
            // In slices: stress that begins now is seen by a session that has minutes left.
            let (left, look) = (self.left(), self.server.session_limits().look);
            if left.is_zero() {
                self.say(&Reply::new(
                    421,
                    Some(EnhancedStatus::new(4, 4, 2)),
                    "nothing came for too long",
                ));
                self.flush().await?;
                return Ok(false);
            }
            let read = tokio::select! {
                read = timeout(left.min(look), self.stream.read_buf(&mut self.buffer)) => read,
                () = stop.cancelled() => {
                    self.say(&stopping());
                    self.flush().await?;
                    return Ok(false);
                }
            };
            if let Ok(read) = read {
                let more = read? > 0;
                if !more {
                    self.answered.ended();
                }
                return Ok(more);
            }
        }
    }

    /// Keeps a reply for the next [`Session::flush`].
    pub(super) fn say(&mut self, reply: &Reply) {
        self.replies.extend_from_slice(&reply.to_wire());
    }

    /// Writes what was said. A client that takes nothing for too long is gone.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        if self.replies.is_empty() {
            return Ok(());
        }
        let replies = std::mem::take(&mut self.replies);
        let limit = self.server.session_limits().write;
        let written = timeout(limit, async {
            self.stream.write_all(&replies).await?;
            self.stream.flush().await
        });
        written.await.map_err(|_| ends())??;
        failpoint::pass("inbound.answered");
        Ok(())
    }
}
