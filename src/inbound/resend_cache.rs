//! Messages whose 250 the client may not have heard: when it comes again, it gets the same answer and the message is not taken twice.
//!
//! A client whose connection breaks after the end of data must send the message again (RFC 5321 4.2.5, RFC 1047). What is known of it stays in
//! memory only, for hours: later, or after a restart, a second copy is passed on, which is better than none.

use std::time::Duration;

use bytes::Bytes;
use moka::sync::Cache;
use sha2::{Digest, Sha256};

use super::transaction::MailTransaction;
use crate::mail::Reply;
use crate::offload::offload;

/// How many are remembered. Each is a digest and a reply of a line or two; when more clients break off than this, some of their messages go out
/// twice.
const MOST: u64 = 10_000;
/// For how long; servers try again within an hour or so (RFC 5321 4.5.4.1).
const AWHILE: Duration = Duration::from_secs(4 * 3_600);
/// Octets at the front of a message that are digested: its header section, most likely. The rest is known by its length and its checksum.
const FRONT: usize = 4 * 1024;

/// What tells a message in its envelope from all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The print of a message as it came; none of one without a Message-ID near its front: two such may be alike and not be the same, and a
    /// message that is taken for another is lost.
    pub(super) async fn of(transaction: &MailTransaction, message: Bytes) -> Option<Self> {
        let front = message.get(..FRONT).unwrap_or(&message);
        if !has_id(front) {
            return None;
        }
        let mut digest = Sha256::new();
        digest.update(transaction.reverse_path.to_string());
        for recipient in &transaction.recipients {
            // A line end cannot stand in an address: two envelopes never run together into one print.
            digest.update(b"\n");
            digest.update(recipient.to_string());
        }
        digest.update(b"\n\n");
        // Not a digest of the whole: that would cost as much as all else that is done to a large message.
        digest.update((message.len() as u64).to_le_bytes());
        digest.update(front);
        // A checksum of ten MiB takes a millisecond.
        let octets = message.len() / 64;
        let checksum = offload(octets, move || crc32fast::hash(&message)).await;
        digest.update(checksum.to_le_bytes());
        Some(Self(digest.finalize().into()))
    }
}

/// Whether a header section has a Message-ID with something in it (RFC 5322 3.6.4).
fn has_id(front: &[u8]) -> bool {
    const NAME: &[u8] = b"message-id:";
    let lines = front.split(|octet| *octet == b'\n');
    let mut section = lines.take_while(|line| *line != b"\r");
    section.any(|line| {
        line.split_at_checked(NAME.len()).is_some_and(|(name, id)| {
            name.eq_ignore_ascii_case(NAME) && !id.trim_ascii().is_empty()
        })
    })
}

/// The answers that may not have been heard.
pub(super) struct ResendCache(Cache<Fingerprint, Reply>);

impl Default for ResendCache {
    fn default() -> Self {
        let cache = Cache::builder().max_capacity(MOST).time_to_live(AWHILE);
        Self(cache.build())
    }
}

impl ResendCache {
    /// The answer that a message has had before. It is forgotten here: whoever gives it again says whether it was heard.
    pub(super) fn take(&self, print: &Fingerprint) -> Option<Reply> {
        self.0.remove(print)
    }
}

/// The answer to the last message of a session, until something shows that the client has heard it; dropped before, it is remembered.
#[derive(Default)]
pub(super) struct Answered<'a> {
    answer: Option<(&'a ResendCache, Fingerprint, Reply)>,
    /// The client was gone before the answer left.
    gone: bool,
}

impl<'a> Answered<'a> {
    /// An answer that is on its way to a client that may be gone.
    pub(super) fn new(
        resend_cache: &'a ResendCache,
        print: Fingerprint,
        reply: Reply,
        gone: bool,
    ) -> Self {
        Self {
            answer: Some((resend_cache, print, reply)),
            gone,
        }
    }

    /// The client went on.
    pub(super) fn heard(&mut self) {
        self.answer = None;
    }

    /// The client ended the connection in good order: it had the answer, if that was there.
    pub(super) fn ended(&mut self) {
        if !self.gone {
            self.answer = None;
        }
    }
}

impl Drop for Answered<'_> {
    fn drop(&mut self) {
        // Also on the way out of a session that failed over something else: a second copy is the lesser harm, none is the greater.
        if let Some((resend_cache, print, reply)) = self.answer.take() {
            resend_cache.0.insert(print, reply);
        }
    }
}
