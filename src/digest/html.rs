//! HTML as text: what a mail program shows, in lines; links with where they lead, blockquotes behind `>`, pictures by their alternative text.
//!
//! One pass over the tokens of a browser (`html5gum`) with the elements that are open. No tree is built, so that no depth of nesting costs more than
//! its tags; the few ends that HTML leaves out are known (HTML Standard 13.1.2.4). Nothing is loaded, and no style but an element's own is read.

mod element;
mod tag;
mod writer;

use html5gum::emitters::callback::CallbackEvent;

use self::element::{Element, Open, Stack};
use self::tag::Tag;
use self::writer::Writer;
use super::text::Text;
use crate::message::html::{RawText, tokens};

/// A document under way.
#[derive(Default)]
struct Reader {
    stack: Stack,
    writer: Writer,
    link: Option<Link>,
    /// How many open elements hide what is in them.
    hidden: usize,
    /// How many keep their blanks.
    preformatted: usize,
    /// The next number of each list that is open; none where it has no numbers.
    lists: Vec<Option<usize>>,
}

/// The link that is open.
struct Link {
    /// Where it leads.
    target: String,
    /// What is shown of it.
    shown: String,
    has_picture: bool,
}

/// Reads a document.
pub(super) fn read(document: &str) -> Text {
    let mut reader = Reader::default();
    let mut tag = Tag::default();
    tokens(document, RawText::AsText, |event, _| match event {
        CallbackEvent::OpenStartTag { name } => tag.begin(name),
        CallbackEvent::AttributeName { name } => tag.attribute(name),
        CallbackEvent::AttributeValue { value } => tag.attribute_value(value),
        CallbackEvent::CloseStartTag { .. } => reader.start(&tag),
        CallbackEvent::EndTag { name } => reader.end(name),
        CallbackEvent::String { value } => reader.text(&String::from_utf8_lossy(value)),
        CallbackEvent::Comment { .. } | CallbackEvent::Doctype { .. } | CallbackEvent::Error(_) => {
        }
    });
    while let Some(open) = reader.stack.pop() {
        reader.closed(&open);
    }
    reader.writer.finish()
}

impl Reader {
    fn start(&mut self, tag: &Tag) {
        let element = Element::of(tag);
        for open in self.stack.ended_by(element) {
            self.closed(&open);
        }
        let hides = element == Element::Silent || tag.is_hidden();
        if hides || self.hidden > 0 {
            self.push(tag, element, hides);
            return;
        }
        match element {
            Element::Break => self.writer.end_line(),
            Element::Rule => self.writer.rule(),
            Element::Picture => self.picture(tag),
            Element::Link => {
                self.finish_link();
                self.link = tag.target().map(|target| Link {
                    target,
                    shown: String::new(),
                    has_picture: false,
                });
            }
            Element::Block | Element::Row | Element::Table => self.writer.break_line(),
            Element::Paragraph { spaced } => self.paragraph(spaced),
            Element::Quote { cited } => self.writer.open_quote(cited),
            Element::List { numbered } => {
                self.writer.break_line();
                let first = tag
                    .value("start")
                    .and_then(|first| first.trim().parse().ok());
                self.lists.push(numbered.then(|| first.unwrap_or(1)));
            }
            Element::Item => self.item(),
            Element::Preformatted => {
                self.preformatted += 1;
                self.writer.gap();
            }
            Element::Cell => self.writer.cell(),
            Element::Inline | Element::Void | Element::Silent => {}
        }
        match element {
            Element::Row => self.writer.open_row(),
            Element::Table => self.writer.open_table(),
            _ => {}
        }
        self.push(tag, element, false);
    }

    fn push(&mut self, tag: &Tag, element: Element, hides: bool) {
        if element.has_content() {
            self.hidden += usize::from(hides);
            // What is not shown has no effect when it ends.
            let shown = self.hidden == 0;
            self.stack.push(tag.name(), element, hides, shown);
        }
    }

    fn end(&mut self, name: &[u8]) {
        match name {
            b"br" if self.hidden == 0 => self.writer.end_line(),
            b"p" if !self.stack.holds(name) => self.paragraph(true),
            _ => {
                for open in self.stack.ended(name) {
                    self.closed(&open);
                }
            }
        }
    }

    fn closed(&mut self, open: &Open) {
        self.hidden -= usize::from(open.hides);
        if !open.shown {
            return;
        }
        match open.element {
            Element::Link => self.finish_link(),
            Element::Block | Element::Item | Element::Table => self.writer.break_line(),
            Element::Paragraph { spaced } => self.paragraph(spaced),
            Element::Quote { cited } => self.writer.close_quote(cited),
            Element::List { .. } => {
                self.lists.pop();
                self.writer.break_line();
            }
            Element::Preformatted => {
                self.preformatted -= 1;
                self.writer.gap();
            }
            Element::Row => self.writer.close_row(),
            _ => {}
        }
    }

    fn paragraph(&mut self, spaced: bool) {
        match spaced && self.hidden == 0 {
            true => self.writer.gap(),
            false => self.writer.break_line(),
        }
    }

    fn item(&mut self) {
        let depth = self.lists.len().saturating_sub(1);
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{}. ", *number - 1)
            }
            _ => "- ".to_owned(),
        };
        self.writer.item(depth, mark);
    }

    fn picture(&mut self, tag: &Tag) {
        if let Some(link) = &mut self.link {
            link.has_picture = true;
        }
        let shown = tag.value("alt").unwrap_or_default().trim().to_owned();
        if !shown.is_empty() {
            self.text(&shown);
        }
    }

    fn text(&mut self, text: &str) {
        if self.hidden > 0 {
            return;
        }
        if let Some(link) = &mut self.link {
            link.shown.push_str(text);
        }
        match self.preformatted {
            0 => self.writer.text(text),
            _ => self.writer.preformatted(text),
        }
    }

    /// Writes where a link leads, unless that is what was shown, or nothing was.
    fn finish_link(&mut self) {
        let Some(link) = self.link.take() else {
            return;
        };
        let is_seen = link.has_picture || !link.shown.trim().is_empty();
        if is_seen && !tag::same(&link.target, &link.shown) {
            let bare = link.target.strip_prefix("mailto:").unwrap_or(&link.target);
            self.writer.behind(&format!("<{bare}>"));
        }
    }
}

#[cfg(test)]
mod tests;
