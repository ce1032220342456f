//! What tells a sale document: an invoice, a receipt, a pro forma. Those that a message holds are found in [`documents`].

mod number;
mod vouched;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use self::number::{number_in, stem};
use self::vouched::says_nothing;
use super::block::Place;
use super::document_words::{is_document_link, is_document_word};
use super::fold::folded;
use super::letter::{Letter, Sentence};
use super::links::Link;
use super::rules::RuleSet;
use crate::attachments::{self, Group, Kind};
use crate::message::{Encoding, Holds, Message, Part};

/// Stems of words for one document that corrects another, folded.
const CORRECTIONS: [&str; 9] = [
    "korekt",
    "koryguj",
    "opravn",
    "dobropis",
    "correct",
    "credit",
    "storno",
    "helyesbit",
    "modosit",
];
/// The most documents of a message: each is a request of its own, and they all stand in the head of one record of the log.
pub const MOST_DOCUMENTS: usize = 20;
/// Octets of a link that is handed over.
const LONGEST_LINK: usize = 2_000;
/// Characters of a name that is kept.
const LONGEST_NAME: usize = 200;

/// A sale document that a message holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Where it is.
    pub place: DocumentPlace,
    /// Its name as a reader sees it; of a link the host.
    pub name: String,
    /// Its number, as the name or the text tells it; empty where neither does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub number: String,
    /// Whether it corrects another.
    #[serde(default)]
    pub correction: bool,
    /// Its type by its contents; of a link `text/uri-list`.
    pub media_type: String,
    /// Octets.
    pub size: usize,
    /// SHA-256 of the octets in hexadecimal; of a link, of its address.
    pub sha256: String,
}

/// Where a document is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentPlace {
    /// The part of this number in the structure of the message.
    Part(usize),
    /// At this address.
    Link(String),
}

/// What counts as a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sought {
    /// A PDF by its contents, where its name or the writer's own words name a document; a picture where its name does, or the words do, no name does, and it is
    /// not within the text: a logo is none; a link to a host of the list `document_hosts`, or one that names a document.
    Named,
    /// The same, of links those to hosts of the list that say nothing else: what the message says beside is against the rules.
    Vouched,
    /// Every file, and links as in [`Sought::Vouched`]: the message was made to bring documents and nothing else.
    Attached,
    /// Every file whatever it is, and every link to a page: one of them is the document for which the message is stopped.
    Anything,
}

/// The documents of a message, in order, each once.
#[must_use]
pub fn documents(
    message: &Message,
    letter: &Letter,
    rules: &RuleSet,
    sought: Sought,
) -> Vec<Document> {
    let by_words = letter.names_document();
    let every = matches!(sought, Sought::Attached | Sought::Anything);
    let mut found: Vec<Document> = Vec::new();
    // One more than there may be is as good as a thousand.
    let mut add = |document: Document| {
        let known = found.iter().any(|known| known.sha256 == document.sha256);
        if !known && found.len() <= MOST_DOCUMENTS {
            found.push(document);
        }
    };
    let files = files(message, letter, sought == Sought::Anything);
    let is_named = |file: &File| words(&file.document.name).any(|word| is_document_word(&word));
    let any_named = files.iter().any(is_named);
    for file in files {
        let by_words = by_words && (file.is_pdf || !(file.within_text || any_named));
        if every || by_words || is_named(&file) {
            add(file.document);
        }
    }
    let mut asked = 0;
    let mut vouched = |url: &str| {
        asked += 1;
        asked <= 2 * MOST_DOCUMENTS && says_nothing(rules, url)
    };
    for placed in &letter.links {
        let link = &placed.link;
        let own = !matches!(placed.place, Place::Quoted | Place::Hidden);
        let is_one = match sought {
            Sought::Named => rules.is_document_host(link) || is_document_link(link),
            Sought::Vouched | Sought::Attached => {
                rules.is_document_host(link) && vouched(&link.url)
            }
            Sought::Anything => link.is_deep,
        };
        if own && is_one && link.url.len() <= LONGEST_LINK {
            add(linked(letter, link));
        }
    }
    found
}

/// An attached file.
struct File {
    document: Document,
    is_pdf: bool,
    within_text: bool,
}

/// The attached files: those that may pass by their contents; with `whatever`, all that have a name.
fn files(message: &Message, letter: &Letter, whatever: bool) -> Vec<File> {
    let mut found = Vec::new();
    for (number, part) in message.structure().parts.iter().enumerate() {
        if part.holds != Holds::Content {
            continue;
        }
        let name = message.file_names(part).into_iter().next();
        let is_text = part.kind.essence.starts_with("text/");
        if is_text && !(whatever && name.is_some()) {
            continue;
        }
        let octets = file_octets(message, part);
        let kind = match attachments::recognise(&octets).group {
            Group::Allowed(kind) => Some(kind),
            _ if whatever && name.is_some() => None,
            _ => continue,
        };
        let name = name
            .map(|name| file_name(&name))
            .filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| "document".to_owned());
        let document = Document {
            place: DocumentPlace::Part(number),
            number: number_in(stem(&name))
                .or_else(|| number_of(letter))
                .unwrap_or_default(),
            correction: is_correction(&name) || corrects(letter),
            media_type: kind.map_or_else(
                || part.kind.essence.clone(),
                |kind| kind.media_type().to_owned(),
            ),
            size: octets.len(),
            sha256: digest(&octets),
            name,
        };
        found.push(File {
            document,
            is_pdf: kind == Some(Kind::Pdf),
            within_text: is_within_text(message, part),
        });
    }
    found
}

/// The last piece of a path, bounded.
fn file_name(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    name.trim().chars().take(LONGEST_NAME).collect()
}

/// The octets of an attached file.
#[must_use]
pub fn file_octets<'m>(message: &'m Message, part: &Part) -> std::borrow::Cow<'m, [u8]> {
    let raw = message.raw().get(part.body.clone()).unwrap_or_default();
    Encoding::of(&part.encoding).decode(raw)
}

/// Whether a picture stands within a text (RFC 2387).
fn is_within_text(message: &Message, part: &Part) -> bool {
    let mut above = message.structure().above(part);
    above.any(|part| part.kind.essence == "multipart/related")
}

/// A document behind a link.
fn linked(letter: &Letter, link: &Link) -> Document {
    let document = Document {
        place: DocumentPlace::Link(String::new()),
        name: link.host.clone(),
        number: number_of(letter).unwrap_or_default(),
        correction: is_correction(&link.words) || corrects(letter),
        media_type: "text/uri-list".to_owned(),
        size: 0,
        sha256: String::new(),
    };
    // As people write it that it be no link.
    document.at_address(link.url.replacen("hxxp", "http", 1))
}

impl Document {
    /// The same behind another link.
    #[must_use]
    pub fn at_address(self, url: String) -> Self {
        Self {
            size: url.len(),
            sha256: digest(url.as_bytes()),
            place: DocumentPlace::Link(url),
            ..self
        }
    }
}

fn digest(octets: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(octets))
}

/// The words of a text, folded.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphabetic()).map(folded)
}

/// Whether a text names a correction.
fn is_correction(text: &str) -> bool {
    words(text).any(|word| CORRECTIONS.iter().any(|stem| word.starts_with(stem)))
}

/// The writer's own sentences that name a document.
fn naming(letter: &Letter) -> impl Iterator<Item = &str> {
    let names = |sentence: &&Sentence| letter.words(sentence).any(is_document_word);
    letter
        .own()
        .filter(names)
        .map(|sentence| sentence.text.as_str())
}

fn corrects(letter: &Letter) -> bool {
    naming(letter).any(is_correction)
}

fn number_of(letter: &Letter) -> Option<String> {
    naming(letter).find_map(number_in)
}

/// Whether a file is a PDF by its name or declared type.
pub(super) fn is_pdf(name: &str, kind: &str) -> bool {
    kind.ends_with("/pdf") || name.to_ascii_lowercase().ends_with(".pdf")
}

/// Whether a file is a document by its name: a PDF or a picture that is called one.
pub(super) fn is_document(name: &str, kind: &str) -> bool {
    let shown = is_pdf(name, kind) || kind.starts_with("image/");
    shown && words(name).any(|word| is_document_word(&word))
}
