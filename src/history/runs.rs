//! `DAY.keys`, the index of names of a day: sorted runs of records, each a digest of a name and where a line begins that it names.
//!
//! A run covers a range of the day's file: head (32 octets), then its records (16 octets each) by digest and place. A run is added whole; several are
//! merged into one now and then. What no run covers is read through by whoever looks something up, and indexed by and by. So the index may be lost,
//! cut or deleted at any time: it is only ever slower. Digests are spread evenly, so a look-up guesses where one stands and reads a few records.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::failpoint;
use crate::files;

const MAGIC: &[u8; 8] = b"amtrace1";
const HEAD: usize = 32;
const RECORD: usize = 16;
/// Records that a run may have: what is gathered before it is sorted and written.
pub(super) const RUN: usize = 65_536;
/// Runs beside the largest at which they are merged, where together they have a quarter of its records.
const MANY: usize = 16;
/// Runs beside the largest at which they are merged in any case.
const TOO_MANY: usize = 64;
/// Octets that are read at once of each run that is merged.
const BUFFER: usize = 64 * 1024;
/// The most places of one name that are read from one run: the last ones.
const MOST_PLACES: u64 = 4_096;

/// A digest, and where the line begins.
pub(super) type Key = (u64, u64);

/// Digests that are not written yet, and which octets of the day's file they cover.
#[derive(Debug, Clone, Default)]
pub(super) struct Tail {
    pub(super) day: String,
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) keys: Vec<Key>,
}

/// A run as its head describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    /// Where its records begin.
    at: u64,
    records: u64,
    from: u64,
    to: u64,
}

impl Run {
    fn end(&self) -> u64 {
        self.at + self.records * RECORD as u64
    }

    fn head(&self) -> [u8; HEAD] {
        let mut head = [0; HEAD];
        let records = u32::try_from(self.records).unwrap_or(u32::MAX);
        let parts: [&[u8]; 4] = [
            MAGIC,
            &self.from.to_le_bytes(),
            &self.to.to_le_bytes(),
            &records.to_le_bytes(),
        ];
        let text = parts.concat();
        let sum = crc32fast::hash(&text).to_le_bytes();
        for (to, from) in head.iter_mut().zip(text.iter().chain(&sum)) {
            *to = *from;
        }
        head
    }

    /// The run whose head stands at `place`; none: there is no whole head.
    fn read(file: &File, place: u64) -> Option<Self> {
        let mut head = [0; HEAD];
        file.read_exact_at(&mut head, place).ok()?;
        let (magic, rest) = head.split_first_chunk::<8>()?;
        let (from, rest) = rest.split_first_chunk::<8>()?;
        let (to, rest) = rest.split_first_chunk::<8>()?;
        let (records, _) = rest.split_first_chunk::<4>()?;
        let run = Self {
            at: place + HEAD as u64,
            records: u32::from_le_bytes(*records).into(),
            from: u64::from_le_bytes(*from),
            to: u64::from_le_bytes(*to),
        };
        (magic == MAGIC && run.head() == head && run.from <= run.to).then_some(run)
    }
}

fn path(folder: &Path, day: &str) -> PathBuf {
    folder.join(format!("{day}.keys"))
}

/// The index of a day that is read.
pub(super) struct Runs {
    file: Option<File>,
    runs: Vec<Run>,
}

impl Runs {
    /// The runs of a day, as far as they are whole; none where there is no index.
    pub(super) fn open(folder: &Path, day: &str) -> io::Result<Self> {
        let file = match File::open(path(folder, day)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            opened => Some(opened?),
        };
        let mut runs = Vec::new();
        if let Some(file) = &file {
            let size = file.metadata()?.len();
            let mut place = 0;
            while let Some(run) = Run::read(file, place).filter(|run| run.end() <= size) {
                place = run.end();
                runs.push(run);
            }
        }
        Ok(Self { file, runs })
    }

    /// Up to where the day's file is covered at most.
    pub(super) fn covered_to(&self) -> u64 {
        self.runs.iter().map(|run| run.to).max().unwrap_or_default()
    }

    /// The ranges of a day's file of `size` octets that neither a run nor `tail` covers.
    pub(super) fn gaps(&self, size: u64, tails: &[Tail]) -> Vec<(u64, u64)> {
        let runs = self.runs.iter().map(|run| (run.from, run.to));
        let mut covered: Vec<_> = runs
            .chain(tails.iter().map(|tail| (tail.from, tail.to)))
            .collect();
        covered.sort_unstable();
        let (mut gaps, mut at) = (Vec::new(), 0);
        for (from, to) in covered {
            if from > at && at < size {
                gaps.push((at, from.min(size)));
            }
            at = at.max(to);
        }
        if at < size {
            gaps.push((at, size));
        }
        gaps
    }

    /// The places before `below` that `digest` leads to, the last few thousand of each run.
    pub(super) fn places(&self, digest: u64, below: u64) -> io::Result<Vec<u64>> {
        let mut places = Vec::new();
        let Some(file) = &self.file else {
            return Ok(places);
        };
        for run in &self.runs {
            let first = lower_bound(file, run, (digest, 0))?;
            if record(file, run, first)?.is_none_or(|(key, _)| key != digest) {
                continue;
            }
            let behind = lower_bound(file, run, (digest, below))?;
            let first = first.max(behind.saturating_sub(MOST_PLACES));
            let mut octets = vec![0; RECORD * usize::try_from(behind - first).unwrap_or_default()];
            file.read_exact_at(&mut octets, run.at + first * RECORD as u64)?;
            places.extend(
                octets
                    .chunks_exact(RECORD)
                    .filter_map(parse)
                    .map(|(_, place)| place),
            );
        }
        Ok(places)
    }

    /// Whether the runs had better be one. Of a day that is over they are.
    pub(super) fn want_merging(&self, over: bool) -> bool {
        let largest = self.runs.iter().map(|run| run.records).max();
        let largest = largest.unwrap_or_default();
        let all: u64 = self.runs.iter().map(|run| run.records).sum();
        let many = self.runs.len().saturating_sub(1);
        many > 0 && (over || many >= TOO_MANY || (many >= MANY && (all - largest) * 4 >= largest))
    }
}

/// A record of a run; none behind its end.
fn record(file: &File, run: &Run, number: u64) -> io::Result<Option<Key>> {
    if number >= run.records {
        return Ok(None);
    }
    let mut octets = [0; RECORD];
    file.read_exact_at(&mut octets, run.at + number * RECORD as u64)?;
    Ok(parse(&octets))
}

fn parse(octets: &[u8]) -> Option<Key> {
    let (key, place) = octets.split_first_chunk::<8>()?;
    let place = place.first_chunk::<8>()?;
    Some((u64::from_le_bytes(*key), u64::from_le_bytes(*place)))
}

/// Guesses before the rest is halved: enough for millions of records that are spread evenly, and a bound where they are not.
const GUESSES: u32 = 8;

/// The number of the first record that is not before `wanted`.
fn lower_bound(file: &File, run: &Run, wanted: Key) -> io::Result<u64> {
    let (mut low, mut high) = (0, run.records);
    let (mut low_key, mut high_key) = (0_u64, u64::MAX);
    let mut guesses = 0;
    while low < high {
        let span = high_key.saturating_sub(low_key).max(1);
        let share = u128::from(wanted.0.saturating_sub(low_key)) * u128::from(high - low);
        let middle = match guesses < GUESSES {
            true => low + u64::try_from(share / u128::from(span)).unwrap_or_default(),
            false => low + (high - low) / 2,
        };
        guesses += 1;
        let middle = middle.min(high - 1);
        let Some(found) = record(file, run, middle)? else {
            break;
        };
        if found < wanted {
            (low, low_key) = (middle + 1, found.0);
        } else {
            (high, high_key) = (middle, found.0);
        }
    }
    Ok(low)
}

/// Adds a run. What stands behind the last whole one is cut off: a crash left it.
pub(super) fn append(folder: &Path, tail: &mut Tail) -> io::Result<()> {
    failpoint::hit("history.indexing")?;
    let end = Runs::open(folder, &tail.day)?
        .runs
        .last()
        .map_or(0, Run::end);
    tail.keys.sort_unstable();
    tail.keys.dedup();
    let file = files::private_file()
        .create(true)
        .write(true)
        .open(path(folder, &tail.day))?;
    file.set_len(end)?;
    let run = Run {
        at: end + HEAD as u64,
        records: tail.keys.len() as u64,
        from: tail.from,
        to: tail.to,
    };
    // With one write, so that whoever reads meanwhile finds a run that is not whole, or all of it.
    let mut octets = Vec::with_capacity(HEAD + tail.keys.len() * RECORD);
    octets.extend_from_slice(&run.head());
    for (key, place) in &tail.keys {
        octets.extend_from_slice(&key.to_le_bytes());
        octets.extend_from_slice(&place.to_le_bytes());
    }
    if let Err(error) = file.write_all_at(&octets, end) {
        file.set_len(end)?;
        return Err(error);
    }
    Ok(())
}

/// Makes one run of those of a day that stand beside one another; the file is put in place whole.
pub(super) fn merge(folder: &Path, day: &str) -> io::Result<()> {
    let old = Runs::open(folder, day)?;
    let from = old.runs.iter().map(|run| run.from).min();
    // Only of what is covered without a gap: else what a gap hides would count as covered.
    if !old.gaps(old.covered_to(), &[]).is_empty() {
        return Ok(());
    }
    let made = folder.join(format!("{day}.keys.new"));
    let file = files::private_file()
        .create(true)
        .write(true)
        .truncate(true)
        .open(&made)?;
    let mut out = BufWriter::with_capacity(BUFFER, file);
    let run = Run {
        at: HEAD as u64,
        records: old.runs.iter().map(|run| run.records).sum(),
        from: from.unwrap_or_default(),
        to: old.covered_to(),
    };
    out.write_all(&run.head())?;
    let mut readers = Vec::with_capacity(old.runs.len());
    let mut heap = BinaryHeap::with_capacity(old.runs.len());
    for run in &old.runs {
        let mut reader = BufReader::with_capacity(BUFFER, File::open(path(folder, day))?);
        io::Seek::seek(&mut reader, io::SeekFrom::Start(run.at))?;
        let mut reader = reader.take(run.records * RECORD as u64);
        heap.extend(next(&mut reader)?.map(|key| Reverse((key, readers.len()))));
        readers.push(reader);
    }
    while let Some(Reverse((key, from))) = heap.pop() {
        out.write_all(&key.0.to_le_bytes())?;
        out.write_all(&key.1.to_le_bytes())?;
        if let Some(reader) = readers.get_mut(from) {
            heap.extend(next(reader)?.map(|key| Reverse((key, from))));
        }
    }
    out.flush()?;
    failpoint::hit("history.index_merged")?;
    std::fs::rename(made, path(folder, day))
}

fn next(reader: &mut impl Read) -> io::Result<Option<Key>> {
    let mut octets = [0; RECORD];
    match reader.read_exact(&mut octets) {
        Ok(()) => Ok(parse(&octets)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// Deletes the index of a day, which is made anew from its lines.
pub(super) fn delete(folder: &Path, day: &str) -> io::Result<()> {
    match std::fs::remove_file(path(folder, day)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        deleted => deleted,
    }
}
