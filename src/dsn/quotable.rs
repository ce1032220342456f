//! What another server's report says in its own words, as one short line that names nobody.
//!
//! Stricter than [`super::mask`], which looks at the reply of a server that we ask ourselves: a report is brought by whoever it is, and its words
//! go on only from the servers of the domain that the mail was handed to. Whatever looks like an address, a host, a link or a number of somebody's
//! goes; the words of an error stay.

use icu_normalizer::ComposingNormalizerBorrowed;

use super::heuristics;
use crate::mail::{Domain, Mailbox};
use crate::rewrite::{self, Needles};

/// The longest line, in characters.
const MAX_LINE: usize = 200;
/// Room for the reply code and the status in front: `550 5.123.456 `.
const CODES: usize = 14;
/// What stands for a word that is hidden.
const HIDDEN: &str = "[…]";
/// Digits in a row that may be somebody's number.
const MAX_DIGITS: usize = 4;
/// The shortest local part that is looked for inside of words, in characters: of a shorter one, "an" say, only the word itself counts.
const MIN_INSIDE: usize = 4;

/// The words of a report without what could name somebody; none where nothing is left, or something still shows. `hidden` are the registered
/// addresses of both sides.
#[must_use]
pub fn quotable_text(text: &str, hidden: &[Mailbox]) -> Option<String> {
    let locals: Vec<String> = hidden.iter().flat_map(spellings).collect();
    // Some more than is kept, since what is hidden may be longer than what stands for it.
    let start: String = text.chars().take(MAX_LINE * 4).collect();
    let plain = ComposingNormalizerBorrowed::new_nfkc().normalize(&start);
    let plain: String = plain.chars().filter(|c| !is_unseen(*c)).collect();
    let (mut line, mut long) = (String::new(), 0);
    let mut shown = false;
    for word in plain.split(|c: char| c.is_whitespace() || c.is_control()) {
        if word.is_empty() {
            continue;
        }
        let hides = hides(word, &locals);
        let word = if hides { HIDDEN } else { word };
        let length = word.chars().count() + usize::from(long > 0);
        if long + length > MAX_LINE - CODES {
            break;
        }
        if long > 0 {
            line.push(' ');
        }
        line.push_str(word);
        long += length;
        shown |= !hides;
    }
    let domains: Vec<Domain> = hidden
        .iter()
        .map(|address| address.domain().clone())
        .collect();
    let needles = Needles {
        addresses: hidden,
        domains: &domains,
    };
    // The gate reads what a curious reader may, over the borders of words as well.
    let clean = hidden.is_empty() || rewrite::check(line.as_bytes(), needles).is_ok();
    (shown && clean).then_some(line)
}

/// Characters that nobody sees: between two letters they would hide a name from us only.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// A local part as it may be written: with and without what stands behind a plus sign, with and without dots.
fn spellings(address: &Mailbox) -> Vec<String> {
    let whole = ComposingNormalizerBorrowed::new_nfkc()
        .normalize(address.local())
        .to_lowercase();
    let base = whole.split('+').next().unwrap_or_default().to_owned();
    let undotted = |text: &str| text.replace('.', "");
    let mut found = vec![undotted(&whole), undotted(&base), whole, base];
    found.retain(|text| !text.is_empty());
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether a word must not show. A status code may, with whatever stands around it.
fn hides(word: &str, locals: &[String]) -> bool {
    const AROUND: &[char] = &[
        '(', ')', '<', '>', '[', ']', '{', '}', '"', '\'', ',', ';', '#', '.', ':', '!', '?',
    ];
    if heuristics::status(word.trim_matches(AROUND)).is_some() {
        return false;
    }
    // A sentence ends there, or a part of one.
    let body = word.trim_end_matches(['.', ':', ',', ';', '!', '?', ')', '>', ']', '"', '\'']);
    word.contains(['@', '=', '/', '[', '\\', '%', '&'])
        || body.contains(['.', ':', '…', '。', '·'])
        || has_number(word)
        || names(word, locals)
}

/// Whether more than [`MAX_DIGITS`] digits of any script stand in a row.
fn has_number(word: &str) -> bool {
    let mut row = 0;
    word.chars().any(|c| {
        row = if c.is_numeric() { row + 1 } else { 0 };
        row > MAX_DIGITS
    })
}

/// Whether a word is, or holds, one of the local parts.
fn names(word: &str, locals: &[String]) -> bool {
    let lower = word.to_lowercase();
    let mut pieces = lower.split(|c: char| !c.is_alphanumeric());
    locals.iter().any(|local| {
        lower == *local
            || (local.chars().count() >= MIN_INSIDE && lower.contains(local.as_str()))
            || pieces.clone().any(|piece| piece == local)
            // `jan-k`, `jan_k`: more than one piece of the word.
            || (local.contains(|c: char| !c.is_alphanumeric()) && lower.contains(local.as_str()))
    }) && pieces.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden() -> Vec<Mailbox> {
        [
            "jan.k@poczta.example",
            "biuro@rowery.example",
            "ola-2@wp.example",
            "x@y.example",
        ]
        .map(|text| Mailbox::parse(text).unwrap())
        .to_vec()
    }

    #[test]
    fn h152_words_of_an_error_stay_and_whatever_names_somebody_goes() {
        for (text, want) in [
            ("User unknown", "User unknown"),
            ("5.1.1 user unknown.", "5.1.1 user unknown."),
            (
                "#5.1.1 (5.2.2) <5.7.1>: refused",
                "#5.1.1 (5.2.2) <5.7.1>: refused",
            ),
            ("<jan.k@poczta.example>: unknown", "[…] unknown"),
            ("jan.k is gone", "[…] is gone"),
            (
                "JANK is gone, so is Biuro: and biuro.",
                "[…] is gone, so is […] and […]",
            ),
            ("mailbox=full", "[…]"),
            ("user (biuro) over quota", "user […] over quota"),
            ("mybiuro2 over", "[…] over"),
            ("ola-2 or ola", "[…] or ola"),
            ("x X x-ray box", "[…] […] […] box"),
            ("at mx.rowery.example[10.1.2.3]", "at […]"),
            ("e.g. later", "[…] later"),
            ("see https://a/b or a/b", "see […] or […]"),
            ("call 501234567 or 1234", "call […] or 1234"),
            ("call ５０１２３ now", "call […] now"),
            ("jan＠poczta now", "[…] now"),
            ("b\u{200b}iuro now", "[…] now"),
            ("a%40b c&#64;d e\\u0040f now", "[…] […] […] now"),
            ("12:30 now: later", "[…] now: later"),
            ("5.501.234 now", "[…] now"),
            ("two\r\nlines\x1b[31m here", "two lines […] here"),
            ("Odrzucono: skrzynka pełna", "Odrzucono: skrzynka pełna"),
        ] {
            let said = quotable_text(text, &hidden());
            // Where all of it goes nothing is said.
            let want = (want != "[…]").then(|| want.to_owned());
            assert_eq!(said, want, "{text}");
        }
        let long = quotable_text(&"ab ".repeat(5_000), &hidden()).unwrap();
        assert!(long.chars().count() <= MAX_LINE - CODES);
        assert_eq!(
            quotable_text("po czta . example", &[]).as_deref(),
            Some("po czta . example")
        );
        // Over the borders of words it is the gate that looks.
        assert_eq!(
            quotable_text("biuro rowery example YmI1cm9Acm93ZXJ5", &[]).map(|line| line.len() < 60),
            Some(true)
        );
    }
}
