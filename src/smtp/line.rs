//! Command lines out of a stream of octets: CRLF ends a line and nothing else does (RFC 5321 2.3.8).
//!
//! A bare CR or LF or a NUL is an error, for another server may see a line end there (smuggling). A line that is too long is thrown away as it
//! comes; memory stays bounded.

/// The longest command line in octets, CRLF included: RFC 5321 4.5.3.1.4 says 512, and extensions of MAIL and RCPT may add to it.
const MAX_LINE: usize = 2_048;
/// A line of more octets than this is no mistake any more.
const MAX_SKIPPED: usize = 1_024 * 1_024;

/// Why a line was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Longer than any command; it was thrown away up to its end.
    #[error("the line is too long")]
    TooLong,
    /// So long that the connection is closed.
    #[error("the line does not end")]
    Endless,
    /// A CR without LF, an LF without CR, or NUL.
    #[error("the line holds a bare CR, a bare LF or NUL")]
    BareLineEnd,
}

/// Splits lines off a buffer that somebody else fills.
#[derive(Debug, Default)]
pub struct LineReader {
    skipped: usize,
}

impl LineReader {
    /// Takes the first line off `buffer`, without its CRLF; none until more octets come.
    ///
    /// # Errors
    /// [`LineError`]; after `TooLong` reading goes on with the next line.
    pub fn next_line(
        &mut self,
        buffer: &mut bytes::BytesMut,
    ) -> Result<Option<bytes::Bytes>, LineError> {
        let Some(end) = memchr::memchr(b'\n', buffer) else {
            if buffer.len() > MAX_LINE {
                self.skipped += buffer.len() - 1;
                // The last octet may be the CR of the line end.
                let keep = buffer.len() - 1;
                drop(buffer.split_to(keep));
            }
            return if self.skipped > MAX_SKIPPED {
                Err(LineError::Endless)
            } else {
                Ok(None)
            };
        };
        let line = buffer.split_to(end + 1).freeze();
        if std::mem::take(&mut self.skipped) > 0 || line.len() > MAX_LINE {
            return Err(LineError::TooLong);
        }
        let text = line.strip_suffix(b"\r\n").ok_or(LineError::BareLineEnd)?;
        if memchr::memchr2(b'\r', 0, text).is_some() {
            return Err(LineError::BareLineEnd);
        }
        Ok(Some(line.slice(..text.len())))
    }
}
