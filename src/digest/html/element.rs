//! Elements by what they do to lines, and those that are open.

use std::collections::HashMap;

use super::tag::Tag;

/// What an element does to the lines around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    /// Nothing.
    Inline,
    /// Begins and ends a line.
    Block,
    /// The same, with an empty line around it where it is spaced.
    Paragraph {
        spaced: bool,
    },
    /// A quote; `cited` if a mail program made it.
    Quote {
        cited: bool,
    },
    List {
        numbered: bool,
    },
    Item,
    Table,
    Row,
    Cell,
    /// Keeps blanks and line ends.
    Preformatted,
    Link,
    Break,
    Rule,
    Picture,
    /// Has no content, and shows none.
    Void,
    /// Has content that nobody sees.
    Silent,
}

impl Element {
    /// The element of a start tag.
    pub(super) fn of(tag: &Tag) -> Self {
        match tag.name() {
            b"a" => Self::Link,
            b"br" => Self::Break,
            b"hr" => Self::Rule,
            b"img" => Self::Picture,
            b"p" => Self::Paragraph {
                spaced: !tag.is_set_close(),
            },
            b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"dl" => {
                Self::Paragraph { spaced: true }
            }
            b"blockquote" if tag.is_indent() => Self::Block,
            b"blockquote" => Self::Quote {
                cited: tag.is_cited(),
            },
            b"ul" | b"menu" | b"dir" => Self::List { numbered: false },
            b"ol" => Self::List { numbered: true },
            b"li" => Self::Item,
            b"table" => Self::Table,
            b"tr" => Self::Row,
            b"td" | b"th" => Self::Cell,
            b"pre" | b"listing" | b"plaintext" | b"xmp" => Self::Preformatted,
            b"area" | b"base" | b"basefont" | b"bgsound" | b"col" | b"embed" | b"frame"
            | b"input" | b"keygen" | b"link" | b"meta" | b"param" | b"source" | b"track"
            | b"wbr" => Self::Void,
            b"script" | b"style" | b"title" | b"iframe" | b"noembed" | b"noframes"
            | b"template" | b"svg" | b"object" | b"audio" | b"video" | b"select" | b"datalist" => {
                Self::Silent
            }
            b"address" | b"article" | b"aside" | b"body" | b"caption" | b"center" | b"dd"
            | b"details" | b"dialog" | b"div" | b"dt" | b"fieldset" | b"figcaption" | b"figure"
            | b"footer" | b"form" | b"header" | b"html" | b"legend" | b"main" | b"nav"
            | b"option" | b"section" | b"summary" | b"tbody" | b"tfoot" | b"thead" => Self::Block,
            _ => Self::Inline,
        }
    }

    /// Whether it stays open until it is ended.
    pub(super) fn has_content(self) -> bool {
        !matches!(self, Self::Break | Self::Rule | Self::Picture | Self::Void)
    }

    /// Whether a paragraph ends before it.
    fn ends_paragraph(self) -> bool {
        !matches!(
            self,
            Self::Inline
                | Self::Link
                | Self::Break
                | Self::Picture
                | Self::Void
                | Self::Silent
                | Self::Cell
                | Self::Row
        )
    }
}

/// An element that is open.
#[derive(Debug)]
pub(super) struct Open {
    name: usize,
    pub(super) element: Element,
    /// Whether it hides what is in it.
    pub(super) hides: bool,
    /// Whether it is shown itself.
    pub(super) shown: bool,
    /// What could be ended by a start tag around it.
    before: Endings,
}

/// The open elements whose end may be left out: how many elements are open up to each, itself among them.
#[derive(Debug, Clone, Copy, Default)]
struct Endings {
    paragraph: Option<usize>,
    item: Option<usize>,
    row: Option<usize>,
    cell: Option<usize>,
}

/// The elements that are open, the innermost last.
#[derive(Default)]
pub(super) struct Stack {
    open: Vec<Open>,
    endings: Endings,
    /// A number for each name.
    names: HashMap<Vec<u8>, usize>,
    /// How many of each name are open.
    count: Vec<usize>,
}

impl Stack {
    pub(super) fn push(&mut self, name: &[u8], element: Element, hides: bool, shown: bool) {
        let next = self.names.len();
        let number = match self.names.get(name) {
            Some(number) => *number,
            None => {
                self.names.insert(name.to_vec(), next);
                self.count.push(0);
                next
            }
        };
        if let Some(count) = self.count.get_mut(number) {
            *count += 1;
        }
        let before = self.endings;
        self.open.push(Open {
            name: number,
            element,
            hides,
            shown,
            before,
        });
        let open = Some(self.open.len());
        let inside = &mut self.endings;
        match element {
            Element::Paragraph { .. } if name == b"p" => inside.paragraph = open,
            Element::List { .. } => (inside.item, inside.paragraph) = (None, None),
            Element::Item => inside.item = open,
            Element::Table => *inside = Endings::default(),
            Element::Row => (inside.row, inside.cell) = (open, None),
            Element::Cell => (inside.cell, inside.paragraph, inside.item) = (open, None, None),
            _ => {}
        }
    }

    /// The innermost element ends.
    pub(super) fn pop(&mut self) -> Option<Open> {
        let open = self.open.pop()?;
        self.endings = open.before;
        if let Some(count) = self.count.get_mut(open.name) {
            *count -= 1;
        }
        Some(open)
    }

    fn number(&self, name: &[u8]) -> Option<usize> {
        let number = self.names.get(name)?;
        self.count.get(*number).filter(|count| **count > 0)?;
        Some(*number)
    }

    /// Whether an element of this name is open.
    pub(super) fn holds(&self, name: &[u8]) -> bool {
        self.number(name).is_some()
    }

    /// What an end tag of this name ends, the innermost first.
    pub(super) fn ended(&mut self, name: &[u8]) -> Vec<Open> {
        let mut ended = Vec::new();
        if let Some(number) = self.number(name) {
            while let Some(open) = self.pop() {
                let last = open.name == number;
                ended.push(open);
                if last {
                    break;
                }
            }
        }
        ended
    }

    /// What ends where such an element begins, without an end tag of its own.
    pub(super) fn ended_by(&mut self, element: Element) -> Vec<Open> {
        let Endings {
            paragraph,
            item,
            row,
            cell,
        } = self.endings;
        let least = |one: Option<usize>, other: Option<usize>| one.into_iter().chain(other).min();
        let upto = match element {
            Element::Item => least(item, paragraph),
            Element::Row => least(row, cell),
            Element::Cell => cell,
            _ if element.ends_paragraph() => paragraph,
            _ => None,
        };
        let mut ended = Vec::new();
        while upto.is_some_and(|upto| self.open.len() >= upto) {
            ended.extend(self.pop());
        }
        ended
    }
}
