//! Documents of a message that is blocked: they are held for the marketplace, and the message for the buyer (docs/rules-on-contents.md#documents).

use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::judged::Judged;
use super::{Contents, before, hits};
use crate::backpressure::DocumentReservation;
use crate::content::{
    self, Direction, Document, DocumentPlace, Letter, MOST_DOCUMENTS, Rule, RuleSet, Sought,
};
use crate::directory::StateStore;
use crate::dsn::{DocumentMessage, HandedDocuments, document_message};
use crate::intake::arrival::{Arrival, Purpose};
use crate::intake::dedup::Claim;
use crate::intake::fault::internal;
use crate::intake::masked::{Outgoing, entry, rewritten};
use crate::mail::QueueId;
use crate::masking::TransactionId;
use crate::message::{Malformed, Message};
use crate::offload::in_place;
use crate::policy::{Masked, Reason, Refusal, Sender};
use crate::rewrite;
use crate::spool::{Entry, HeldDocuments, NewEntry, OnceMark, StateUpdates, TakenDocument};

/// How long it is known that a document was taken.
const KNOWN: Duration = Duration::from_secs(90 * 86_400);
/// What a seller hears of a message with more.
const TOO_MANY: &str = "it holds more than 20 documents; send them in several messages, so that each can be handed over.";
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
        if let Some(claim) = claim(contents, digest, arrival.purpose)? {
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

/// The message as it would reach the buyer, and its documents.
struct Found {
    outgoing: Outgoing,
    /// Whether that is a message of ours, with the documents alone.
    alone: bool,
    /// Each with the name that its writer knows it by.
    documents: Vec<(Document, String)>,
    /// The names of the other files.
    others: Vec<String>,
}

/// Finds the documents of a message, and writes it as it would reach the buyer: whole, or where its words may not, as a message of ours with the documents. None: it
/// has none.
async fn found(
    contents: Contents<'_>,
    arrival: &Arrival<'_>,
    sender: &Sender,
    (plan, order, id): (&Masked, &TransactionId, QueueId),
    blocked: Blocked<'_>,
) -> Result<Option<Found>, Refusal> {
    let octets = arrival.message.raw().len();
    let (letter, set) = (blocked.letter, blocked.set);
    let alone = blocked
        .judged
        .is_blocked_beside_documents(set, contents.most());
    let find = || find(arrival.message, letter, set, alone);
    let (written, leaving) = in_place(octets, find).await;
    let too_many = || Refusal::new(hits::reason(blocked.rule.category), TOO_MANY);
    if written.len() > MOST_DOCUMENTS {
        return Err(too_many());
    }
    // Where a file is there that is no document and may not be attached, that is what its writer has to hear.
    if written.is_empty() && (alone || letter.attachments.is_empty()) {
        return Ok(None);
    }
    let ours = match alone {
        true => Some(in_place(octets, || documents_alone(arrival, plan, order, &written)).await?),
        false => None,
    };
    let brought = Arrival {
        message: ours.as_ref().unwrap_or(arrival.message),
        letter: &OnceLock::new(),
        ..*arrival
    };
    // Of words that may not reach the buyer a name can be made as well.
    let name = sender.from_name.as_deref().filter(|_| !alone);
    let outgoing = rewritten(contents.masking, &brought, id, plan, (name, &[], true)).await?;
    let body = outgoing.body.clone();
    let read = in_place(octets, || {
        let message = Message::parse(body)?;
        let letter = Letter::of(&message);
        let read = content::documents(&message, &letter, set, leaving);
        Ok(match read.len() == written.len() {
            true => read,
            // What told of one was masked.
            false => content::documents(&message, &letter, set, Sought::Anything),
        })
    });
    let read: Result<Vec<Document>, Malformed> = read.await;
    let read = read.map_err(|error| internal(&error.to_string()))?;
    if read.is_empty() {
        return Ok(None);
    }
    if read.len() > MOST_DOCUMENTS {
        return Err(too_many());
    }
    let is_document = |name: &str| written.iter().any(|document| document.name == name);
    let files = letter.attachments.iter().map(|file| &file.name);
    let others = files.filter(|name| !name.is_empty() && !is_document(name));
    let others = others.map(|name| hidden(name, plan)).collect();
    let same = read.len() == written.len();
    let documents = read.into_iter().enumerate().map(|(number, document)| {
        let document = without_receiver(document, plan, &outgoing);
        match written.get(number).filter(|_| same) {
            Some(original) => told(document, original, plan),
            None => {
                let name = document.name.clone();
                (document, name)
            }
        }
    });
    let documents = documents.collect();
    Ok(Some(Found {
        outgoing,
        alone,
        documents,
        others,
    }))
}

/// The documents of a message as it came, and what is to be looked for in it as it leaves.
fn find(message: &Message, letter: &Letter, set: &RuleSet, alone: bool) -> (Vec<Document>, Sought) {
    let documents = |sought| content::documents(message, letter, set, sought);
    if alone {
        return (documents(Sought::Vouched), Sought::Attached);
    }
    let named = documents(Sought::Named);
    match named.is_empty() {
        false => (named, Sought::Named),
        true => (documents(Sought::Anything), Sought::Anything),
    }
}

/// A document with the name that its writer knows it by. Files that got names of ours are known by the numbers that they had.
fn told(document: Document, original: &Document, plan: &Masked) -> (Document, String) {
    let name = match &original.place {
        DocumentPlace::Link(url) => url,
        DocumentPlace::Part(_) => &original.name,
    };
    let document = Document {
        number: original.number.clone(),
        correction: original.correction,
        ..document
    };
    (document, hidden(name, plan))
}

/// A text of the writer's, for the writer: the own addresses by the login, and of all others nothing. The spool holds none, and which of them is the buyer's must not
/// be told by how it comes back.
pub(super) fn hidden(text: &str, plan: &Masked) -> String {
    let text = rewrite::mask_text(text, &plan.writer.addresses, &plan.writer.login);
    without_addresses(&text)
}

/// A text without words that hold an at sign.
fn without_addresses(text: &str) -> String {
    let words = text.split(' ');
    let words = words.map(|word| if word.contains('@') { "(@)" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// A document without addresses in its name, and with the mask for those of the buyer's in its link, which its writer may know.
fn without_receiver(document: Document, plan: &Masked, outgoing: &Outgoing) -> Document {
    let name = without_addresses(&document.name);
    match &document.place {
        DocumentPlace::Part(_) => Document { name, ..document },
        DocumentPlace::Link(url) => {
            let shown = outgoing.to.to_string();
            let url = rewrite::mask_text(url, &plan.receiver.addresses, &shown);
            document.at_address(url)
        }
    }
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
                let octets = part.map(|part| content::file_octets(message, part));
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
fn claim(
    contents: Contents<'_>,
    digest: [u8; 16],
    purpose: Purpose,
) -> Result<Option<Claim>, Refusal> {
    // A mark of no day: what is known for long stands in a table of its own.
    let mark = OnceMark { day: 0, digest };
    let Some(claim) = contents.claims.claim(contents.state, mark, purpose)? else {
        return Err(internal("the same document is being taken now"));
    };
    let oldest = before(contents.entries.clock.now(), KNOWN);
    let known = contents.state.document_taken(&digest)?;
    let is_known = known.is_some_and(|at| at >= oldest);
    Ok((!is_known).then_some(claim))
}
