//! Documents of a message that is blocked: they are held for the marketplace, and the message for the buyer (docs/rules-on-contents.md#documents).

use std::sync::OnceLock;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::{Contents, Judged, before};
use crate::backpressure::DocumentPlace as Room;
use crate::content::{self, Direction, Document, DocumentPlace, Letter, RuleSet, Sought};
use crate::directory::StateStore;
use crate::dsn::{DocumentMessage, HandedDocuments, document_message};
use crate::intake::arrival::Arrival;
use crate::intake::dedup::Claim;
use crate::intake::fault::internal;
use crate::intake::masked::{Outgoing, entry, rewritten};
use crate::mail::QueueId;
use crate::masking::TransactionId;
use crate::message::Message;
use crate::offload::in_place;
use crate::policy::{Masked, Reason, Refusal, Sender};
use crate::spool::{Entry, HeldDocuments, NewEntry, OnceMark, StateUpdates, TakenDocument};

/// How long it is known that a document was taken.
const KNOWN: std::time::Duration = std::time::Duration::from_secs(90 * 86_400);

/// What a seller's server hears where there is no room: it keeps the message.
const NO_ROOM: &str =
    "there is no room now for its documents, which go to the marketplace; please try again later.";

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
    room: Room<'a>,
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
    pub(super) fn seal(self, state: &StateStore) {
        for document in &self.entry.entry.memory.documents {
            if let Err(error) = state.note_document(&document.digest, document.at) {
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
/// Why the message is refused in place of being blocked: it cannot be rewritten, or there is no room now. Nothing is held then.
pub(super) async fn hold<'a>(
    contents: Contents<'a>,
    arrival: &Arrival<'_>,
    sender: &Sender,
    (plan, recipient): (&Masked, &str),
    (judged, set, letter): (&Judged, &RuleSet, &Letter),
) -> Result<Documents<'a>, Refusal> {
    let Some(order) = &plan.transaction else {
        return Ok(Documents::None);
    };
    let may_have = !(letter.attachments.is_empty() && letter.links.is_empty());
    if judged.evidence.direction != Direction::SellerToBuyer || !may_have {
        return Ok(Documents::None);
    }
    // Whether what else it says keeps its text from the buyer.
    let worded = judged.is_blocked_beside_documents(set, contents.most());
    let sought = if worded { Sought::Vouched } else { Sought::Any };
    let octets = arrival.message.raw().len();
    let find = || content::documents(arrival.message, letter, set, sought);
    let found = in_place(octets, find).await;
    if found.is_empty() {
        return Ok(Documents::None);
    }
    let alone = match worded {
        true => Some(documents_alone(arrival, plan, order, &found)?),
        false => None,
    };
    let id = contents.entries.spool.next_id();
    let leaving = leaving(contents, arrival, sender, plan, (id, alone.as_ref())).await?;
    let mut documents = leaving.documents(set, worded);
    // Of files that got names of ours the numbers are known from the others.
    if worded && documents.len() == found.len() {
        for (document, original) in documents.iter_mut().zip(&found) {
            document.number.clone_from(&original.number);
            document.correction = original.correction;
        }
    }
    let now = contents.entries.clock.now();
    let (mut claims, mut taken, mut new) = (Vec::new(), Vec::new(), Vec::new());
    for document in documents {
        let digest = digest(order, &document);
        if let Some(claim) = claim(contents, digest)? {
            claims.push(claim);
            taken.push(TakenDocument { digest, at: now });
            new.push(document);
        }
    }
    if new.is_empty() {
        return Ok(Documents::Known);
    }
    let held = HeldDocuments {
        seller: plan.writer.id.clone(),
        transaction: order.clone(),
        until: now.plus(contents.give_up),
        documents: new,
    };
    let room = contents.documents.take(id, &held.seller, held.size(), now);
    let room = room
        .await
        .ok_or_else(|| Refusal::new(Reason::Storage, NO_ROOM))?;
    let told = told(&held, letter, &found);
    let outgoing = (id, recipient, leaving.outgoing);
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

/// A message as it would reach the buyer.
struct Leaving {
    outgoing: Outgoing,
    message: Message,
}

impl Leaving {
    /// Its documents; `all` where it has nothing else.
    fn documents(&self, set: &RuleSet, all: bool) -> Vec<Document> {
        let sought = if all { Sought::All } else { Sought::Any };
        content::documents(&self.message, &Letter::of(&self.message), set, sought)
    }
}

/// Rewrites the message, or the one of ours that goes in its place.
async fn leaving(
    contents: Contents<'_>,
    arrival: &Arrival<'_>,
    sender: &Sender,
    plan: &Masked,
    (id, alone): (QueueId, Option<&Message>),
) -> Result<Leaving, Refusal> {
    let brought = Arrival {
        message: alone.unwrap_or(arrival.message),
        letter: &OnceLock::new(),
        ..*arrival
    };
    let name = sender.from_name.as_deref();
    let outgoing = rewritten(contents.masking, &brought, id, plan, (name, &[], true)).await?;
    let message = Message::parse(outgoing.body.clone());
    let message = message.map_err(|error| internal(&error.to_string()))?;
    Ok(Leaving { outgoing, message })
}

/// The message of ours that brings the documents of another, as its writer would have written it.
fn documents_alone(
    arrival: &Arrival<'_>,
    plan: &Masked,
    order: &TransactionId,
    found: &[Document],
) -> Result<Message, Refusal> {
    let message = arrival.message;
    let fields = ["From", "Date", "Message-ID"].into_iter();
    let fields: Vec<&[u8]> = fields
        .filter_map(|name| Some(message.named(name).next()?.whole))
        .collect();
    let (mut files, mut links) = (Vec::new(), Vec::new());
    for document in found {
        match &document.place {
            DocumentPlace::Part(number) => {
                let part = message.structure().parts.get(*number);
                let octets = part.map(|part| content::content(message, part));
                files.push((document.media_type.as_str(), octets.unwrap_or_default()));
            }
            DocumentPlace::Link(url) => links.push(url.as_str()),
        }
    }
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(kind, octets)| (*kind, octets.as_ref()))
        .collect();
    // Nobody can write a file in which a digest of itself stands.
    let digest = Sha256::digest(message.raw());
    let written = document_message(&DocumentMessage {
        fields: &fields,
        boundary: &format!("=_{}", HEXLOWER.encode(digest.get(..16).unwrap_or(&digest))),
        language: &plan.receiver.language,
        order: order.as_str(),
        files: &files,
        links: &links,
    });
    Message::parse(Bytes::from(written)).map_err(|error| internal(&error.to_string()))
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
fn claim(contents: Contents<'_>, digest: [u8; 16]) -> Result<Option<Claim>, Refusal> {
    // A mark of no day: what is known for long stands in a table of its own.
    let mark = OnceMark { day: 0, digest };
    let claim =
        contents
            .claims
            .claim(contents.state, mark, crate::intake::arrival::Purpose::Mail)?;
    let Some(claim) = claim else {
        return Err(internal("the same document is being taken now"));
    };
    let oldest = before(contents.entries.clock.now(), KNOWN);
    let known = contents.state.document_taken(&digest)?;
    Ok(match known.is_some_and(|at| at >= oldest) {
        true => None,
        false => Some(claim),
    })
}

/// What the writer is told of its files.
fn told(held: &HeldDocuments, letter: &Letter, found: &[Document]) -> HandedDocuments {
    let is_document = |name: &str| found.iter().any(|document| document.name == name);
    let files = letter.attachments.iter().map(|file| &file.name);
    let others = files.filter(|name| !name.is_empty() && !is_document(name));
    // Under the names that the writer gave them.
    let files = found
        .iter()
        .filter(|document| matches!(document.place, DocumentPlace::Part(_)));
    let links = found.iter().filter_map(|document| match &document.place {
        DocumentPlace::Link(url) => Some(url.clone()),
        DocumentPlace::Part(_) => None,
    });
    HandedDocuments {
        names: files
            .map(|document| document.name.clone())
            .chain(links)
            .collect(),
        until: held.until,
        others: others.cloned().collect(),
    }
}
