//! All words and stems of a set in one trie: each word of a message is looked up once, whatever the number of rules.

use std::collections::HashMap;
use std::ops::Range;

use super::tokens::Token;

/// A word, a stem, or what stands for a word.
pub(super) type Symbol = u32;

/// What stands for a word, by its name in phrases; the first symbols.
const SPECIAL: [(&str, Token); 8] = [
    ("<link>", Token::Link),
    ("<mail>", Token::Mail),
    ("<phone>", Token::Phone),
    ("<iban>", Token::Iban),
    ("<account>", Token::Account),
    ("<card>", Token::Card),
    ("<money>", Token::Money),
    ("<number>", Token::Number),
];

/// A node of the trie. Those that follow it stand one behind the other, so that a word is looked up within a few lines of memory.
#[derive(Debug, Clone, Copy, Default)]
struct Node {
    /// The letters that follow as bits (`bit`), and where the node of the first of them stands.
    followers: u64,
    first: u32,
    /// The symbols that end here, counted from one; zero is none.
    exact: Symbol,
    stem: Symbol,
}

/// All words, stems and rows of words of a set.
#[derive(Debug, Clone)]
pub(super) struct Words {
    /// Each by its name: `word`, `stem*`, `<link>`, `[1, 2]`.
    names: HashMap<String, Symbol>,
    /// The trie; empty until all words are there.
    nodes: Vec<Node>,
    /// Of each symbol: the rows that it begins, each by the words behind it, and the symbol of the row.
    rows: Vec<Vec<(Vec<Symbol>, Symbol)>>,
}

/// The symbols of a sentence. Used for one sentence after another.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    symbols: Vec<Symbol>,
    /// Where those of each token stand.
    tokens: Vec<Range<usize>>,
    /// Rows of words, each with its first token.
    rows: Vec<(usize, Symbol)>,
}

impl Symbols {
    /// The symbols of a token; none behind the last.
    pub(super) fn of(&self, token: usize) -> &[Symbol] {
        let place = self.tokens.get(token);
        let symbols = place.and_then(|place| self.symbols.get(place.clone()));
        symbols.unwrap_or_default()
    }

    /// All symbols, each with its token.
    pub(super) fn placed(&self) -> impl Iterator<Item = (usize, Symbol)> {
        let tokens = self.tokens.iter().enumerate();
        let words = tokens.flat_map(|(at, place)| {
            let symbols = self.symbols.get(place.clone()).unwrap_or_default();
            symbols.iter().map(move |symbol| (at, *symbol))
        });
        words.chain(self.rows.iter().copied())
    }

    /// How many tokens there are.
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }
}

impl Words {
    pub(super) fn new() -> Self {
        let names = SPECIAL
            .iter()
            .zip(0..)
            .map(|((name, _), symbol)| ((*name).to_owned(), symbol));
        Self {
            names: names.collect(),
            nodes: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// How many symbols there are.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// The symbol of a choice: a folded word, one with `*` behind it, or a special one. None: it holds something else.
    pub(super) fn add(&mut self, choice: &str) -> Option<Symbol> {
        if let Some(known) = self.names.get(choice) {
            return Some(*known);
        }
        let word = choice.strip_suffix('*').unwrap_or(choice);
        let is_plain = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit();
        if word.is_empty() || !word.bytes().all(is_plain) {
            return None;
        }
        let symbol = Symbol::try_from(self.names.len()).ok()?;
        self.names.insert(choice.to_owned(), symbol);
        Some(symbol)
    }

    /// Builds the trie of the words that were added.
    pub(super) fn index(&mut self) {
        let words = self.names.iter().filter(|(name, _)| is_choice(name));
        let mut words: Vec<(&str, Symbol)> = words
            .map(|(name, symbol)| (name.as_str(), *symbol))
            .collect();
        words.sort_unstable();
        let mut nodes = vec![Node::default()];
        // The words below a node and their letters so far. Those of the node that was built last are next: a word's nodes stand near one another.
        let mut below = vec![(0, 0, words.as_slice())];
        while let Some((at, depth, words)) = below.pop() {
            let mut node = Node {
                first: u32::try_from(nodes.len()).unwrap_or(u32::MAX),
                ..Node::default()
            };
            let letter = |word: &str| word.as_bytes().get(depth).copied();
            for words in words.chunk_by(|(one, _), (other, _)| letter(one) == letter(other)) {
                let Some((word, symbol)) = words.first() else {
                    continue;
                };
                match letter(word) {
                    None => node.exact = symbol + 1,
                    Some(b'*') => node.stem = symbol + 1,
                    Some(letter) => {
                        below.push((nodes.len(), depth + 1, words));
                        node.followers |= bit(letter);
                        nodes.push(Node::default());
                    }
                }
            }
            if let Some(place) = nodes.get_mut(at) {
                *place = node;
            }
        }
        self.nodes = nodes;
    }

    /// The symbol of words in a row; none of none.
    pub(super) fn add_row(&mut self, row: &[Symbol]) -> Option<Symbol> {
        let (first, rest) = row.split_first()?;
        if rest.is_empty() {
            return Some(*first);
        }
        let name = format!("{row:?}");
        let fresh = Symbol::try_from(self.names.len()).ok()?;
        let symbol = *self.names.entry(name).or_insert(fresh);
        if symbol == fresh {
            let first = *first as usize;
            if self.rows.len() <= first {
                self.rows.resize(first + 1, Vec::new());
            }
            if let Some(rows) = self.rows.get_mut(first) {
                rows.push((rest.to_vec(), symbol));
            }
        }
        Some(symbol)
    }

    /// Reads the tokens of a sentence.
    pub(super) fn read(&self, tokens: &[Token], out: &mut Symbols) {
        out.symbols.clear();
        out.tokens.clear();
        out.rows.clear();
        for token in tokens {
            let from = out.symbols.len();
            self.symbols(token, &mut out.symbols);
            out.tokens.push(from..out.symbols.len());
        }
        let mut found = std::mem::take(&mut out.rows);
        for at in 0..out.len() {
            for symbol in out.of(at) {
                for (rest, row) in self.rows.get(*symbol as usize).into_iter().flatten() {
                    let mut behind = (at + 1..).zip(rest);
                    if behind.all(|(at, symbol)| out.of(at).contains(symbol)) {
                        found.push((at, *row));
                    }
                }
            }
        }
        out.rows = found;
    }

    /// Adds the symbols that a token is, in no order.
    pub(super) fn symbols(&self, token: &Token, out: &mut Vec<Symbol>) {
        let Token::Word(word) = token else {
            let special = SPECIAL
                .iter()
                .zip(0..)
                .find(|((_, special), _)| special == token);
            out.extend(special.map(|(_, symbol)| symbol));
            return;
        };
        let Some(mut node) = self.nodes.first() else {
            return;
        };
        for letter in word.bytes() {
            let letter = bit(letter);
            if node.followers & letter == 0 {
                return;
            }
            let before = node.followers & letter.wrapping_sub(1);
            let Some(next) = self.nodes.get((node.first + before.count_ones()) as usize) else {
                return;
            };
            node = next;
            if node.stem != 0 {
                out.push(node.stem - 1);
            }
        }
        if node.exact != 0 {
            out.push(node.exact - 1);
        }
    }
}

/// Whether the name of a symbol is that of a word or a stem.
fn is_choice(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
}

/// A letter or a digit as a bit, in the order of their octets; of others none.
fn bit(octet: u8) -> u64 {
    match octet {
        b'0'..=b'9' => 1 << (octet - b'0'),
        b'a'..=b'z' => 1 << (octet - b'a' + 10),
        _ => 0,
    }
}
