//! How far the parts of a TIFF reach (TIFF 6.0 section 2): directories, values outside of them, strips and tiles may lie in any order.

use super::octets::{big16, big32, little16, little32};

/// Tags of places and of how much lies there: strips, tiles, and pictures of the old JPEG compression.
const DATA: [(usize, usize); 3] = [(273, 279), (324, 325), (513, 514)];
/// Tags of directories within a directory: SubIFDs, Exif, GPS, Interoperability.
const DIRECTORIES: [usize; 4] = [330, 34_665, 34_853, 40_965];
/// Directories that are read at most.
const MOST_DIRECTORIES: usize = 512;

/// A file and how its numbers are written.
struct Tiff<'a> {
    octets: &'a [u8],
    little: bool,
    /// Behind the farthest part found.
    reach: usize,
    /// Values that may still be read: what points to one place from everywhere must not cost more than the file is long.
    effort: usize,
}

/// One entry of a directory.
#[derive(Clone, Copy)]
struct Entry {
    tag: usize,
    /// Octets of one value: 2 or 4 where it can be read as a place.
    width: usize,
    count: usize,
    /// Where the values are.
    at: usize,
}

/// Where a TIFF ends; nothing for BigTIFF, and where a part leads out of the file or the file costs too much.
pub(super) fn end(octets: &[u8]) -> Option<usize> {
    let mut tiff = Tiff {
        octets,
        little: octets.first() == Some(&b'I'),
        reach: 8,
        effort: octets.len(),
    };
    if tiff.short(2)? != 42 {
        return None;
    }
    let mut pending = vec![tiff.long(4)?];
    let mut seen = 0;
    while let Some(at) = pending.pop() {
        seen += 1;
        if seen > MOST_DIRECTORIES {
            return None;
        }
        if at != 0 {
            tiff.directory(at, &mut pending)?;
        }
    }
    (tiff.reach <= octets.len()).then_some(tiff.reach)
}

impl Tiff<'_> {
    fn short(&self, at: usize) -> Option<usize> {
        match self.little {
            true => little16(self.octets, at),
            false => big16(self.octets, at),
        }
    }

    fn long(&self, at: usize) -> Option<usize> {
        match self.little {
            true => little32(self.octets, at),
            false => big32(self.octets, at),
        }
    }

    /// Reads a directory; those that it names are added to `pending`.
    fn directory(&mut self, at: usize, pending: &mut Vec<usize>) -> Option<()> {
        let count = self.short(at)?;
        self.effort = self.effort.checked_sub(count)?;
        let mut data = [(None, None); DATA.len()];
        for place in (0..count).filter_map(|index| at.checked_add(2 + index * 12)) {
            let entry = self.entry(place)?;
            self.reach = self.reach.max(
                entry
                    .at
                    .checked_add(entry.count.checked_mul(entry.width)?)?,
            );
            for ((places, lengths), slot) in DATA.iter().zip(&mut data) {
                if entry.tag == *places {
                    slot.0 = Some(entry);
                } else if entry.tag == *lengths {
                    slot.1 = Some(entry);
                }
            }
            if DIRECTORIES.contains(&entry.tag) && pending.len() < MOST_DIRECTORIES {
                let most = entry.count.min(MOST_DIRECTORIES - pending.len());
                pending.extend((0..most).filter_map(|index| self.value(entry, index)));
            }
        }
        for (places, lengths) in data {
            if let (Some(places), Some(lengths)) = (places, lengths) {
                self.lies(places, lengths)?;
            }
        }
        let next = at.checked_add(2 + count * 12)?;
        self.reach = self.reach.max(next.checked_add(4)?);
        pending.extend(self.long(next).filter(|next| *next != 0));
        Some(())
    }

    /// The entry at a place.
    fn entry(&self, at: usize) -> Option<Entry> {
        let width = match self.short(at + 2)? {
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 => 8,
            _ => 1,
        };
        let count = self.long(at + 4)?;
        let within = count.checked_mul(width)? <= 4;
        Some(Entry {
            tag: self.short(at)?,
            width,
            count,
            at: if within { at + 8 } else { self.long(at + 8)? },
        })
    }

    /// One value of an entry.
    fn value(&self, entry: Entry, index: usize) -> Option<usize> {
        let at = entry.at.checked_add(index.checked_mul(entry.width)?)?;
        match entry.width {
            2 => self.short(at),
            4 => self.long(at),
            _ => None,
        }
    }

    /// Counts in what lies at `places`, each so long as `lengths` say.
    fn lies(&mut self, places: Entry, lengths: Entry) -> Option<()> {
        let count = places.count.min(lengths.count);
        self.effort = self.effort.checked_sub(count)?;
        self.reach = (0..count).try_fold(self.reach, |reach, index| {
            let place = self.value(places, index)?;
            let end = place.checked_add(self.value(lengths, index)?)?;
            Some(reach.max(end))
        })?;
        Some(())
    }
}
