//! The tokens of a document with their places in its source.

use std::ops::Range;

use html5gum::emitters::callback::CallbackEvent;

use crate::message::html::{RawText, parts_lines, tokens};

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// What a reader sees.
    Text,
    /// Tags of elements that end a line or a paragraph, and so part words.
    Parting,
    /// The value of an attribute.
    Value {
        /// Whether that is a document of its own.
        document: bool,
    },
    /// Scripts and style sheets.
    Code,
    /// A comment, or a declaration.
    Comment,
}

/// A piece of a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Where it stands, without quotes or the marks of a comment.
    pub(super) place: Range<usize>,
    /// As it is meant: references decoded, line ends as one character.
    pub(super) value: String,
    pub(super) kind: Kind,
    /// The quotes around a value, if there are any.
    quote: Option<u8>,
}

/// Pieces beyond these are not looked at one by one: a document of nothing but tags must not take many times its own room. What stands in them is left
/// to [`Masker::mask`](crate::rewrite::masker::Masker::mask) and to the leak gate.
const MOST_PIECES: usize = 400_000;

/// The pieces of `text`, in order.
pub(super) fn read(text: &str) -> Vec<Piece> {
    let mut reader = Reader {
        text,
        pieces: Vec::new(),
        code: false,
        attribute: Vec::new(),
        open: None,
        ended: 0,
    };
    tokens(text, RawText::AsText, |event, place| {
        reader.hear(event, place)
    });
    reader.text_ends(text.len());
    reader.pieces
}

/// Puts pieces together from events. Where a tag begins and ends is certain; what the events say of texts and values is off by an octet here and there,
/// so these are measured from the tags and quotes around them.
struct Reader<'a> {
    text: &'a str,
    pieces: Vec<Piece>,
    /// Within a script or a style sheet.
    code: bool,
    /// The name of the last attribute.
    attribute: Vec<u8>,
    /// The number of a text that has not ended.
    open: Option<usize>,
    /// Where the last tag ended.
    ended: usize,
}

impl Reader<'_> {
    fn hear(&mut self, event: &CallbackEvent<'_>, place: Range<usize>) {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.code = matches!(*name, b"script" | b"style");
                self.tag(name, place);
            }
            CallbackEvent::CloseStartTag { .. } => self.ended = place.end,
            CallbackEvent::EndTag { name } => {
                self.code = false;
                self.ended = place.end;
                self.tag(name, place);
            }
            CallbackEvent::AttributeName { name } => self.attribute = name.to_vec(),
            CallbackEvent::AttributeValue { value } => self.value(value, place.start),
            CallbackEvent::String { value } => {
                let kind = if self.code { Kind::Code } else { Kind::Text };
                self.open = (self.pieces.len() < MOST_PIECES).then_some(self.pieces.len());
                self.push(self.ended..place.end, value, kind, None);
            }
            CallbackEvent::Comment { value } => {
                self.text_ends(place.start);
                self.ended = place.end;
                // Only what is between its marks can be written anew.
                let whole = self.text.get(place.clone()).unwrap_or_default();
                if let Some(inside) = whole.find(&*String::from_utf8_lossy(value)) {
                    let at = place.start + inside;
                    self.push(at..at + value.len(), value, Kind::Comment, None);
                }
            }
            CallbackEvent::Doctype { .. } => {
                self.text_ends(place.start);
                self.ended = place.end;
            }
            CallbackEvent::Error(_) => {}
        }
    }

    fn tag(&mut self, name: &[u8], place: Range<usize>) {
        self.text_ends(place.start);
        let last = self.pieces.last().map(|piece| piece.kind);
        if parts_lines(name) && last != Some(Kind::Parting) {
            self.push(place, b"", Kind::Parting, None);
        }
    }

    /// The text before a tag that begins at `at`.
    fn text_ends(&mut self, at: usize) {
        if let Some(piece) = self
            .open
            .take()
            .and_then(|number| self.pieces.get_mut(number))
        {
            piece.place.end = at;
        }
    }

    /// The value of an attribute that begins at `start`, or an octet before it where no quotes stand around it.
    fn value(&mut self, value: &[u8], start: usize) {
        let octets = self.text.as_bytes();
        let before = |at: usize| at.checked_sub(1).and_then(|at| octets.get(at).copied());
        let quote = before(start).filter(|octet| matches!(octet, b'"' | b'\''));
        let start = match before(start) {
            Some(octet) if quote.is_none() && octet != b'=' && !octet.is_ascii_whitespace() => {
                start - 1
            }
            _ => start,
        };
        let rest = octets.get(start..).unwrap_or_default();
        let ends = |octet: &u8| match quote {
            Some(quote) => *octet == quote,
            None => *octet == b'>' || octet.is_ascii_whitespace(),
        };
        let end = rest
            .iter()
            .position(ends)
            .map_or(octets.len(), |length| start + length);
        let document = self.attribute == b"srcdoc";
        self.push(start..end, value, Kind::Value { document }, quote);
    }

    fn push(&mut self, place: Range<usize>, value: &[u8], kind: Kind, quote: Option<u8>) {
        if self.pieces.len() >= MOST_PIECES {
            return;
        }
        self.pieces.push(Piece {
            place,
            value: String::from_utf8_lossy(value).into_owned(),
            kind,
            quote,
        });
    }
}

impl Piece {
    /// Whether its value is a document.
    pub(super) fn holds_html(&self) -> bool {
        matches!(self.kind, Kind::Value { document: true })
    }

    /// `value` as it is written in the place of this one.
    pub(super) fn written(&self, value: &str) -> String {
        // Mail has two octets at the end of a line.
        let value = value.replace('\n', "\r\n");
        match (self.kind, self.quote) {
            (Kind::Text, _) => escaped(&value, &['<', '>']),
            (Kind::Value { .. }, Some(quote)) => escaped(&value, &[char::from(quote)]),
            (Kind::Value { .. }, None) => format!("\"{}\"", escaped(&value, &['"'])),
            (Kind::Code | Kind::Comment | Kind::Parting, _) => value,
        }
    }
}

/// A text with these characters, ampersands and hard blanks as references.
fn escaped(text: &str, characters: &[char]) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' if characters.contains(&c) => out.push_str("&lt;"),
            '>' if characters.contains(&c) => out.push_str("&gt;"),
            '"' if characters.contains(&c) => out.push_str("&quot;"),
            '\'' if characters.contains(&c) => out.push_str("&#39;"),
            '\u{a0}' => out.push_str("&nbsp;"),
            _ => out.push(c),
        }
    }
    out
}
