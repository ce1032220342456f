//! The tokens of a sentence: folded words, links, addresses, numbers of accounts, cards and telephones, sums of money.

use smol_str::SmolStr;

use super::fold::{fold, is_letter, undisguised};
use super::html;
use super::links::{self, Link};
use super::numbers::{self, Digits};

/// A word or what stands for one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Token {
    Word(SmolStr),
    Link,
    Mail,
    Phone,
    Iban,
    Account,
    Card,
    Money,
    Number,
}

/// Octets of a word and what parts it from the next, about: room for all of a sentence is made at once.
const LETTERS: usize = 5;

/// Words that stand for a full stop where a link is spoken: `sklep kropka pl`.
const DOTS: [&str; 6] = ["kropka", "dot", "tecka", "bodka", "pont", "punkt"];

/// The tokens of `text`, and the links in it; `anchors` are those that stand in it by their numbers.
pub(super) fn read(text: &str, anchors: &[Link]) -> (Vec<Token>, Vec<Link>) {
    let mut reader = Reader {
        tokens: Vec::with_capacity(text.len() / LETTERS + 1),
        ..Reader::default()
    };
    for piece in html::pieces(text) {
        match piece {
            Ok(words) => reader.words(words),
            Err(number) => {
                if let Some(link) = anchors.get(number) {
                    // Its address may stand there in its place.
                    if reader
                        .links
                        .last()
                        .is_none_or(|last| last.host != link.host)
                    {
                        reader.tokens.push(Token::Link);
                    }
                    reader.links.push(link.clone());
                }
            }
        }
    }
    reader.join_letters();
    reader.join_spoken();
    (reader.tokens, reader.links)
}

#[derive(Default)]
struct Reader {
    tokens: Vec<Token>,
    links: Vec<Link>,
    /// The word that is folded.
    plain: String,
}

impl Reader {
    /// Words with the links among them.
    fn words(&mut self, text: &str) {
        let defanged = refanged(text);
        let text = defanged.as_deref().unwrap_or(text);
        let mut at = 0;
        for found in links::find(text) {
            self.plain(text.get(at..found.place.start).unwrap_or_default());
            match found.link {
                Some(link) => {
                    self.tokens.push(Token::Link);
                    self.links.push(link);
                }
                None if text
                    .get(found.place.clone())
                    .is_some_and(|text| text.contains('@')) =>
                {
                    self.tokens.push(Token::Mail)
                }
                None => self.plain(text.get(found.place.clone()).unwrap_or_default()),
            }
            at = found.place.end;
        }
        self.plain(text.get(at..).unwrap_or_default());
    }

    /// Words and numbers.
    fn plain(&mut self, text: &str) {
        let mut rest = text;
        while let Some(start) = rest.find(|c: char| is_letter(c) || c == '+') {
            rest = rest.get(start..).unwrap_or_default();
            let first = rest.as_bytes().first().copied().unwrap_or_default();
            let word = word(rest);
            let numeric = first == b'+'
                || first.is_ascii_digit()
                || (first.is_ascii_uppercase() && word.bytes().any(|octet| octet.is_ascii_digit()));
            if numeric && let Some((digits, length)) = numbers::read(rest) {
                self.tokens.push(match digits {
                    Digits::Iban => Token::Iban,
                    Digits::Account => Token::Account,
                    Digits::Card => Token::Card,
                    Digits::Phone => Token::Phone,
                });
                rest = rest.get(length..).unwrap_or_default();
                continue;
            }
            if word.is_empty() {
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            rest = rest.get(word.len()..).unwrap_or_default();
            let behind = rest.trim_start().chars().next();
            self.word(word, behind);
        }
    }

    fn word(&mut self, word: &str, behind: Option<char>) {
        let mut plain = std::mem::take(&mut self.plain);
        plain.clear();
        word.chars().for_each(|c| fold(c, &mut plain));
        undisguised(&mut plain);
        let is_number = plain.bytes().any(|octet| octet.is_ascii_digit());
        if !is_number && self.tokens.last() == Some(&Token::Number) && numbers::is_currency(&plain)
        {
            self.tokens.pop();
            self.tokens.push(Token::Money);
        } else if is_number && matches!(behind, Some('€' | '$' | '£')) {
            self.tokens.push(Token::Money);
        } else if is_number && self.tokens.last() != Some(&Token::Number) {
            self.tokens.push(Token::Number);
        } else if !is_number && !plain.is_empty() {
            self.tokens.push(Token::Word(SmolStr::new(&plain)));
        }
        self.plain = plain;
    }

    /// Puts together the letters of words that are spaced out.
    fn join_letters(&mut self) {
        const FEWEST: usize = 4;
        let single = |token: &Token| matches!(token, Token::Word(word) if word.len() == 1);
        let mut at = 0;
        while at < self.tokens.len() {
            let run = self
                .tokens
                .iter()
                .skip(at)
                .take_while(|token| single(token))
                .count();
            if run >= FEWEST {
                let letters = self.tokens.splice(at..at + run, [Token::Number]);
                let mut joined = String::with_capacity(run);
                for token in letters {
                    if let Token::Word(letter) = token {
                        joined.push_str(&letter);
                    }
                }
                if let Some(place) = self.tokens.get_mut(at) {
                    *place = Token::Word(joined.into());
                }
            }
            at += run.max(1);
            if run >= FEWEST {
                at = at + 1 - run;
            }
        }
    }

    /// Puts together links that are written in words.
    fn join_spoken(&mut self) {
        let mut at = 0;
        while let [name, dot, suffix] = self.tokens.get(at..at + 3).unwrap_or_default() {
            if let (Token::Word(name), Token::Word(dot), Token::Word(suffix)) = (name, dot, suffix)
                && DOTS.contains(&dot.as_str())
                && links::is_suffix(suffix)
            {
                self.links.push(Link::spoken(name, suffix));
                self.tokens.splice(at..at + 3, [Token::Link]);
            }
            at += 1;
        }
    }
}

/// The letters and digits at the front of a text; an apostrophe stands within a word.
fn word(text: &str) -> &str {
    let inside =
        |c: char| is_letter(c) || matches!(c, '\'' | '\u{2019}' | '@' | '\u{300}'..='\u{36f}');
    let end = text.find(|c| !inside(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// Whether `w w w` stands in a text.
fn has_single(octets: &[u8]) -> bool {
    memchr::memchr_iter(b'w', octets).any(|at| {
        let rest = octets.get(at..).unwrap_or_default();
        rest.starts_with(b"w w w")
    })
}

/// A text with its defanged links mended (`hxxps://`, `sklep[.]pl`); none if it has none.
fn refanged(text: &str) -> Option<String> {
    const DOTS: [&str; 9] = [
        "[.]", "(.)", "{.}", "[dot]", "(dot)", "[kropka]", "(kropka)", "(tecka)", "(bodka)",
    ];
    let octets = text.as_bytes();
    let marks = memchr::memchr3(b'[', b'(', b'{', octets).is_some();
    let has = |wanted: &[u8]| octets.windows(wanted.len()).any(|window| window == wanted);
    // A full stop and an x are rarer than what is looked for around them.
    let spaced = (memchr::memchr(b'.', octets).is_some() && has(b" . ")) || has_single(octets);
    let scheme = memchr::memchr(b'x', octets).is_some() && has(b"xx");
    if !marks && !spaced && !scheme {
        return None;
    }
    let mut out = text
        .replace("hxxp", "http")
        .replace("hXXp", "http")
        .replace("w w w", "www")
        .replace("www .", "www.");
    if marks {
        for dot in DOTS {
            out = out.replace(&format!(" {dot} "), ".").replace(dot, ".");
        }
    }
    if spaced {
        for suffix in ["pl", "cz", "sk", "hu", "com", "eu"] {
            out = out.replace(&format!(" . {suffix}"), &format!(".{suffix}"));
        }
    }
    (out != text).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let tokens = read(text, &[]).0.into_iter().map(|token| match token {
            Token::Word(word) => word.to_string(),
            other => format!("<{}>", format!("{other:?}").to_lowercase()),
        });
        tokens.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_sentence_is_words_and_what_stands_for_them() {
        for (text, want) in [
            ("Zażółć GĘŚLĄ, jaźń!", "zazolc gesla jazn"),
            ("z a k u p poza allegr0", "zakup poza allegro"),
            ("sklep kropka pl", "<link>"),
            ("wejdź na hxxps://sklep[.]pl teraz", "wejdz na <link> teraz"),
            ("sklep . pl", "<link>"),
            ("pisz na jan@poczta.pl", "pisz na <mail>"),
            ("cena 1 299,00 zł za szt", "cena <money> za szt"),
            (
                "FV 4456/2026 z dnia 3.03.2026",
                "fv <number> z dnia <number>",
            ),
            ("tel. +48 601 234 567", "tel <phone>"),
            ("konto PL61 1090 1014 0000 0712 1981 2874", "konto <iban>"),
            ("don't pay, it's fine", "dont pay its fine"),
            ("i w domu", "i w domu"),
            ("20€", "<money>"),
        ] {
            assert_eq!(shown(text), want, "{text}");
        }
    }
}
