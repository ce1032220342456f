//! What tells a sale document: an invoice, a receipt, a pro forma. Those that a message holds are found in [`documents`].

use std::ops::Range;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::fold::folded;
use super::letter::{Letter, Place};
use super::links::Link;
use super::rules::RuleSet;
use super::tokens::Token;
use crate::attachments::{self, Group, Kind};
use crate::message::{Encoding, Holds, Message, Part};

/// Stems of the names of documents, folded.
const DOCUMENTS: [&str; 18] = [
    "faktur",
    "invoice",
    "paragon",
    "receipt",
    "rachun",
    "proform",
    "uctenk",
    "doklad",
    "danovy",
    "szamla",
    "nyugta",
    "bizonylat",
    "blocek",
    "pokladnic",
    "fv",
    "fvat",
    "efaktur",
    "fa",
];

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
/// Characters of a number that is kept.
const NUMBER: Range<usize> = 3..40;

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
    /// A PDF by its contents, where its name or the writer's own words name a document; a picture where its name does, or the words do and there is no PDF; a link to a
    /// host of the list `document_hosts`, or one that names a document.
    Any,
    /// The same, with links to hosts of the list only: what else the message says is against the rules.
    Vouched,
    /// Every file, and links to hosts of the list: the message was made to bring documents and nothing else.
    All,
}

/// The documents of a message, in order, each once.
#[must_use]
pub fn documents(
    message: &Message,
    letter: &Letter,
    rules: &RuleSet,
    sought: Sought,
) -> Vec<Document> {
    let all = sought == Sought::All;
    let by_words = all || letter.names_document();
    let files: Vec<(usize, Kind, Document)> = files(message, letter);
    let has_pdf = files.iter().any(|(_, kind, _)| *kind == Kind::Pdf);
    let named = |document: &Document| {
        let mut words = document.name.split(|c: char| !c.is_alphabetic());
        words.any(|word| is_document_word(&folded(word)))
    };
    let inline = |number: usize| {
        let part = message.structure().parts.get(number);
        part.is_some_and(|part| is_inline(message, part))
    };
    let mut found: Vec<Document> = Vec::new();
    let mut add = |document: Document| {
        if !found.iter().any(|known| known.sha256 == document.sha256) {
            found.push(document);
        }
    };
    for (number, kind, document) in files {
        let is_one = match kind {
            Kind::Pdf => by_words || named(&document),
            // A logo within the text is none.
            _ => (named(&document) || (by_words && !has_pdf)) && (all || !inline(number)),
        };
        if is_one {
            add(document);
        }
    }
    for placed in &letter.links {
        let link = &placed.link;
        let own = !matches!(placed.place, Place::Quoted | Place::Hidden);
        let is_one =
            rules.is_document_host(link) || (sought == Sought::Any && is_document_link(link));
        if own && is_one {
            add(linked(letter, link));
        }
    }
    found
}

/// Every attached file that may pass, by the number of its part.
fn files(message: &Message, letter: &Letter) -> Vec<(usize, Kind, Document)> {
    let mut found = Vec::new();
    for (number, part) in message.structure().parts.iter().enumerate() {
        if part.holds != Holds::Content || part.kind.essence.starts_with("text/") {
            continue;
        }
        let octets = content(message, part);
        let Group::Allowed(kind) = attachments::recognise(&octets).group else {
            continue;
        };
        let name = message.file_names(part).into_iter().next();
        let name = name.unwrap_or_default();
        let document = Document {
            place: DocumentPlace::Part(number),
            number: number_in(&name)
                .or_else(|| number_of(letter))
                .unwrap_or_default(),
            correction: is_correction(&name) || corrects(letter),
            media_type: kind.media_type().to_owned(),
            size: octets.len(),
            sha256: digest(&octets),
            name,
        };
        found.push((number, kind, document));
    }
    found
}

/// The octets of a part.
#[must_use]
pub fn content<'m>(message: &'m Message, part: &Part) -> std::borrow::Cow<'m, [u8]> {
    let raw = message.raw().get(part.body.clone()).unwrap_or_default();
    Encoding::of(&part.encoding).decode(raw)
}

/// Whether a picture stands within a text (RFC 2387).
fn is_inline(message: &Message, part: &Part) -> bool {
    let mut above = message.structure().above(part);
    above.any(|part| part.kind.essence == "multipart/related")
}

/// A document behind a link.
fn linked(letter: &Letter, link: &Link) -> Document {
    Document {
        place: DocumentPlace::Link(link.url.clone()),
        name: link.host.clone(),
        number: number_of(letter).unwrap_or_default(),
        correction: is_correction(&link.words) || corrects(letter),
        media_type: "text/uri-list".to_owned(),
        size: link.url.len(),
        sha256: digest(link.url.as_bytes()),
    }
}

fn digest(octets: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(octets))
}

/// Whether a text names a correction.
fn is_correction(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_alphabetic());
    words.any(|word| {
        let word = folded(word);
        CORRECTIONS.iter().any(|stem| word.starts_with(stem))
    })
}

/// The writer's own sentences that name a document.
fn naming(letter: &Letter) -> impl Iterator<Item = &str> {
    let names = |token: &Token| matches!(token, Token::Word(word) if is_document_word(word));
    let own = letter.own();
    own.filter(move |sentence| sentence.tokens.iter().any(names))
        .map(|sentence| sentence.text.as_str())
}

fn corrects(letter: &Letter) -> bool {
    naming(letter).any(is_correction)
}

fn number_of(letter: &Letter) -> Option<String> {
    naming(letter).find_map(number_in)
}

/// The number of a document in a text or file name, as `FV/2026/11/123` in `Faktura FV/2026/11/123.pdf`: a run of letters, digits and the signs of such numbers
/// that holds three digits.
fn number_in(text: &str) -> Option<String> {
    let text = text
        .rsplit_once('.')
        .filter(|(_, last)| last.len() < 5)
        .map_or(text, |(name, _)| name);
    let words =
        text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.')));
    let counted = words.filter_map(|word| {
        let named =
            |part: &&str| !part.bytes().any(|octet| octet.is_ascii_digit()) && part.len() > 4;
        // Words before it are none of it: `faktura_2026_11_123`.
        let front: usize = word
            .split_inclusive(['/', '-', '_', '.'])
            .take_while(|part| named(&part.trim_end_matches(['/', '-', '_', '.'])))
            .map(str::len)
            .sum();
        let number = word.get(front..)?.trim_matches(['/', '-', '_', '.']);
        let digits = number.bytes().filter(u8::is_ascii_digit).count();
        (digits >= NUMBER.start && NUMBER.contains(&number.len())).then_some(number)
    });
    counted.max_by_key(|number| number.len()).map(str::to_owned)
}

/// Whether a folded word names a document.
pub(super) fn is_document_word(word: &str) -> bool {
    DOCUMENTS.iter().any(|stem| {
        if stem.len() > 3 {
            word.starts_with(stem)
        } else {
            word == *stem
        }
    })
}

/// Whether the address of a link names one.
pub(super) fn is_document_link(link: &Link) -> bool {
    let mut stems = DOCUMENTS.iter().filter(|stem| stem.len() > 3);
    stems.any(|stem| link.words.contains(stem))
}

/// Whether a file is a PDF by its name or declared type.
pub(super) fn is_pdf(name: &str, kind: &str) -> bool {
    kind.ends_with("/pdf") || name.to_ascii_lowercase().ends_with(".pdf")
}

/// Whether a file is a document by its name: a PDF or a picture that is called one.
pub(super) fn is_document(name: &str, kind: &str) -> bool {
    let shown = is_pdf(name, kind) || kind.starts_with("image/");
    let mut words = name.split(|c: char| !c.is_alphabetic()).map(folded);
    shown && words.any(|word| is_document_word(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_document_is_read_from_its_name_or_a_sentence() {
        for (text, number) in [
            ("Faktura FV/2026/11/123.pdf", "FV/2026/11/123"),
            ("faktura_2026_11_123.pdf", "2026_11_123"),
            ("FV-11-2026-77.pdf", "FV-11-2026-77"),
            ("Twoja faktura nr 000123/11/2026.", "000123/11/2026"),
            ("instrukcja.pdf", ""),
            ("faktura.pdf", ""),
            ("", ""),
        ] {
            assert_eq!(number_in(text).unwrap_or_default(), number, "{text}");
        }
    }
}
