//! Exports that the server writes by itself: the way back after a store is lost.
//!
//! `KIND-TIME.ndjson` is written under another name, synced, renamed, and the folder synced; the last line tells the number of records and the
//! CRC-32 of all bytes before it. One that is cut short or altered is never loaded. The newest three of a kind are kept.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failpoint;
use crate::files;
use crate::mail::Timestamp;

/// Exports of a kind that are kept.
const KEPT: usize = 3;

/// The last line.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename = "end")]
struct Trailer {
    records: u64,
    crc32: u32,
}

/// The exports of one store.
pub struct Backup {
    folder: PathBuf,
    kind: &'static str,
}

impl Backup {
    /// Exports of `kind` under `folder`, which is made when the first is written.
    #[must_use]
    pub const fn new(folder: PathBuf, kind: &'static str) -> Self {
        Self { folder, kind }
    }

    /// Writes an export durably; `rows` writes its lines and returns how many. Older ones go after that.
    ///
    /// # Errors
    /// The disk or `rows`; older exports are untouched then.
    pub fn write(
        &self,
        now: Timestamp,
        rows: impl FnOnce(&mut dyn Write) -> io::Result<u64>,
    ) -> io::Result<u64> {
        files::create_folder(&self.folder)?;
        let unfinished = self.folder.join(format!("{}.unfinished", self.kind));
        let written = self.write_by(&unfinished, now, rows);
        if written.is_err() {
            // On a disk that is full it must not take the last room.
            let _ = std::fs::remove_file(unfinished);
        }
        written
    }

    /// Bytes of the newest export, whole or not; none: zero.
    #[must_use]
    pub fn size(&self) -> u64 {
        let newest = self.list().ok().and_then(|mut listed| listed.pop());
        let known = newest.and_then(|path| std::fs::metadata(path).ok());
        known.map_or(0, |known| known.len())
    }

    fn write_by(
        &self,
        unfinished: &Path,
        now: Timestamp,
        rows: impl FnOnce(&mut dyn Write) -> io::Result<u64>,
    ) -> io::Result<u64> {
        let mut output = Summed {
            output: BufWriter::new(new_file(unfinished)?),
            sum: crc32fast::Hasher::new(),
        };
        let records = rows(&mut output)?;
        let trailer = Trailer {
            records,
            crc32: output.sum.clone().finalize(),
        };
        serde_json::to_writer(&mut output, &trailer)?;
        output.write_all(b"\n")?;
        let file = output.output.into_inner().map_err(io::Error::other)?;
        failpoint::hit("backup.written")?;
        file.sync_all()?;
        failpoint::hit("backup.synced")?;
        // Milliseconds since the epoch, so that names sort by time, even if the clock was set back.
        let newest = self.list()?.last().and_then(|path| self.stamp(path));
        let stamp = newest.map_or(now.0, |newest| now.0.max(newest + 1));
        let name = format!("{}-{stamp:015}.ndjson", self.kind);
        std::fs::rename(unfinished, self.folder.join(name))?;
        failpoint::hit("backup.named")?;
        File::open(&self.folder)?.sync_all()?;
        for old in self.list()?.iter().rev().skip(KEPT) {
            std::fs::remove_file(old)?;
        }
        failpoint::pass("backup.kept");
        Ok(records)
    }

    /// Every export of this kind, oldest first.
    fn list(&self) -> io::Result<Vec<PathBuf>> {
        let failed = |error: io::Error| io::Error::other(files::describe(&self.folder, &error));
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let ours = name
                .and_then(|name| name.strip_prefix(self.kind)?.strip_prefix('-'))
                .is_some_and(|rest| rest.ends_with(".ndjson"));
            if ours {
                found.push(path);
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// The time in the name of an export.
    /// When an export was written, by its name; none: it is no export of this kind.
    #[must_use]
    pub fn written_at(&self, export: &Path) -> Option<Timestamp> {
        self.stamp(export).map(Timestamp)
    }

    fn stamp(&self, path: &Path) -> Option<u64> {
        let name = path.file_stem()?.to_str()?;
        name.strip_prefix(self.kind)?
            .strip_prefix('-')?
            .parse()
            .ok()
    }

    /// The newest export that is whole. Others are told and passed over.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn newest(&self) -> io::Result<Option<PathBuf>> {
        for path in self.list()?.into_iter().rev() {
            match check(&path) {
                Ok(()) => return Ok(Some(path)),
                // It may be whole: an older one must not take its place for that.
                Err(error) if error.raw_os_error().is_some() => {
                    return Err(io::Error::other(files::describe(&path, &error)));
                }
                Err(error) => {
                    tracing::error!(event = "export_damaged", file = %path.display(), %error, "it is passed over");
                }
            }
        }
        Ok(None)
    }
}

/// An empty file that its owner alone may read: what is left of a try that failed may have another mode.
fn new_file(path: &Path) -> io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    files::private_file()
        .write(true)
        .create_new(true)
        .open(path)
}

/// Reads an export to its end and compares it with its last line.
fn check(path: &Path) -> io::Result<()> {
    failpoint::hit("backup.reading")?;
    let mut input = BufReader::new(File::open(path)?);
    let (mut sum, mut lines, mut last) = (crc32fast::Hasher::new(), 0_u64, Vec::new());
    loop {
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if !last.is_empty() {
            sum.update(&last);
            lines += 1;
        }
        last = line;
    }
    let trailer: Trailer = serde_json::from_slice(&last)?;
    if trailer.records != lines || trailer.crc32 != sum.finalize() {
        return Err(io::Error::other(
            "its last line does not fit what stands before it",
        ));
    }
    Ok(())
}

/// Sums what it writes.
struct Summed {
    output: BufWriter<File>,
    sum: crc32fast::Hasher,
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.output.write(bytes)?;
        self.sum.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(backup: &Backup, at: u64) {
        let rows = |output: &mut dyn Write| output.write_all(b"{}\n{}\n").map(|()| 2);
        assert_eq!(backup.write(Timestamp(at), rows).unwrap(), 2);
    }

    #[test]
    fn three_backups_are_kept_and_a_damaged_one_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let backup = Backup::new(folder.path().join("export"), "directory");
        assert_eq!(backup.newest().unwrap(), None);
        for at in 1..=5 {
            write(&backup, at);
        }
        let listed = backup.list().unwrap();
        assert_eq!(listed.len(), 3);
        assert_eq!(backup.newest().unwrap().as_ref(), listed.last());
        let whole = std::fs::read(&listed[2]).unwrap();
        for len in 0..whole.len() - 1 {
            std::fs::write(&listed[2], &whole[..len]).unwrap();
            assert_eq!(
                backup.newest().unwrap().as_ref(),
                Some(&listed[1]),
                "cut at {len}"
            );
        }
        let text = String::from_utf8(whole).unwrap().replacen("{}", "[]", 1);
        std::fs::write(&listed[2], text).unwrap();
        assert_eq!(
            backup.newest().unwrap().as_ref(),
            Some(&listed[1]),
            "altered"
        );
    }
}
