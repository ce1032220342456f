//! The machine loses power in the middle of a batch, over files that were written over: every sector of the batch is on the disk or is not, in
//! any order, and the file has its new length or an older one. And between two batches, with names that came back.
//!
//! Short by default; `ALLEGROMAIL_POWER_CUTS=20000 cargo test --lib power -- --nocapture` is the long form, `ALLEGROMAIL_POWER_SEED` another course.

#![allow(
    clippy::cast_possible_truncation,
    reason = "files here are small, and dice too"
)]

use std::collections::{BTreeMap, BTreeSet};

use super::asked::{Asked, Known};
use super::*;
use crate::spool::recover::entries;
use crate::spool::request::Request;
use crate::spool::segment::{Access, Segment};
use crate::spool::walk::TornTail;
use crate::spool::walk::walk;
use crate::spool::writer::Writer;

const SECTOR: usize = 512;
const SEGMENT: u64 = 16 * 1024;

/// A number from the environment, for the long form.
fn asked(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |text| text.parse().unwrap())
}

/// Numbers that look random and come again with the same seed.
struct Dice(u64);

impl Dice {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }
}

/// The files of a log, by their names.
type Files = BTreeMap<String, Vec<u8>>;

fn files(dir: &Path) -> Files {
    let files = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.is_file())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect()
}

/// A start without the thread: the writer, what lives, and what was found.
pub(super) fn start(dir: &Path) -> (Writer, Known, RecoveryReport) {
    let mut recovered = crate::spool::open::read(dir, false).unwrap();
    let heads = std::mem::take(&mut recovered.heads);
    let (waiting, _) = entries(&recovered.index, heads);
    let report = recovered.report;
    let (settings, checkpoint) = (settings(dir, SEGMENT), Box::new(|| Ok(())));
    let (writer, _) = crate::spool::open::writer(&settings, checkpoint, recovered).unwrap();
    let known = waiting.iter().map(|entry| {
        let index = writer.shared.index();
        let place = index.get(entry.id).unwrap().entry;
        let segment = index.segment(place.segment).unwrap();
        let read = segment.record(place.at, place.at + place.size).unwrap();
        let body = segment.body(place.at, &read.unwrap().fixed).unwrap();
        let body = body.unwrap_or_else(|| panic!("{} is half there", entry.id));
        (entry.id.0, (body, entry.progress.attempts))
    });
    let known = known.collect();
    (writer, known, report)
}

/// Starts on `image` and looks: what was acknowledged is there and nothing else, but for requests of `batch`, each of which has happened or has not.
/// And it is the same after the next crash, behind one more commit.
fn check(image: &Files, known: &Known, batch: &[Asked], highest: u64, what: &str) {
    let dir = scratch();
    for (name, bytes) in image {
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    let (mut writer, found, report) = start(dir.path());
    assert_eq!(report.damaged, 0, "{what}: {report:?}");
    let mut rest = found.clone();
    for asked in batch {
        let mut happened = known.clone();
        asked.apply(&mut happened);
        let of = |known: &Known| -> Vec<_> {
            asked
                .ids()
                .iter()
                .map(|id| known.get(id).cloned())
                .collect()
        };
        let is = of(&found);
        assert!(
            is == of(known) || is == of(&happened),
            "{what}: half of {asked:?}"
        );
        asked.ids().iter().for_each(|id| drop(rest.remove(id)));
    }
    let touched: BTreeSet<u64> = batch.iter().flat_map(Asked::ids).collect();
    let mut untouched = known.clone();
    untouched.retain(|id, _| !touched.contains(id));
    assert!(
        rest == untouched,
        "{what}: {:?} in place of {:?}",
        rest.keys(),
        untouched.keys()
    );
    let next = writer
        .shared
        .next_id
        .load(std::sync::atomic::Ordering::SeqCst);
    let largest = found.keys().next_back().copied().unwrap_or_default();
    assert!(next > largest.max(highest), "{what}: {next} comes again");
    let one_more = Asked::Commit(vec![(next, b"one more".to_vec())]);
    writer.write(&[one_more.request()]).unwrap();
    let mut then = found;
    one_more.apply(&mut then);
    let (_, again, report) = start(dir.path());
    assert!(again == then, "{what}: not the same at the second start");
    assert_eq!((report.damaged, report.torn_bytes), (0, 0), "{what}");
}

/// `before`, with some sectors between `from` and `to` as they are in `after`.
fn cut(dice: &mut Dice, before: &[u8], after: &[u8], from: usize, to: usize) -> Vec<u8> {
    let sectors = from / SECTOR..to.div_ceil(SECTOR);
    let count = sectors.len();
    let (kind, at) = (dice.next(5), dice.next(count + 1));
    let mut bytes = before.to_vec();
    if after.len() > before.len() {
        let len = match dice.next(4) {
            0 => before.len(),
            1 => before.len() + dice.next(after.len() - before.len()),
            _ => after.len(),
        };
        bytes.resize(len, 0);
    }
    for (number, sector) in sectors.enumerate() {
        let written = match kind {
            0 => number < at,
            1 => number != at,
            2 => number == at,
            3 => dice.next(8) > 0,
            _ => dice.next(2) > 0,
        };
        let range = sector * SECTOR..((sector + 1) * SECTOR).min(after.len());
        if written && bytes.len() >= range.end {
            bytes[range.clone()].copy_from_slice(&after[range]);
        }
    }
    bytes
}

/// A log that works.
struct Work {
    writer: Writer,
    known: Known,
    highest: u64,
    dice: Dice,
    /// Commits that are not closed, and what was written of them.
    open: BTreeMap<u64, Vec<(u64, Vec<u8>)>>,
    /// How many were closed whose pieces stood in more than one segment.
    rolled: usize,
    /// The segment in which each began.
    begun: BTreeMap<u64, u32>,
    /// Good records of another log.
    forged: Vec<u8>,
}

impl Work {
    fn entry(&mut self) -> (u64, Vec<u8>) {
        self.highest = self
            .writer
            .shared
            .next_id
            .fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let len = [40, 600, 2_500][self.dice.next(3)];
        let len = self.dice.next(len);
        let body = match self.dice.next(3) {
            0 => self.forged.iter().copied().cycle().take(len).collect(),
            _ => vec![b'a' + self.dice.next(26) as u8; len],
        };
        (self.highest, body)
    }

    fn entries(&mut self, most: usize) -> Vec<(u64, Vec<u8>)> {
        (0..=self.dice.next(most)).map(|_| self.entry()).collect()
    }

    /// The next step of a commit in pieces: a new one, or one of `open`, which is taken out of there.
    fn step(&mut self, open: &mut Vec<u64>) -> Asked {
        if open.is_empty() || self.open.len() < 2 {
            let commit = self
                .writer
                .shared
                .next_id
                .fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            return Asked::Piece(commit, self.entries(3));
        }
        let commit = open.swap_remove(self.dice.next(open.len()));
        let written = self.open[&commit].clone();
        match self.dice.next(6) {
            0..3 if written.len() < 12 => Asked::Piece(commit, self.entries(3)),
            0 => Asked::Abandon(commit, written),
            1 => Asked::Close(commit, written, Vec::new()),
            _ => Asked::Close(commit, written, self.entries(2)),
        }
    }

    /// What has happened.
    fn happened(&mut self, asked: &Asked) {
        asked.apply(&mut self.known);
        let number = self.writer.active.number;
        match asked {
            Asked::Piece(commit, entries) => {
                self.begun.entry(*commit).or_insert(number);
                let written = self.open.entry(*commit).or_default();
                written.extend(entries.iter().cloned());
            }
            Asked::Close(commit, ..) => {
                self.rolled += usize::from(self.begun[commit] < number);
                self.open.remove(commit);
            }
            Asked::Abandon(commit, _) => drop(self.open.remove(commit)),
            _ => {}
        }
    }

    /// Some requests, no two of them about the same entry.
    fn batch(&mut self) -> Vec<Asked> {
        let mut open: Vec<u64> = self.open.keys().copied().collect();
        let mut free: Vec<u64> = self.known.keys().copied().collect();
        let mut batch = Vec::new();
        for _ in 0..=self.dice.next(6) {
            let old = (!free.is_empty()).then(|| free.swap_remove(self.dice.next(free.len())));
            // As much ends as comes: about ten are live.
            let kind = self.dice.next(if self.known.len() > 10 { 4 } else { 8 });
            if self.dice.next(4) == 0 {
                batch.push(self.step(&mut open));
                continue;
            }
            batch.push(match (old, kind) {
                (Some(id), 0 | 1) => Asked::Done(id),
                (Some(id), 2) => Asked::Report(id, self.entry()),
                (Some(id), 3) => Asked::Deferred(id, self.known[&id].1 + 1),
                _ => Asked::Commit(self.entries(3)),
            });
        }
        batch
    }

    /// Power cuts while a batch is written, then the batch.
    fn write(&mut self, dir: &Path, cuts: u64) {
        let batch = self.batch();
        let name = segment::file_name(self.writer.active.number);
        let (before, from) = (files(dir), self.writer.end as usize);
        let requests: Vec<Request> = batch.iter().map(Asked::request).collect();
        let highest = self.known.keys().next_back().copied().unwrap_or_default();
        self.writer.write(&requests).unwrap();
        let (after, to) = (files(dir), self.writer.end as usize);
        for number in 0..cuts {
            let mut image = before.clone();
            let torn = cut(&mut self.dice, &before[&name], &after[&name], from, to);
            image.insert(name.clone(), torn);
            let what = format!("cut {number} in {name} from {from} to {to}");
            check(&image, &self.known, &batch, highest, &what);
        }
        batch.iter().for_each(|asked| self.happened(asked));
    }

    /// Tidies up, with power cuts on the way. Returns how many.
    fn tidy(&mut self, dir: &Path) -> u64 {
        let before = files(dir);
        self.writer.compact();
        let after = files(dir);
        if before == after {
            return 0;
        }
        let mut images = vec![("nothing of it", before.clone()), ("all", after.clone())];
        // A name that is gone may come back as long as nothing else has become durable.
        let mut back = after.clone();
        back.extend(
            before
                .clone()
                .into_iter()
                .filter(|(name, _)| name != "spare"),
        );
        let number = self.writer.active.number;
        let name = segment::file_name(number);
        back.insert(name.clone(), after[&name].clone());
        // The last batch of those that were copied forward.
        let mut segment = Segment::open(dir, number, Access::Repair).unwrap();
        segment.stamp = self.writer.active.stamp;
        let from = walk(&segment, self.writer.end, TornTail::Allowed)
            .unwrap()
            .last_batch as usize;
        let to = self.writer.end as usize;
        if from >= segment::HEAD_SIZE as usize && to > from {
            let mut earlier = after[&name].clone();
            let stale = before.get(&name).or_else(|| before.get("spare"));
            let stale = stale.map_or(&[][..], |bytes| bytes.get(from..).unwrap_or_default());
            earlier.truncate(from);
            earlier.extend_from_slice(stale);
            let torn = cut(&mut self.dice, &earlier, &after[&name], from, to);
            let mut image = back.clone();
            image.insert(name, torn);
            images.push(("the last copies torn", image));
        }
        images.push(("the old names back", back));
        for (what, image) in &images {
            check(image, &self.known, &[], 0, what);
        }
        images.len() as u64
    }
}

#[tokio::test]
async fn h153_power_cuts_lose_nothing_and_bring_nothing_back() {
    let (cuts, seed) = (
        asked("ALLEGROMAIL_POWER_CUTS", 1_000),
        asked("ALLEGROMAIL_POWER_SEED", 0x5EED_1E55),
    );
    let other = tempfile::tempdir().unwrap();
    fill(other.path()).await;
    let forged = std::fs::read(other.path().join("00000001.seg")).unwrap();
    let forged = forged[segment::HEAD_SIZE as usize..].to_vec();
    let dir = scratch();
    let (writer, known, _) = start(dir.path());
    let mut work = Work {
        writer,
        known,
        highest: 0,
        open: BTreeMap::new(),
        rolled: 0,
        begun: BTreeMap::new(),
        dice: Dice(seed),
        forged,
    };
    // Until a file has been written over.
    while !work.writer.active.stamp.over {
        work.write(dir.path(), 0);
        work.writer.compact();
    }
    let (mut made, mut batches) = (0, 0);
    while made < cuts {
        work.write(dir.path(), 5);
        made += 5 + work.tidy(dir.path());
        batches += 1;
    }
    assert!(work.rolled > 10, "{} over several segments", work.rolled);
    println!("{made} power cuts in {batches} batches: 0 lost, 0 back, 0 half");
}
