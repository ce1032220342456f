//! The MIME structure as byte ranges (RFC 2046 5.1): one pass with a stack, no recursion, bounded in depth and number.
//!
//! Other parsers overflow their stack on deep nesting or search for absent boundaries in quadratic time (DESIGN.md, "Choices"), so
//! none of them sees a message that did not pass here.

use std::ops::Range;

use super::parameters::Parameters;
use super::section::{Field, MAX_SECTION, Malformed};
use super::transfer::has_line_over;

/// The most parts of a message.
const MAX_PARTS: usize = 1_000;
/// The deepest nesting: multiparts and messages within one another.
const MAX_DEPTH: usize = 20;
/// The longest body line in octets.
const MAX_BODY_LINE: usize = 64 * 1024;

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

/// A multipart whose delimiters are looked for, or a message within the message.
struct Open {
    part: usize,
    boundary: Option<Vec<u8>>,
}

struct Walk<'a> {
    raw: &'a [u8],
    found: Structure,
    open: Vec<Open>,
    /// Where the header section of the part begins that is being read.
    head: Option<usize>,
    /// The part that content lines belong to.
    current: Option<usize>,
}

/// Walks the whole message, whose header section ends at `body`.
///
/// # Errors
/// [`Malformed`] names the bound.
pub(super) fn walk(raw: &[u8], body: usize) -> Result<Structure, Malformed> {
    let mut walk = Walk {
        raw,
        found: Structure::default(),
        open: Vec::new(),
        head: None,
        current: None,
    };
    walk.begin(0..body)?;
    let mut at = body;
    while at < raw.len() {
        let rest = raw.get(at..).unwrap_or_default();
        let (next, one) = match walk.idle(rest) {
            0 => {
                let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
                (at + end, true)
            }
            passed => (at + passed, false),
        };
        if has_line_over(raw.get(at..next).unwrap_or_default(), MAX_BODY_LINE) {
            return Err(Malformed(format!(
                "a line of the body is longer than {MAX_BODY_LINE} octets"
            )));
        }
        if one {
            walk.line(at..next)?;
        }
        at = next;
    }
    walk.finish_head(raw.len())?;
    for part in &mut walk.found.parts {
        if part.body.end == usize::MAX {
            part.body.end = raw.len();
        }
    }
    Ok(walk.found)
}

/// The fields of a part's head. A line that is no field ends the section for us, as it does for most mail programs.
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

impl Walk<'_> {
    /// How many octets of whole lines at the front of `rest` mean nothing: outside of a head only a delimiter does.
    fn idle(&self, rest: &[u8]) -> usize {
        if self.head.is_some() || rest.starts_with(b"--") {
            return 0;
        }
        if self.open.iter().all(|open| open.boundary.is_none()) {
            return rest.len();
        }
        memchr::memmem::find(rest, b"\n--").map_or(rest.len(), |end| end + 1)
    }

    fn line(&mut self, place: Range<usize>) -> Result<(), Malformed> {
        let line = self.raw.get(place.clone()).unwrap_or_default();
        if line.starts_with(b"--")
            && let Some((level, last)) = self.delimiter(line.trim_ascii_end())
        {
            return self.delimit(place, level, last);
        }
        let Some(start) = self.head else {
            return Ok(());
        };
        // A line of white space continues the field before it (RFC 5322 2.2.3); only an empty one ends the section.
        if matches!(line, b"\r\n" | b"\n") {
            self.begin(start..place.end)
        } else if !matches!(line.first(), Some(b' ' | b'\t')) && !is_field(line.trim_ascii_end()) {
            self.begin(start..place.start)?;
            // The head has ended without an empty line: this line may be the first delimiter of what has begun.
            match self.delimiter(line.trim_ascii_end()) {
                Some((level, last)) => self.delimit(place, level, last),
                None => Ok(()),
            }
        } else {
            Ok(())
        }
    }

    /// Which open multipart a line delimits, and whether it is its last delimiter.
    fn delimiter(&self, line: &[u8]) -> Option<(usize, bool)> {
        let rest = line.strip_prefix(b"--")?;
        let found = |(level, open): (usize, &Open)| {
            let boundary = open.boundary.as_deref()?;
            match rest.strip_prefix(boundary)? {
                b"" => Some((level, false)),
                b"--" => Some((level, true)),
                _ => None,
            }
        };
        self.open.iter().enumerate().rev().find_map(found)
    }

    fn delimit(&mut self, place: Range<usize>, level: usize, last: bool) -> Result<(), Malformed> {
        self.finish_head(place.start)?;
        let line_end = place.start.saturating_sub(2);
        for open in self.open.drain(level + 1..).collect::<Vec<_>>() {
            self.end(open.part, line_end);
        }
        if let Some(current) = self.current.take()
            && self
                .open
                .get(level)
                .is_some_and(|open| open.part != current)
        {
            self.end(current, line_end);
        }
        let Some(open) = self.open.get_mut(level) else {
            return Ok(());
        };
        let length = open.boundary.as_ref().map_or(0, Vec::len);
        self.found.delimiters.push(Delimiter {
            boundary: place.start + 2..place.start + 2 + length,
            of: open.part,
        });
        if last {
            open.boundary = None;
        } else {
            self.head = Some(place.end);
        }
        Ok(())
    }

    fn end(&mut self, part: usize, at: usize) {
        if let Some(part) = self.found.parts.get_mut(part)
            && part.body.end == usize::MAX
        {
            part.body.end = at.max(part.body.start);
        }
    }

    /// A head that was being read when its part ended, or the message.
    fn finish_head(&mut self, at: usize) -> Result<(), Malformed> {
        // A message within a message may be cut off before it has begun: then there is one more, empty part.
        while let Some(start) = self.head {
            self.begin(start..at.max(start))?;
        }
        Ok(())
    }

    /// A head is complete: its part begins.
    fn begin(&mut self, head: Range<usize>) -> Result<(), Malformed> {
        self.head = None;
        let index = self.found.parts.len();
        if index >= MAX_PARTS {
            return Err(Malformed(format!("it has more than {MAX_PARTS} parts")));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(Malformed(format!(
                "it nests more than {MAX_DEPTH} levels deep"
            )));
        }
        // The message's own section was held to it before.
        if head.len() > MAX_SECTION {
            return Err(Malformed(format!(
                "the header section of a part is longer than {MAX_SECTION} octets"
            )));
        }
        let within = self.open.last().map(|open| open.part);
        let mut part = self.read(head.clone(), within);
        let empty = head.end >= self.raw.len();
        match part.holds {
            Holds::Parts => self.open.push(Open {
                part: index,
                boundary: part
                    .kind
                    .get("boundary")
                    .map(|text| text.as_bytes().to_vec()),
            }),
            Holds::Message if !empty => {
                self.open.push(Open {
                    part: index,
                    boundary: None,
                });
                self.head = Some(head.end);
            }
            Holds::Message => part.holds = Holds::Content,
            Holds::Content => {}
        }
        self.current = Some(index);
        self.found.parts.push(part);
        Ok(())
    }

    fn read(&self, head: Range<usize>, within: Option<usize>) -> Part {
        let mut kind = None;
        let mut encoding = String::new();
        for field in fields(self.raw.get(head.clone()).unwrap_or_default()) {
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
        let in_digest = within
            .and_then(|at| self.found.parts.get(at))
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

/// Whether a line of a part's head is a field (RFC 5322 2.2), with the white space before the colon that old programs write.
fn is_field(line: &[u8]) -> bool {
    memchr::memchr(b':', line)
        .and_then(|colon| line.get(..colon))
        .is_some_and(|name| {
            !name.trim_ascii().is_empty() && name.trim_ascii_end().iter().all(u8::is_ascii_graphic)
        })
}
