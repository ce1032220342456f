//! The hashes of a message's body, each made once however many signatures ask for it (RFC 6376 3.4 and 3.7).

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use mail_auth::common::headers::{Writable, Writer};
use mail_auth::dkim::Canonicalization;

use crate::message::Message;
use crate::offload::offload;

/// Octets that are hashed together. Canonicalisation hands out words, and a hash of words costs many times that of blocks.
const BLOCK: usize = 8 * 1024;

/// Gathers what is to be hashed.
struct Blocks {
    context: Context,
    block: Vec<u8>,
}

impl Writer for Blocks {
    fn write(&mut self, octets: &[u8]) {
        if self.block.len() + octets.len() > BLOCK {
            self.context.update(&self.block);
            self.block.clear();
        }
        if octets.len() > BLOCK {
            self.context.update(octets);
        } else {
            self.block.extend_from_slice(octets);
        }
    }
}

/// SHA-256 of a canonical body. Lines of blanks at its end are empty lines to the relaxed form, which leaves them out (RFC 6376 3.4.4: blanks at
/// line ends first, then empty lines); the library keeps them.
fn hash(canonicalization: Canonicalization, body: &[u8]) -> Vec<u8> {
    let body = match canonicalization {
        Canonicalization::Simple => body,
        Canonicalization::Relaxed => {
            let end = body.iter().rposition(|octet| !b" \t\r\n".contains(octet));
            body.get(..end.map_or(0, |last| last + 1))
                .unwrap_or_default()
        }
    };
    let mut blocks = Blocks {
        context: Context::new(&SHA256),
        block: Vec::with_capacity(BLOCK),
    };
    canonicalization.canonical_body(body, 0).write(&mut blocks);
    blocks.context.update(&blocks.block);
    blocks.context.finish().as_ref().to_vec()
}

/// The body of one message.
pub(super) struct Bodies {
    raw: Bytes,
    /// Where the body begins.
    from: usize,
    simple: Option<Vec<u8>>,
    relaxed: Option<Vec<u8>>,
}

impl Bodies {
    /// Nothing is hashed before somebody asks.
    pub(super) fn of(message: &Message) -> Self {
        Self {
            raw: message.raw().clone(),
            from: message.head_octets(),
            simple: None,
            relaxed: None,
        }
    }

    /// The SHA-256 hash of the body in this form.
    pub(super) async fn hash(&mut self, canonicalization: Canonicalization) -> Vec<u8> {
        let known = match canonicalization {
            Canonicalization::Simple => &mut self.simple,
            Canonicalization::Relaxed => &mut self.relaxed,
        };
        if let Some(known) = known {
            return known.clone();
        }
        let (raw, from) = (self.raw.clone(), self.from);
        let work = move || hash(canonicalization, raw.get(from..).unwrap_or_default());
        let made = offload(self.raw.len(), work).await;
        known.insert(made).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn h144_a_body_is_hashed_as_the_standard_says_block_by_block() {
        for (body, relaxed, simple) in [
            // RFC 6376 3.4.5, and empty bodies.
            (
                " C \r\nD \t E\r\n\r\n\r\n",
                " C\r\nD E\r\n",
                " C \r\nD \t E\r\n",
            ),
            ("", "", "\r\n"),
            (" \r\n\t\r\n", "", " \r\n\t\r\n"),
            ("x\r\n \r\n", "x\r\n", "x\r\n \r\n"),
        ] {
            let message =
                Message::parse(format!("From: a@b.example\r\n\r\n{body}").into()).unwrap();
            let mut bodies = Bodies::of(&message);
            for (form, canonical) in [
                (Canonicalization::Relaxed, relaxed),
                (Canonicalization::Simple, simple),
            ] {
                let want = aws_lc_rs::digest::digest(&SHA256, canonical.as_bytes());
                assert_eq!(bodies.hash(form).await, want.as_ref(), "{body:?} {form:?}");
            }
        }
        let text = "a  b\r\n".repeat(10_000);
        let want = aws_lc_rs::digest::digest(&SHA256, "a b\r\n".repeat(10_000).as_bytes());
        assert_eq!(
            hash(Canonicalization::Relaxed, text.as_bytes()),
            want.as_ref()
        );
    }
}
