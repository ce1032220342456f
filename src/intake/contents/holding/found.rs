//! Finds the documents of a message, and writes the message that waits with them.

use std::sync::OnceLock;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::Blocked;
use crate::content::{self, Document, DocumentPlace, Letter, MOST_DOCUMENTS, RuleSet, Sought};
use crate::dsn::{DocumentMessage, document_message};
use crate::intake::arrival::Arrival;
use crate::intake::contents::{Contents, hits};
use crate::intake::fault::internal;
use crate::intake::masked::{Outgoing, rewritten};
use crate::mail::QueueId;
use crate::masking::TransactionId;
use crate::message::{Malformed, Message};
use crate::offload::in_place;
use crate::policy::{Masked, Refusal, Sender};
use crate::rewrite;

/// What a seller hears of a message with more.
const TOO_MANY: &str = "it holds more than 20 documents; send them in several messages, so that each can be handed over.";
/// The message as it would reach the buyer, and its documents.
pub(super) struct Found {
    pub(super) outgoing: Outgoing,
    /// Whether that is a message of ours, with the documents alone.
    pub(super) alone: bool,
    /// Each with the name that its writer knows it by.
    pub(super) documents: Vec<(Document, String)>,
    /// The names of the other files.
    pub(super) others: Vec<String>,
}

/// Finds the documents of a message, and writes it as it would reach the buyer: whole, or where its words may not, as a message of ours with the documents. None: it
/// has none.
pub(super) async fn found(
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
pub(in crate::intake::contents) fn hidden(text: &str, plan: &Masked) -> String {
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
