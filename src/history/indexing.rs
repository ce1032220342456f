//! Keeps the index of names: writes what has gathered, reads lines that no index covers, makes few files of many. Beside the way of mail, a piece
//! at a time.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::line::HistoryRecord;
use super::names;
use super::runs::{self, Runs, Tail};
use super::store::History;

/// Octets of lines that are read at once where no index covers them: some hundred thousand digests.
const PIECE: u64 = 32 * 1024 * 1024;

impl History {
    /// Does a piece of what there is to do for the index of names; whether there may be more. Some hundred milliseconds, a second at most.
    ///
    /// # Errors
    /// A file cannot be read or written: look-ups read the lines meanwhile.
    pub fn index(&self) -> io::Result<bool> {
        if self.keys.is_none() {
            return Ok(false);
        }
        let _index = self.indexing.lock().unwrap_or_else(PoisonError::into_inner);
        self.write_tails()?;
        if self.settled.load(Ordering::SeqCst) {
            return Ok(false);
        }
        // Before the look: what ends meanwhile is looked for again.
        self.settled.store(true, Ordering::SeqCst);
        let worked = self.catch_up();
        if !matches!(worked, Ok(false)) {
            self.settled.store(false, Ordering::SeqCst);
        }
        worked
    }

    /// Writes runs of what has gathered.
    fn write_tails(&self) -> io::Result<()> {
        let mut tails = std::mem::take(&mut *self.ended());
        let full = self.with_day(|day| match day.as_mut().filter(|day| day.has_run()) {
            Some(day) => day.take_tail().map(Some),
            None => Ok(None),
        });
        if let Some(tail) = full? {
            self.settled.store(false, Ordering::SeqCst);
            tails.push(tail);
        }
        for mut tail in tails {
            if tail.from < tail.to {
                runs::append(&self.folder, &mut tail)?;
            }
        }
        Ok(())
    }

    /// Indexes one piece that is not covered, or merges the runs of one day.
    fn catch_up(&self) -> io::Result<bool> {
        let current = self.day().as_ref().map(super::day::DayFile::tail);
        for day in self.days()? {
            let own = current.as_ref().filter(|tail| tail.day == day);
            let size = match own {
                Some(tail) => tail.to,
                None => std::fs::metadata(self.folder.join(format!("{day}.ndjson")))?.len(),
            };
            let open = Runs::open(&self.folder, &day)?;
            let gaps = open.gaps(size, own.map(std::slice::from_ref).unwrap_or_default());
            if let Some((from, to)) = gaps.first().copied() {
                let to = to.min(from + PIECE);
                let mut keys = Vec::new();
                let to = self.between(&day, from, to, &mut |at, line| {
                    self.digests(&line, &mut |digest| keys.push((digest, at)));
                })?;
                let mut tail = Tail {
                    day,
                    from,
                    to,
                    keys,
                };
                runs::append(&self.folder, &mut tail)?;
                return Ok(true);
            }
            if open.want_merging(own.is_none()) {
                runs::merge(&self.folder, &day)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The digests of the names of a line.
    fn digests(&self, line: &HistoryRecord, take: &mut dyn FnMut(u64)) {
        if let Some(keys) = &self.keys {
            names::each(line, &mut |name| take(keys.digest(name)));
        }
    }

    /// Opens what is sealed in a line.
    pub(super) fn opened(&self, mut line: HistoryRecord) -> HistoryRecord {
        let sealed = self.keys.as_ref().zip(line.sealed.as_deref());
        let text = sealed.and_then(|(keys, sealed)| keys.open(&line.trace, sealed));
        line.hidden = text.and_then(|text| serde_json::from_slice(&text).ok());
        line
    }

    /// Calls `visit` for every line that begins between two places of a day's file, opened; a torn one is passed over. Where the last one ends.
    pub(super) fn between(
        &self,
        day: &str,
        from: u64,
        to: u64,
        visit: &mut dyn FnMut(u64, HistoryRecord),
    ) -> io::Result<u64> {
        let mut file = File::open(self.folder.join(format!("{day}.ndjson")))?;
        file.seek(SeekFrom::Start(from))?;
        let mut reader = BufReader::with_capacity(256 * 1024, file);
        let (mut at, mut text) = (from, Vec::new());
        while at < to {
            text.clear();
            // A line of another hand may have no end: no more of it is held.
            let read = reader
                .by_ref()
                .take(MAX_LINE)
                .read_until(b'\n', &mut text)?;
            if read == 0 {
                break;
            }
            if let Ok(line) = serde_json::from_slice(&text) {
                visit(at, self.opened(line));
            }
            at += read as u64;
        }
        Ok(at)
    }
}

/// The longest line that is read.
const MAX_LINE: u64 = 1024 * 1024;
