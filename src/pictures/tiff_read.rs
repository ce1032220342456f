//! Reading TIFF's directories, which Exif uses as well ([TIFF 6.0](https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf), section 2).

use super::Walked;

/// The type of octets that are text (TIFF 6.0, page 15).
pub(super) const ASCII: u16 = 2;
/// The type of 16 bit numbers.
pub(super) const SHORT: u16 = 3;
/// The type of 32 bit numbers.
pub(super) const LONG: u16 = 4;
/// The type of a numerator and a denominator.
pub(super) const RATIONAL: u16 = 5;
/// The type of octets that only their reader understands.
pub(super) const UNDEFINED: u16 = 7;
/// The type of offsets of directories ([TIFF technical note 1](https://www.awaresystems.be/imaging/tiff/specification/TIFFPM6.pdf)).
pub(super) const IFD: u16 = 13;
/// How long an entry is (TIFF 6.0, page 14).
pub(super) const ENTRY: usize = 12;

/// In which order the octets of numbers stand (TIFF 6.0, page 13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Order {
    /// Least significant octet first: `II`.
    Little,
    /// Most significant octet first: `MM`.
    #[default]
    Big,
}

impl Order {
    /// A number's octets.
    pub(super) const fn u16(self, number: u16) -> [u8; 2] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    /// A number's octets.
    pub(super) const fn u32(self, number: u32) -> [u8; 4] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }
}

/// A file or an Exif block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    /// All its octets.
    pub(super) octets: &'a [u8],
    /// The order in its numbers.
    pub(super) order: Order,
}

/// An entry of a directory (TIFF 6.0, page 14).
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// What it is about.
    pub(super) tag: u16,
    /// Of which type its values are.
    pub(super) kind: u16,
    /// How many values there are.
    pub(super) count: u32,
    /// The last four octets: the values, if they fit, or else their offset.
    pub(super) field: [u8; 4],
}

/// A directory.
#[derive(Debug)]
pub(super) struct Directory {
    /// Where it starts.
    pub(super) at: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// Its entries.
    pub(super) entries: Vec<Entry>,
    /// The next directory's offset, or 0.
    pub(super) next: usize,
}

impl Directory {
    /// The first entry of this tag.
    pub(super) fn entry(&self, tag: u16) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.tag == tag)
    }
}

/// Values that do not fit their entry, or do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// They are in the entry.
    Inside,
    /// They are in the file, from here to there.
    Outside(usize, usize),
}

impl Entry {
    /// How long a value is, if its type is known (TIFF 6.0, page 15, technical note 1; Exif 3.0 added text in UTF-8: CIPA DC-008, 4.6.2).
    const fn size(&self) -> Option<usize> {
        match self.kind {
            1 | ASCII | 6 | UNDEFINED | 129 => Some(1),
            SHORT | 8 => Some(2),
            LONG | 9 | 11 | IFD => Some(4),
            RATIONAL | 10 | 12 => Some(8),
            _ => None,
        }
    }

    /// The entry as it is written.
    pub(super) fn octets(&self, order: Order) -> [u8; ENTRY] {
        let [t0, t1] = order.u16(self.tag);
        let [k0, k1] = order.u16(self.kind);
        let [c0, c1, c2, c3] = order.u32(self.count);
        let [f0, f1, f2, f3] = self.field;
        [t0, t1, k0, k1, c0, c1, c2, c3, f0, f1, f2, f3]
    }
}

impl<'a> Reader<'a> {
    /// Reads the header: the reader and the first directory's offset (TIFF 6.0, page 13).
    pub(super) fn new(octets: &'a [u8]) -> Walked<(Self, usize)> {
        let order = match octets.get(..4) {
            Some(b"II*\0") => Order::Little,
            Some(b"MM\0*") => Order::Big,
            Some(b"II+\0" | b"MM\0+") => return Err("is a BigTIFF, which is not read"),
            _ => return Err("has no TIFF header"),
        };
        let reader = Self { octets, order };
        let first = reader.offset(4).ok_or("has no TIFF header")?;
        Ok((reader, first))
    }

    /// The number at an offset.
    pub(super) fn u16(&self, at: usize) -> Option<u16> {
        let octets = *self.octets.get(at..)?.first_chunk()?;
        Some(match self.order {
            Order::Little => u16::from_le_bytes(octets),
            Order::Big => u16::from_be_bytes(octets),
        })
    }

    /// The number that these octets are.
    const fn number(&self, octets: [u8; 4]) -> u32 {
        match self.order {
            Order::Little => u32::from_le_bytes(octets),
            Order::Big => u32::from_be_bytes(octets),
        }
    }

    /// The number at an offset.
    pub(super) fn u32(&self, at: usize) -> Option<u32> {
        self.octets
            .get(at..)?
            .first_chunk()
            .map(|&octets| self.number(octets))
    }

    /// The offset that stands at an offset.
    fn offset(&self, at: usize) -> Option<usize> {
        self.u32(at).and_then(|offset| usize::try_from(offset).ok())
    }

    /// The directory at an offset. Some writers end their file without the last directory's offset of the next one.
    pub(super) fn directory(&self, at: usize) -> Walked<Directory> {
        const OUTSIDE: &str = "has a directory outside of it";
        let count = usize::from(self.u16(at).ok_or(OUTSIDE)?);
        let start = at + 2;
        let end = start + count * ENTRY;
        let entries = self.octets.get(start..end).ok_or(OUTSIDE)?;
        let entries = entries
            .as_chunks::<ENTRY>()
            .0
            .iter()
            .map(|&octets| self.entry(octets))
            .collect();
        let next = self.offset(end);
        let end = if next.is_some() { end + 4 } else { end };
        Ok(Directory {
            at,
            end,
            entries,
            next: next.unwrap_or(0),
        })
    }

    /// The entry that these octets are.
    const fn entry(&self, octets: [u8; ENTRY]) -> Entry {
        let [t0, t1, k0, k1, c0, c1, c2, c3, f0, f1, f2, f3] = octets;
        let (tag, kind) = match self.order {
            Order::Little => (u16::from_le_bytes([t0, t1]), u16::from_le_bytes([k0, k1])),
            Order::Big => (u16::from_be_bytes([t0, t1]), u16::from_be_bytes([k0, k1])),
        };
        Entry {
            tag,
            kind,
            count: self.number([c0, c1, c2, c3]),
            field: [f0, f1, f2, f3],
        }
    }

    /// Where an entry's values are, if their type is known and all of them are in the file.
    pub(super) fn place(&self, entry: &Entry) -> Option<Place> {
        let length = entry
            .size()?
            .checked_mul(usize::try_from(entry.count).ok()?)?;
        if length <= entry.field.len() {
            return Some(Place::Inside);
        }
        let start = usize::try_from(self.number(entry.field)).ok()?;
        let end = start.checked_add(length)?;
        (end <= self.octets.len()).then_some(Place::Outside(start, end))
    }

    /// An entry's values as octets.
    pub(super) fn value<'e>(&self, entry: &'e Entry) -> Option<&'e [u8]>
    where
        'a: 'e,
    {
        match self.place(entry)? {
            Place::Inside => entry
                .field
                .get(..entry.size()? * usize::try_from(entry.count).ok()?),
            Place::Outside(start, end) => self.octets.get(start..end),
        }
    }

    /// An entry's values as whole numbers; none where they are none.
    pub(super) fn numbers<'e>(&'e self, entry: &'e Entry) -> impl Iterator<Item = u32> + 'e {
        let octets = self.value(entry).unwrap_or_default();
        let size = match entry.kind {
            1 => 1,
            SHORT => 2,
            LONG | IFD => 4,
            _ => usize::MAX,
        };
        octets
            .chunks_exact(size)
            .filter_map(move |octets| match *octets {
                [octet] => Some(u32::from(octet)),
                [a, b] => Some(u32::from(match self.order {
                    Order::Little => u16::from_le_bytes([a, b]),
                    Order::Big => u16::from_be_bytes([a, b]),
                })),
                [a, b, c, d] => Some(self.number([a, b, c, d])),
                _ => None,
            })
    }

    /// A directory's value of this tag as a number, if it has it.
    pub(super) fn first(&self, directory: &Directory, tag: u16) -> Option<u32> {
        directory
            .entry(tag)
            .and_then(|entry| self.numbers(entry).next())
    }
}
