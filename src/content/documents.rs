//! What tells a sale document: an invoice, a receipt, a pro forma. Those that a message holds are found in [`documents`].

use std::ops::Range;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::facts::Facts;
use super::fold::folded;
use super::letter::{Letter, Place, Source};
use super::links::Link;
use super::rules::RuleSet;
use super::tokens::Token;
use crate::attachments::{self, Group, Kind};
use crate::message::{Encoding, Holds, Message, Part, unescape};

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
/// Digits of a number of a document.
const DIGITS: Range<usize> = 3..16;
/// Characters of one.
const LONGEST_NUMBER: usize = 40;

/// Words in the addresses of documents, folded.
const PAGES: [&str; 18] = [
    "bill",
    "client",
    "document",
    "documents",
    "dokument",
    "dokumenty",
    "download",
    "file",
    "files",
    "klient",
    "link",
    "open",
    "order",
    "pobierz",
    "print",
    "public",
    "share",
    "view",
];
/// Octets of a link that is handed over.
const LONGEST_LINK: usize = 2_000;
/// Of one that may reach the buyer where the words beside it may not.
const LONGEST_VOUCHED: usize = 200;
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
    let mut add = |document: Document| {
        if !found.iter().any(|known| known.sha256 == document.sha256) {
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
    for placed in &letter.links {
        let link = &placed.link;
        let own = !matches!(placed.place, Place::Quoted | Place::Hidden);
        let is_one = match sought {
            Sought::Named => rules.is_document_host(link) || is_document_link(link),
            Sought::Vouched | Sought::Attached => {
                rules.is_document_host(link) && says_nothing(rules, &link.url)
            }
            Sought::Anything => link.is_deep,
        };
        if own && is_one && link.url.len() <= LONGEST_LINK {
            add(linked(letter, link));
        }
    }
    found
}

/// Whether a link is an address and nothing else: no words, blanks or names of users, in which its writer could say what may not be said.
fn says_nothing(rules: &RuleSet, url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else {
        return false;
    };
    let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || b"/?&=#._~+%:-".contains(&octet);
    if !matches!(scheme, "https" | "http")
        || rest.len() > LONGEST_VOUCHED
        || !rest.bytes().all(is_plain)
    {
        return false;
    }
    let rest = unescape(rest.as_bytes(), b'%');
    let rest = String::from_utf8_lossy(&rest);
    let (_, page) = rest.split_once('/').unwrap_or_default();
    // Words of another kind than these say something.
    let says = |word: &str| {
        let letters = word.chars().count() > 3 && word.chars().skip(1).all(char::is_lowercase);
        let word = folded(word);
        letters && !is_document_word(&word) && !PAGES.contains(&word.as_str())
    };
    let mut between = page.split(|c: char| !c.is_alphanumeric());
    if rest.contains('@') || page.contains([':', '\\']) || between.any(says) {
        return false;
    }
    let read_out = |kept: &str, between: &str| {
        let read = rest
            .chars()
            .map(|c| match c.is_alphanumeric() || kept.contains(c) {
                true => c.to_string(),
                false => between.to_owned(),
            });
        read.collect::<String>()
    };
    // As words, as words that are drawn together, and as the names of other pages.
    let page = page.replace(|c: char| !(c.is_alphanumeric() || c == '.'), " ");
    let letter = Letter::read(Source {
        plain: vec![read_out("", " "), read_out("", ""), page],
        ..Source::default()
    });
    let findings = rules.evaluate(&letter, &Facts::default(), &|_| false);
    let mut hits = findings.hits.iter().filter(|hit| !hit.cleared);
    !hits.any(|hit| {
        rules
            .rules
            .get(hit.rule)
            .is_some_and(|rule| !rule.is_of_documents())
    })
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
    Document {
        // As people write it that it be no link.
        place: DocumentPlace::Link(link.url.replacen("hxxp", "http", 1)),
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

/// The name of a file without its ending.
fn stem(name: &str) -> &str {
    let ending = name.rsplit_once('.').filter(|(_, last)| last.len() < 5);
    ending.map_or(name, |(stem, _)| stem)
}

/// The number of a document in a text, as `FV/2026/11/123` in `Faktura FV/2026/11/123`: the first run of letters, digits and the signs of such numbers that holds
/// three digits and is no date, nor as long as the number of an account.
fn number_in(text: &str) -> Option<String> {
    let is_sign = |c: char| matches!(c, '/' | '-' | '_' | '.');
    // Addresses of people and pages have numbers of their own.
    let plain = text
        .split_whitespace()
        .filter(|word| !word.contains(['@', ':']));
    let mut words =
        plain.flat_map(|word| word.split(|c: char| !(c.is_ascii_alphanumeric() || is_sign(c))));
    words.find_map(|word| {
        let is_word =
            |part: &str| part.len() > 4 && !part.bytes().any(|octet| octet.is_ascii_digit());
        // Words before it are none of it: `faktura_2026_11_123`.
        let front: usize = word
            .split_inclusive(is_sign)
            .take_while(|part| is_word(part.trim_end_matches(is_sign)))
            .map(str::len)
            .sum();
        let number = word.get(front..)?.trim_matches(is_sign);
        let digits = number.bytes().filter(u8::is_ascii_digit).count();
        let fits = DIGITS.contains(&digits) && number.len() < LONGEST_NUMBER && !is_date(number);
        fits.then(|| number.to_owned())
    })
}

/// Whether a number is a day: `2026-11-23`, `23.11.2026`.
fn is_date(number: &str) -> bool {
    let parts: Vec<&str> = number.split(['-', '.', '/']).collect();
    let [first, month, last] = parts[..] else {
        return false;
    };
    let (year, day) = if first.len() == 4 {
        (first, last)
    } else {
        (last, first)
    };
    let at_most = |text: &str, most: u16| {
        text.len() <= 2
            && text
                .parse()
                .is_ok_and(|number: u16| (1..=most).contains(&number))
    };
    year.len() == 4
        && (year.starts_with("19") || year.starts_with("20"))
        && at_most(month, 12)
        && at_most(day, 31)
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
    shown && words(name).any(|word| is_document_word(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_document_is_read_from_its_name_or_a_sentence() {
        for (text, number) in [
            ("Faktura FV/2026/11/123", "FV/2026/11/123"),
            ("faktura_2026_11_123", "2026_11_123"),
            ("FV-11-2026-77", "FV-11-2026-77"),
            ("Twoja faktura nr 000123/11/2026.", "000123/11/2026"),
            ("Faktura FV/77/1 z dnia 2026-11-23", "FV/77/1"),
            ("Paragon z 23.11.2026 nr 12.345", "12.345"),
            (
                "Konto 61109010140000071219812874, faktura 7/11/26",
                "7/11/26",
            ),
            ("faktura sklep12345@rowery.example", ""),
            ("faktura: https://fakturownia.pl/f/100200300", ""),
            ("instrukcja", ""),
            ("faktura", ""),
            ("", ""),
        ] {
            assert_eq!(number_in(text).unwrap_or_default(), number, "{text}");
        }
    }
    #[test]
    fn a_link_that_is_vouched_for_says_nothing() {
        let rules = RuleSet::shipped().unwrap();
        for (url, plain) in [
            ("https://fakturownia.pl/f/99ab12", true),
            (
                "https://app.fakturownia.pl/f/AbC-99_ab12?e=1&t=00ff#p",
                true,
            ),
            ("https://fakturownia.pl/f/9\nNapisz na whatsapp", false),
            ("https://fakturownia.pl/f/a b", false),
            (
                "https://whatsapp-600700800-taniej@fakturownia.pl/f/1",
                false,
            ),
            (
                "https://fakturownia.pl/Napisz-na-whatsapp-600700800-dam-taniej-bez-Allegro",
                false,
            ),
            (
                "https://fakturownia.pl/Napisz%20na%20whatsapp%20600700800",
                false,
            ),
            (
                "https://fakturownia.pl/f/1?https://rowery.example/sklep.pl",
                false,
            ),
            ("https://kurwa.fakturownia.pl/f/1", false),
            ("https:\\\\fakturownia.pl/f/1", false),
            ("fakturownia.pl/f/1", false),
        ] {
            assert_eq!(says_nothing(&rules, url), plain, "{url}");
        }
    }
}
