//! HTML as a reader sees it, by the tokenizer that masking uses (`html5gum`): blocks end sentences, style sheets and comments are gone, links keep
//! where they lead.

use html5gum::emitters::callback::CallbackEvent;

use super::block::{Block, Place};
use super::links::Link;
use crate::message::QUOTE_SEPARATORS;
use crate::message::html::{RawText, tokens};

/// Stands in a text around the number of a link: a sign of private use, which is dropped from what people write.
pub(super) const ANCHOR: char = '\u{f8ff}';

/// Elements within a line, sorted; any other ends it.
const INLINE: [&[u8]; 24] = [
    b"a", b"abbr", b"b", b"big", b"cite", b"code", b"em", b"font", b"i", b"img", b"ins", b"label",
    b"mark", b"q", b"s", b"small", b"span", b"strong", b"sub", b"sup", b"tt", b"u", b"var", b"wbr",
];
/// Elements that have no end, sorted.
const VOID: [&[u8]; 12] = [
    b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta",
    b"source", b"wbr",
];
/// Elements open at once that are kept in mind.
const DEEPEST: usize = 200;

/// An element that is open.
struct Open {
    name: Vec<u8>,
    hides: bool,
    quotes: bool,
}

/// Attributes that say what is shown, or that it is not.
const TELLING: [&str; 7] = ["alt", "class", "hidden", "href", "id", "style", "title"];

/// A start tag under way.
#[derive(Default)]
struct Tag {
    name: Vec<u8>,
    /// Those of [`TELLING`], each as it stands there first.
    attributes: Vec<(&'static str, String)>,
    /// Whether the attribute that was named last is the last of them.
    reads: bool,
}

impl Tag {
    fn begin(&mut self, name: &[u8]) {
        self.name.clear();
        self.name.extend_from_slice(name);
        self.attributes.clear();
        self.reads = false;
    }

    fn attribute(&mut self, name: &[u8]) {
        let known = TELLING.iter().find(|known| known.as_bytes() == name);
        // Of two with the same name a browser takes the first.
        let known = known.filter(|known| self.value(known).is_none());
        self.reads = known.is_some();
        self.attributes
            .extend(known.map(|known| (*known, String::new())));
    }

    fn attribute_value(&mut self, value: &[u8]) {
        let last = self.attributes.last_mut().filter(|_| self.reads);
        if let Some((_, text)) = last {
            text.push_str(&String::from_utf8_lossy(value));
        }
    }

    fn value(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A document under way.
struct Reader<'a> {
    blocks: Vec<Block>,
    open: Vec<Open>,
    /// Behind a separator.
    below: bool,
    /// Within a style sheet, a script or the head's title.
    silent: bool,
    /// The address of the link that is open, and what is shown in its place so far.
    link: Option<(String, String)>,
    anchors: &'a mut Vec<Link>,
}

/// The text of a document in blocks; its links are added to `anchors`, and stand in the text by their numbers.
pub(super) fn blocks(text: &str, anchors: &mut Vec<Link>) -> Vec<Block> {
    let mut reader = Reader {
        blocks: Vec::new(),
        open: Vec::new(),
        below: false,
        silent: false,
        link: None,
        anchors,
    };
    let mut tag = Tag::default();
    tokens(text, RawText::AsHtml, |event, _| match event {
        CallbackEvent::OpenStartTag { name } => tag.begin(name),
        CallbackEvent::AttributeName { name } => tag.attribute(name),
        CallbackEvent::AttributeValue { value } => tag.attribute_value(value),
        CallbackEvent::CloseStartTag { self_closing } => reader.start(&tag, *self_closing),
        CallbackEvent::EndTag { name } => reader.end(name),
        CallbackEvent::String { value } => reader.text(&String::from_utf8_lossy(value)),
        CallbackEvent::Comment { .. } | CallbackEvent::Doctype { .. } | CallbackEvent::Error(_) => {
        }
    });
    reader.blocks
}

/// All that stands in a document, without its links' addresses.
pub(super) fn text(document: &str) -> String {
    let blocks = blocks(document, &mut Vec::new());
    let texts = blocks.iter().map(|block| without_anchors(&block.text));
    texts.collect::<Vec<_>>().join("\n")
}

/// A text without the marks of its links.
pub(super) fn without_anchors(text: &str) -> String {
    if !may_have_anchors(text) {
        return text.to_owned();
    }
    let pieces = text.split(ANCHOR).step_by(2);
    pieces.collect()
}

/// Whether there may be marks of links: few texts have an octet that theirs begins with.
fn may_have_anchors(text: &str) -> bool {
    const FIRST: u8 = 0xef;
    memchr::memchr(FIRST, text.as_bytes()).is_some()
}

/// The pieces of a text: words, and the numbers of links between them.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Result<&str, usize>> {
    let (words, marked) = match may_have_anchors(text) {
        true => ("", text),
        false => (text, ""),
    };
    let pieces = marked.split(ANCHOR).enumerate().filter_map(|(at, piece)| {
        if at % 2 == 0 {
            Some(Ok(piece))
        } else {
            piece.parse().ok().map(Err)
        }
    });
    std::iter::once(Ok(words)).chain(pieces)
}

impl Reader<'_> {
    fn start(&mut self, tag: &Tag, closes_itself: bool) {
        let name = tag.name.as_slice();
        self.below |= ["class", "id"].iter().any(|named| {
            let value = tag.value(named).map(str::to_ascii_lowercase);
            value.is_some_and(|value| QUOTE_SEPARATORS.iter().any(|known| value.contains(known)))
        });
        if !is_inline(name) {
            self.break_line(name == b"br");
        }
        if matches!(name, b"style" | b"script" | b"title") {
            self.silent = true;
        }
        // Shown where there is no picture, or below a pointer that rests.
        for shown in ["alt", "title"].iter().filter_map(|name| tag.value(name)) {
            self.beside(shown);
        }
        if name == b"a" {
            let href = tag.value("href");
            self.link = href.map(|href| (href.to_owned(), String::new()));
        }
        if !is_void(name) && !closes_itself && self.open.len() < DEEPEST {
            self.open.push(Open {
                name: name.to_vec(),
                hides: tag.value("style").is_some_and(is_hidden) || tag.value("hidden").is_some(),
                quotes: name == b"blockquote",
            });
        }
    }

    fn end(&mut self, name: &[u8]) {
        self.silent = false;
        if name == b"a"
            && let Some((href, shown)) = self.link.take()
            && let Some(link) = Link::parse(&href, &shown)
        {
            let mark = format!(" {ANCHOR}{}{ANCHOR} ", self.anchors.len());
            self.anchors.push(link);
            self.push(&mark);
        }
        if let Some(at) = self.open.iter().rposition(|open| open.name == name) {
            self.open.truncate(at);
        }
        if !is_inline(name) {
            self.break_line(false);
        }
    }

    fn text(&mut self, text: &str) {
        if self.silent {
            return;
        }
        let blank = |c: char| c == ANCHOR || c.is_whitespace();
        let text: String = text
            .chars()
            .map(|c| if blank(c) { ' ' } else { c })
            .collect();
        if let Some((_, shown)) = &mut self.link {
            shown.push_str(&text);
        }
        self.push(&text);
    }

    /// A text that is not in the flow.
    fn beside(&mut self, text: &str) {
        let text = text.replace(ANCHOR, " ");
        self.blocks.push(Block {
            place: Place::Hidden,
            text: format!("{text}\n"),
        });
    }

    fn place(&self) -> Place {
        if self.open.iter().any(|open| open.hides) {
            Place::Hidden
        } else if self.below || self.open.iter().any(|open| open.quotes) {
            Place::Quoted
        } else {
            Place::Text
        }
    }

    fn push(&mut self, text: &str) {
        let place = self.place();
        match self.blocks.last_mut() {
            Some(last) if last.place == place => last.text.push_str(text),
            _ => self.blocks.push(Block {
                place,
                text: text.to_owned(),
            }),
        }
    }

    fn break_line(&mut self, within: bool) {
        if let Some(last) = self.blocks.last_mut()
            && !last.text.ends_with("\n\n")
        {
            last.text.push_str(if within { "\n" } else { "\n\n" });
        }
    }
}

fn is_inline(name: &[u8]) -> bool {
    INLINE.binary_search(&name).is_ok()
}

fn is_void(name: &[u8]) -> bool {
    VOID.binary_search(&name).is_ok()
}

/// Whether a style hides what it stands for.
fn is_hidden(style: &str) -> bool {
    let style: String = style
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect::<String>()
        .to_ascii_lowercase();
    let is_zero = |name: &str| {
        style.split(';').any(|rule| {
            rule.split_once(':').is_some_and(|(key, value)| {
                key == name
                    && value
                        .trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%' || c == '!')
                        .trim_matches(['0', '.'])
                        .is_empty()
                    && value.starts_with(['0', '.'])
            })
        })
    };
    style.contains("display:none")
        || style.contains("visibility:hidden")
        || is_zero("font-size")
        || is_zero("max-height")
        || is_zero("opacity")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_what_a_reader_sees() {
        let mut anchors = Vec::new();
        let blocks = blocks(
            "<html><head><title>x</title><style>p {color: red}</style></head><body><p>Dzień <b>do</b>bry&nbsp;Pani</p><div style=\"display:none\">ukryte</div>\
             <p>Zobacz <a href=\"https://sklep.pl/\">tutaj</a>.</p><blockquote>raz</blockquote><div class=\"gmail_quote\">dwa</div></body></html>",
            &mut anchors,
        );
        let found: Vec<(Place, String)> = blocks
            .into_iter()
            .map(|block| {
                (
                    block.place,
                    without_anchors(block.text.trim())
                        .split_whitespace()
                        .collect::<Vec<_>>()
                        .join(" "),
                )
            })
            .collect();
        let want = [
            (Place::Text, "Dzień dobry Pani"),
            (Place::Hidden, "ukryte"),
            (Place::Text, "Zobacz tutaj ."),
            (Place::Quoted, "raz dwa"),
        ];
        assert_eq!(found, want.map(|(place, text)| (place, text.to_owned())));
        assert_eq!(anchors.len(), 1);
        assert_eq!(anchors[0].host, "sklep.pl");
        assert!(
            is_hidden("font-size: 0px")
                && !is_hidden("font-size: 10px")
                && !is_hidden("opacity: 0.9")
        );
    }
}
