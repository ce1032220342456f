//! The header section as byte ranges (RFC 5322 2.2), strictly: what could be read in two ways is an error.
//!
//! A field name is printable ASCII with the colon directly after it; a line that is neither a field nor a continuation is an error,
//! and so is a continuation before the first field. Limits: 256 KiB, 1,000 fields, 16 KiB a line (docs/threats.md#103).

use std::ops::Range;

/// The longest header section in octets.
pub(super) const MAX_SECTION: usize = 256 * 1024;
/// The most fields.
const MAX_FIELDS: usize = 1_000;
/// The longest header line in octets, without its line end.
pub(super) const MAX_LINE: usize = 16 * 1024;

/// The message cannot be read in one way, or is out of bounds. The text says what and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub(super) String);

impl Malformed {
    pub(super) fn line(number: usize, what: &str) -> Self {
        Self(format!("header line {number} {what}"))
    }
}

/// One header field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name as written, without the colon.
    pub name: &'a [u8],
    /// Everything after the colon, folds included, without the last line end.
    pub value: &'a [u8],
    /// The whole field with its last line end.
    pub whole: &'a [u8],
}

/// The places of all fields, as ranges: the octets stay where they are, and what leaves unchanged leaves as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderSection {
    fields: Vec<FieldSpan>,
    body: usize,
}

/// Where one field stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FieldSpan {
    whole: Range<usize>,
    /// Where its name ends.
    colon: usize,
}

impl HeaderSection {
    /// Splits the header section of `raw`, whose lines end in CRLF.
    ///
    /// # Errors
    /// [`Malformed`] names the first line at fault.
    pub fn parse(raw: &[u8]) -> Result<Self, Malformed> {
        let mut fields: Vec<FieldSpan> = Vec::with_capacity(32);
        let mut at = 0;
        for number in 1.. {
            let rest = raw.get(at..).unwrap_or_default();
            let end = memchr::memmem::find(rest, b"\r\n").unwrap_or(rest.len());
            let line = rest.get(..end).unwrap_or_default();
            let next = (at + end + 2).min(raw.len());
            if line.is_empty() {
                return Ok(Self { fields, body: next });
            }
            check_line(line, number)?;
            if next > MAX_SECTION {
                return Err(Malformed(format!(
                    "the header section is longer than {MAX_SECTION} octets"
                )));
            }
            match (is_space(line.first()), fields.last_mut()) {
                (true, Some(field)) => field.whole.end = next,
                (true, None) => {
                    return Err(Malformed::line(
                        number,
                        "begins with white space, before any field",
                    ));
                }
                (false, _) => {
                    // What a mailbox file puts before each message (RFC 4155).
                    if number == 1 && line.starts_with(b"From ") {
                        let what =
                            "is the \"From \" line of an mbox file: send the message without it";
                        return Err(Malformed::line(number, what));
                    }
                    let name = field_name(line).ok_or_else(|| {
                        Malformed::line(
                            number,
                            "is no header field: it has no name with a colon after it",
                        )
                    })?;
                    fields.push(FieldSpan {
                        whole: at..next,
                        colon: at + name,
                    });
                }
            }
            if fields.len() > MAX_FIELDS {
                return Err(Malformed(format!(
                    "there are more than {MAX_FIELDS} header fields"
                )));
            }
            at = next;
        }
        Err(Malformed("the header section has no end".to_owned()))
    }

    /// How many fields there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.fields.len()
    }

    /// Where the body begins.
    #[must_use]
    pub fn body(&self) -> usize {
        self.body
    }

    /// The fields, cut from the bytes that were parsed.
    pub fn fields<'a>(&'a self, raw: &'a [u8]) -> impl Iterator<Item = Field<'a>> {
        self.fields.iter().map(move |place| {
            let whole = raw.get(place.whole.clone()).unwrap_or_default();
            let value = raw
                .get(place.colon + 1..place.whole.end)
                .unwrap_or_default();
            Field {
                name: raw.get(place.whole.start..place.colon).unwrap_or_default(),
                value: value.strip_suffix(b"\r\n").unwrap_or(value),
                whole,
            }
        })
    }
}

fn is_space(octet: Option<&u8>) -> bool {
    matches!(octet, Some(b' ' | b'\t'))
}

/// Holds a line to its length, and to octets that no two readers take for different line ends (docs/threats.md#15). Octets over 127 pass: honest
/// programs write them into subjects and names.
fn check_line(line: &[u8], number: usize) -> Result<(), Malformed> {
    if line.len() > MAX_LINE {
        return Err(Malformed::line(number, "is too long"));
    }
    if memchr::memchr3(b'\r', b'\n', 0, line).is_some() {
        return Err(Malformed::line(number, "holds a bare CR, a bare LF or NUL"));
    }
    Ok(())
}

/// Where the colon stands, if what is before it is a field name. White space before the colon (`From : x`) is refused: some read that as
/// From, others do not (docs/threats.md#68).
fn field_name(line: &[u8]) -> Option<usize> {
    let colon = memchr::memchr(b':', line)?;
    let name = line.get(..colon)?;
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(colon)
}
