//! The file of one day and its index: lines of JSON, and 16 bytes for every accepted message (its number and where its line begins).

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::runs::{self, Runs, Tail};
use crate::failpoint;
use crate::files;
use crate::mail::QueueId;

/// Bytes that gather before they are written.
const BUFFER: usize = 64 * 1024;
/// Bytes that gather at most while the disk is full.
const MOST_GATHERED: usize = 4 * 1024 * 1024;
/// The most digests of names that gather.
const MOST_KEYS: usize = 16 * runs::RUN;
/// Bytes of one record of the index.
const PLACE: usize = 16;
/// Bytes of an index that are read at once: 4,096 places.
const BLOCK: usize = 4_096 * PLACE;
/// The longest line that is read back.
const MAX_LINE: u64 = 64 * 1024;

/// The file that lines are added to.
pub(super) struct DayFile {
    /// `2026-11-24`.
    pub(super) name: String,
    lines: File,
    index: File,
    end: u64,
    index_end: u64,
    new_lines: Vec<u8>,
    new_places: Vec<u8>,
    /// Digests of names that the index of names has still to get.
    tail: Tail,
}

fn paths(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    (
        folder.join(format!("{name}.ndjson")),
        folder.join(format!("{name}.index")),
    )
}

impl DayFile {
    pub(super) fn open(folder: &Path, name: &str) -> io::Result<Self> {
        let open = |path: PathBuf| files::private_file().create(true).append(true).open(path);
        let (lines, index) = paths(folder, name);
        let (mut lines, index) = (open(lines)?, open(index)?);
        let mut end = lines.seek(SeekFrom::End(0))?;
        if end > 0 && !ends_with_line(folder, name, end)? {
            // A crash tore the last line; what follows must begin on one of its own.
            lines.write_all(b"\n")?;
            end += 1;
        }
        // A torn record of the index would shift all that follow.
        let whole = index.metadata()?.len() / PLACE as u64 * PLACE as u64;
        index.set_len(whole)?;
        if Runs::open(folder, name)?.covered_to() > end {
            // A crash took lines that it covers; what comes in their place is not in it.
            runs::delete(folder, name)?;
        }
        Ok(Self {
            tail: Tail {
                day: name.to_owned(),
                from: end,
                to: end,
                keys: Vec::new(),
            },
            name: name.to_owned(),
            lines,
            index,
            end,
            index_end: whole,
            new_lines: Vec::new(),
            new_places: Vec::new(),
        })
    }

    /// Adds a line; `number` if it is to be found again by that, `digests` of the names that it is found by.
    pub(super) fn add(
        &mut self,
        line: &[u8],
        number: Option<QueueId>,
        digests: &[u64],
    ) -> io::Result<()> {
        let at = self.end + self.new_lines.len() as u64;
        self.tail
            .keys
            .extend(digests.iter().map(|digest| (*digest, at)));
        if self.tail.keys.len() > MOST_KEYS {
            // Nobody writes them down: they are read from the lines when somebody does.
            self.tail.keys = Vec::new();
            self.tail.from = at + line.len() as u64 + 1;
        }
        if let Some(number) = number {
            self.new_places.extend_from_slice(&number.0.to_le_bytes());
            self.new_places.extend_from_slice(&at.to_le_bytes());
        }
        self.new_lines.extend_from_slice(line);
        self.new_lines.push(b'\n');
        if self.new_lines.len() >= BUFFER {
            self.flush()?;
        }
        Ok(())
    }

    /// Hands what has gathered to the system: lines before the places that point at them.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        failpoint::hit("history.flushing")?;
        append(&mut self.lines, self.end, &self.new_lines)?;
        self.end += self.new_lines.len() as u64;
        self.new_lines.clear();
        failpoint::hit("history.lines_written")?;
        append(&mut self.index, self.index_end, &self.new_places)?;
        self.index_end += self.new_places.len() as u64;
        self.new_places.clear();
        failpoint::pass("history.flushed");
        Ok(())
    }

    /// Whether more has gathered than is written at once: the disk was full when it was tried.
    pub(super) fn waits_for_room(&self) -> bool {
        self.new_lines.len() >= BUFFER
    }

    /// Whether more may gather while there is no room on the disk.
    pub(super) fn may_gather(&self) -> bool {
        self.new_lines.len() + self.new_places.len() < MOST_GATHERED
    }

    /// The digests so far, for the index of names; the lines that they are of have been handed to the system.
    pub(super) fn take_tail(&mut self) -> io::Result<Tail> {
        self.flush()?;
        let next = Tail {
            day: self.name.clone(),
            from: self.end,
            to: self.end,
            keys: Vec::new(),
        };
        let mut tail = std::mem::replace(&mut self.tail, next);
        tail.to = self.end;
        Ok(tail)
    }

    /// Whether there are enough digests for a run.
    pub(super) fn has_run(&self) -> bool {
        self.tail.keys.len() >= runs::RUN
    }

    /// A copy of the digests so far, for a look-up.
    pub(super) fn tail(&self) -> Tail {
        Tail {
            to: self.end,
            ..self.tail.clone()
        }
    }

    /// Makes everything durable.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.flush()?;
        self.lines.sync_data()?;
        failpoint::hit("history.lines_synced")?;
        self.index.sync_data()
    }
}

/// Writes all of it behind `end`, where the file ends, or nothing: what a full disk cut short is cut off again.
fn append(file: &mut File, end: u64, bytes: &[u8]) -> io::Result<()> {
    if let Err(error) = file.write_all(bytes) {
        file.set_len(end)?;
        return Err(error);
    }
    Ok(())
}

fn ends_with_line(folder: &Path, name: &str, size: u64) -> io::Result<bool> {
    let mut file = File::open(paths(folder, name).0)?;
    file.seek(SeekFrom::Start(size - 1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

fn parse(place: &[u8]) -> Option<(u64, u64)> {
    let (number, at) = place.split_first_chunk::<8>()?;
    Some((
        u64::from_le_bytes(*number),
        u64::from_le_bytes(at.try_into().ok()?),
    ))
}

/// The index of a day; none where there is no such day.
pub(super) fn index(folder: &Path, name: &str) -> io::Result<Option<File>> {
    match File::open(paths(folder, name).1) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some),
    }
}

/// The places of one block of an index, as far as it is written; a torn one at its end is left out.
fn block(index: &File, number: usize, block: &mut Vec<u8>) -> io::Result<()> {
    block.clear();
    let mut reader = index;
    reader.seek(SeekFrom::Start((number * BLOCK) as u64))?;
    reader.take(BLOCK as u64).read_to_end(block)?;
    block.truncate(block.len() / PLACE * PLACE);
    Ok(())
}

fn in_block(block: &[u8]) -> impl Iterator<Item = (u64, u64)> + '_ {
    block.chunks_exact(PLACE).filter_map(parse)
}

/// What is known of the index of a day without reading it: the least and the greatest number of each block. Numbers rise as a rule, so a number
/// is in one block or two; those that came late, after a crash, only make a block stand for more.
#[derive(Default)]
pub(super) struct SparseIndex {
    blocks: Vec<(u64, u64)>,
    /// Bytes of the index that it knows of.
    known: u64,
}

impl SparseIndex {
    /// Learns what was added to the index. The first time that is all of it.
    fn catch_up(&mut self, index: &File) -> io::Result<()> {
        let size = index.metadata()?.len() / PLACE as u64 * PLACE as u64;
        if size < self.known {
            // Cut, so nothing of it is known.
            *self = Self::default();
        }
        let mut bytes = Vec::with_capacity(BLOCK);
        while self.known < size {
            let number = usize::try_from(self.known / BLOCK as u64).unwrap_or(usize::MAX);
            block(index, number, &mut bytes)?;
            let numbers = || in_block(&bytes).map(|(number, _)| number);
            let (Some(least), Some(greatest)) = (numbers().min(), numbers().max()) else {
                break;
            };
            self.blocks.truncate(number);
            self.blocks.push((least, greatest));
            self.known = (number * BLOCK + bytes.len()) as u64;
        }
        Ok(())
    }

    /// Where the line of `number` begins.
    pub(super) fn find(&mut self, index: &File, number: QueueId) -> io::Result<Option<u64>> {
        self.catch_up(index)?;
        let mut bytes = Vec::new();
        for (at, (least, greatest)) in self.blocks.iter().enumerate() {
            if (*least..=*greatest).contains(&number.0) {
                block(index, at, &mut bytes)?;
                let found = in_block(&bytes).find(|(found, _)| *found == number.0);
                if let Some((_, at)) = found {
                    return Ok(Some(at));
                }
            }
        }
        Ok(None)
    }
}

/// The numbers of the messages that were accepted on a day.
pub(super) fn numbers(folder: &Path, name: &str) -> io::Result<Vec<u64>> {
    let Some(index) = index(folder, name)? else {
        return Ok(Vec::new());
    };
    let mut bytes = Vec::new();
    io::BufReader::new(index).read_to_end(&mut bytes)?;
    Ok(in_block(&bytes).map(|(number, _)| number).collect())
}

/// The line that begins at `at`.
pub(super) fn line(folder: &Path, name: &str, at: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(paths(folder, name).0)?;
    file.seek(SeekFrom::Start(at))?;
    let mut line = Vec::new();
    let mut reader = io::BufReader::new(file.take(MAX_LINE));
    io::BufRead::read_until(&mut reader, b'\n', &mut line)?;
    Ok(line)
}
