//! Reads the replies of a remote server, who may send anything (RFC 5321 4.2).
//!
//! Bounded: lines of 2,048 octets, 100 lines, 64 KiB in all. A code that changes inside of a multi-line reply is an error. Control
//! characters never get through: [`Reply`] replaces them.

use crate::mail::{EnhancedStatus, Reply, ReplyCode};

const MAX_LINE: usize = 2_048;
const MAX_LINES: usize = 100;

/// What a peer sent is no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// A line or the whole is longer than any honest reply.
    #[error("the reply is too long")]
    TooLong,
    /// No code, or one that changes from line to line.
    #[error("the reply makes no sense")]
    Nonsense,
}

/// Gathers octets until they make replies.
#[derive(Debug, Default)]
pub struct ReplyReader {
    buffer: Vec<u8>,
    lines: Vec<String>,
    code: Option<u16>,
}

impl ReplyReader {
    /// Takes octets as they come.
    pub fn feed(&mut self, octets: &[u8]) {
        self.buffer.extend_from_slice(octets);
    }

    /// The next whole reply; none until more octets come.
    ///
    /// # Errors
    /// [`ReplyError`]; the connection is of no use any more.
    pub fn next_reply(&mut self) -> Result<Option<Reply>, ReplyError> {
        while let Some(end) = memchr::memchr(b'\n', &self.buffer) {
            let line: Vec<u8> = self.buffer.drain(..=end).collect();
            if line.len() > MAX_LINE {
                return Err(ReplyError::TooLong);
            }
            if let Some(reply) = self.line(line.trim_ascii_end())? {
                return Ok(Some(reply));
            }
        }
        if self.buffer.len() > MAX_LINE {
            Err(ReplyError::TooLong)
        } else {
            Ok(None)
        }
    }

    /// Octets that came beyond the replies taken so far. After STARTTLS there must be none (RFC 3207 6).
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.buffer.is_empty() && self.lines.is_empty()
    }

    fn line(&mut self, line: &[u8]) -> Result<Option<Reply>, ReplyError> {
        let text = String::from_utf8_lossy(line);
        let (code, rest) = text.split_at_checked(3).ok_or(ReplyError::Nonsense)?;
        let code: u16 = code.parse().map_err(|_| ReplyError::Nonsense)?;
        // 3xx is a reply, too: ReplyCode takes 200 to 559.
        if ReplyCode::new(code).is_none() || self.code.is_some_and(|before| before != code) {
            return Err(ReplyError::Nonsense);
        }
        self.code = Some(code);
        let (last, rest) = match rest.as_bytes().first() {
            None => (true, ""),
            Some(b' ') => (true, rest.get(1..).unwrap_or_default()),
            Some(b'-') => (false, rest.get(1..).unwrap_or_default()),
            Some(_) => return Err(ReplyError::Nonsense),
        };
        if self.lines.len() >= MAX_LINES {
            return Err(ReplyError::TooLong);
        }
        self.lines.push(rest.to_owned());
        if !last {
            return Ok(None);
        }
        self.code = None;
        Ok(Some(assemble(code, std::mem::take(&mut self.lines))))
    }
}

/// Takes the enhanced status off the lines, where all of them have it or the last one (RFC 2034).
fn assemble(code: u16, lines: Vec<String>) -> Reply {
    let split = |line: &str| {
        let (status, rest) = line.split_once(' ').unwrap_or((line, ""));
        status
            .parse::<EnhancedStatus>()
            .ok()
            .filter(|status| u16::from(status.class()) == code / 100)
            .map(|status| (status, rest.to_owned()))
    };
    let status = lines
        .last()
        .and_then(|line| split(line))
        .map(|(status, _)| status);
    let texts: Vec<String> = lines
        .iter()
        .map(|line| split(line).map_or_else(|| line.clone(), |(_, rest)| rest))
        .collect();
    Reply::multi(code, status, texts.iter().map(String::as_str))
}
