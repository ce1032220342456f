//! Documents of a message that is blocked: they are held for the marketplace, and the message for the buyer (docs/rules-on-contents.md#documents).

mod found;

use std::time::Duration;

use sha2::{Digest, Sha256};

use self::found::found;
use super::judged::Judged;
use super::{Contents, before};
use crate::backpressure::DocumentReservation;
use crate::content::{Direction, Document, Letter, Rule, RuleSet};
use crate::directory::State;
use crate::dsn::HandedDocuments;
use crate::intake::arrival::{Arrival, Purpose};
use crate::intake::dedup::Claim;
use crate::intake::fault::internal;
use crate::intake::masked::entry;
use crate::masking::TransactionId;
use crate::policy::{Masked, Reason, Refusal, Sender};
use crate::spool::{Entry, HeldDocuments, NewEntry, OnceMark, StateUpdates, TakenDocument};

pub(super) use self::found::hidden;

/// How long it is known that a document was taken.
const KNOWN: Duration = Duration::from_secs(90 * 86_400);
/// What a seller's server hears where there is no room: it keeps the message.
const NO_ROOM: &str =
    "there is no room now for its documents, which go to the marketplace; please try again later.";

/// Why a message is blocked.
#[derive(Clone, Copy)]
pub(super) struct Blocked<'a> {
    pub(super) judged: &'a Judged,
    pub(super) set: &'a RuleSet,
    pub(super) letter: &'a Letter,
    /// The rule that decides.
    pub(super) rule: &'a Rule,
}

/// What becomes of the documents of a message that is blocked.
pub(super) enum Documents<'a> {
    /// It has none.
    None,
    /// All of them were taken before, and their writer was told.
    Known,
    /// They are to be held.
    Held(Box<Held<'a>>),
}

/// An entry with documents, before it is durable.
pub(super) struct Held<'a> {
    pub(super) entry: NewEntry,
    /// What the writer is told.
    pub(super) told: HandedDocuments,
    claims: Vec<Claim>,
    room: DocumentReservation<'a>,
}

impl Documents<'_> {
    /// What the writer is told of them.
    pub(super) fn told(&self) -> Option<&HandedDocuments> {
        match self {
            Self::Held(held) => Some(&held.told),
            _ => None,
        }
    }
}

impl Held<'_> {
    /// The entry is durable: what it holds is known from now on.
    pub(super) async fn seal(self, state: &dyn State) {
        for document in &self.entry.entry.memory.documents {
            if let Err(error) = state.note_document(&document.digest, document.at).await {
                tracing::error!(event = "state_write_failed", %error);
            }
        }
        self.room.keep();
        drop(self.claims);
    }
}

/// Writes the entry that a message which is blocked leaves behind for its documents.
///
/// # Errors
/// Why the message is refused in place of being blocked: it cannot be rewritten, has too many documents, or there is no room now. Nothing is held then.
pub(super) async fn hold<'a>(
    contents: Contents<'a>,
    arrival: &Arrival<'_>,
    sender: &Sender,
    (plan, recipient): (&Masked, &str),
    blocked: Blocked<'_>,
) -> Result<Documents<'a>, Refusal> {
    let letter = blocked.letter;
    let may_have = !(letter.attachments.is_empty() && letter.links.is_empty());
    let sells = blocked.judged.evidence.direction == Direction::SellerToBuyer;
    let order = plan.transaction.as_ref().filter(|_| sells && may_have);
    let Some(order) = order else {
        return Ok(Documents::None);
    };
    let id = contents.entries.spool.next_id();
    let Some(found) = found(contents, arrival, sender, (plan, order, id), blocked).await? else {
        return Ok(Documents::None);
    };
    let now = contents.entries.clock.now();
    let (mut claims, mut taken, mut new) = (Vec::new(), Vec::new(), Vec::new());
    for (document, name) in found.documents {
        let digest = digest(order, &document);
        if let Some(claim) = claim(contents, digest, arrival.purpose).await? {
            claims.push(claim);
            taken.push(TakenDocument { digest, at: now });
            new.push((document, name));
        }
    }
    if new.is_empty() {
        // What else is wrong with it is told.
        return Ok(match found.alone {
            true => Documents::None,
            false => Documents::Known,
        });
    }
    let (documents, names) = new.into_iter().unzip();
    let held = HeldDocuments {
        seller: plan.writer.id.clone(),
        transaction: order.clone(),
        until: now.plus(contents.give_up),
        octets: found.outgoing.body.len() as u64,
        documents,
    };
    let room = contents.documents.take(id, &held.seller, held.octets, now);
    let Some(room) = room.await else {
        tracing::warn!(event = "documents_full", trace = %arrival.transaction.trace, "nobody fetches documents of blocked messages, or [handover] max_bytes is small");
        return Err(Refusal::new(Reason::Storage, NO_ROOM));
    };
    let told = HandedDocuments {
        names,
        until: held.until,
        others: found.others,
    };
    let outgoing = (id, recipient, found.outgoing);
    let NewEntry { entry, body } = entry(contents.masking, arrival, sender, plan, outgoing)?;
    let memory = StateUpdates {
        documents: taken,
        ..entry.memory
    };
    let entry = Entry {
        held: Some(Box::new(held)),
        memory,
        ..entry
    };
    Ok(Documents::Held(Box::new(Held {
        entry: NewEntry { entry, body },
        told,
        claims,
        room,
    })))
}

/// Names transaction and contents.
fn digest(order: &TransactionId, document: &Document) -> [u8; 16] {
    let digest = Sha256::digest(format!("{order}/{}", document.sha256));
    digest.first_chunk().copied().unwrap_or_default()
}

/// The right to take a document; none: it was taken.
///
/// # Errors
/// Another message of the same is just being taken, and it is not known yet whether it will be.
async fn claim(
    contents: Contents<'_>,
    digest: [u8; 16],
    purpose: Purpose,
) -> Result<Option<Claim>, Refusal> {
    // A mark of no day: what is known for long stands in a table of its own.
    let mark = OnceMark { day: 0, digest };
    let Some(claim) = contents.claims.claim(mark, purpose).await? else {
        return Err(internal("the same document is being taken now"));
    };
    let oldest = before(contents.entries.clock.now(), KNOWN);
    let known = contents.state.document_taken(&digest).await?;
    let is_known = known.is_some_and(|at| at >= oldest);
    Ok((!is_known).then_some(claim))
}
