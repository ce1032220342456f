//! The message after DATA (RFC 5321 4.1.1.4, 4.5.2): ends at `CRLF . CRLF` and nowhere else, dots unstuffed, line ends strict.
//!
//! The first CRLF may be that of the DATA line itself, so `.CRLF` right away is an empty message. A bare CR, a bare LF or a NUL is remembered and
//! refused at the end (550 5.6.11): reading on to the real end keeps client and server in step. What is too large is read on without being kept.
//!
//! Octets are read into the message itself and stay where they came, as long as no dot has to go.

use bytes::{Bytes, BytesMut};

/// Beyond the limit, so many octets more are read in the hope of an end; then the connection is closed.
const MAX_DISCARDED: usize = 256 * 1024 * 1024;

/// Room that is made for octets to come, at least and at most: between these a message grows by three times its own size, for each growth may
/// copy it. What is not used costs no memory.
const ROOM: (usize, usize) = (16 * 1024, 2 * 1024 * 1024);
/// The most room that is made for an announced size, for anybody may announce.
const MAX_ANNOUNCED: usize = 4 * 1024 * 1024;
/// Octets that are looked at together.
pub(super) const BLOCK: usize = 256;

/// Why a message is not taken. It is told after its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// A bare CR, a bare LF or NUL.
    #[error("the message holds a bare CR, a bare LF or NUL")]
    BareLineEnd,
    /// Larger than allowed.
    #[error("the message is too large")]
    TooLarge,
    /// So large that its end is not waited for.
    #[error("the message does not end")]
    Endless,
}

/// How far a message has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataStatus {
    /// More octets are wanted.
    More,
    /// It ended.
    Done(Result<Bytes, DataError>),
}

/// What the last octets were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the beginning of a line.
    LineStart,
    /// Within a line.
    Line,
    /// A CR, LF should follow.
    Cr,
    /// A dot at the beginning of a line.
    Dot,
    /// A dot and a CR at the beginning of a line.
    DotCr,
}

/// Reads one message, in pieces of any size.
#[derive(Debug)]
pub struct DataReader {
    state: State,
    /// The message so far, with what was read and not looked at yet behind it.
    message: BytesMut,
    /// How much of it is message.
    kept: usize,
    limit: usize,
    discarded: usize,
    error: Option<DataError>,
}

impl DataReader {
    /// A reader for a message of at most `limit` octets.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            state: State::LineStart,
            message: BytesMut::new(),
            kept: 0,
            limit,
            discarded: 0,
            error: None,
        }
    }

    /// Makes room at once for a message of the size that its client announced (RFC 1870), in octets; what is not used costs no memory.
    pub fn announce(&mut self, size: u64) {
        let size = usize::try_from(size).map_or(self.limit, |size| size.min(self.limit));
        self.message.reserve(size.min(MAX_ANNOUNCED) + ROOM.0);
    }

    /// Octets kept so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept
    }

    /// Whether nothing was kept so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept == 0
    }

    /// Reads on to the end without keeping anything; the message is then [`DataError::TooLarge`]. Where in a line the
    /// reader stands is not forgotten: the end must be found where the client put it.
    pub fn discard(&mut self) {
        self.error.get_or_insert(DataError::TooLarge);
        self.message = BytesMut::new();
        self.kept = 0;
    }

    /// Where octets from the client may be put, behind those that are there; [`Self::read`] looks at them.
    pub fn room(&mut self) -> &mut BytesMut {
        let (least, most) = ROOM;
        if self.message.capacity() - self.message.len() < least {
            self.message
                .reserve(self.message.len().saturating_mul(3).clamp(least, most));
        }
        &mut self.message
    }

    /// Looks at what was put into the room, or else into `input`, whose octets are all taken. What stands behind the end of the message is
    /// in `input` then.
    pub fn read(&mut self, input: &mut BytesMut) -> DataStatus {
        self.message.extend_from_slice(input);
        input.clear();
        let (mut from, before) = (self.kept, self.kept);
        let ended = self.scan(&mut from);
        if ended {
            input.extend_from_slice(self.message.get(from..).unwrap_or_default());
        }
        self.message.truncate(self.kept);
        self.account(from - before);
        if ended {
            let message = std::mem::take(&mut self.message).freeze();
            return DataStatus::Done(self.error.map_or(Ok(message), Err));
        }
        if self.discarded > MAX_DISCARDED {
            return DataStatus::Done(Err(DataError::Endless));
        }
        DataStatus::More
    }

    /// Looks at the octets from `from` on, and moves those of the message to its end. True if the message has ended; `from` is what stands
    /// behind it then.
    fn scan(&mut self, from: &mut usize) -> bool {
        while let Some(rest) = self.message.get(*from..).filter(|rest| !rest.is_empty()) {
            let plain = match self.state {
                State::LineStart => plain(rest, true),
                State::Line => plain(rest, false),
                State::Cr | State::Dot | State::DotCr => 0,
            };
            if plain > 0 {
                self.keep(*from, plain);
                *from += plain;
                continue;
            }
            let Some(octet) = rest.first().copied() else {
                break;
            };
            let ended = self.step(octet, *from);
            *from += 1;
            if ended {
                return true;
            }
        }
        false
    }

    /// Takes one octet; true at the end of the message.
    fn step(&mut self, octet: u8, at: usize) -> bool {
        match (self.state, octet) {
            (State::DotCr, b'\n') => return true,
            (State::LineStart, b'.') => self.state = State::Dot,
            (State::Dot, b'\r') => self.state = State::DotCr,
            (State::LineStart | State::Line, b'\r') | (State::Cr, b'\n') => self.keep(at, 1),
            (State::Cr | State::DotCr, _)
            | (State::LineStart | State::Line | State::Dot, b'\n' | 0) => {
                // Also of a message that is too large already: what is told must not depend on how the octets came.
                self.error = Some(DataError::BareLineEnd);
                // A second CR may belong to a line end.
                self.state = if octet == b'\r' {
                    State::Cr
                } else {
                    State::Line
                };
            }
            (State::LineStart | State::Line | State::Dot, _) => self.keep(at, 1),
        }
        false
    }

    /// Moves octets to the end of the message; the last of them tells where the reader stands.
    fn keep(&mut self, from: usize, length: usize) {
        if from > self.kept {
            self.message.copy_within(from..from + length, self.kept);
        }
        self.kept += length;
        self.state = match self.message.get(self.kept - 1) {
            Some(b'\r') => State::Cr,
            Some(b'\n') => State::LineStart,
            _ => State::Line,
        };
    }

    /// Forgets what is not taken, and counts it.
    fn account(&mut self, octets: usize) {
        if self.kept > self.limit {
            self.error.get_or_insert(DataError::TooLarge);
        }
        if self.error.is_some() {
            self.discarded += octets;
            self.message.clear();
            self.kept = 0;
        }
    }
}

/// How many octets at the front are of the message and need no further look: the hot path. They begin a line, or stand within one.
fn plain(octets: &[u8], begins_line: bool) -> usize {
    if matches!(octets.first(), Some(b'\n' | 0)) || (begins_line && octets.first() == Some(&b'.')) {
        return 0;
    }
    let mut at = 0;
    while let Some(block) = octets.get(at..octets.len().min(at + BLOCK + 1))
        && block.len() > 1
        && !stops(block)
    {
        at += block.len() - 1;
    }
    loop {
        let rest = octets.get(at..).unwrap_or_default();
        let Some(end) = memchr::memchr3(b'\r', b'\n', 0, rest) else {
            return octets.len();
        };
        // A whole CRLF with an ordinary line behind it needs no stop.
        match (rest.get(end..end + 2), rest.get(end + 2)) {
            (Some(b"\r\n"), Some(next)) if *next != b'.' => at += end + 2,
            _ => return at + end,
        }
    }
}

/// Whether a bare CR, a bare LF, NUL, or a dot at the beginning of a line stands in a block behind its first octet. Without a branch for each.
pub(super) fn stops(block: &[u8]) -> bool {
    let next = block.get(1..).unwrap_or_default();
    let pairs = block.iter().zip(next);
    pairs.fold(false, |stop, (one, next)| {
        stop | ((*one == b'\r') != (*next == b'\n'))
            | (*next == 0)
            | ((*one == b'\n') & (*next == b'.'))
    })
}
