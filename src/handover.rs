//! Hands sale documents of blocked messages over to the marketplace (docs/rules-on-contents.md#documents): into a folder, to an HTTP server, or both. What was
//! handed over once may be handed over again after a crash, and changes nothing then: it goes to the same place under the same name.

mod folder;
mod server;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use self::folder::Folder;
use self::server::Server;
use crate::config;
use crate::content::{Document, DocumentPlace};
use crate::mail::{QueueId, Timestamp};
use crate::resolve::Resolver;
use crate::spool::{Entry, HeldDocuments};

pub use self::server::Connector;

/// Messages whose documents are handed over at once: each is in memory meanwhile.
const AT_ONCE: usize = 4;
/// Characters of a name that are told.
const NAME: usize = 200;

/// A document on its way to the marketplace.
#[derive(Debug, Clone)]
pub struct HandoverRequest<'a> {
    /// The message that it came in.
    pub id: QueueId,
    /// When that was taken.
    pub received: Timestamp,
    /// Whose it is.
    pub held: &'a HeldDocuments,
    /// What it is.
    pub document: &'a Document,
    /// Its octets; of a link none.
    pub octets: Bytes,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handed {
    /// The marketplace has it.
    Over,
    /// It can be fetched, and nobody has said yet that it was.
    ToBeTaken,
    /// It could not be handed over now; why, for operators.
    Later(String),
    /// Nothing was tried, or it was broken off: the server is being stopped, or the other was silent a moment ago; why.
    Untried(String),
    /// The marketplace does not take it; why, for operators.
    Refused(String),
}

/// Where documents go.
pub struct Targets {
    folder: Option<Folder>,
    server: Option<Server>,
    turns: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Targets {
    /// Those of a configuration. `secured` makes connections that want a certificate from a known root.
    #[must_use]
    pub fn new(
        config: &config::Handover,
        data_dir: &Path,
        resolver: Arc<dyn Resolver>,
        secured: Connector,
    ) -> Self {
        let own = config.folder.is_none() && config.url.is_none();
        let folder = match own {
            true => Some(Folder::own(own_folder(data_dir))),
            false => config.folder.clone().map(Folder::shared),
        };
        let server = config.url.clone().map(|url| Server {
            url,
            token: config.token.clone(),
            resolver,
            secured,
            failed: std::sync::Mutex::default(),
        });
        Self {
            folder,
            server,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            stop: CancellationToken::new(),
        }
    }

    /// The folder under `data_dir` alone.
    #[must_use]
    pub fn own(data_dir: &Path) -> Self {
        Self {
            folder: Some(Folder::own(own_folder(data_dir))),
            server: None,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            stop: CancellationToken::new(),
        }
    }

    /// The right to read a message for its documents, if somebody may now.
    #[must_use]
    pub fn try_turn(&self) -> Option<OwnedSemaphorePermit> {
        self.turns.clone().try_acquire_owned().ok()
    }

    /// Waits for it; none: never again, for the server is being stopped.
    pub async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        self.turns.clone().acquire_owned().await.ok()
    }

    /// Begins nothing any more, and gives up what waits for an answer: it is sent again after the next start.
    pub fn shut(&self) {
        self.turns.close();
        self.stop.cancel();
    }

    /// Why nothing can be handed over now, whatever it is; none: it is worth a try.
    #[must_use]
    pub fn closed(&self) -> Option<String> {
        let server = self.server.as_ref().filter(|_| self.folder.is_none());
        server.and_then(Server::closed)
    }

    /// Somebody says that things are well again.
    pub fn open(&self) {
        if let Some(server) = &self.server {
            server.open();
        }
    }

    /// Hands one document over, to all targets; the first that does not take it decides. `in_folder` is whether the folder has it, and is so afterwards: nobody
    /// finds it there twice because the server takes its time.
    pub async fn hand_over(&self, request: &HandoverRequest<'_>, in_folder: &mut bool) -> Handed {
        let mut handed = Handed::Over;
        if let Some(folder) = self.folder.as_ref().filter(|_| !*in_folder) {
            handed = folder.put(request).await;
        }
        let (Handed::Over, Some(server)) = (&handed, &self.server) else {
            return handed;
        };
        *in_folder = self.folder.is_some();
        tokio::select! {
            handed = server.put(request) => handed,
            () = self.stop.cancelled() => Handed::Untried("the server is being stopped".to_owned()),
        }
    }

    /// Takes a document out of the folder that is ours: it has ended.
    pub async fn forget(&self, held: &HeldDocuments, document: &Document) {
        if let Some(folder) = &self.folder {
            folder.forget(held, document).await;
        }
    }
}

/// The folder of documents where none is configured.
fn own_folder(data_dir: &Path) -> PathBuf {
    data_dir.join("documents")
}

/// Takes out of the folder under `data_dir` what belongs to none of `entries`: the server ended between the end of a message and that of its documents.
///
/// # Errors
/// The folder cannot be read.
pub fn forget_others(data_dir: &Path, entries: &[Entry]) -> std::io::Result<()> {
    Folder::own(own_folder(data_dir)).forget_others(entries)
}

/// What is told of a document beside its octets. Participants and orders are named by their ids, and nobody by an address.
#[derive(Debug, Serialize)]
struct Metadata<'a> {
    seller: &'a str,
    transaction: &'a str,
    name: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    number: &'a str,
    correction: bool,
    #[serde(rename = "type")]
    media_type: &'a str,
    size: usize,
    sha256: &'a str,
    received: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
}

impl HandoverRequest<'_> {
    /// What is told of the document, in JSON.
    fn metadata(&self) -> Result<Vec<u8>, serde_json::Error> {
        let document = self.document;
        serde_json::to_vec(&Metadata {
            seller: self.held.seller.as_str(),
            transaction: self.held.transaction.as_str(),
            name: document.name.chars().take(NAME).collect(),
            number: &document.number,
            correction: document.correction,
            media_type: &document.media_type,
            size: document.size,
            sha256: &document.sha256,
            received: self.received.to_string(),
            message: self.id.to_string(),
            link: match &document.place {
                DocumentPlace::Link(url) => Some(url),
                DocumentPlace::Part(_) => None,
            },
        })
    }
}
