//! A message as rules read it: sentences of folded words, each with where it stands.

use super::fold::is_unseen;
use super::html;
use super::links::Link;
use super::plain;
use super::tokens::{self, Token};
use crate::message::{self, Encoding, Holds, Message, Part, charset};

/// The text of a message that is read, in octets: the first of it and the last.
const READ: (usize, usize) = (48 * 1024, 16 * 1024);

/// Where a sentence stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// In the Subject.
    Subject,
    /// In what the writer wrote, above quotes.
    Text,
    /// In the signature: below `-- `, or in a last block with a firm, a tax number or a telephone.
    Signature,
    /// In what is quoted.
    Quoted,
    /// In HTML, where no reader sees it.
    Hidden,
}

/// A text of one place, as it came; lines mean what they say there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) place: Place,
    pub(super) text: String,
}

/// A sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Where it stands.
    pub place: Place,
    /// As it was written, without what is not seen.
    pub text: String,
    /// Whether it ends in a question mark.
    pub asks: bool,
    pub(super) tokens: Vec<Token>,
}

/// An attached file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name as a reader sees it; empty if it has none.
    pub name: String,
    /// Its declared type, in small letters.
    pub kind: String,
}

/// A link, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedLink {
    /// The place of its sentence.
    pub place: Place,
    /// The number of its sentence.
    pub sentence: usize,
    /// The link.
    pub link: Link,
}

/// A message as rules read it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Letter {
    /// The sentences, in order; first the Subject's.
    pub sentences: Vec<Sentence>,
    /// The links, in order.
    pub links: Vec<PlacedLink>,
    /// The attached files.
    pub attachments: Vec<Attachment>,
}

/// The texts of a message before they are read.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// The Subject, decoded.
    pub subject: String,
    /// Texts without markup.
    pub plain: Vec<String>,
    /// Texts in HTML.
    pub html: Vec<String>,
    /// The attached files.
    pub attachments: Vec<Attachment>,
}

impl Letter {
    /// Reads a message. A part that cannot be read is none: rewriting refuses it.
    #[must_use]
    pub fn of(message: &Message) -> Self {
        let mut source = Source {
            subject: message.text("subject"),
            ..Source::default()
        };
        for part in &message.structure().parts {
            let octets = message.raw().get(part.body.clone()).unwrap_or_default();
            source.add(message, part, octets);
        }
        Self::read(source)
    }

    /// Reads texts.
    #[must_use]
    pub fn read(source: Source) -> Self {
        let mut blocks = vec![Block {
            place: Place::Subject,
            text: source.subject,
        }];
        for text in &source.plain {
            blocks.extend(plain::blocks(&bounded(text)));
        }
        let mut anchors = Vec::new();
        for text in &source.html {
            blocks.extend(html::blocks(&bounded(text), &mut anchors));
        }
        plain::find_signature(&mut blocks);
        let mut letter = Self {
            attachments: source.attachments,
            ..Self::default()
        };
        for block in blocks {
            let text: String = block.text.chars().filter(|c| !is_unseen(*c)).collect();
            for sentence in plain::sentences(&text) {
                letter.add(block.place, sentence, &anchors);
            }
        }
        letter
    }

    fn add(&mut self, place: Place, text: &str, anchors: &[Link]) {
        let (tokens, links) = tokens::read(text, anchors);
        if tokens.is_empty() {
            return;
        }
        let sentence = self.sentences.len();
        let placed = |link| PlacedLink {
            place,
            sentence,
            link,
        };
        self.links.extend(links.into_iter().map(placed));
        self.sentences.push(Sentence {
            place,
            text: html::without_anchors(text.trim()),
            asks: text.trim_end().ends_with(['?', '\u{37e}', '\u{ff1f}']),
            tokens,
        });
    }
}

impl Source {
    fn add(&mut self, letter: &Message, part: &Part, octets: &[u8]) {
        if part.holds != Holds::Content {
            return;
        }
        let kind = part.kind.essence.as_str();
        let disposition = disposition(letter, part);
        let name = disposition.1.or_else(|| {
            part.kind
                .get("name")
                .map(|name| message::decode(name.as_bytes()))
        });
        let is_text = matches!(kind, "text/plain" | "text/html" | "text/x-amp-html");
        if !is_text || disposition.0 {
            // The machine's parts of reports are no files.
            if !matches!(
                kind,
                "text/calendar" | "message/delivery-status" | "message/disposition-notification"
            ) {
                self.attachments.push(Attachment {
                    name: name.unwrap_or_default(),
                    kind: kind.to_owned(),
                });
            }
            return;
        }
        let octets = Encoding::of(&part.encoding).decode(octets);
        let label = part.kind.get("charset").unwrap_or_default();
        let Ok(read) = charset::decode(label, &octets) else {
            return;
        };
        let text = read.text.into_owned();
        if kind == "text/plain" {
            self.plain.push(text);
        } else {
            self.html.push(text);
        }
    }
}

/// Whether a part is an attachment by its Content-Disposition (RFC 2183), and the file name there.
fn disposition(letter: &Message, part: &Part) -> (bool, Option<String>) {
    let head = letter.raw().get(part.head.clone()).unwrap_or_default();
    let field =
        message::fields(head).find(|field| field.name.eq_ignore_ascii_case(b"content-disposition"));
    let Some(field) = field else {
        return (false, None);
    };
    let value = message::Parameters::parse(field.value);
    let name = value
        .get("filename")
        .map(|name| message::decode(name.as_bytes()));
    (value.essence == "attachment", name)
}

/// The first and the last of a long text.
fn bounded(text: &str) -> std::borrow::Cow<'_, str> {
    let (first, last) = READ;
    if text.len() <= first + last {
        return text.into();
    }
    let floor = |mut at: usize| {
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (head, _) = text.split_at_checked(floor(first)).unwrap_or_default();
    let tail = text.get(floor(text.len() - last)..).unwrap_or_default();
    format!("{head}\n\n{tail}").into()
}
