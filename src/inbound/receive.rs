//! Reads the message after 354: its octets, its pace, and the budget of octets that all sessions share.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, timeout};

use super::memory::Share;
use super::server::Server;
use crate::policy::{Reason, Refusal};
use crate::smtp::{DataError, DataReader, DataStatus};

/// How reading a message ended.
pub(super) enum Received {
    /// Here it is, with the share of the budget that it holds.
    Message(Bytes, Share),
    /// It ended and is not taken.
    Refused(Refusal),
    /// It is not taken, and the connection must be closed.
    Broken(Refusal),
    /// The client is gone before the end of data; there is nobody to answer, and what came is thrown away (docs/threats.md#14, #38).
    Gone,
}

/// Reads one message of at most the configured size; `buffer` may hold its first octets already, and keeps what comes behind it. Its size may
/// have been `announced`, in octets.
pub(super) async fn message<S>(
    stream: &mut S,
    buffer: &mut BytesMut,
    server: &Server,
    announced: Option<u64>,
) -> Received
where
    S: AsyncRead + Unpin,
{
    let limit = server.settings.max_message_size;
    let mut reader = DataReader::new(limit);
    if let Some(size) = announced {
        reader.announce(size);
    }
    let mut share = Share::default();
    // Memory ran out on the way: the message is read to its end and refused there.
    let mut short = false;
    let begun = Instant::now();
    // Octets on the wire, also those that are not kept: the rate is the client's, not the reader's.
    let mut octets = 0_u64;
    loop {
        match reader.read(buffer) {
            // 452 before whatever else is wrong with it: the message may well be good, and comes again.
            DataStatus::Done(_) if short => {
                return Received::Refused(Refusal::new(
                    Reason::Storage,
                    "the server is short of memory; please try again later.",
                ));
            }
            DataStatus::Done(Ok(message)) => return Received::Message(message, share),
            DataStatus::Done(Err(error)) => return refused(error, limit),
            DataStatus::More => {}
        }
        if !short && !server.memory.grow(&mut share, reader.len()) {
            // The rest is still read, for the reply has its place behind it; but not kept.
            short = true;
            share = Share::default();
            reader.discard();
        }
        match read_some(stream, reader.room(), server).await {
            Ok(0) => return Received::Gone,
            Ok(some) => octets += some as u64,
            Err(error) if error.kind() == io::ErrorKind::TimedOut => return slow(),
            Err(_) => return Received::Gone,
        }
        let (elapsed, limits) = (begun.elapsed(), server.session_limits());
        // Over the whole message and not the last seconds: a link that stalls now and then is slow, one that drips is an attack (docs/threats.md#36).
        let rate = octets / elapsed.as_secs().max(1);
        let crawls = elapsed > limits.slow_start && rate < limits.min_rate;
        if crawls || elapsed > limits.message {
            return slow();
        }
    }
}

fn slow() -> Received {
    Received::Broken(Refusal::new(Reason::Busy, "the message comes too slowly."))
}

/// The refusal for what the reader found. A bare line end closes the connection: what follows it may be commands for a smuggler's next
/// message (docs/threats.md#1 to #10); so does a message without end, since its end will not come.
fn refused(error: DataError, limit: usize) -> Received {
    match error {
        DataError::BareLineEnd => {
            let text = "the message holds a bare CR, a bare LF or NUL; lines end in CR LF.";
            Received::Broken(Refusal::new(Reason::BareLineEnd, text))
        }
        DataError::TooLarge => Received::Refused(Refusal::new(
            Reason::TooLarge,
            format!("the message is larger than the {limit} octets that are taken."),
        )),
        DataError::Endless => Received::Broken(Refusal::new(
            Reason::TooLarge,
            format!("the message is larger than the {limit} octets that are taken."),
        )),
    }
}

/// Waits for more octets. Who has been silent for longer than is waited for under stress goes when stress begins.
async fn read_some<S: AsyncRead + Unpin>(
    stream: &mut S,
    buffer: &mut BytesMut,
    server: &Server,
) -> io::Result<usize> {
    let mut silent = Duration::ZERO;
    loop {
        let limits = server.session_limits();
        let left = limits.block.saturating_sub(silent);
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let slice = left.min(limits.look);
        if let Ok(read) = timeout(slice, stream.read_buf(buffer)).await {
            return read;
        }
        silent += slice;
    }
}
