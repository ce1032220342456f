//! What a reader's own programs show of a message: another parser's reading of its parts (`mail-parser`), and a browser's of its HTML (`html5ever`).
//! The rewriter reads both with other parsers, so that a fault of one is no fault of the other.

use std::cell::{Cell, RefCell};

use data_url::DataUrl;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use mail_parser::{MessageParser, MimeHeaders, PartType};

use super::cuts::{GAP, SEAM, is_inline};
use super::text::{into_readable, wide};

/// How deep documents may stand in one another.
const MAX_DEPTH: u8 = 3;

/// Calls `read` with each part of `outgoing` and of the messages in it: with its header section, and with its content where that is text.
pub(super) fn parts(outgoing: &[u8], read: &mut impl FnMut(&[u8], Option<Content<'_>>)) {
    if let Some(message) = MessageParser::default().parse(outgoing) {
        parts_of(&message, read);
    }
}

/// The content of a part, decoded.
#[derive(Clone, Copy)]
pub(super) struct Content<'a> {
    /// The type, in small letters.
    pub(super) essence: &'a str,
    pub(super) text: &'a str,
}

fn parts_of(message: &mail_parser::Message<'_>, read: &mut impl FnMut(&[u8], Option<Content<'_>>)) {
    for part in &message.parts {
        let (from, to) = (part.offset_header as usize, part.offset_body as usize);
        let head = message.raw_message.get(from..to).unwrap_or_default();
        let kind = part.content_type();
        let essence = kind.map_or_else(String::new, |kind| {
            let subtype = kind.subtype().unwrap_or_default();
            format!("{}/{subtype}", kind.ctype()).to_ascii_lowercase()
        });
        let name = part
            .attachment_name()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let is_html = matches!(part.body, PartType::Html(_))
            || essence.contains("html")
            || essence.ends_with("xml")
            || [".htm", ".html", ".xhtml", ".xml", ".svg"]
                .iter()
                .any(|ending| name.ends_with(ending));
        let content = |text| Content {
            essence: &essence,
            text,
        };
        match &part.body {
            PartType::Text(text) | PartType::Html(text) => read(head, Some(content(text))),
            PartType::Binary(octets) | PartType::InlineBinary(octets) if is_html => {
                read(head, Some(content(&into_readable(octets.to_vec()))));
            }
            PartType::Message(inner) => {
                read(head, None);
                parts_of(inner, read);
            }
            _ => read(head, None),
        }
    }
}

/// Whether `look` finds something in what a browser makes of a document: in every value of an attribute, comment and script, as they come, for a
/// document may be nothing else; and in what it shows, as one text.
pub(super) fn shows(text: &str, look: &dyn Fn(&str) -> bool) -> bool {
    read(text, 0, look)
}

fn read(text: &str, depth: u8, look: &dyn Fn(&str) -> bool) -> bool {
    let sink = Sink {
        shown: RefCell::default(),
        code: RefCell::default(),
        found: Cell::default(),
        depth,
        look,
    };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(text));
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let sink = tokenizer.sink;
    if let Some(code) = sink.code.take() {
        sink.add(code, false);
    }
    sink.found.get() || look(&sink.shown.into_inner())
}

/// A text in a document that is not shown with the others.
struct Inner {
    text: String,
    /// Whether it may be a document of its own.
    is_document: bool,
}

impl Inner {
    fn document(&self) -> Option<String> {
        if self.is_document && self.text.contains(['<', '&']) {
            return Some(self.text.clone());
        }
        let url = DataUrl::process(&self.text).ok()?;
        let (octets, _) = url.decode_to_vec().ok()?;
        let zeros = memchr::memchr_iter(0, &octets).count() * 3 > octets.len();
        let marked = octets.starts_with(&[0xff, 0xfe]) || octets.starts_with(&[0xfe, 0xff]);
        Some(if zeros || marked {
            wide(&octets)
        } else {
            into_readable(octets)
        })
    }
}

struct Sink<'a> {
    shown: RefCell<String>,
    /// Within a script, a style sheet or the title: its text so far.
    code: RefCell<Option<String>>,
    /// Whether something was found.
    found: Cell<bool>,
    depth: u8,
    look: &'a dyn Fn(&str) -> bool,
}

impl TokenSink for Sink<'_> {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::CharacterTokens(text) => match &mut *self.code.borrow_mut() {
                Some(code) => code.push_str(&text),
                None => self.shown.borrow_mut().push_str(&text),
            },
            Token::CommentToken(text) => self.add(text.to_string(), true),
            Token::TagToken(tag) => return self.tag(&tag),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl Sink<'_> {
    fn add(&self, text: String, is_document: bool) {
        // All is looked at, also after something was found: the observer notes what stands there.
        let inner = Inner { text, is_document };
        let document = inner.document().filter(|_| self.depth < MAX_DEPTH);
        let within = document.is_some_and(|document| read(&document, self.depth + 1, self.look));
        if (self.look)(&inner.text) || within {
            self.found.set(true);
        }
    }

    fn tag(&self, tag: &Tag) -> TokenSinkResult<()> {
        if let Some(code) = self.code.borrow_mut().take() {
            self.add(code, false);
        }
        let name = &*tag.name;
        let mark = if is_inline(name) { SEAM } else { GAP };
        self.shown.borrow_mut().push(char::from(mark));
        for attribute in &tag.attrs {
            let passed_over = ['\t', '\r', '\n'];
            let value: String = attribute
                .value
                .chars()
                .filter(|c| !passed_over.contains(c))
                .collect();
            self.add(value, &*attribute.name.local == "srcdoc");
        }
        if tag.kind == TagKind::EndTag {
            return TokenSinkResult::Continue;
        }
        match name {
            "script" => {
                *self.code.borrow_mut() = Some(String::new());
                TokenSinkResult::RawData(RawKind::ScriptData)
            }
            "style" => {
                *self.code.borrow_mut() = Some(String::new());
                TokenSinkResult::RawData(RawKind::Rawtext)
            }
            "xmp" | "iframe" | "noembed" | "noframes" => TokenSinkResult::RawData(RawKind::Rawtext),
            // Shown elsewhere than the text.
            "title" => {
                *self.code.borrow_mut() = Some(String::new());
                TokenSinkResult::RawData(RawKind::Rcdata)
            }
            "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
            _ => TokenSinkResult::Continue,
        }
    }
}
