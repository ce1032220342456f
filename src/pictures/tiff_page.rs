//! What of a TIFF's directory stays ([TIFF 6.0](https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf), section 2).

use std::collections::BTreeMap;

use super::Walked;
use super::exif::{ARTIST, COPYRIGHT};
use super::icc;
use super::tiff_data::Data;
use super::tiff_read::{ASCII, Directory, ENTRY, Entry, Place, Reader};
use super::tiff_tags as tags;

/// Pages of one file. A year's faxes have fewer.
const MOST_PAGES: usize = 2_000;
/// What is said of raw data.
const RAW: &str = "is a camera's raw data or packed in an unknown way";

/// A directory as it is written: at its old place, with fewer entries.
#[derive(Debug)]
pub(super) struct Page {
    /// Where it starts.
    pub(super) at: usize,
    /// Where it ended.
    pub(super) end: usize,
    /// The entries that stay.
    entries: Vec<Entry>,
    /// The next directory's offset, or 0.
    pub(super) next: usize,
}

impl Page {
    /// How long it is written: one that came without room for the next one's offset has none.
    pub(super) fn length(&self) -> usize {
        (2 + self.entries.len() * ENTRY + 4).min(self.end - self.at)
    }

    /// The directory's octets.
    pub(super) fn octets(&self, reader: &Reader<'_>) -> Vec<u8> {
        let count = u16::try_from(self.entries.len()).unwrap_or(u16::MAX);
        let mut out = reader.order.u16(count).to_vec();
        for entry in &self.entries {
            out.extend_from_slice(&entry.octets(reader.order));
        }
        out.extend_from_slice(&reader.order.u32(u32::try_from(self.next).unwrap_or(0)));
        out.truncate(self.length());
        out
    }
}

/// What of a file stays.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// The file.
    pub(super) reader: Reader<'a>,
    /// Whether artist and copyright stay.
    keep_copyright: bool,
    /// Where directories have been read, stay they or not: start and end. None lies in another, so there is no loop.
    read: BTreeMap<usize, usize>,
    /// The directories that stay.
    pub(super) pages: Vec<Page>,
    /// The values and strips that stay.
    pub(super) data: Data<'a>,
    /// Octets that are written otherwise: offset and octets.
    pub(super) patches: Vec<(usize, Vec<u8>)>,
}

impl<'a> Plan<'a> {
    /// Plans the whole file.
    pub(super) fn new(octets: &'a [u8], keep_copyright: bool) -> Walked<Self> {
        let (reader, first) = Reader::new(octets)?;
        // Canon's and Phase One's raw data say so behind the header.
        if octets
            .get(8..12)
            .is_some_and(|next| next.starts_with(b"CR") || matches!(next, b"IIII" | b"MMMM"))
        {
            return Err(RAW);
        }
        let mut plan = Plan {
            reader,
            keep_copyright,
            read: BTreeMap::new(),
            pages: Vec::new(),
            data: Data::new(reader),
            patches: Vec::new(),
        };
        let (mut at, mut size, mut last) = (first, None, None);
        while at != 0 || size.is_none() {
            let directory = plan.directory(at)?;
            at = directory.next;
            if size.is_some_and(|size| plan.is_preview(&directory, size)) {
                continue;
            }
            size = size.or(Some(
                plan.size(&directory)
                    .ok_or("has a first page without size")?,
            ));
            let page = plan.page(&directory)?;
            if let Some(last) = last.and_then(|last: usize| plan.pages.get_mut(last)) {
                last.next = page.at;
            }
            if plan.pages.len() == MOST_PAGES {
                return Err("has more pages than are read");
            }
            last = Some(plan.pages.len());
            plan.pages.push(page);
        }
        Ok(plan)
    }

    /// Reads a directory that was not read before.
    fn directory(&mut self, at: usize) -> Walked<Directory> {
        let directory = self.reader.directory(at)?;
        let before = self.read.range(..directory.end).next_back();
        if at < 8 || before.is_some_and(|(_, &end)| end > at) {
            return Err("has directories that lie in each other");
        }
        self.read.insert(at, directory.end);
        Ok(directory)
    }

    /// A page's width and length.
    fn size(&self, directory: &Directory) -> Option<(u32, u32)> {
        Some((
            self.reader.first(directory, tags::WIDTH)?,
            self.reader.first(directory, tags::LENGTH)?,
        ))
    }

    /// Whether this is a smaller copy of a picture of that size: it may show what the picture was before it was edited. Exif's thumbnails do
    /// not even say their size.
    fn is_preview(&self, directory: &Directory, (width, length): (u32, u32)) -> bool {
        let Some((x, y)) = self.size(directory) else {
            return true;
        };
        let says = self
            .reader
            .first(directory, tags::NEW_SUBFILE_TYPE)
            .is_some_and(|bits| bits & 1 == 1)
            || self.reader.first(directory, tags::SUBFILE_TYPE) == Some(2);
        says && x <= width && y <= length && (x, y) != (width, length)
    }

    /// Plans a directory, with the further pictures that it names.
    fn page(&mut self, directory: &Directory) -> Walked<Page> {
        let mut page = self.single(directory)?;
        let Some(entry) = directory
            .entry(tags::SUB_IFDS)
            .filter(|entry| tags::may_stay(entry))
        else {
            return Ok(page);
        };
        let size = self.size(directory).unwrap_or_default();
        let all: Vec<u32> = self.reader.numbers(entry).collect();
        let mut stay = Vec::new();
        for &offset in &all {
            let child = self
                .directory(usize::try_from(offset).map_err(|_| "has a directory outside of it")?)?;
            if !self.is_smaller(&child, size) {
                let child = self.single(&child)?;
                self.pages.push(child);
                stay.push(offset);
            }
        }
        if let Some(entry) = self.sub_ifds(*entry, &stay) {
            let place = page.entries.partition_point(|other| other.tag < entry.tag);
            page.entries.insert(place, entry);
        }
        Ok(page)
    }

    /// Whether a further picture is but a preview, by what it says or by its size.
    fn is_smaller(&self, child: &Directory, (width, length): (u32, u32)) -> bool {
        self.is_preview(child, (u32::MAX, u32::MAX))
            || self
                .size(child)
                .is_none_or(|(x, y)| x < width && y < length)
    }

    /// The entry for the further pictures that stay, if any do; their offsets stand where all of them stood.
    fn sub_ifds(&mut self, mut entry: Entry, stay: &[u32]) -> Option<Entry> {
        let place = self.reader.place(&entry)?;
        entry.count = u32::try_from(stay.len()).ok()?;
        match (stay, place) {
            ([], _) => return None,
            (&[only], _) => entry.field = self.reader.order.u32(only),
            (_, Place::Outside(start, _)) => {
                let octets = stay
                    .iter()
                    .flat_map(|&offset| self.reader.order.u32(offset))
                    .collect::<Vec<_>>();
                self.data.keep(start, start + octets.len());
                self.patches.push((start, octets));
            }
            (_, Place::Inside) => return None,
        }
        Some(entry)
    }

    /// Plans a directory alone: its entries and their values, and its strips.
    fn single(&mut self, directory: &Directory) -> Walked<Page> {
        self.refuse_raw(directory)?;
        let mut entries = Vec::with_capacity(directory.entries.len());
        let mut known = std::collections::BTreeSet::new();
        for &entry in &directory.entries {
            // Of several entries of one tag decoders take the first.
            if !known.insert(entry.tag) || entry.tag == tags::SUB_IFDS || !self.stays(&entry) {
                continue;
            }
            match self.reader.place(&entry) {
                Some(Place::Inside) => entries.push(Entry {
                    field: self.used(&entry),
                    ..entry
                }),
                Some(Place::Outside(start, end)) => {
                    self.data.value(start, end)?;
                    entries.push(entry);
                }
                None => return Err("has values outside of it"),
            }
        }
        // Only by what stays decoders find the pixels.
        let stays = Directory {
            entries,
            ..*directory
        };
        self.data.strips(&stays)?;
        Ok(Page {
            at: stays.at,
            end: stays.end,
            entries: stays.entries,
            next: 0,
        })
    }

    /// An entry's field with zeroes where its values leave room: nothing hides there.
    fn used(&self, entry: &Entry) -> [u8; 4] {
        let mut field = [0; 4];
        let value = self.reader.value(entry).unwrap_or_default();
        field
            .iter_mut()
            .zip(value)
            .for_each(|(octet, &value)| *octet = value);
        field
    }

    /// Whether an entry stays.
    fn stays(&self, entry: &Entry) -> bool {
        match entry.tag {
            // Decoders do without them where they cannot be read.
            ARTIST | COPYRIGHT => {
                self.keep_copyright && entry.kind == ASCII && self.reader.place(entry).is_some()
            }
            tags::ICC_PROFILE => {
                tags::may_stay(entry) && self.reader.value(entry).and_then(icc::profile).is_some()
            }
            _ => tags::may_stay(entry),
        }
    }

    /// Refuses cameras' raw data: without its private tags it could not be shown.
    fn refuse_raw(&self, directory: &Directory) -> Walked<()> {
        let compression = self.reader.first(directory, tags::COMPRESSION).unwrap_or(1);
        // What the samples mean: a colour filter's pattern or a sensor's linear values.
        let is_raw = matches!(
            self.reader.first(directory, tags::PHOTOMETRIC),
            Some(32803 | 34892)
        ) || tags::OF_RAW
            .iter()
            .any(|&tag| directory.entry(tag).is_some());
        if is_raw || !tags::is_known_compression(compression) {
            return Err(RAW);
        }
        Ok(())
    }
}
