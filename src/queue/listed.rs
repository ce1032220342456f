//! An entry as operators see it.

use serde::{Deserialize, Serialize};

use crate::content::DocumentPlace;
use crate::mail::Timestamp;
use crate::spool::{DamagedMessage, Entry};

/// What an entry is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = State)]
pub enum EntryState {
    /// An attempt is under way or about to begin.
    Active,
    /// It waits for its next attempt.
    Deferred,
    /// An operator holds it, or its documents are being handed over and it is delivered only if they are not.
    Held,
    /// Its bytes have changed on the disk: it has ended, and is kept to be looked at.
    Damaged,
}

/// An entry as operators see it; every address in it is masked.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Listed)]
pub struct ListedEntry {
    /// The queue id.
    pub id: String,
    /// What it is doing.
    pub state: EntryState,
    /// MAIL FROM: a token of ours; empty for a report.
    pub from: String,
    /// Who is told of its end: a mask, or a courier's own address; absent: nobody, or it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// The seller of the transaction that it is about; absent: there is none, or it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller: Option<String>,
    /// The masked recipient.
    pub to: String,
    /// Attempts made.
    pub attempts: u32,
    /// When the next one is due, RFC 3339.
    pub next_attempt: String,
    /// What stopped the last one.
    pub last_reply: Option<String>,
    /// Its enhanced status code, RFC 3463.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The names of documents that it is held for; none: it is not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<String>,
    /// The name of the SMTP transaction that it came with, for `trace`.
    pub trace: String,
    /// When it was accepted, in milliseconds since the epoch.
    #[schema(value_type = u64)]
    pub arrived: Timestamp,
}

/// A document that is to be handed over, or to be taken.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Document)]
pub struct ListedDocument {
    /// Names it: the queue id of its message, a hyphen and its number in that.
    pub id: String,
    /// The transaction that it belongs to.
    pub transaction: String,
    /// The account that sent it.
    pub seller: String,
    /// Its name; of a link the host.
    pub name: String,
    /// Its number, as far as that could be read.
    pub number: String,
    /// Whether it corrects another.
    pub correction: bool,
    /// Its type by its contents; of a link `text/uri-list`.
    #[serde(rename = "type")]
    pub media_type: String,
    /// Octets.
    pub size: usize,
    /// SHA-256 of the octets, of a link that of its address: its file under `data_dir/documents` is called so.
    pub sha256: String,
    /// The address of a link; none: it is a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// When its message came, RFC 3339.
    pub received: String,
    /// When that goes to the buyer, if it is not handed over before.
    pub until: String,
}

impl ListedDocument {
    /// Those of an entry that have not been handed over.
    pub fn of(entry: &Entry) -> impl Iterator<Item = Self> {
        let held = entry.to_hand_over().into_iter();
        held.flat_map(move |held| {
            let documents = held.documents.iter().enumerate();
            let open =
                documents.filter(|(number, _)| !entry.progress.handed_over.contains(*number));
            open.map(move |(number, document)| Self {
                id: format!("{}-{number}", entry.id),
                transaction: held.transaction.to_string(),
                seller: held.seller.to_string(),
                name: document.name.clone(),
                number: document.number.clone(),
                correction: document.correction,
                media_type: document.media_type.clone(),
                size: document.size,
                sha256: document.sha256.clone(),
                link: match &document.place {
                    DocumentPlace::Link(url) => Some(url.clone()),
                    DocumentPlace::Part(_) => None,
                },
                received: entry.arrived.to_string(),
                until: held.until.to_string(),
            })
        })
    }
}

impl ListedEntry {
    /// A damaged message, with what is known of it.
    #[must_use]
    pub fn damaged(damaged: &DamagedMessage) -> Self {
        if let Some(entry) = &damaged.entry {
            return Self {
                last_reply: Some("damaged on the disk".to_owned()),
                status: None,
                ..Self::of(entry, EntryState::Damaged)
            };
        }
        Self {
            id: damaged.id.to_string(),
            state: EntryState::Damaged,
            from: "-".to_owned(),
            to: "-".to_owned(),
            attempts: 0,
            next_attempt: Timestamp(0).to_string(),
            documents: Vec::new(),
            last_reply: Some("damaged on the disk; its head is lost".to_owned()),
            status: None,
            sender: None,
            seller: None,
            trace: "-".to_owned(),
            arrived: Timestamp(0),
        }
    }

    /// The damaged messages take the places of what else is listed under their numbers.
    pub fn add_damaged<'a>(
        listed: &mut Vec<Self>,
        damaged: impl IntoIterator<Item = &'a DamagedMessage>,
    ) {
        for damaged in damaged {
            let damaged = Self::damaged(damaged);
            listed.retain(|entry| entry.id != damaged.id);
            listed.push(damaged);
        }
        listed.sort_by(|a, b| a.id.cmp(&b.id));
    }

    /// An entry in this state.
    #[must_use]
    pub fn of(entry: &Entry, state: EntryState) -> Self {
        let held = state == EntryState::Deferred && entry.to_hand_over().is_some();
        let state = if held { EntryState::Held } else { state };
        Self {
            id: entry.id.to_string(),
            state,
            from: entry.reverse_path.to_string(),
            to: entry.about.recipient.clone(),
            attempts: entry.progress.attempts,
            next_attempt: entry.progress.next_attempt.to_string(),
            documents: ListedDocument::of(entry)
                .map(|document| document.name)
                .collect(),
            last_reply: entry.progress.last.as_ref().map(|last| {
                last.reply
                    .as_ref()
                    .map_or_else(|| last.text.clone(), ToString::to_string)
            }),
            status: entry
                .progress
                .last
                .as_ref()
                .map(|last| last.status.to_string()),
            sender: None,
            seller: None,
            trace: entry.trace.to_string(),
            arrived: entry.arrived,
        }
    }
}
