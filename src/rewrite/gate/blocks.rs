//! Blocks of base64: lines of nothing else (RFC 2045 6.8).

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;

use super::base64::{BLOCK, LENIENT, SAMPLE, decoded, is_picture, joins};

/// A line of so many octets is one that a program wrote.
const LONG_LINE: usize = 60;
/// Lines of blocks have as many at least, but for the last.
const SHORT_LINE: usize = 20;
/// So many characters decode to what decides whether it is text.
const ENOUGH: usize = SAMPLE / 3 * 4 + 4;

/// What stands in the blocks of a text, and the text without the inside of each: of long lines of letters and digits only, for there is no at
/// sign, no dot and no escape in them, and nothing that is looked for reaches over so many from either side.
pub(super) fn read(octets: &[u8]) -> (Vec<String>, Cow<'_, [u8]>) {
    let (mut texts, mut rest) = (Vec::new(), Vec::new());
    let (mut at, mut copied) = (0, 0);
    while let Some((line, next)) = line_at(octets, at) {
        let start = at;
        at = next;
        if !is_base64(line) {
            continue;
        }
        let mut inside = Inside::default();
        while let Some((line, next)) = line_at(octets, at).filter(|(line, _)| is_base64(line)) {
            inside.add(at, line);
            at = next;
        }
        texts.extend(text_of(octets.get(start..at).unwrap_or_default()));
        if let Some(place) = inside.place() {
            rest.extend_from_slice(octets.get(copied..place.start).unwrap_or_default());
            copied = place.end;
        }
    }
    if copied == 0 {
        return (texts, Cow::Borrowed(octets));
    }
    rest.extend_from_slice(octets.get(copied..).unwrap_or_default());
    (texts, Cow::Owned(rest))
}

/// What stands in the blocks of a text that was decoded itself, of `least` characters or more.
pub(super) fn texts(text: &str, least: usize) -> Vec<String> {
    let octets = text.as_bytes();
    let (mut texts, mut at) = (Vec::new(), 0);
    while let Some((line, next)) = line_at(octets, at) {
        let start = at;
        at = next;
        if !is_base64(line) {
            continue;
        }
        while let Some((_, next)) = line_at(octets, at).filter(|(line, _)| is_base64(line)) {
            at = next;
        }
        let block = octets.get(start..at).unwrap_or_default();
        texts.extend(
            Some(block)
                .filter(|block| block.len() >= least)
                .and_then(text_of),
        );
    }
    texts
}

/// The text without the padding at the ends of its blocks, which whoever knows of quoted-printable alone takes for a soft line break; none if there is
/// none.
pub(super) fn unpadded(text: &str) -> Option<String> {
    let octets = text.as_bytes();
    memchr::memchr(b'=', octets)?;
    let (mut out, mut at, mut copied) = (String::new(), 0, 0);
    while let Some((line, next)) = line_at(octets, at) {
        let ends = line.ends_with(b"=")
            && is_base64(line)
            && !line_at(octets, next).is_some_and(|(line, _)| is_base64(line));
        if ends {
            let whole = text.get(copied..next).unwrap_or_default();
            out.push_str(whole.trim_end().trim_end_matches('='));
            out.push('\n');
            copied = next;
        }
        at = next;
    }
    if copied == 0 {
        return None;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Some(out)
}

/// The last lines of a block that ends where `text` does, at the front of a line, as one run, and whether the block has more of them above; nothing if
/// none ends there. A shorter line may be a word.
pub(super) fn last_lines(text: &str) -> (String, bool) {
    let mut lines = text.rsplit('\n');
    let at_front = lines.next().is_some_and(|line| line.trim().is_empty());
    let block = lines.map(str::trim);
    let mut block = block.take_while(|line| line.len() >= SHORT_LINE && is_base64(line.as_bytes()));
    if !at_front {
        return (String::new(), false);
    }
    let last: Vec<&str> = block.by_ref().take(LAST_LINES).collect();
    (last.into_iter().rev().collect(), block.next().is_some())
}

/// Lines at the end of a block that stay in the text: a local part and its tag may reach over them.
const LAST_LINES: usize = 4;

/// The lines of a block behind its first one.
#[derive(Default)]
struct Inside {
    /// Where the third line of the block begins.
    third: Option<usize>,
    lines: usize,
    /// Where the last lines begin, and whether each could be left out.
    last: VecDeque<(usize, bool)>,
    /// A line in the middle could not be left out.
    odd: bool,
}

impl Inside {
    fn add(&mut self, at: usize, line: &[u8]) {
        self.lines += 1;
        if self.lines == 2 {
            self.third = Some(at);
        }
        let plain = line.len() >= LONG_LINE && memchr::memchr(b'=', line).is_none();
        self.last.push_back((at, plain));
        if self.last.len() > LAST_LINES {
            let gone = self.last.pop_front();
            // The second line of the block stays in any case.
            self.odd |= self.lines > LAST_LINES + 1 && gone.is_some_and(|(_, plain)| !plain);
        }
    }

    fn place(&self) -> Option<Range<usize>> {
        let (start, end) = (self.third?, self.last.front()?.0);
        (!self.odd && start < end).then_some(start..end)
    }
}

/// The line at `at`, without the white space around it, and where the next one begins.
fn line_at(octets: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let left = octets.get(at..).filter(|left| !left.is_empty())?;
    let length = memchr::memchr(b'\n', left).map_or(left.len(), |end| end + 1);
    Some((left.get(..length)?.trim_ascii(), at + length))
}

/// Whether a line is nothing but base64.
fn is_base64(line: &[u8]) -> bool {
    let is = |octet: u8| (joins(octet) & (octet != b'-') & (octet != b'_')) | (octet == b'=');
    let mut blocks = line.chunks_exact(BLOCK);
    !line.is_empty()
        && blocks
            .by_ref()
            .all(|block| block.iter().fold(true, |all, octet| all & is(*octet)))
        && blocks.remainder().iter().all(|octet| is(*octet))
}

/// The text of a block; none if it is a picture or a document, which its beginning tells.
fn text_of(block: &[u8]) -> Option<String> {
    let coded = |octet: &u8| !octet.is_ascii_whitespace();
    let beginning = block.iter().copied().filter(coded).take(ENOUGH);
    let beginning: Vec<u8> = beginning.take_while(|octet| *octet != b'=').collect();
    if beginning.len() == ENOUGH && is_picture(&LENIENT.decode(&beginning).ok()?) {
        return None;
    }
    let run: Vec<u8> = block.iter().copied().filter(coded).collect();
    decoded(&run)
}
