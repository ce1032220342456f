//! Reads the message after 354: its octets, its pace, and the budget of octets that all sessions share.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::limits::{BYTES_UNIT, DATA_BLOCK, MIN_RATE, SLOW_START};
use crate::policy::{Reason, Refusal};
use crate::smtp::{DataError, DataReader, DataStatus};

/// How reading a message ended.
pub(super) enum Received {
    /// Here it is, with the share of the budget that it holds.
    Message(Bytes, Vec<OwnedSemaphorePermit>),
    /// It ended and is not taken.
    Refused(Refusal),
    /// It is not taken, and the connection must be closed.
    Broken(Refusal),
    /// The client is gone; there is nobody to answer.
    Gone,
}

/// Reads one message of at most `limit` octets; `buffer` may hold its first octets already, and keeps what comes behind it.
pub(super) async fn message<S>(
    stream: &mut S,
    buffer: &mut BytesMut,
    limit: usize,
    budget: &Arc<Semaphore>,
) -> Received
where
    S: AsyncRead + Unpin,
{
    let mut reader = DataReader::new(limit);
    let mut shares = Vec::new();
    let mut short = false;
    let begun = Instant::now();
    let mut octets = 0_u64;
    loop {
        match reader.read(buffer) {
            DataStatus::Done(_) if short => {
                return Received::Refused(Refusal::new(
                    Reason::Storage,
                    "the server is short of memory; please try again later.",
                ));
            }
            DataStatus::Done(Ok(message)) => return Received::Message(message, shares),
            DataStatus::Done(Err(error)) => return refused(error, limit),
            DataStatus::More => {}
        }
        while !short && shares.len() * BYTES_UNIT < reader.len() {
            match budget.clone().try_acquire_owned() {
                Ok(share) => shares.push(share),
                // The rest is still read, for the reply has its place behind it; but not kept.
                Err(_) => {
                    short = true;
                    shares.clear();
                    reader.discard();
                }
            }
        }
        match read_some(stream, buffer).await {
            Ok(0) => return Received::Gone,
            Ok(some) => octets += some as u64,
            Err(error) if error.kind() == io::ErrorKind::TimedOut => return slow(),
            Err(_) => return Received::Gone,
        }
        let elapsed = begun.elapsed();
        if elapsed > SLOW_START && octets / elapsed.as_secs().max(1) < MIN_RATE {
            return slow();
        }
    }
}

fn slow() -> Received {
    Received::Broken(Refusal::new(Reason::Busy, "the message comes too slowly."))
}

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

async fn read_some<S: AsyncRead + Unpin>(
    stream: &mut S,
    buffer: &mut BytesMut,
) -> io::Result<usize> {
    buffer.reserve(super::limits::READ);
    let wait: Duration = DATA_BLOCK;
    timeout(wait, stream.read_buf(buffer))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}
