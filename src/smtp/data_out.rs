//! A message for the wire after 354: dot-stuffed, ended (RFC 5321 4.5.2).
//!
//! The body is not copied: the result is slices to be written in order. Bare CR or LF is refused, since what we send must not end
//! anybody's data early (hostile-inputs 16).

/// A line end that is not CRLF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message holds a bare CR or LF")]
pub struct BareLineEnd;

/// The slices of `body`, with a dot before each line that begins with one, and the end of data behind.
///
/// # Errors
/// [`BareLineEnd`]; nothing of the message must be sent then.
pub fn stuff(body: &[u8]) -> Result<Vec<&[u8]>, BareLineEnd> {
    let mut slices: Vec<&[u8]> = Vec::with_capacity(4);
    let mut from = 0;
    if body.first() == Some(&b'.') {
        slices.push(b".");
    }
    let mut crs = 0;
    for at in memchr::memchr_iter(b'\n', body) {
        if at == 0 || body.get(at - 1) != Some(&b'\r') {
            return Err(BareLineEnd);
        }
        crs += 1;
        if body.get(at + 1) == Some(&b'.') {
            slices.push(body.get(from..=at).unwrap_or_default());
            slices.push(b".");
            from = at + 1;
        }
    }
    if memchr::memchr_iter(b'\r', body).count() != crs {
        return Err(BareLineEnd);
    }
    slices.push(body.get(from..).unwrap_or_default());
    slices.push(if body.is_empty() || body.ends_with(b"\r\n") {
        b".\r\n"
    } else {
        b"\r\n.\r\n"
    });
    Ok(slices)
}
