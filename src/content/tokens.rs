//! The tokens of a sentence: folded words, links, addresses, numbers of accounts, cards and telephones, sums of money.

use std::ops::Range;

use super::disguises::{Signs, refanged};
use super::fold::{fold, is_letter, undisguised};
use super::html;
use super::links::{self, Link};
use super::numbers::{self, Digits};

/// A word or what stands for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// Where the folded word stands in [`Tokens`].
    Word(Span),
    Link,
    Mail,
    Phone,
    Iban,
    Account,
    Card,
    Money,
    Number,
}

/// Where a word begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    from: u32,
    to: u32,
}

/// The tokens of all sentences of a letter, and their words, one behind the other: a word is no allocation of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    tokens: Vec<Token>,
    words: String,
}

/// Octets of a word and what parts it from the next, about: room for all of a text is made at once.
const LETTERS: usize = 5;

/// Words that stand for a full stop where a link is spoken: `sklep kropka pl`.
const DOTS: [&str; 6] = ["kropka", "dot", "tecka", "bodka", "pont", "punkt"];

impl Tokens {
    /// Room for those of so many octets of text.
    pub(super) fn with_room(octets: usize) -> Self {
        Self {
            tokens: Vec::with_capacity(octets / LETTERS + 1),
            words: String::with_capacity(octets),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// The tokens of a sentence.
    pub(super) fn of(&self, sentence: Range<usize>) -> &[Token] {
        self.tokens.get(sentence).unwrap_or_default()
    }

    /// A word of these tokens.
    pub(super) fn word(&self, word: Span) -> &str {
        let place = word.from as usize..word.to as usize;
        self.words.get(place).unwrap_or_default()
    }

    /// The folded words of a sentence.
    pub(super) fn words(&self, sentence: Range<usize>) -> impl Iterator<Item = &str> {
        let tokens = self.of(sentence).iter();
        tokens.filter_map(|token| self.as_word(token))
    }

    fn as_word(&self, token: &Token) -> Option<&str> {
        match token {
            Token::Word(word) => Some(self.word(*word)),
            _ => None,
        }
    }

    /// Adds those of `text`, a sentence; the links in it. `anchors` are those that stand in it by their numbers.
    pub(super) fn read(&mut self, text: &str, anchors: &[Link]) -> Vec<Link> {
        let mut reader = Reader {
            from: self.tokens.len(),
            all: self,
            links: Vec::new(),
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
                            reader.push(Token::Link);
                        }
                        reader.links.push(link.clone());
                    }
                }
            }
        }
        reader.join_letters();
        reader.join_spoken();
        reader.links
    }
}

/// Reads a sentence.
struct Reader<'a> {
    all: &'a mut Tokens,
    /// Where the sentence's tokens begin.
    from: usize,
    links: Vec<Link>,
}

/// A word at the front of a text.
struct Front {
    /// Its octets there.
    octets: usize,
    /// Whether a digit stands in it.
    has_digit: bool,
    /// Whether it is letters of ASCII and nothing else.
    is_bare: bool,
}

impl Reader<'_> {
    fn own(&self) -> &[Token] {
        self.all.of(self.from..self.all.len())
    }

    fn push(&mut self, token: Token) {
        self.all.tokens.push(token);
    }

    /// Words with the links among them.
    fn words(&mut self, text: &str) {
        let signs = Signs::of(text);
        let defanged = refanged(text, signs);
        let text = defanged.as_deref().unwrap_or(text);
        if !signs.any(Signs::OF_LINKS) && defanged.is_none() {
            return self.plain(text);
        }
        let mut at = 0;
        for found in links::find(text) {
            self.plain(text.get(at..found.place.start).unwrap_or_default());
            match found.link {
                Some(link) => {
                    self.push(Token::Link);
                    self.links.push(link);
                }
                None if text
                    .get(found.place.clone())
                    .is_some_and(|text| text.contains('@')) =>
                {
                    self.push(Token::Mail);
                }
                None => self.plain(text.get(found.place.clone()).unwrap_or_default()),
            }
            at = found.place.end;
        }
        self.plain(text.get(at..).unwrap_or_default());
    }

    /// Words and numbers.
    fn plain(&mut self, text: &str) {
        let mut at = 0;
        while let Some(first) = text.as_bytes().get(at).copied() {
            let starts = match first.is_ascii() {
                true => first.is_ascii_alphanumeric() || first == b'+',
                false => true,
            };
            if !starts {
                at += 1;
                continue;
            }
            let rest = text.get(at..).unwrap_or_default();
            if let Some(other) = rest
                .chars()
                .next()
                .filter(|c| !c.is_ascii() && !is_letter(*c))
            {
                at += other.len_utf8();
                continue;
            }
            let begin = self.all.words.len();
            let word = self.front(rest);
            let numeric = first == b'+'
                || first.is_ascii_digit()
                || (first.is_ascii_uppercase() && word.has_digit);
            if numeric && let Some((digits, length)) = numbers::read(rest) {
                self.all.words.truncate(begin);
                self.push(match digits {
                    Digits::Iban => Token::Iban,
                    Digits::Account => Token::Account,
                    Digits::Card => Token::Card,
                    Digits::Phone => Token::Phone,
                });
                at += length;
                continue;
            }
            // A plus sign may stand before no word.
            at += word.octets.max(1);
            if word.octets > 0 {
                self.word(begin, word.is_bare, text.get(at..).unwrap_or_default());
            }
        }
    }

    /// Folds the letters and digits at the front of a text; an apostrophe stands within a word.
    fn front(&mut self, text: &str) -> Front {
        let mut front = Front {
            octets: 0,
            has_digit: false,
            is_bare: true,
        };
        while let Some(octet) = text.as_bytes().get(front.octets).copied() {
            match octet {
                b'a'..=b'z' | b'A'..=b'Z' => {
                    self.all.words.push(char::from(octet.to_ascii_lowercase()));
                    front.octets += 1;
                    continue;
                }
                b'0'..=b'9' => {
                    front.has_digit = true;
                    self.all.words.push(char::from(octet));
                }
                b'\'' | b'@' => {}
                _ if octet.is_ascii() => break,
                _ => {
                    let mut rest = text.get(front.octets..).unwrap_or_default().chars();
                    match rest.next() {
                        Some('\u{2019}') => front.octets += '\u{2019}'.len_utf8(),
                        Some(c) if is_letter(c) || matches!(c, '\u{300}'..='\u{36f}') => {
                            fold(c, &mut self.all.words);
                            front.octets += c.len_utf8();
                        }
                        _ => break,
                    }
                    front.is_bare = false;
                    continue;
                }
            }
            front.is_bare = false;
            front.octets += 1;
        }
        front
    }

    /// Takes the word that was folded from `begin` on; `rest` stands behind it.
    fn word(&mut self, begin: usize, is_bare: bool, rest: &str) {
        let is_number = !is_bare && {
            let mut word = self.all.words.split_off(begin);
            undisguised(&mut word);
            self.all.words.push_str(&word);
            word.bytes().any(|octet| octet.is_ascii_digit())
        };
        let behind_number = self.own().last() == Some(&Token::Number);
        let token = if is_number {
            let behind = rest.trim_start().chars().next();
            match behind {
                Some('€' | '$' | '£') => Some(Token::Money),
                _ => (!behind_number).then_some(Token::Number),
            }
        } else if behind_number && self.is_currency(begin) {
            self.all.tokens.pop();
            Some(Token::Money)
        } else {
            self.span(begin).map(Token::Word)
        };
        if !matches!(token, Some(Token::Word(_))) {
            self.all.words.truncate(begin);
        }
        self.all.tokens.extend(token);
    }

    fn is_currency(&self, begin: usize) -> bool {
        let word = self.all.words.get(begin..);
        word.is_some_and(numbers::is_currency)
    }

    /// The place of the last word, which begins there; none of an empty one.
    fn span(&self, begin: usize) -> Option<Span> {
        let span = Span {
            from: u32::try_from(begin).ok()?,
            to: u32::try_from(self.all.words.len()).ok()?,
        };
        (span.from < span.to).then_some(span)
    }

    /// Puts together the letters of words that are spaced out: they stand one behind the other already.
    fn join_letters(&mut self) {
        const FEWEST: usize = 4;
        let single = |token: &Token| match token {
            Token::Word(word) if word.to - word.from == 1 => Some(*word),
            _ => None,
        };
        self.join(|_, rest| {
            let run = rest.iter().map_while(single).count();
            let letters = rest.get(..run).filter(|_| run >= FEWEST);
            let joined = letters.and_then(|letters| {
                Some(Span {
                    from: single(letters.first()?)?.from,
                    to: single(letters.last()?)?.to,
                })
            });
            (run.max(1), joined.map(Token::Word))
        });
    }

    /// Puts together links that are written in words.
    fn join_spoken(&mut self) {
        let mut links = std::mem::take(&mut self.links);
        self.join(|all, rest| {
            let mut words = rest.iter().map_while(|token| all.as_word(token));
            match (words.next(), words.next(), words.next()) {
                (Some(name), Some(dot), Some(suffix))
                    if DOTS.contains(&dot) && links::is_suffix(suffix) =>
                {
                    links.push(Link::spoken(name, suffix));
                    (3, Some(Token::Link))
                }
                _ => (1, None),
            }
        });
        self.links = links;
    }

    /// Puts one token in the place of several: `next` tells of what is left of the sentence how many tokens come next, and what stands in their place.
    fn join(&mut self, mut next: impl FnMut(&Tokens, &[Token]) -> (usize, Option<Token>)) {
        let (mut at, mut kept) = (self.from, self.from);
        while let Some(rest) = self.all.tokens.get(at..).filter(|rest| !rest.is_empty()) {
            let (count, joined) = next(self.all, rest);
            let tokens = &mut self.all.tokens;
            let stay = if joined.is_some() { 1 } else { count };
            if let Some((place, token)) = tokens.get_mut(kept).zip(joined) {
                *place = token;
            } else if kept < at {
                tokens.copy_within(at..at + count, kept);
            }
            (at, kept) = (at + count, kept + stay);
        }
        self.all.tokens.truncate(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let mut all = Tokens::default();
        all.read(text, &[]);
        let tokens = all.tokens.iter().map(|token| match token {
            Token::Word(word) => all.word(*word).to_owned(),
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
