//! A log, an archive and accounts, and what is read from one into the other.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::archive::{Archive, Between, SqliteArchive, StoredMessage, ThreadFilter};
use crate::center::fate::Fate;
use crate::center::ids::Ids;
use crate::center::ingest::{Ingest, Progress};
use crate::center::news::News;
use crate::clock::SystemClock;
use crate::directory::{Brought, RecordRules, SledDirectory, import};
use crate::mail::{QueueId, ReversePath, Timestamp, TraceId};
use crate::masking::ParticipantId;
use crate::spool::{
    Disclosure, Entry, LocalSpool, NewEntry, Opened, Settlement, Spool, SpoolSettings,
    StateUpdates, Target,
};

pub(super) const BUYER: &str = "8awgqyk6a5";
pub(super) const SELLER: &str = "k2m9x0r7t3";

pub(super) const ACCOUNTS: &str = r#"{"type":"participant","id":"8awgqyk6a5","login":"jan","marketplace":"allegro-pl","language":"pl","primary":"jan@poczta.example"}
{"type":"participant","id":"k2m9x0r7t3","login":"sklep","marketplace":"allegro-pl","language":"pl","primary":"biuro@rowery.example"}
{"type":"transaction","id":"cub31c122","buyer":"8awgqyk6a5","seller":"k2m9x0r7t3"}"#;

pub(super) fn id(text: &str) -> ParticipantId {
    text.parse().unwrap()
}

/// A message as it leaves: its fields name what it answers by the reader's own ids.
pub(super) fn body(number: u64) -> String {
    format!(
        "From: jan <8awgqyk6a5+cub31c122@allegromail.example>\r\nTo: k2m9x0r7t3+cub31c122@allegromail.example\r\nSubject: Rower {number}\r\n\
         Message-ID: <t{number}@allegromail.example>\r\nIn-Reply-To: <77@mail.rowery.example>\r\nReferences: <76@mail.rowery.example>\r\n\
         \t<77@mail.rowery.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nCzy jest? {number}\r\n"
    )
}

pub(super) fn entry(id: QueueId, by_buyer: bool) -> Entry {
    let (writer, reader) = if by_buyer {
        (BUYER, SELLER)
    } else {
        (SELLER, BUYER)
    };
    let target = Target::Participant {
        participant: reader.parse().unwrap(),
        transaction: Some("cub31c122".parse().unwrap()),
    };
    Entry {
        reverse_path: ReversePath::Mailbox("b@allegromail.example".parse().unwrap()),
        sent_as: format!("t{id}@allegromail.example"),
        memory: StateUpdates {
            delivery: Some(Disclosure {
                writer: writer.parse().unwrap(),
                reader: reader.parse().unwrap(),
                at: Timestamp(1_764_500_000_000),
                key: 1,
                brought: Brought::default(),
            }),
            ..StateUpdates::default()
        },
        ..Entry::new(id, TraceId::new(1, 1), Timestamp(1_764_500_000_000), target)
    }
}

pub(super) struct Stage {
    pub(super) opened: Opened,
    pub(super) archive: SqliteArchive,
    pub(super) directory: Arc<SledDirectory>,
    pub(super) fates: mpsc::UnboundedSender<(QueueId, Fate)>,
    pub(super) progress: watch::Receiver<Progress>,
    pub(super) shutdown: CancellationToken,
    pub(super) task: tokio::task::JoinHandle<()>,
}

impl Stage {
    pub(super) async fn open(folder: &Path) -> Self {
        let directory = Arc::new(SledDirectory::open(&folder.join("directory")).unwrap());
        let rules = RecordRules::default();
        let loaded = import(&*directory, &rules, ACCOUNTS.as_bytes(), |_| {});
        loaded.await.unwrap();
        Self::with(folder, directory)
    }

    pub(super) fn with(folder: &Path, directory: Arc<SledDirectory>) -> Self {
        let settings = SpoolSettings {
            dir: folder.join("spool"),
            segment_bytes: 64 * 1024,
            min_free_bytes: 0,
            min_free_inodes: 0,
            first_id: 1,
            flow: Arc::default(),
            most_unread: Some(u64::MAX),
        };
        let opened = LocalSpool::open(settings, Box::new(|| Ok(()))).unwrap();
        let archive = SqliteArchive::open(&folder.join("center"), [7; 32]).unwrap();
        let (tell, fates) = mpsc::unbounded_channel();
        let (progress, seen) = watch::channel(Progress::default());
        let ingest = Ingest {
            archive: Arc::new(archive.clone()),
            log: opened.spool.reader(),
            directory: directory.clone(),
            clock: Arc::new(SystemClock),
            news: News::default(),
            ids: Ids::new(archive.key()),
            fates,
            progress,
            early: HashMap::new(),
            states: Vec::new(),
            skip_beyond: None,
            held: HashSet::new(),
            released: HashSet::new(),
            // Odd ones were.
            was_released: Arc::new(|id| id.0 % 2 == 1),
        };
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(ingest.run(shutdown.clone()));
        Self {
            opened,
            archive,
            directory,
            fates: tell,
            progress: seen,
            shutdown,
            task,
        }
    }

    /// Commits a message, which ends at once.
    pub(super) async fn send(&self, by_buyer: bool) -> QueueId {
        let id = self.opened.spool.next_id();
        self.commit(entry(id, by_buyer), body(id.0)).await
    }

    pub(super) async fn commit(&self, entry: Entry, body: String) -> QueueId {
        let id = entry.id;
        let body = Bytes::from(body);
        let spool = &self.opened.spool;
        spool.commit(vec![NewEntry { entry, body }]).await.unwrap();
        spool.settle(id, Settlement::Done).await.unwrap();
        id
    }

    pub(super) async fn archived(&mut self) {
        let log = self.opened.spool.reader();
        let read = self.progress.wait_for(|_| log.unread().is_empty());
        let read = tokio::time::timeout(Duration::from_secs(60), read).await;
        read.unwrap().unwrap();
    }

    pub(super) async fn messages(&self, of: &str) -> Vec<StoredMessage> {
        let filter = ThreadFilter::default();
        let page = self.archive.threads(id(of), filter, None, 100).await;
        let mut all = Vec::new();
        for view in page.unwrap().threads {
            let thread = view.thread.id;
            let messages = self
                .archive
                .messages(id(of), thread, Between::After(0), 10_000)
                .await;
            all.extend(messages.unwrap());
        }
        all
    }

    /// Stops as a crash does: nothing is waited for.
    pub(super) async fn stop(self) -> Arc<SledDirectory> {
        self.shutdown.cancel();
        self.task.await.unwrap();
        self.opened.spool.close();
        self.directory
    }
}
