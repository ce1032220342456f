//! Links that may reach a buyer where the words beside them may not.

use crate::content::document_words::is_document_word;
use crate::content::facts::Facts;
use crate::content::fold::folded;
use crate::content::letter::{Letter, Source};
use crate::content::rules::RuleSet;
use crate::message::unescape;

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
/// Octets of such a link, behind its scheme.
const LONGEST_VOUCHED: usize = 200;
/// Letters of one case that are a word; a random name of a document seldom has so many.
const WORD: usize = 5;

/// The runs of letters of a text, parted where small letters are followed by a large one.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut last = ' ';
    for c in text.chars() {
        if !c.is_alphabetic() || (last.is_lowercase() && c.is_uppercase()) {
            pieces.push(String::new());
        }
        if c.is_alphabetic()
            && let Some(piece) = pieces.last_mut()
        {
            piece.push(c);
        }
        last = c;
    }
    pieces
}

/// Whether a link is an address and nothing else: no words, blanks or names of users, in which its writer could say what may not be said.
pub(super) fn says_nothing(rules: &RuleSet, url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else {
        return false;
    };
    let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || b"/?&=#._~+%:-".contains(&octet);
    if scheme != "https" || rest.len() > LONGEST_VOUCHED || !rest.bytes().all(is_plain) {
        return false;
    }
    let rest = unescape(rest.as_bytes(), b'%');
    let rest = String::from_utf8_lossy(&rest);
    let (_, page) = rest.split_once('/').unwrap_or_default();
    // Words of another kind than these say something.
    let says = |word: &str| {
        let word = folded(word);
        word.chars().count() >= WORD && !is_document_word(&word) && !PAGES.contains(&word.as_str())
    };
    let pieces = pieces(page);
    let mut between = pieces.iter().map(String::as_str);
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

#[cfg(test)]
mod tests {
    use super::*;

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
            ("https://fakturownia.pl/f/DAM-TANIEJ-POZA-SERWISEM", false),
            ("https://fakturownia.pl/f/PiszNaWhatsApp600700800", false),
            ("http://fakturownia.pl/f/99ab12", false),
        ] {
            assert_eq!(says_nothing(&rules, url), plain, "{url}");
        }
    }
}
