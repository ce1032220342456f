//! ARC: what other servers say of the checks that they made (RFC 8617). It proves nobody's From here; a seal of ours only carries it on.

use mail_auth::common::crypto::HashAlgorithm;
use mail_auth::{AuthenticatedMessage, DkimResult};

use super::bodies::Bodies;
use super::questions::Questions;
use crate::message::Message;

/// Sets that are verified; each costs a look-up and an RSA operation. RFC 8617 4.2.1 allows 50, honest mail has one or two.
const MAX_SETS: usize = 8;

/// Whether a chain may be carried on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chain {
    /// There is none: a seal begins one.
    Fresh,
    /// It verifies.
    Good,
    /// It is broken, too long, or could not be verified: a seal on it says nothing.
    Broken,
}

/// Reads and verifies the chain of `message`. A DNS that gives no answer breaks it, too: no seal is better than one on a guess.
pub(super) async fn chain(questions: &Questions<'_>, message: &Message) -> Chain {
    let section = message.raw().get(..message.head_octets());
    let section = section.unwrap_or_default();
    let Some(mut read) = AuthenticatedMessage::parse(section) else {
        return Chain::Broken;
    };
    // Seal, signature and results: a set lacks none of them, but a stranger may write any number of each.
    let sets = [
        &read.ams_headers.len(),
        &read.as_headers.len(),
        &read.aar_headers.len(),
    ];
    if !read.has_arc_errors && sets.iter().all(|many| **many == 0) {
        return Chain::Fresh;
    }
    if read.has_arc_errors || sets.iter().any(|many| **many > MAX_SETS) {
        return Chain::Broken;
    }
    let mut bodies = Bodies::of(message);
    for (form, algorithm, length, hash) in &mut read.body_hashes {
        // Others fit no signature: SHA-1 proves nothing (RFC 8301), and a part of a body is not the body.
        *hash = if *algorithm == HashAlgorithm::Sha256 && *length == 0 {
            bodies.hash(*form).await
        } else {
            Vec::new()
        };
    }
    let verified = questions.run(questions.library.verify_arc(questions.about(&read)));
    match verified.await.as_ref().map(|output| output.result()) {
        Some(DkimResult::Pass) => Chain::Good,
        Some(DkimResult::TempError(_)) => {
            questions.failed();
            Chain::Broken
        }
        _ => Chain::Broken,
    }
}
