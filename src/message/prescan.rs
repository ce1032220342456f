//! A linear look at the MIME structure before any parser sees it (DESIGN.md, "mail-auth, mail-parser": known faults).
//!
//! Parsers nest and search for boundaries; depth and number are bounded here by counting, without recursion, what could become a part.
//! It may count more than there is (text that looks like a structure), never less.

use super::section::Malformed;

/// The most parts of a message.
const MAX_PARTS: usize = 1_000;
/// The deepest nesting: multiparts and messages within one another.
const MAX_DEPTH: usize = 20;
/// The longest body line in octets.
const MAX_BODY_LINE: usize = 64 * 1024;

/// Checks the body of a message.
///
/// # Errors
/// [`Malformed`] names the bound.
pub(super) fn check(body: &[u8]) -> Result<(), Malformed> {
    let mut boundaries = 0_usize;
    let mut structures = 0_usize;
    let mut rest = body;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let (line, next) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        if line.len() > MAX_BODY_LINE {
            return Err(Malformed(format!(
                "a line of the body is longer than {MAX_BODY_LINE} octets"
            )));
        }
        match line.first() {
            Some(b'-')
                if line.starts_with(b"--") && line.len() > 4 && !line.starts_with(b"-- ") =>
            {
                boundaries += 1
            }
            Some(b'C' | b'c') if opens_structure(line) => structures += 1,
            _ => {}
        }
        rest = next;
    }
    // Every level of nesting needs a Content-Type of its own, and every part a boundary line before it.
    if structures > MAX_DEPTH && boundaries > MAX_PARTS {
        return Err(Malformed(format!("it has more than {MAX_PARTS} parts")));
    }
    if structures > MAX_PARTS {
        return Err(Malformed(format!(
            "it nests more than {MAX_DEPTH} levels deep"
        )));
    }
    depth(body)
}

/// Whether a line is a Content-Type field of a type that holds other parts.
fn opens_structure(line: &[u8]) -> bool {
    let Some(value) = strip_prefix_ignoring_case(line, b"content-type:") else {
        return false;
    };
    let value = value.trim_ascii_start();
    strip_prefix_ignoring_case(value, b"multipart/").is_some()
        || strip_prefix_ignoring_case(value, b"message/").is_some()
}

fn strip_prefix_ignoring_case<'a>(text: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (head, tail) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}

/// An upper bound of the nesting: structures opened without an end boundary (`--x--`) between them.
fn depth(body: &[u8]) -> Result<(), Malformed> {
    let mut open = 0_usize;
    for line in body.split(|octet| *octet == b'\n') {
        let line = line.trim_ascii_end();
        if opens_structure(line) {
            open += 1;
        } else if line.len() > 4 && line.starts_with(b"--") && line.ends_with(b"--") {
            open = open.saturating_sub(1);
        }
        if open > MAX_DEPTH {
            return Err(Malformed(format!(
                "it nests more than {MAX_DEPTH} levels deep"
            )));
        }
    }
    Ok(())
}
