//! A message as rules read it: sentences of folded words, each with where it stands.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, Hasher};
use std::ops::Range;

use foldhash::fast::RandomState;

use super::block::{Block, Place};
use super::document_words::is_document_word;
use super::fold::folded;
use super::html;
use super::links::Link;
use super::plain;
use super::sentences;
use super::tokens::Tokens;
use crate::message::{self, Encoding, Holds, Message, Part, charset, holds_unseen, is_unseen};

/// The text of a message that is read, in octets: the first of it and the last. Of several texts the first has the most.
const READ: (usize, usize) = (48 * 1024, 16 * 1024);
/// Words of a sentence. A longer one is none: it is read in pieces.
const MOST_WORDS: usize = 120;

/// A sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Where it stands.
    pub place: Place,
    /// As it was written, without what is not seen.
    pub text: String,
    /// Whether it ends in a question mark.
    pub asks: bool,
    /// Which of the letter's tokens are its own.
    pub(super) tokens: Range<usize>,
    /// Where its links lead.
    pub(super) hosts: Vec<String>,
}

/// An attached file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name as a reader sees it; empty if it has none.
    pub name: String,
    /// Its declared type, in small letters; `application/pdf` where its first octets say so.
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
    pub(super) tokens: Tokens,
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
    /// The texts of messages within it: words that are passed on, as quotes are.
    pub forwarded: Vec<String>,
}

impl Letter {
    /// Reads a message. A part that cannot be read is none: rewriting refuses it.
    #[must_use]
    pub fn of(message: &Message) -> Self {
        let mut source = Source {
            subject: message.text("subject"),
            ..Source::default()
        };
        let mut within = Source::default();
        for part in &message.structure().parts {
            let octets = message.raw().get(part.body.clone()).unwrap_or_default();
            let source = match is_forwarded(message, part) {
                true => &mut within,
                false => &mut source,
            };
            source.add(message, part, octets);
        }
        source.attachments.extend(within.attachments);
        let html = within.html.iter().map(|text| html::text(text));
        source.forwarded = within.plain.into_iter().chain(html).collect();
        Self::read(source)
    }

    /// Reads texts.
    #[must_use]
    pub fn read(source: Source) -> Self {
        // No writer may set the marks of links.
        let unmarked = |text: &str| text.replace(html::ANCHOR, " ");
        // The subject of an answer is that of the one who is answered.
        let subject = match message::answered(&source.subject) {
            Some(answered) => (Place::Quoted, answered),
            None => (Place::Subject, source.subject.as_str()),
        };
        let mut blocks = vec![Block {
            place: subject.0,
            text: unmarked(subject.1),
        }];
        let mut room = READ;
        for text in &source.plain {
            let text = bounded(text, &mut room);
            blocks.extend(match text.contains(html::ANCHOR) {
                true => plain::blocks(&unmarked(&text)),
                false => plain::blocks(&text),
            });
        }
        // Of alternatives both are read.
        let mut room = READ;
        let mut anchors = Vec::new();
        for text in &source.html {
            blocks.extend(html::blocks(&bounded(text, &mut room), &mut anchors));
        }
        plain::find_signature(&mut blocks);
        let mut room = READ;
        blocks.extend(source.forwarded.iter().map(|text| Block {
            place: Place::Quoted,
            text: unmarked(&bounded(text, &mut room)),
        }));
        for block in &mut blocks {
            if holds_unseen(&block.text) {
                block.text.retain(|c| !is_unseen(c));
            }
        }
        let octets: usize = blocks.iter().map(|block| block.text.len()).sum();
        let room = octets / sentences::LENGTH + 1;
        let mut letter = Self {
            sentences: Vec::with_capacity(room),
            attachments: source.attachments,
            tokens: Tokens::with_room(octets),
            ..Self::default()
        };
        let mut read = HashSet::with_capacity_and_hasher(room, RandomState::default());
        for block in &blocks {
            for sentence in sentences::sentences(&block.text) {
                // The same once more says nothing new; alternatives say everything twice.
                let said = read.hasher().hash_one((block.place, sentence.trim_ascii()));
                if read.insert(said) {
                    letter.add(block.place, sentence, &anchors);
                }
            }
        }
        letter
    }

    fn add(&mut self, place: Place, text: &str, anchors: &[Link]) {
        let from = self.tokens.len();
        let links = self.tokens.read(text, anchors);
        let tokens = from..self.tokens.len();
        let sentence = self.sentences.len();
        let placed = |link| PlacedLink {
            place,
            sentence,
            link,
        };
        if tokens.is_empty() {
            return;
        }
        let hosts: Vec<String> = links.iter().map(|link| link.host.clone()).collect();
        self.links.extend(links.into_iter().map(placed));
        let text = html::without_anchors(text.trim());
        let asks = text.ends_with(['?', '\u{37e}', '\u{ff1f}']);
        let whole = Sentence {
            place,
            text,
            asks,
            tokens,
            hosts,
        };
        if whole.tokens.len() <= MOST_WORDS {
            self.sentences.push(whole);
            return;
        }
        for from in whole.tokens.clone().step_by(MOST_WORDS) {
            self.sentences.push(Sentence {
                tokens: from..whole.tokens.end.min(from + MOST_WORDS),
                ..whole.clone()
            });
        }
    }

    /// Whether the writer's own words name an invoice, a receipt or the like.
    #[must_use]
    pub fn names_document(&self) -> bool {
        let own = self.own();
        own.flat_map(|sentence| self.words(sentence))
            .any(is_document_word)
    }

    /// The folded words of a sentence.
    pub(super) fn words(&self, sentence: &Sentence) -> impl Iterator<Item = &str> {
        self.tokens.words(sentence.tokens.clone())
    }

    /// What the writer's own words have in common with those of another message that was made of the same template: words in small letters, without
    /// numbers and names. None of a text of a few words, which people repeat as well.
    #[must_use]
    pub fn template(&self) -> Option<u64> {
        const LEAST: usize = 8;
        let mut hasher = foldhash::fast::FixedState::with_seed(0).build_hasher();
        let mut count = 0;
        for sentence in self.own().filter(|own| own.place == Place::Text) {
            for word in sentence.text.split_whitespace() {
                let small = word.chars().next().is_some_and(char::is_lowercase);
                if small && !word.chars().any(char::is_numeric) {
                    folded(word).hash(&mut hasher);
                    count += 1;
                }
            }
        }
        (count >= LEAST).then(|| hasher.finish())
    }

    /// The sentences that the writer wrote for a reader.
    pub(super) fn own(&self) -> impl Iterator<Item = &Sentence> {
        let sentences = self.sentences.iter();
        sentences.filter(|sentence| matches!(sentence.place, Place::Subject | Place::Text))
    }
}

impl Sentence {
    /// What it is compared by: its letters and digits, however they are spelt and parted, and where its links lead.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{} {}", folded(&self.text), self.hosts.join(" "))
    }
}

impl Source {
    fn add(&mut self, letter: &Message, part: &Part, octets: &[u8]) {
        if part.holds != Holds::Content {
            return;
        }
        let kind = part.kind.essence.as_str();
        let is_attachment = is_attachment(letter, part);
        // Any other text is shown as a plain one (RFC 2046 4.1.4).
        let is_text = kind.starts_with("text/")
            && !matches!(kind, "text/calendar" | "text/vcard" | "text/x-vcard");
        // What calls itself a file is shown as the text where there is none beside it.
        let is_file = is_attachment && !(self.plain.is_empty() && self.html.is_empty());
        if !is_text || is_attachment {
            // The machine's parts of reports are no files.
            if !matches!(
                kind,
                "text/calendar" | "message/delivery-status" | "message/disposition-notification"
            ) {
                self.attachments.push(Attachment {
                    name: letter
                        .file_names(part)
                        .into_iter()
                        .next()
                        .unwrap_or_default(),
                    kind: match begins_as_pdf(part, octets) {
                        true => "application/pdf".to_owned(),
                        false => kind.to_owned(),
                    },
                });
            }
        }
        if !is_text || is_file {
            return;
        }
        let texts = match kind {
            kind if kind.contains("html") || kind.ends_with("xml") => &mut self.html,
            _ => &mut self.plain,
        };
        // No more of them would be read.
        let (first, last) = READ;
        if texts.iter().map(String::len).sum::<usize>() > first + last {
            return;
        }
        let octets = both_ends(Encoding::of(&part.encoding), octets);
        let label = part.kind.get("charset").unwrap_or_default();
        if let Ok(read) = charset::decode(label, &octets) {
            texts.push(read.text.into_owned());
        }
    }
}

/// Octets under a transfer encoding that are decoded as a whole. Of more only both ends are: they hold more than is read, and a copy of all of it would
/// take as much memory as the message.
const WHOLE: usize = 512 * 1024;

/// The content of a text, or its ends, each in whole lines.
fn both_ends(encoding: Encoding, content: &[u8]) -> Cow<'_, [u8]> {
    if content.len() <= WHOLE {
        return encoding.decode(content);
    }
    let until_line =
        |octets: &[u8]| memchr::memrchr(b'\n', octets).map_or(octets.len(), |end| end + 1);
    let from_line = |octets: &[u8]| memchr::memchr(b'\n', octets).map_or(0, |end| end + 1);
    let front = content.get(..WHOLE / 2).unwrap_or_default();
    let back = content.get(content.len() - WHOLE / 2..).unwrap_or_default();
    let front = encoding.decode(front.get(..until_line(front)).unwrap_or_default());
    let back = encoding.decode(back.get(from_line(back)..).unwrap_or_default());
    let front = front.get(..until_line(&front)).unwrap_or_default();
    let back = back.get(from_line(&back)..).unwrap_or_default();
    Cow::Owned([front, b"\n", back].concat())
}

/// Whether a file is a PDF by its first octets, whatever it is declared to be.
fn begins_as_pdf(part: &Part, octets: &[u8]) -> bool {
    const FRONT: usize = 64;
    let front = octets.get(..octets.len().min(FRONT)).unwrap_or_default();
    let front = Encoding::of(&part.encoding).decode(front);
    front.trim_ascii_start().starts_with(b"%PDF-")
}

/// Whether a part stands in a message within the message (RFC 2046 5.2.1).
fn is_forwarded(letter: &Message, part: &Part) -> bool {
    let mut above = letter.structure().above(part);
    above.any(|part| part.holds == Holds::Message)
}

/// Whether a part is an attachment by its Content-Disposition (RFC 2183).
fn is_attachment(letter: &Message, part: &Part) -> bool {
    let head = letter.raw().get(part.head.clone()).unwrap_or_default();
    let mut fields = message::fields(head);
    let field = fields.find(|field| field.name.eq_ignore_ascii_case(b"content-disposition"));
    field.is_some_and(|field| message::Parameters::parse(field.value).essence == "attachment")
}

/// The first and the last of a long text, as far as there is room left.
fn bounded<'t>(text: &'t str, room: &mut (usize, usize)) -> Cow<'t, str> {
    let (first, last) = *room;
    if text.len() <= first + last {
        *room = (
            first.saturating_sub(text.len()),
            first + last - text.len().max(first),
        );
        return text.into();
    }
    *room = (0, 0);
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
