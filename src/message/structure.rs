//! The MIME structure of a message as byte ranges, and how the head of a part is read (RFC 2045 5 and 6).

use std::ops::Range;

use super::parameters::Parameters;
use super::section::Field;

/// One part; the first is the message itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its header fields and the empty line after them.
    pub head: Range<usize>,
    /// Its content, without the line end that belongs to the delimiter after it.
    pub body: Range<usize>,
    /// Content-Type; `text/plain` if there is none that can be read.
    pub kind: Parameters,
    /// Content-Transfer-Encoding in lower case; empty if there is none.
    pub encoding: String,
    /// The part that it stands in.
    pub within: Option<usize>,
    /// What its content is made of.
    pub holds: Holds,
}

/// What the content of a part is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Octets under its Content-Transfer-Encoding.
    Content,
    /// Parts between delimiters.
    Parts,
    /// One message.
    Message,
}

/// A delimiter line of a multipart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delimiter {
    /// The boundary itself, without the dashes around it.
    pub boundary: Range<usize>,
    /// The multipart whose it is.
    pub of: usize,
}

/// All parts and delimiters, in the order in which they stand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Structure {
    /// The parts; a part stands before those within it.
    pub parts: Vec<Part>,
    /// The delimiter lines.
    pub delimiters: Vec<Delimiter>,
}

impl Structure {
    /// The parts that a part stands in, the nearest first.
    pub fn above<'s>(&'s self, part: &Part) -> impl Iterator<Item = &'s Part> {
        let of = |part: &Part| part.within.and_then(|at| self.parts.get(at));
        std::iter::successors(of(part), move |part| of(part))
    }

    /// Reads the head of a part that stands in `within`; where its content ends is not known yet (`usize::MAX`). Of a field that stands twice the
    /// first that can be read counts.
    pub(super) fn read(&self, raw: &[u8], head: Range<usize>, within: Option<usize>) -> Part {
        let mut kind = None;
        let mut encoding = String::new();
        for field in fields(raw.get(head.clone()).unwrap_or_default()) {
            if field.name.eq_ignore_ascii_case(b"content-type") && kind.is_none() {
                kind =
                    Some(Parameters::parse(field.value)).filter(|kind| kind.essence.contains('/'));
            } else if field
                .name
                .eq_ignore_ascii_case(b"content-transfer-encoding")
                && encoding.is_empty()
            {
                encoding = Parameters::parse(field.value).essence;
            }
        }
        // What has no Content-Type is a message there (RFC 2046 5.1.5).
        let in_digest = within
            .and_then(|at| self.parts.get(at))
            .is_some_and(|parent| parent.kind.essence == "multipart/digest");
        let kind = kind.unwrap_or_else(|| Parameters {
            essence: if in_digest {
                "message/rfc822"
            } else {
                "text/plain"
            }
            .to_owned(),
            list: Vec::new(),
        });
        // Under an encoding its octets are no message yet (RFC 2046 5.2.1 forbids that, and programs write it).
        let identity = matches!(encoding.as_str(), "" | "7bit" | "8bit" | "binary");
        let holds = if kind.essence.starts_with("multipart/")
            && kind.get("boundary").is_some_and(|b| !b.is_empty())
        {
            Holds::Parts
        } else if matches!(
            kind.essence.as_str(),
            "message/rfc822" | "message/global" | "message/news"
        ) && identity
        {
            Holds::Message
        } else {
            Holds::Content
        };
        Part {
            body: head.end..usize::MAX,
            head,
            kind,
            encoding,
            within,
            holds,
        }
    }
}

/// The fields of a part's head. A line that is no field ends the section for us, as it does for most mail programs. Read leniently, unlike the
/// message's own section: nothing of a part says who the sender is.
pub fn fields(head: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut rest = head;
    std::iter::from_fn(move || {
        let mut end = 0;
        while let Some(line) = rest.get(end..).filter(|line| !line.is_empty()) {
            if end > 0 && !matches!(line.first(), Some(b' ' | b'\t')) {
                break;
            }
            end += memchr::memchr(b'\n', line).map_or(line.len(), |at| at + 1);
        }
        let (whole, next) = rest.split_at_checked(end)?;
        rest = next;
        let colon = memchr::memchr(b':', whole)?;
        let value = whole.get(colon + 1..)?;
        Some(Field {
            name: whole.get(..colon)?.trim_ascii(),
            value: value.strip_suffix(b"\r\n").unwrap_or(value),
            whole,
        })
    })
}

/// Whether a line of a part's head is a field (RFC 5322 2.2), with the white space before the colon that old programs write.
pub(super) fn is_field(line: &[u8]) -> bool {
    memchr::memchr(b':', line)
        .and_then(|colon| line.get(..colon))
        .is_some_and(|name| {
            !name.trim_ascii().is_empty() && name.trim_ascii_end().iter().all(u8::is_ascii_graphic)
        })
}
