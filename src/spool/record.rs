//! The disk format: self-describing records, each with checksums and an end mark. The only file that knows it.
//!
//! ```text
//! "AMS2"  kind(1) more(1) over(1) link(1)  id(8)  salt(8)  head length(4)  body length(4)  head CRC(4)  body CRC(4)   head   body   "END\n"
//! ```
//!
//! Numbers are little-endian. The head CRC (CRC-32, IEEE) covers everything before it and the head; the body CRC the body. `more` = 1 says
//! that the next record belongs to the same commit: a commit whose last record is missing never happened. `link` has bit 0 in the first record
//! of a batch, which is written only when all before it is synced, and bit 1 in all records of a commit but its first. Heads are JSON, so that
//! a later version can add fields.
//!
//! A large commit is written in pieces, each a commit in the sense above, in one segment or over several. Their entries count when a record that
//! finishes them is there, with the number that their heads name; it is written when all of them are synced.
//!
//! All records of a segment have its salt, a random number. Those of another salt are no records of it: what the file held before it
//! was written over (`over` = 1), or what somebody wrote into a message to look like one.

use std::io;

use bytes::Bytes;

use crate::mail::QueueId;

/// Where a record begins.
pub(super) const MAGIC: &[u8; 4] = b"AMS2";
/// Where one of an earlier version begins, which is not read any more.
pub(super) const OLD_MAGIC: &[u8; 4] = b"AMS1";
/// Where it ends.
pub(super) const END: &[u8; 4] = b"END\n";
/// Bytes before the head.
pub(super) const FIXED_LEN: usize = 40;
/// The longest head in bytes; a larger one is damage.
const MAX_HEAD: u32 = 256 * 1024;
/// The longest body in bytes; far above any message size that can be configured.
const MAX_BODY: u32 = 1024 * 1024 * 1024;

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An entry and its message.
    Entry,
    /// How far delivery of an entry has come.
    Progress,
    /// An entry is done.
    Done,
    /// The next free id, at the head of a segment; also what fills a place where nothing stands.
    Sequence,
    /// An entry and its message that count once their commit is finished: its number stands in the head.
    Part,
    /// All pieces of a commit are there, and count.
    Finish,
    /// A commit was given up: none of its pieces counts, now or later.
    Abandon,
}

impl Kind {
    const fn byte(self) -> u8 {
        match self {
            Self::Entry => 1,
            Self::Progress => 2,
            Self::Done => 3,
            Self::Sequence => 4,
            Self::Part => 5,
            Self::Finish => 6,
            Self::Abandon => 7,
        }
    }

    const fn parse(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Entry),
            2 => Some(Self::Progress),
            3 => Some(Self::Done),
            4 => Some(Self::Sequence),
            5 => Some(Self::Part),
            6 => Some(Self::Finish),
            7 => Some(Self::Abandon),
            _ => None,
        }
    }
}

/// Where a record stands among those that are written with it: which records begin and end a commit, and what was synced before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Boundaries {
    /// It begins a batch: whatever stands before it in the segment was durable when it was written.
    pub(super) starts_batch: bool,
    /// It is the first record of its commit.
    pub(super) starts_commit: bool,
    /// It is the last one.
    pub(super) ends_commit: bool,
}

impl Boundaries {
    /// Of a record that is a batch of its own.
    pub(super) const OWN_BATCH: Self = Self {
        starts_batch: true,
        starts_commit: true,
        ends_commit: true,
    };
    /// Of a commit of one record inside a batch.
    pub(super) const OWN_COMMIT: Self = Self {
        starts_batch: false,
        ..Self::OWN_BATCH
    };

    /// As `more` and `link` of the disk format.
    pub(super) const fn bytes(self) -> (u8, u8) {
        (
            !self.ends_commit as u8,
            self.starts_batch as u8 | (!self.starts_commit as u8) << 1,
        )
    }

    /// Reads those; none if they cannot be what was written.
    pub(super) const fn parse(more: u8, link: u8) -> Option<Self> {
        if more > 1 || link > 3 {
            return None;
        }
        Some(Self {
            starts_batch: link & 1 != 0,
            starts_commit: link & 2 == 0,
            ends_commit: more == 0,
        })
    }
}

/// What the records of a segment have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// A number that nobody outside can guess.
    pub(super) salt: u64,
    /// The file had been a segment before: behind the last record may stand what is left of that.
    pub(super) over: bool,
}

impl Stamp {
    /// A stamp for a segment that begins.
    ///
    /// # Errors
    /// The system has no randomness.
    pub(super) fn new(over: bool) -> io::Result<Self> {
        let mut salt = [0; 8];
        aws_lc_rs::rand::fill(&mut salt).map_err(|_| io::Error::other("no randomness"))?;
        Ok(Self {
            salt: u64::from_le_bytes(salt),
            over,
        })
    }
}

/// A record to be written.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) kind: Kind,
    pub(super) id: QueueId,
    pub(super) head: Vec<u8>,
    pub(super) body: Bytes,
}

/// The fixed part of a record that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FixedPart {
    pub(super) kind: Kind,
    pub(super) boundaries: Boundaries,
    pub(super) id: QueueId,
    pub(super) stamp: Stamp,
    pub(super) head_len: u32,
    pub(super) body_len: u32,
    head_crc: u32,
    body_crc: u32,
}

impl Record {
    /// The next free id, for the head of a segment: so ids never repeat after all entries are gone.
    pub(super) fn sequence(next: u64) -> Self {
        Self {
            kind: Kind::Sequence,
            id: QueueId(next),
            head: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// The end of a commit that was written in pieces: [`Kind::Finish`] or [`Kind::Abandon`].
    pub(super) fn end(kind: Kind, number: QueueId) -> Self {
        Self {
            kind,
            ..Self::sequence(number.0)
        }
    }

    /// A record of `size` bytes that says nothing; none where it would be shorter than a record is.
    pub(super) fn filler(size: u64) -> Option<Self> {
        let body = size.checked_sub((FIXED_LEN + END.len()) as u64)?;
        Some(Self {
            body: Bytes::from(vec![0; usize::try_from(body).ok()?]),
            ..Self::sequence(0)
        })
    }

    /// Whether a log may hold it.
    pub(super) fn fits(&self) -> bool {
        self.head.len() <= MAX_HEAD as usize && self.body.len() <= MAX_BODY as usize
    }

    /// The bytes before the body: fixed part and head. None: the record is too large.
    pub(super) fn front(&self, boundaries: Boundaries, stamp: Stamp) -> Option<Vec<u8>> {
        let mut front = Vec::with_capacity(FIXED_LEN + self.head.len());
        front.extend_from_slice(MAGIC);
        front.push(self.kind.byte());
        let (more, link) = boundaries.bytes();
        front.extend_from_slice(&[more, u8::from(stamp.over), link]);
        front.extend_from_slice(&self.id.0.to_le_bytes());
        front.extend_from_slice(&stamp.salt.to_le_bytes());
        let head_len = u32::try_from(self.head.len())
            .ok()
            .filter(|len| *len <= MAX_HEAD)?;
        let body_len = u32::try_from(self.body.len())
            .ok()
            .filter(|len| *len <= MAX_BODY)?;
        front.extend_from_slice(&head_len.to_le_bytes());
        front.extend_from_slice(&body_len.to_le_bytes());
        let mut crc = crc32fast::Hasher::new();
        crc.update(&front);
        crc.update(&self.head);
        front.extend_from_slice(&crc.finalize().to_le_bytes());
        front.extend_from_slice(&crc32fast::hash(&self.body).to_le_bytes());
        front.extend_from_slice(&self.head);
        Some(front)
    }

    /// Bytes on disk.
    pub(super) fn size(&self) -> u64 {
        (FIXED_LEN + self.head.len() + self.body.len() + END.len()) as u64
    }
}

impl FixedPart {
    /// Reads the fixed part, if it can be one. Whether it is, the head's checksum says.
    pub(super) fn parse(bytes: &[u8; FIXED_LEN]) -> Option<Self> {
        let (magic, rest) = bytes.split_at_checked(4)?;
        let &[kind, more, over, link, ref numbers @ ..] = rest else {
            return None;
        };
        let (id, numbers) = numbers.split_first_chunk::<8>()?;
        let (salt, numbers) = numbers.split_first_chunk::<8>()?;
        let mut words = numbers
            .chunks_exact(4)
            .filter_map(|word| word.try_into().ok().map(u32::from_le_bytes));
        let (head_len, body_len) = (words.next()?, words.next()?);
        let (head_crc, body_crc) = (words.next()?, words.next()?);
        let boundaries = Boundaries::parse(more, link)?;
        let id = QueueId(u64::from_le_bytes(*id));
        let stamp = Stamp {
            salt: u64::from_le_bytes(*salt),
            over: over == 1,
        };
        let kind = Kind::parse(kind)?;
        let sane = magic == MAGIC && head_len <= MAX_HEAD && body_len <= MAX_BODY;
        sane.then_some(Self {
            kind,
            boundaries,
            id,
            stamp,
            head_len,
            body_len,
            head_crc,
            body_crc,
        })
    }

    /// Whether `head` is the one that was written behind `bytes`.
    pub(super) fn head_matches(&self, bytes: &[u8; FIXED_LEN], head: &[u8]) -> bool {
        let mut crc = crc32fast::Hasher::new();
        crc.update(bytes.get(..FIXED_LEN - 8).unwrap_or_default());
        crc.update(head);
        crc.finalize() == self.head_crc
    }

    /// Whether `body` is the one that was written.
    pub(super) fn body_matches(&self, body: &[u8]) -> bool {
        crc32fast::hash(body) == self.body_crc
    }

    /// Whether that is the checksum of the body that was written.
    pub(super) fn body_is(&self, checksum: crc32fast::Hasher) -> bool {
        checksum.finalize() == self.body_crc
    }

    /// Bytes on disk.
    pub(super) fn size(&self) -> u64 {
        FIXED_LEN as u64 + u64::from(self.head_len) + u64::from(self.body_len) + END.len() as u64
    }
}
