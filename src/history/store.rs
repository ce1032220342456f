//! [`History`]: all days, the one that is written and those that are read.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use super::day::{self, DayFile, SparseIndex};
use super::line::{Accepted, HistoryEvent, HistoryRecord};
use super::names;
use super::runs::{self, Tail};
use crate::failpoint;
use crate::files;
use crate::mail::{QueueId, Timestamp};
use crate::masking::TraceKeys;
use crate::spool::Entry;

const DAY: Duration = Duration::from_secs(86_400);
/// What is known of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageFate {
    /// It was accepted, and no end of it is known: what the spool had of it, without its reverse-path and how far delivery had come.
    Open(Box<Entry>),
    /// It was delivered, failed or dropped.
    Ended,
    /// No line tells of it.
    Unknown,
}

/// The history under `data_dir/trace`.
pub struct History {
    pub(super) folder: PathBuf,
    keep: Duration,
    /// Seals what names somebody, and digests names; none: nothing of that is kept.
    pub(super) keys: Option<TraceKeys>,
    day: Mutex<Option<DayFile>>,
    /// Digests of days that are not written to any more.
    ended: Mutex<Vec<Tail>>,
    /// Held by whoever changes the index of names.
    pub(super) indexing: Mutex<()>,
    /// Whether all days but the one that is written are indexed.
    pub(super) settled: AtomicBool,
    /// What is known of the indexes of days that were asked for: sixteen bytes for 4,096 messages.
    outlines: Mutex<BTreeMap<String, Arc<Mutex<SparseIndex>>>>,
    /// Lines of accepted messages were lost by a failed write. From then on nothing counts as durable: the spool keeps its log, and a restart
    /// writes them again from there.
    lost: AtomicBool,
    /// Hears of every line.
    watch: OnceLock<Watch>,
}

/// Whoever hears of lines as they are written; must not wait.
pub type Watch = Box<dyn Fn(&HistoryRecord) + Send + Sync>;

impl History {
    /// Opens the folder, made if it is missing. Days older than `keep` are deleted by [`History::expire`].
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn open(folder: &Path, keep: Duration) -> io::Result<Self> {
        failpoint::hit("history.opening")?;
        files::create_folder(folder)?;
        Ok(Self {
            keep,
            ..Self::inspect(folder)
        })
    }

    /// The history in a folder that need not be there, for whoever only searches it: nothing is made.
    #[must_use]
    pub fn inspect(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            keep: Duration::MAX,
            keys: None,
            day: Mutex::new(None),
            ended: Mutex::default(),
            indexing: Mutex::default(),
            settled: AtomicBool::new(false),
            outlines: Mutex::default(),
            lost: AtomicBool::new(false),
            watch: OnceLock::new(),
        }
    }

    /// With keys for what names somebody, and for the index of names. Without them a line tells neither host nor address, and nothing is indexed.
    #[must_use]
    pub fn with_keys(self, keys: TraceKeys) -> Self {
        Self {
            keys: Some(keys),
            ..self
        }
    }

    /// A panic elsewhere while it was held leaves the day whole: lines are added in one step.
    pub(super) fn day(&self) -> MutexGuard<'_, Option<DayFile>> {
        self.day.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Digests that wait to be written. A panic elsewhere while they were held leaves them whole.
    pub(super) fn ended(&self) -> MutexGuard<'_, Vec<Tail>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line. A failure is logged and not told: the spool has the message.
    pub fn note(&self, line: HistoryRecord) {
        if let Err(error) = self.add(line) {
            metrics::counter!("allegromail_history_failed_total").increment(1);
            tracing::error!(event = "history_write_failed", %error);
        }
    }

    /// Adds a line that no mail depends on, and says whether it did: while lines wait for a disk that is full, the room in memory is for those of mail.
    pub fn note_aside(&self, line: HistoryRecord) -> bool {
        if self.day().as_ref().is_some_and(DayFile::waits_for_room) {
            return false;
        }
        self.note(line);
        true
    }

    /// From now on `watch` hears of every line, whether or not it can be written; the first one that asks does.
    pub fn watch(&self, watch: Watch) {
        // A second one hears nothing: there is one Center.
        let _ = self.watch.set(watch);
    }

    fn add(&self, mut line: HistoryRecord) -> io::Result<()> {
        if let Some(watch) = self.watch.get() {
            watch(&line);
        }
        let mut digests = Vec::with_capacity(16);
        if let Some(keys) = &self.keys {
            names::each(&line, &mut |name| digests.push(keys.digest(name)));
            if let Some(hidden) = &line.hidden {
                // Long enough for most, with what sealing adds.
                let mut text = Vec::with_capacity(512);
                serde_json::to_writer(&mut text, hidden)?;
                line.sealed = keys.seal(&line.trace, text);
            }
        }
        let mut text = Vec::with_capacity(2_048);
        serde_json::to_writer(&mut text, &line)?;
        let name = name(line.at);
        let number = line.id.filter(|_| line.stored().is_some());
        self.with_day(|day| {
            if day.as_ref().is_none_or(|day| day.name != name) {
                if let Some(last) = day.as_mut() {
                    last.sync()?;
                    self.ended().push(last.take_tail()?);
                }
                self.settled.store(false, Ordering::SeqCst);
                *day = Some(DayFile::open(&self.folder, &name)?);
            }
            match day.as_mut() {
                Some(day) => day.add(&text, number, &digests),
                None => Ok(()),
            }
        })
    }

    /// Works on the day that is written. After a failure that is not a full disk what had gathered is given up and the file is opened anew, since
    /// nobody knows how much of it was written.
    pub(super) fn with_day<T>(
        &self,
        work: impl FnOnce(&mut Option<DayFile>) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut day = self.day();
        work(&mut day).inspect_err(|error| {
            // Room comes back: what has gathered waits for it.
            let full = files::Fault::of(error).is_some_and(files::Fault::is_full);
            if full && day.as_ref().is_some_and(DayFile::may_gather) {
                return;
            }
            *day = None;
            self.lost.store(true, Ordering::SeqCst);
            self.settled.store(false, Ordering::SeqCst);
        })
    }

    /// Hands what has gathered to the system, so that other processes see it.
    ///
    /// # Errors
    /// A write failed.
    pub fn flush(&self) -> io::Result<()> {
        self.with_day(|day| day.as_mut().map_or(Ok(()), DayFile::flush))
    }

    /// Makes everything so far durable.
    ///
    /// # Errors
    /// The log must then keep what it has.
    pub fn sync(&self) -> io::Result<()> {
        self.with_day(|day| day.as_mut().map_or(Ok(()), DayFile::sync))?;
        if self.lost.load(Ordering::SeqCst) {
            return Err(io::Error::other(
                "lines of the history were lost; a restart writes them again from the spool",
            ));
        }
        Ok(())
    }

    /// Writes what a crash may have taken: entries of the spool's log that no line tells of.
    ///
    /// # Errors
    /// An index cannot be read.
    pub fn replay<'a>(&self, entries: impl Iterator<Item = &'a Entry>) -> io::Result<usize> {
        let mut known: BTreeMap<String, HashSet<u64>> = BTreeMap::new();
        let mut written = 0;
        for entry in entries {
            let day = name(entry.arrived);
            if !known.contains_key(&day) {
                let numbers = day::numbers(&self.folder, &day)?;
                known.insert(day.clone(), numbers.into_iter().collect());
            }
            if known
                .get_mut(&day)
                .is_some_and(|numbers| numbers.insert(entry.id.0))
            {
                self.add(HistoryRecord::accepted(entry))?;
                written += 1;
            }
        }
        self.flush()?;
        Ok(written)
    }

    /// What is known of the message of this number, accepted on `day` since the epoch or on the next. Reads the index of a day through the first
    /// time that it is asked for, and then 64 KiB of it, mostly.
    ///
    /// # Errors
    /// The files cannot be read: a fault of ours, and no proof that there is no such message.
    pub fn find(&self, number: QueueId, day: u16) -> io::Result<Option<(HistoryRecord, Accepted)>> {
        self.flush()?;
        for day in [day, day.saturating_add(1)] {
            let at = Timestamp(0).plus(DAY * u32::from(day));
            if let Some(text) = self.line(&name(at), number)? {
                let line: HistoryRecord = serde_json::from_slice(&text)?;
                if let Some(stored) = line.stored().cloned() {
                    return Ok(Some((line, stored)));
                }
            }
        }
        Ok(None)
    }

    /// The line of an accepted message of a day.
    fn line(&self, day: &str, number: QueueId) -> io::Result<Option<Vec<u8>>> {
        let Some(index) = day::index(&self.folder, day)? else {
            return Ok(None);
        };
        let outline = self.outlines().entry(day.to_owned()).or_default().clone();
        // One look-up of a day at a time: the first learns what the others need.
        let mut outline = outline.lock().unwrap_or_else(PoisonError::into_inner);
        match outline.find(&index, number)? {
            Some(at) => day::line(&self.folder, day, at).map(Some),
            None => Ok(None),
        }
    }

    /// A panic elsewhere while they were held leaves them whole: each is put in and taken out in one step.
    fn outlines(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Mutex<SparseIndex>>>> {
        self.outlines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of the message with this number. Reads all days: for messages that the spool has lost.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn fate(&self, number: QueueId) -> io::Result<MessageFate> {
        self.flush()?;
        let (mut open, mut ended) = (None, false);
        for day in self.days()? {
            self.each(&day, |line| match line.event {
                _ if line.id != Some(number) => {}
                HistoryEvent::Accepted(_) | HistoryEvent::Held(_) => open = Some(line),
                HistoryEvent::Delivered { .. }
                | HistoryEvent::HandedOver { .. }
                | HistoryEvent::Failed { .. }
                | HistoryEvent::Discarded { .. } => {
                    ended = true;
                }
                HistoryEvent::Deferred { .. }
                | HistoryEvent::Released { .. }
                | HistoryEvent::Bounced { .. }
                | HistoryEvent::Content(_)
                | HistoryEvent::Verified { .. }
                | HistoryEvent::Ordered { .. }
                | HistoryEvent::Refused { .. } => {}
            })?;
        }
        let entry = open.and_then(|line| line.entry());
        Ok(match entry {
            _ if ended => MessageFate::Ended,
            Some(entry) => MessageFate::Open(Box::new(entry)),
            None => MessageFate::Unknown,
        })
    }

    /// Calls `visit` for every line of a day; a torn one is passed over. What is sealed stays so.
    pub(super) fn each(&self, day: &str, mut visit: impl FnMut(HistoryRecord)) -> io::Result<()> {
        let file = File::open(self.folder.join(format!("{day}.ndjson")))?;
        for text in BufReader::new(file).split(b'\n') {
            if let Ok(line) = serde_json::from_slice(&text?) {
                visit(line);
            }
        }
        Ok(())
    }

    /// The days that have a file, oldest first.
    pub(super) fn days(&self) -> io::Result<Vec<String>> {
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut days = Vec::new();
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            days.extend(name.strip_suffix(".ndjson").map(ToOwned::to_owned));
        }
        days.sort_unstable();
        Ok(days)
    }

    /// Deletes the oldest day, if it is older than is kept. One day at a time: a clock that was set wrong must not take all of them.
    ///
    /// # Errors
    /// The folder cannot be read, or a file not deleted.
    pub fn expire(&self, now: Timestamp) -> io::Result<()> {
        let keep = u64::try_from(self.keep.as_millis()).unwrap_or(u64::MAX);
        let oldest = name(Timestamp(now.0.saturating_sub(keep)));
        for day in self.days()?.iter().take(1).filter(|day| **day < oldest) {
            self.outlines().remove(day);
            std::fs::remove_file(self.folder.join(format!("{day}.ndjson")))?;
            std::fs::remove_file(self.folder.join(format!("{day}.index")))?;
            runs::delete(&self.folder, day)?;
        }
        Ok(())
    }
}

/// The day of a time: `2026-11-24`.
pub(super) fn name(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}
