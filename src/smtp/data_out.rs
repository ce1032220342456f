//! A message for the wire after 354: dot-stuffed, ended (RFC 5321 4.5.2).
//!
//! The body is not copied: the result is slices to be written in order. Bare CR or LF is refused, since what we send must not end
//! anybody's data early (docs/threats.md#16).

use super::data_in::{BLOCK, stops};

/// A line end that is not CRLF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message holds a bare CR or LF")]
pub struct BareLineEnd;

/// The slices of `body`, with a dot before each line that begins with one, and the end of data behind.
///
/// # Errors
/// [`BareLineEnd`]; nothing of the message must be sent then.
pub fn stuff(body: &[u8]) -> Result<Vec<&[u8]>, BareLineEnd> {
    let mut slices = stuff_part(body, true)?;
    slices.push(end_of_data(body.is_empty() || body.ends_with(b"\r\n")));
    Ok(slices)
}

/// The end of data behind a message, which stands at the `start` of a line or not.
#[must_use]
pub const fn end_of_data(start: bool) -> &'static [u8] {
    if start { b".\r\n" } else { b"\r\n.\r\n" }
}

/// The slices of a part of a body, which begins at the `start` of a line or not, and does not cut a line end in two.
///
/// # Errors
/// [`BareLineEnd`]; nothing of the part must be sent then.
pub fn stuff_part(body: &[u8], start: bool) -> Result<Vec<&[u8]>, BareLineEnd> {
    let mut slices: Vec<&[u8]> = Vec::with_capacity(4);
    let mut from = 0;
    if start && body.first() == Some(&b'.') {
        slices.push(b".");
    }
    if body.first() == Some(&b'\n') || body.last() == Some(&b'\r') {
        return Err(BareLineEnd);
    }
    let mut at = 0;
    // Every octet with the next one; blocks overlap by one. Most have nothing of interest, which one look tells.
    while let Some(block) = body.get(at..body.len().min(at + BLOCK + 1))
        && block.len() > 1
    {
        let looked_at = if stops(block) { block } else { &[] };
        for (pair, place) in looked_at.windows(2).zip(at..) {
            match pair {
                [b'\r', b'\n'] => {}
                [b'\r', _] | [_, b'\n'] => return Err(BareLineEnd),
                [b'\n', b'.'] => {
                    slices.push(body.get(from..=place).unwrap_or_default());
                    slices.push(b".");
                    from = place + 1;
                }
                _ => {}
            }
        }
        at += block.len() - 1;
    }
    slices.push(body.get(from..).unwrap_or_default());
    Ok(slices)
}
