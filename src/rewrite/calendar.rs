//! The ids of calendar entries and cards: a private domain in them becomes a token, and a token that comes back becomes the id that it
//! stands for, so that an answer finds its event (RFC 5546 2.1.4: programs match by UID).

use super::head;
use super::masker::Masker;
use super::options::{Attachments, Events};
use crate::mail::Domain;
use crate::message::Part;

/// How ids are freed of what they tell.
#[derive(Clone, Copy)]
pub(super) struct Ids<'a> {
    /// Knows the writer's domains.
    pub(super) masker: &'a Masker,
    /// The same for quoted text.
    pub(super) quoted: &'a Masker,
    /// The domain that stands there instead.
    pub(super) shown: &'a Domain,
    /// None: an id becomes a digest, which nothing leads back from.
    pub(super) events: Option<Events<'a>>,
    /// What becomes of pictures in the source of texts.
    pub(super) attachments: Option<Attachments>,
}

/// Properties that hold an id (RFC 5545 3.8.4.5, 3.8.4.7; RFC 6350 6.6.5, 6.7.6).
const ID_PROPERTIES: [&str; 4] = ["UID", "RELATED-TO", "MEMBER", "X-WR-RELCALID"];
/// The longest content line in octets, without its line end (RFC 5545 3.1 allows one more).
const MAX_LINE: usize = 74;

/// Whether a part is a calendar or a card, whatever it calls itself.
pub(super) fn is_calendar(part: &Part, text: &[u8]) -> bool {
    matches!(
        part.kind.essence.as_str(),
        "text/calendar" | "text/vcard" | "text/x-vcard" | "application/ics"
    ) || memchr::memmem::find(
        text.get(..text.len().min(200)).unwrap_or_default(),
        b"BEGIN:V",
    )
    .is_some()
}

/// The text with its ids turned; none if all may stay. Lines without a turned id keep their octets and their folds. ORGANIZER and ATTENDEE are
/// not the matter here: they hold addresses, and are masked as any text is (docs/threats.md#95).
///
/// Each is sealed, whatever it looks like: programs write the names of machines there. It comes back in an answer, and must not tell there whether it
/// was the answerer's. In an answer itself it stays, if it is not the writer's: the event came by another way.
pub(super) fn turn(text: &[u8], part: &Part, ids: &Ids<'_>) -> Option<Vec<u8>> {
    let answers = is_answer(text, part);
    let mut out = Vec::with_capacity(text.len());
    let mut changed = false;
    let mut lines = text.split_inclusive(|octet| *octet == b'\n').peekable();
    while let Some(line) = lines.next() {
        let mut whole = line.to_vec();
        if !holds_id(line) && !names_program(line) {
            out.append(&mut whole);
            continue;
        }
        // Folded lines belong to it (RFC 5545 3.1).
        while lines
            .peek()
            .is_some_and(|next| matches!(next.first(), Some(b' ' | b'\t')))
        {
            whole.extend_from_slice(lines.next().unwrap_or_default());
        }
        // Bare LF is what some programs write under base64.
        let end = if whole.ends_with(b"\r\n") {
            "\r\n"
        } else {
            "\n"
        };
        let unfolded = unfold(&String::from_utf8_lossy(&whole));
        let turned = value(&unfolded).and_then(|(name, id)| {
            if names_program(line) {
                return (id != PRODUCT).then(|| (name, PRODUCT.to_owned()));
            }
            Some((name, ids.turned(id, answers)?))
        });
        match turned {
            Some((name, id)) => {
                changed = true;
                fold(&format!("{name}{id}"), end, &mut out);
            }
            None => out.append(&mut whole),
        }
    }
    changed.then_some(out)
}

/// Whether a calendar answers an invitation (RFC 5546 3.2): by its own word, else by that of its part.
fn is_answer(text: &[u8], part: &Part) -> bool {
    let own = memchr::memmem::find(text, b"METHOD:").and_then(|at| text.get(at + 7..at + 12));
    let method = part.kind.get("method").map(str::as_bytes);
    own.or(method).is_some_and(|method| {
        let method = method.to_ascii_uppercase();
        method.starts_with(b"REPLY") || method.starts_with(b"COUNT")
    })
}

impl Ids<'_> {
    /// The id of a part as its reader sees it. One that comes back is again what it was.
    pub(super) fn of_part(&self, id: &str) -> String {
        let events = self.events.as_ref();
        let own = events.and_then(|events| events.keys.open_event(events.pair.reversed(), id));
        own.unwrap_or_else(|| self.sealed(id))
    }

    /// What stands in the place of an id; none: it may stay.
    fn turned(&self, id: &str, answers: bool) -> Option<String> {
        if let Some(events) = &self.events {
            let (keys, pair) = (events.keys, events.pair);
            // The reader's own id, as the writer was shown it.
            if let Some(original) = keys.open_event(pair.reversed(), id) {
                return Some(original);
            }
        }
        if answers && !self.masker.is_private(id) {
            return None;
        }
        Some(self.sealed(id))
    }

    /// What an id becomes that must not show. It is sealed with a key: a digest alone would tell whoever guesses the id that it is the one.
    pub(super) fn sealed(&self, id: &str) -> String {
        let sealed = self
            .events
            .and_then(|events| events.keys.seal_event(events.pair, id, self.shown));
        // Without a key a digest keeps apart what was apart, but an answer to it does not find its event.
        sealed.unwrap_or_else(|| format!("{}@{}", head::digest(id), self.shown))
    }
}

/// What is said of the program that wrote a calendar or a card (RFC 5545 3.7.3, RFC 6350 6.7.3): names of machines stand there as well.
const PRODUCT: &str = "-//allegromail//EN";

/// Whether a line begins the property that names a program.
fn names_program(line: &[u8]) -> bool {
    let end = line.iter().position(|octet| matches!(octet, b':' | b';'));
    let name = end.and_then(|end| line.get(..end)).unwrap_or_default();
    name.eq_ignore_ascii_case(b"PRODID")
}

/// Whether a line begins a property that holds an id; cards may put a group before its name.
fn holds_id(line: &[u8]) -> bool {
    let end = line.iter().position(|octet| matches!(octet, b':' | b';'));
    let name = end.and_then(|end| line.get(..end)).unwrap_or_default();
    let name = name.rsplit(|octet| *octet == b'.').next();
    let mut known = ID_PROPERTIES.iter();
    name.is_some_and(|name| known.any(|known| name.eq_ignore_ascii_case(known.as_bytes())))
}

/// A content line in one piece, without its line end.
fn unfold(line: &str) -> String {
    ["\r\n ", "\r\n\t", "\n ", "\n\t"]
        .iter()
        .fold(line.to_owned(), |line, fold| line.replace(fold, ""))
        .trim_end()
        .to_owned()
}

/// Name and parameters with the colon behind them, and the value.
fn value(line: &str) -> Option<(&str, &str)> {
    // A parameter in quotes may hold a colon.
    let mut quoted = false;
    let colon = line.find(|c| {
        quoted ^= c == '"';
        c == ':' && !quoted
    })?;
    line.split_at_checked(colon + 1)
}

/// Writes a content line in pieces, split between characters only, each with the line end that the text has.
fn fold(line: &str, end: &str, out: &mut Vec<u8>) {
    let mut column = 0;
    for c in line.chars() {
        if column + c.len_utf8() > MAX_LINE {
            out.extend_from_slice(end.as_bytes());
            out.push(b' ');
            column = 1;
        }
        let mut octets = [0; 4];
        out.extend_from_slice(c.encode_utf8(&mut octets).as_bytes());
        column += c.len_utf8();
    }
    out.extend_from_slice(end.as_bytes());
}
