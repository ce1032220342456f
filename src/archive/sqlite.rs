//! The archive in SQLite: one writer, a few readers beside it ([WAL](https://www.sqlite.org/wal.html)).
//!
//! `synchronous=FULL`: a batch is synced before anybody sees a number of it, or a power cut could give a number twice and a cursor would pass a
//! message by. Octets of messages stand in a file for each month, so that what is too old goes as a whole; they are committed before the rows that name
//! them, and an orphan among them is found again by the replay that adds its message.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use self::copy_back::CopyBack;
use super::{
    Archive, ArchiveError, ArchiveFuture, Between, Checked, EntryKey, FeedPage, LatestMessage,
    MailState, MessageId, NewMessage, Published, Retention, SentWith, Settings, StoredMessage,
    ThreadFilter, ThreadId, ThreadPage, ThreadView, Upload, UploadId, UploadRoom,
};
use crate::files;
use crate::mail::{QueueId, Timestamp};
use crate::masking::ParticipantId;

mod add;
mod copy_back;
mod erase;
mod feed;
mod forget;
mod messages;
mod raw;
mod schema;
mod settings;
mod threads;
mod uploads;
mod views;
mod words;

/// Connections that read beside the writer.
const READERS: usize = 4;

/// The archive in a folder.
#[derive(Clone)]
pub struct SqliteArchive(Arc<Store>);

struct Store {
    folder: PathBuf,
    key: [u8; 32],
    /// The file of a month that is written to, and one that is read.
    written: raw::Month,
    read: raw::Month,
    writer: Mutex<Connection>,
    copy_back: CopyBack,
    readers: Vec<Mutex<Connection>>,
    uploads: Mutex<Connection>,
    /// The reader that is taken next.
    turn: AtomicUsize,
}

impl From<rusqlite::Error> for ArchiveError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<serde_json::Error> for ArchiveError {
    fn from(error: serde_json::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl SqliteArchive {
    /// Opens the archive in `folder`, made if it is missing. `key` is for one that is new: random, for its ids to be made with.
    ///
    /// # Errors
    /// The folder cannot be made or read, or a later version of this program made the archive.
    pub fn open(folder: &Path, key: [u8; 32]) -> Result<Self, ArchiveError> {
        let failed =
            |error: std::io::Error| ArchiveError::Unavailable(files::describe(folder, &error));
        files::create_folder(folder).map_err(failed)?;
        let path = folder.join("index.sqlite");
        let writer = raw::open(&path)?;
        let key = schema::prepare(&writer, key)?;
        let readers = (0..READERS).map(|_| {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let reader = Connection::open_with_flags(&path, flags)?;
            reader.set_prepared_statement_cache_capacity(raw::STATEMENTS);
            Ok(Mutex::new(reader))
        });
        let readers: Result<Vec<_>, rusqlite::Error> = readers.collect();
        Ok(Self(Arc::new(Store {
            folder: folder.to_owned(),
            key,
            written: raw::Month::default(),
            read: raw::Month::default(),
            writer: Mutex::new(writer),
            copy_back: CopyBack::new(raw::open(&path)?),
            readers: readers?,
            uploads: Mutex::new(uploads::open(folder)?),
            turn: AtomicUsize::new(0),
        })))
    }

    /// What ids of threads and messages are made with; it goes where the archive goes.
    #[must_use]
    pub fn key(&self) -> [u8; 32] {
        self.0.key
    }

    /// Does `work` on a thread that may wait for the disk.
    fn on_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, ArchiveError> + Send + 'static,
    ) -> ArchiveFuture<'_, T> {
        let store = self.0.clone();
        Box::pin(async move {
            let done = tokio::task::spawn_blocking(move || work(&store)).await;
            done.map_err(|error| ArchiveError::Unavailable(error.to_string()))?
        })
    }

    /// Answers from what is there.
    fn query<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store, &rusqlite::Transaction<'_>) -> Result<T, ArchiveError>
        + Send
        + 'static,
    ) -> ArchiveFuture<'_, T> {
        self.on_thread(move |store| {
            let mut reader = store.reader();
            // All statements of one answer see one state.
            let transaction = reader.transaction()?;
            work(store, &transaction)
        })
    }

    /// Copies the log back on a thread of its own; nobody waits for it.
    fn copy_back(&self) {
        let store = self.0.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = store.copy_back.run(&store.writer) {
                tracing::warn!(event = "center_log_kept", %error, "the log of the archive's changes grows; it is copied back later");
            }
        });
    }

    /// Changes something, durable when it answers.
    fn update<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store, &rusqlite::Transaction<'_>) -> Result<T, ArchiveError>
        + Send
        + 'static,
    ) -> ArchiveFuture<'_, T> {
        self.on_thread(move |store| {
            let mut writer = store.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(store, &transaction)?;
            transaction.commit()?;
            Ok(done)
        })
    }
}

impl Store {
    /// Where texts and octets are read.
    fn texts(&self) -> (&Path, &raw::Month) {
        (&self.folder, &self.read)
    }

    /// A reader that is free, or the next one in turn. A panic while it was held leaves a transaction that ends with it.
    fn reader(&self) -> MutexGuard<'_, Connection> {
        let free = self
            .readers
            .iter()
            .find_map(|reader| reader.try_lock().ok());
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % READERS;
        free.or_else(|| {
            let reader = self.readers.get(turn)?;
            Some(reader.lock().unwrap_or_else(PoisonError::into_inner))
        })
        .unwrap_or_else(|| self.writer.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Archive for SqliteArchive {
    fn record(
        &self,
        messages: Vec<NewMessage>,
        states: Vec<(EntryKey, MailState)>,
        at: Timestamp,
    ) -> ArchiveFuture<'_, Vec<Published>> {
        let recorded = messages.len() + states.len();
        let done = self.update(move |store, transaction| {
            let raw = (store.folder.as_path(), &store.written);
            let mut numbers = feed::Numbers::default();
            let mut published = add::messages(raw, (transaction, &mut numbers), &messages, at)?;
            let told = views::mail_states((transaction, &mut numbers), &states, at)?;
            published.extend(told);
            numbers.write(transaction)?;
            Ok(published)
        });
        Box::pin(async move {
            let done = done.await?;
            if self.0.copy_back.is_due(recorded) {
                self.copy_back();
            }
            Ok(done)
        })
    }

    fn missing(&self, entries: Vec<EntryKey>) -> ArchiveFuture<'_, Vec<EntryKey>> {
        self.query(move |_, transaction| add::missing(transaction, entries))
    }

    fn under_way(
        &self,
        node: u32,
        after: QueueId,
        limit: usize,
    ) -> ArchiveFuture<'_, Vec<EntryKey>> {
        self.query(move |_, transaction| views::under_way(transaction, node, after, limit))
    }

    fn latest(&self, thread: ThreadId, limit: usize) -> ArchiveFuture<'_, Vec<LatestMessage>> {
        self.query(move |store, transaction| {
            messages::latest(store.texts(), transaction, thread, limit)
        })
    }

    fn forget(&self, due: Retention, limit: usize) -> ArchiveFuture<'_, usize> {
        self.update(move |store, transaction| {
            let months = [&store.written, &store.read];
            forget::piece((&store.folder, months), transaction, due, limit)
        })
    }

    fn erase(&self, of: ParticipantId, with_messages: bool) -> ArchiveFuture<'_, usize> {
        self.update(move |store, transaction| {
            let uploads = store.uploads.lock().unwrap_or_else(PoisonError::into_inner);
            uploads::erase(&uploads, &of)?;
            erase::account(&store.folder, transaction, &of, with_messages)
        })
    }

    fn check(&self) -> ArchiveFuture<'_, Checked> {
        self.query(|store, transaction| erase::check(&store.folder, transaction))
    }

    fn sent_with(
        &self,
        of: ParticipantId,
        key: [u8; 16],
        since: Timestamp,
    ) -> ArchiveFuture<'_, Option<SentWith>> {
        self.query(move |_, transaction| messages::sent_with(transaction, &of, key, since))
    }

    fn events(&self, of: ParticipantId, after: u64, limit: usize) -> ArchiveFuture<'_, FeedPage> {
        self.query(move |_, transaction| feed::events(transaction, &of, after, limit))
    }

    fn end(&self, of: ParticipantId) -> ArchiveFuture<'_, u64> {
        self.query(move |_, transaction| feed::end(transaction, &of))
    }

    fn renew(&self, at: Timestamp) -> ArchiveFuture<'_, ()> {
        self.update(move |_, transaction| feed::renew(transaction, at))
    }

    fn threads(
        &self,
        of: ParticipantId,
        filter: ThreadFilter,
        before: Option<u64>,
        limit: usize,
    ) -> ArchiveFuture<'_, ThreadPage> {
        self.query(move |_, transaction| threads::page(transaction, &of, &filter, before, limit))
    }

    fn thread(&self, of: ParticipantId, thread: ThreadId) -> ArchiveFuture<'_, Option<ThreadView>> {
        self.query(move |_, transaction| threads::one(transaction, &of, thread))
    }

    fn messages(
        &self,
        of: ParticipantId,
        thread: ThreadId,
        between: Between,
        limit: usize,
    ) -> ArchiveFuture<'_, Vec<StoredMessage>> {
        self.query(move |store, transaction| {
            messages::page(store.texts(), transaction, (&of, thread), between, limit)
        })
    }

    fn message(
        &self,
        of: ParticipantId,
        message: MessageId,
    ) -> ArchiveFuture<'_, Option<StoredMessage>> {
        self.query(move |store, transaction| {
            messages::one(store.texts(), transaction, &of, message)
        })
    }

    fn raw(&self, of: ParticipantId, message: MessageId) -> ArchiveFuture<'_, Option<Vec<u8>>> {
        self.query(move |store, transaction| {
            match messages::may_have_raw(transaction, &of, message)? {
                true => raw::read(store.texts(), transaction, message),
                false => Ok(None),
            }
        })
    }

    fn unread(&self, of: ParticipantId, most: usize) -> ArchiveFuture<'_, usize> {
        self.query(move |_, transaction| threads::unread(transaction, &of, most))
    }

    fn mark_read(
        &self,
        of: ParticipantId,
        thread: ThreadId,
        up_to: u64,
        at: Timestamp,
    ) -> ArchiveFuture<'_, bool> {
        self.update(move |_, transaction| views::mark_read(transaction, &of, thread, up_to, at))
    }

    fn settings(&self, of: ParticipantId) -> ArchiveFuture<'_, Settings> {
        self.query(move |_, transaction| settings::read(transaction, &of))
    }

    fn keep_settings(&self, of: ParticipantId, set: Settings) -> ArchiveFuture<'_, ()> {
        self.update(move |_, transaction| settings::keep(transaction, &of, &set))
    }

    fn keep_upload(
        &self,
        of: ParticipantId,
        upload: Upload,
        at: Timestamp,
        room: UploadRoom,
    ) -> ArchiveFuture<'_, bool> {
        self.on_thread(move |store| {
            let mut uploads = store.uploads.lock().unwrap_or_else(PoisonError::into_inner);
            uploads::keep(&mut uploads, &of, &upload, at, room)
        })
    }

    fn upload(
        &self,
        of: ParticipantId,
        id: UploadId,
        oldest: Timestamp,
    ) -> ArchiveFuture<'_, Option<Upload>> {
        self.on_thread(move |store| {
            let uploads = store.uploads.lock().unwrap_or_else(PoisonError::into_inner);
            uploads::read(&uploads, &of, id, oldest)
        })
    }

    fn delete(
        &self,
        of: ParticipantId,
        message: MessageId,
        at: Timestamp,
    ) -> ArchiveFuture<'_, bool> {
        self.update(move |_, transaction| views::delete(transaction, &of, message, at))
    }
}
