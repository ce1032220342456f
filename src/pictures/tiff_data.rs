//! What directories refer to: values, strips, tiles, tables ([TIFF 6.0](https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf),
//! sections 3, 15 and 22).

use super::Walked;
use super::jpeg::Inner;
use super::tiff_length::{huffman, strip};
use super::tiff_read::{Directory, Reader};
use super::tiff_tags as tags;

/// How many octets values may have beyond twice the file: small values are shared by some writers' pages.
const SHARED: usize = 65536;
/// What is said of strips that cannot be there.
const OUTSIDE: &str = "has pixels outside of it";

/// The ranges of a file that stay.
#[derive(Debug)]
pub(super) struct Data<'a> {
    /// The file.
    reader: Reader<'a>,
    /// Ranges that stay, start and end: in any order, perhaps one in another.
    ranges: Vec<(u32, u32)>,
    /// JPEGs in it: start, end and what they are.
    jpegs: Vec<(u32, u32, Inner)>,
    /// How many octets values may still have. Entries whose values are the same ones, over and over, would need more time and memory than
    /// the file is long.
    budget: usize,
}

impl<'a> Data<'a> {
    /// None yet.
    pub(super) fn new(reader: Reader<'a>) -> Self {
        let budget = reader.octets.len().saturating_mul(2).saturating_add(SHARED);
        Self {
            reader,
            ranges: Vec::new(),
            jpegs: Vec::new(),
            budget,
        }
    }

    /// Keeps a range; one that goes on where the last one ended is one with it.
    pub(super) fn keep(&mut self, start: usize, end: usize) {
        // Offsets of a classic TIFF have 32 bits.
        let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end)) else {
            return;
        };
        match self.ranges.last_mut() {
            Some(last) if last.1 == start => last.1 = end,
            Some(last) if *last == (start, end) => {}
            _ => self.ranges.push((start, end)),
        }
    }

    /// Keeps an entry's values.
    pub(super) fn value(&mut self, start: usize, end: usize) -> Walked<()> {
        self.budget = self
            .budget
            .checked_sub(end - start)
            .ok_or("has values that lie in each other")?;
        self.keep(start, end);
        Ok(())
    }

    /// Keeps what is at an offset for a length.
    fn range(&mut self, start: u32, length: u64, jpeg: Option<Inner>) -> Walked<()> {
        let end = u64::from(start) + length;
        let end = usize::try_from(end)
            .ok()
            .filter(|&end| end <= self.reader.octets.len())
            .ok_or(OUTSIDE)?;
        let Some(is) = jpeg else {
            self.keep(usize::try_from(start).map_err(|_| OUTSIDE)?, end);
            return Ok(());
        };
        let jpeg = (start, u32::try_from(end).map_err(|_| OUTSIDE)?, is);
        if self.jpegs.last() != Some(&jpeg) {
            self.jpegs.push(jpeg);
        }
        Ok(())
    }

    /// Keeps the strips or tiles of a page, and its JPEG tables.
    pub(super) fn strips(&mut self, directory: &Directory) -> Walked<()> {
        let compression = self.reader.first(directory, tags::COMPRESSION).unwrap_or(1);
        let mut has_pixels = false;
        for (offsets, counts) in [
            (tags::STRIP_OFFSETS, tags::STRIP_BYTE_COUNTS),
            (tags::TILE_OFFSETS, tags::TILE_BYTE_COUNTS),
        ] {
            let Some(offsets) = directory.entry(offsets) else {
                continue;
            };
            let reader = self.reader;
            has_pixels |= reader.numbers(offsets).next().is_some();
            let lengths = directory.entry(counts);
            let guess = strip(&self.reader, directory, compression);
            if lengths.is_none() && guess.is_none() {
                return Err("has strips without length");
            }
            let is_one = reader.numbers(offsets).nth(1).is_none();
            let mut lengths = lengths.map(|lengths| reader.numbers(lengths));
            for start in reader.numbers(offsets) {
                let said = lengths
                    .as_mut()
                    .map(|lengths| {
                        lengths
                            .next()
                            .map(u64::from)
                            .ok_or("has strips without length")
                    })
                    .transpose()?;
                let length = match (said, guess) {
                    // Of one unpacked strip decoders read what they need, whatever its length says.
                    (Some(said), Some(guess)) if is_one && said < guess => self.room(start, guess),
                    (Some(said), _) => said,
                    (None, guess) => self.room(start, guess.unwrap_or(0)),
                };
                // Strips of sparse files are nowhere, and read as zeroes.
                if start != 0 && length != 0 {
                    self.range(start, length, self.is_jpeg(compression, start))?;
                }
            }
        }
        let tables = self.tables(directory)?;
        if has_pixels || tables {
            Ok(())
        } else {
            Err("has a page without pixels")
        }
    }

    /// What a strip is as a JPEG, if it is one: old JPEG's strips may be but scans' data.
    fn is_jpeg(&self, compression: u32, start: u32) -> Option<Inner> {
        let strip = usize::try_from(start)
            .ok()
            .and_then(|start| self.reader.octets.get(start..))?;
        match compression {
            tags::JPEG | tags::LOSSY_JPEG => Some(Inner::Strip),
            tags::OLD_JPEG if strip.starts_with(b"\xFF\xD8") => Some(Inner::Header),
            _ => None,
        }
    }

    /// What of a length there is in the file from an offset on.
    fn room(&self, start: u32, length: u64) -> u64 {
        let all = u64::try_from(self.reader.octets.len()).unwrap_or(u64::MAX);
        all.saturating_sub(u64::from(start)).min(length)
    }

    /// Keeps the tables of JPEG pages, and the JPEG that old ones name. Tells whether there is one.
    fn tables(&mut self, directory: &Directory) -> Walked<bool> {
        let reader = self.reader;
        if let Some(entry) = directory.entry(tags::JPEG_TABLES)
            && let Some(super::tiff_read::Place::Outside(start, end)) = reader.place(entry)
        {
            self.range(
                u32::try_from(start).map_err(|_| OUTSIDE)?,
                u64::try_from(end - start).map_err(|_| OUTSIDE)?,
                Some(Inner::Tables),
            )?;
        }
        for (tag, is_huffman) in [
            (tags::JPEG_Q_TABLES, false),
            (tags::JPEG_DC_TABLES, true),
            (tags::JPEG_AC_TABLES, true),
        ] {
            for start in directory
                .entry(tag)
                .into_iter()
                .flat_map(|entry| reader.numbers(entry))
            {
                let length = if is_huffman {
                    huffman(&self.reader, start).ok_or(OUTSIDE)?
                } else {
                    64
                };
                self.range(start, length, None)?;
            }
        }
        let Some(start) = reader
            .first(directory, tags::JPEG_INTERCHANGE)
            .filter(|&start| start != 0)
        else {
            return Ok(false);
        };
        let length = reader
            .first(directory, tags::JPEG_INTERCHANGE_LENGTH)
            .ok_or("has a JPEG without length")?;
        self.range(start, u64::from(length), Some(Inner::Header))?;
        Ok(true)
    }

    /// The ranges that stay, and those in JPEGs that are blanked.
    pub(super) fn finish(mut self) -> Walked<(Ranges, Ranges)> {
        let values = merged(&mut self.ranges);
        let blanks = self.blanks(&values)?;
        self.ranges
            .extend(self.jpegs.iter().map(|&(start, end, _)| (start, end)));
        Ok((merged(&mut self.ranges), blanks))
    }

    /// Where in JPEGs private metadata is. They may be the same, but none may lie in another, and no values in what is blanked.
    fn blanks(&mut self, values: &Ranges) -> Walked<Ranges> {
        const MIXED: &str = "has JPEG strips that lie in each other";
        self.jpegs.sort_unstable();
        self.jpegs.dedup();
        let mut blanks = Vec::new();
        let mut free = 0;
        for &(start, end, is) in &self.jpegs {
            let (start, end) = (
                usize::try_from(start).map_err(|_| OUTSIDE)?,
                usize::try_from(end).map_err(|_| OUTSIDE)?,
            );
            // Where the whole JPEG is named, old JPEG's strips are in it.
            if is == Inner::Header && end <= free && !is_in(&blanks, (start, end)) {
                continue;
            }
            if start < free {
                return Err(MIXED);
            }
            free = end;
            let jpeg = self.reader.octets.get(start..end).ok_or(OUTSIDE)?;
            for (from, to) in super::jpeg::blanks(jpeg, is)? {
                let blank = (start + from, start + to);
                if from < to && is_in(values, blank) {
                    return Err(MIXED);
                }
                if from < to {
                    blanks.push(blank);
                }
            }
        }
        Ok(blanks)
    }
}

/// Ranges in their order, of which none lies in another: start and end.
pub(super) type Ranges = Vec<(usize, usize)>;

/// Whether something of a range is in one of these.
fn is_in(ranges: &Ranges, (start, end): (usize, usize)) -> bool {
    let next = ranges.partition_point(|range| range.1 <= start);
    ranges.get(next).is_some_and(|range| range.0 < end)
}

/// Ranges in their order, no octet twice.
fn merged(ranges: &mut [(u32, u32)]) -> Ranges {
    ranges.sort_unstable();
    let mut merged: Ranges = Vec::new();
    for &mut (start, end) in ranges {
        let (Ok(start), Ok(end)) = (usize::try_from(start), usize::try_from(end)) else {
            continue;
        };
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}
