//! One pass over a message that finds its MIME structure (RFC 2046 5.1): a stack, no recursion, bounded in depth and number.
//!
//! Other parsers overflow their stack on deep nesting or search for absent boundaries in quadratic time (docs/architecture.md#a-strict-reader-of-headers), so
//! none of them sees a message that did not pass here.

use std::ops::Range;

use super::effort::{Effort, Task};
use super::section::{MAX_SECTION, Malformed};
use super::structure::{Delimiter, Holds, Structure, is_field};
use super::transfer::has_line_over;

/// The most parts of a message. A letter has ten, a digest of a list a hundred (docs/threats.md#102).
const MAX_PARTS: usize = 1_000;
/// The deepest nesting: multiparts and messages within one another. Parsers that come later recurse this deep.
const MAX_DEPTH: usize = 20;
/// The longest body line in octets, its line end among them. Programs write whole pages as one line, so far more than RFC 5322 2.1.1 allows is
/// taken (docs/threats.md#25).
const MAX_BODY_LINE: usize = 64 * 1024;

/// A multipart whose delimiters are looked for, or a message within the message.
struct Open {
    /// Its number.
    part: usize,
    /// None: a message, or a multipart after its last delimiter.
    boundary: Option<Vec<u8>>,
}

/// The walk, line by line.
struct Walk<'a> {
    raw: &'a [u8],
    effort: &'a Effort,
    found: Structure,
    /// The innermost last.
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
pub(super) fn walk(raw: &[u8], body: usize, effort: &Effort) -> Result<Structure, Malformed> {
    let mut walk = Walk {
        raw,
        effort,
        found: Structure::default(),
        open: Vec::new(),
        head: None,
        current: None,
    };
    walk.begin(0..body)?;
    let mut at = body;
    while at < raw.len() {
        let rest = raw.get(at..).unwrap_or_default();
        // Most of a message is lines that mean nothing here: they are passed over together.
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
        // No delimiter came after it.
        if part.body.end == usize::MAX {
            part.body.end = raw.len();
        }
    }
    Ok(walk.found)
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

    /// One line that may mean something.
    fn line(&mut self, place: Range<usize>) -> Result<(), Malformed> {
        let line = self.raw.get(place.clone()).unwrap_or_default();
        if line.starts_with(b"--") {
            // Each is held against each open multipart.
            self.effort.spend(Task::Lines, 1 + self.open.len() / 4)?;
            if let Some((level, last)) = self.delimiter(line.trim_ascii_end()) {
                return self.delimit(place, level, last);
            }
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

    /// Which open multipart a line delimits, and whether it is its last delimiter. The innermost is asked first; boundaries
    /// that begin alike do no harm, for a line is compared whole.
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

    /// A delimiter at `place`, of the multipart at `level` of the stack: ends what is open within it, and begins its next part.
    fn delimit(&mut self, place: Range<usize>, level: usize, last: bool) -> Result<(), Malformed> {
        self.finish_head(place.start)?;
        // The line end before a delimiter belongs to that (RFC 2046 5.1.1).
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
        // What follows is an epilogue; the multipart stays open for it, until one around it goes on.
        if last {
            open.boundary = None;
        } else {
            self.head = Some(place.end);
        }
        Ok(())
    }

    /// The content of a part ends at `at`, unless it has ended before. An empty part may be followed by its delimiter at once.
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
        self.effort.spend(Task::Parts, 1)?;
        let text = self.raw.get(head.clone()).unwrap_or_default();
        let parameters = memchr::memchr_iter(b';', text).count();
        self.effort.spend(Task::Parameters, parameters)?;
        let within = self.open.last().map(|open| open.part);
        let mut part = self.found.read(self.raw, head.clone(), within);
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
}
