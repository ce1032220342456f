//! The message after DATA (RFC 5321 4.1.1.4, 4.5.2): ends at `CRLF . CRLF` and nowhere else, dots unstuffed, line ends strict.
//!
//! The first CRLF may be that of the DATA line itself, so `.CRLF` right away is an empty message. A bare CR, a bare LF or a NUL is remembered and
//! refused at the end (550 5.6.11): reading on to the real end keeps client and server in step. What is too large is read on without being kept.

use bytes::{Bytes, BytesMut};

/// Beyond the limit, so many octets more are read in the hope of an end; then the connection is closed.
const MAX_DISCARDED: usize = 256 * 1024 * 1024;

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
    message: BytesMut,
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
            message: BytesMut::with_capacity(16 * 1024),
            limit,
            discarded: 0,
            error: None,
        }
    }

    /// Octets kept so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.message.len()
    }

    /// Whether nothing was kept so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.message.is_empty()
    }

    /// Reads on to the end without keeping anything; the message is then [`DataError::TooLarge`]. Where in a line the
    /// reader stands is not forgotten: the end must be found where the client put it.
    pub fn discard(&mut self) {
        self.error.get_or_insert(DataError::TooLarge);
        self.message = BytesMut::new();
    }

    /// Takes octets off `input`; what stands behind the end of the message stays in it.
    pub fn read(&mut self, input: &mut BytesMut) -> DataStatus {
        while !input.is_empty() {
            if self.state == State::Line || self.state == State::LineStart {
                self.take_plain(input);
            }
            let Some(octet) = input.first().copied() else {
                break;
            };
            drop(input.split_to(1));
            if self.step(octet) {
                let message = std::mem::take(&mut self.message).freeze();
                return DataStatus::Done(self.error.map_or(Ok(message), Err));
            }
        }
        if self.discarded > MAX_DISCARDED {
            DataStatus::Done(Err(DataError::Endless))
        } else {
            DataStatus::More
        }
    }

    /// Takes everything up to the next octet that may mean something: the hot path.
    fn take_plain(&mut self, input: &mut BytesMut) {
        if self.state == State::LineStart && input.first() == Some(&b'.') {
            return;
        }
        let mut from = 0;
        loop {
            let rest = input.get(from..).unwrap_or_default();
            let Some(at) = memchr::memchr3(b'\r', b'\n', 0, rest) else {
                from = input.len();
                self.state = if from == 0 { self.state } else { State::Line };
                break;
            };
            // A whole CRLF with an ordinary line behind it needs no stop.
            let (line_end, next) = (rest.get(at..at + 2), rest.get(at + 2));
            match (line_end, next) {
                (Some(b"\r\n"), Some(next)) if *next != b'.' => from += at + 2,
                _ => {
                    from += at;
                    self.state = if at == 0 && (from == 0 || self.state == State::LineStart) {
                        self.state
                    } else {
                        State::Line
                    };
                    break;
                }
            }
        }
        let plain = input.split_to(from);
        self.keep(&plain);
    }

    /// Takes one octet; true at the end of the message.
    fn step(&mut self, octet: u8) -> bool {
        self.state = match (self.state, octet) {
            (State::DotCr, b'\n') => return true,
            (State::LineStart, b'.') => State::Dot,
            (State::Dot, b'\r') => State::DotCr,
            (State::Cr, b'\n') => {
                self.keep(b"\r\n");
                State::LineStart
            }
            (State::Cr | State::DotCr, _) => {
                self.error.get_or_insert(DataError::BareLineEnd);
                if octet == b'\r' {
                    State::Cr
                } else {
                    State::Line
                }
            }
            (State::LineStart | State::Line, b'\r') => State::Cr,
            (State::LineStart | State::Line | State::Dot, b'\n' | 0) => {
                self.error.get_or_insert(DataError::BareLineEnd);
                State::Line
            }
            (State::LineStart | State::Line | State::Dot, _) => {
                self.keep(&[octet]);
                State::Line
            }
        };
        false
    }

    fn keep(&mut self, octets: &[u8]) {
        if self.message.len() + octets.len() > self.limit {
            self.error.get_or_insert(DataError::TooLarge);
        }
        if self.error.is_some() {
            self.discarded += octets.len();
            self.message.clear();
        } else {
            self.message.extend_from_slice(octets);
        }
    }
}
