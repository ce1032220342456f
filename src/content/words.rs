//! All words and stems of a set in one trie: each word of a message is looked up once, whatever the number of rules.

use std::collections::HashMap;

use super::bits::Bits;
use super::rows::Rows;
use super::tokens::{Token, Tokens};

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
    /// The letters that follow as bits (`place`), and where the node of the first of them stands.
    followers: u64,
    first: u32,
    /// The symbol of the word that ends here, counted from one; zero is none.
    exact: Symbol,
    /// The number of the stems that end here or above.
    stems: u32,
}

/// All words, stems and rows of words of a set.
#[derive(Debug, Clone)]
pub(super) struct Words {
    /// Each by its name: `word`, `stem*`, `<link>`, `[1, 2]`.
    names: HashMap<String, Symbol>,
    /// How many symbols there are.
    symbols: usize,
    /// The trie; empty until all words are there.
    nodes: Vec<Node>,
    /// Stems that a word has at once, by the numbers in the nodes.
    stems: Rows<Symbol>,
    /// Of each three letters that a word can begin with (`front`): their node; zero is none. No stem is shorter, so that nothing is missed above it.
    fronts: Vec<u32>,
    /// The rows of words, each with its symbol; until all are there.
    added: Vec<(Vec<Symbol>, Symbol)>,
    /// The symbols that begin rows, and those that go on.
    begins_row: Bits,
    goes_on: Bits,
    /// Of each symbol: the rows that it begins, by their second symbols.
    rows: Rows<Row>,
    /// The words of all rows behind the second.
    tails: Rows<Symbol>,
}

/// A row of words behind its first.
#[derive(Debug, Clone, Copy)]
struct Row {
    second: Symbol,
    /// The number of what stands behind the second.
    tail: u32,
    /// What stands for the row.
    symbol: Symbol,
}

/// The symbols of a sentence. Used for one sentence after another.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    /// Each with the token at which it begins, in their order.
    placed: Vec<(u32, Symbol)>,
    tokens: usize,
}

impl Symbols {
    /// The symbols that begin at a token; none behind the last.
    pub(super) fn of(&self, token: u32) -> impl Iterator<Item = Symbol> {
        let from = self.placed.partition_point(|(at, _)| *at < token);
        let placed = self.placed.get(from..).unwrap_or_default().iter();
        let own = placed.take_while(move |(at, _)| *at == token);
        own.map(|(_, symbol)| *symbol)
    }

    /// All symbols, each with the token at which it begins, in their order.
    pub(super) fn placed(&self) -> &[(u32, Symbol)] {
        &self.placed
    }

    /// How many tokens there are.
    pub(super) fn len(&self) -> usize {
        self.tokens
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
            symbols: SPECIAL.len(),
            nodes: Vec::new(),
            stems: Rows::default(),
            fronts: Vec::new(),
            added: Vec::new(),
            begins_row: Bits::default(),
            goes_on: Bits::default(),
            rows: Rows::default(),
            tails: Rows::default(),
        }
    }

    /// How many words, stems and rows of words there are.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// How many symbols there are.
    pub(super) fn symbols(&self) -> usize {
        self.symbols
    }

    /// The symbols that stand for one thing alone whatever phrases say: what stands for a word, of which there are so many, and the words of rows.
    pub(super) fn apart(&self) -> (Bits, usize) {
        let mut apart = Bits::new(self.symbols);
        let in_rows = self.added.iter().flat_map(|(row, _)| row.iter().copied());
        let special = SPECIAL.iter().zip(0..).map(|(_, symbol)| symbol);
        special.chain(in_rows).for_each(|symbol| apart.add(symbol));
        (apart, SPECIAL.len())
    }

    /// Puts in the place of each symbol the one that stands for it from now on (`classes`).
    pub(super) fn replace(&mut self, classes: &[Symbol]) {
        let class = |symbol: &mut Symbol| {
            let class = classes.get(*symbol as usize).copied();
            *symbol = class.unwrap_or_default();
        };
        self.names.values_mut().for_each(class);
        for (row, symbol) in &mut self.added {
            row.iter_mut().for_each(class);
            class(symbol);
        }
        self.symbols = classes.iter().max().map_or(0, |last| *last as usize + 1);
    }

    /// All words and stems.
    #[cfg(test)]
    pub(super) fn names(&self) -> impl Iterator<Item = (&str, Symbol)> {
        let names = self.names.iter().filter(|(name, _)| is_choice(name));
        names.map(|(name, symbol)| (name.as_str(), *symbol))
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
        let symbol = Symbol::try_from(self.symbols).ok()?;
        self.names.insert(choice.to_owned(), symbol);
        self.symbols += 1;
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
        let mut fronts = vec![0; LETTERS * LETTERS * LETTERS];
        let mut stems = vec![Vec::new()];
        // The words below a node, their letters so far, and the stems that end among these. Those of the node that was built last are next: a word's
        // nodes stand near one another.
        let mut below = vec![(0, 0, 0, words.as_slice())];
        while let Some((at, depth, above, words)) = below.pop() {
            let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            let mut node = Node {
                first: number(nodes.len()),
                ..Node::default()
            };
            let front = words.first().and_then(|(word, _)| front(word.as_bytes()));
            if let Some(front) = front.filter(|_| depth == FRONT) {
                fronts
                    .get_mut(front)
                    .into_iter()
                    .for_each(|place| *place = number(at));
            }
            // A star stands before all letters.
            let mut ended = above;
            let letter = |word: &str| word.as_bytes().get(depth).copied();
            for words in words.chunk_by(|(one, _), (other, _)| letter(one) == letter(other)) {
                let Some((word, symbol)) = words.first() else {
                    continue;
                };
                match letter(word) {
                    None => node.exact = symbol + 1,
                    Some(b'*') => {
                        let mut all: Vec<Symbol> = stems.get(above).cloned().unwrap_or_default();
                        all.push(*symbol);
                        ended = stems.len();
                        stems.push(all);
                    }
                    Some(letter) => {
                        below.push((nodes.len(), depth + 1, ended, words));
                        node.followers |= place(letter).map_or(0, |place| 1 << place);
                        nodes.push(Node::default());
                    }
                }
            }
            node.stems = number(ended);
            if let Some(place) = nodes.get_mut(at) {
                *place = node;
            }
        }
        (self.nodes, self.fronts, self.stems) = (nodes, fronts, Rows::new(&stems));
        self.index_rows();
    }

    fn index_rows(&mut self) {
        self.added.sort_unstable();
        let mut rows = vec![Vec::new(); self.symbols];
        self.begins_row = Bits::new(self.symbols);
        self.goes_on = Bits::new(self.symbols);
        let mut tails = Vec::new();
        for ((words, symbol), tail) in self.added.iter().zip(0..) {
            if let [first, second, rest @ ..] = words.as_slice()
                && let Some(rows) = rows.get_mut(*first as usize)
            {
                self.begins_row.add(*first);
                self.goes_on.add(*second);
                let (second, symbol) = (*second, *symbol);
                rows.push(Row {
                    second,
                    tail,
                    symbol,
                });
                tails.push(rest.to_vec());
            }
        }
        (self.rows, self.tails) = (Rows::new(&rows), Rows::new(&tails));
    }

    /// The symbol of words in a row; none of none.
    pub(super) fn add_row(&mut self, row: &[Symbol]) -> Option<Symbol> {
        if let [only] = row {
            return Some(*only);
        }
        row.first()?;
        let name = format!("{row:?}");
        let fresh = Symbol::try_from(self.symbols).ok()?;
        let symbol = *self.names.entry(name).or_insert(fresh);
        if symbol == fresh {
            self.symbols += 1;
            self.added.push((row.to_vec(), symbol));
        }
        Some(symbol)
    }

    /// Reads the tokens of a sentence; `text` has their words.
    pub(super) fn read(&self, tokens: &[Token], text: &Tokens, out: &mut Symbols) {
        out.placed.clear();
        out.tokens = tokens.len();
        for (token, at) in tokens.iter().zip(0..) {
            self.look_up(token, text, |symbol| out.placed.push((at, symbol)));
        }
        let mut found = Vec::new();
        for (at, symbol) in &out.placed {
            if self.begins_row.has(*symbol) {
                self.find_rows(*at, self.rows.of(*symbol), out, &mut found);
            }
        }
        if !found.is_empty() {
            out.placed.append(&mut found);
            out.placed.sort_by_key(|(at, _)| *at);
        }
    }

    /// Finds those of some rows, by their second symbols, whose first word stands at a token.
    fn find_rows(&self, at: u32, rows: &[Row], words: &Symbols, found: &mut Vec<(u32, Symbol)>) {
        let seconds = words.of(at + 1);
        for second in seconds.filter(|symbol| self.goes_on.has(*symbol)) {
            let from = rows.partition_point(|row| row.second < second);
            let rows = rows.get(from..).unwrap_or_default().iter();
            for row in rows.take_while(|row| row.second == second) {
                let mut behind = (at + 2..).zip(self.tails.of(row.tail));
                if behind.all(|(at, wanted)| words.of(at).any(|symbol| symbol == *wanted)) {
                    found.push((at, row.symbol));
                }
            }
        }
    }

    /// Calls `found` with the symbols that a token is, in no order.
    fn look_up(&self, token: &Token, text: &Tokens, mut found: impl FnMut(Symbol)) {
        let Token::Word(word) = token else {
            let special = SPECIAL
                .iter()
                .zip(0..)
                .find(|((_, special), _)| special == token);
            special.into_iter().for_each(|(_, symbol)| found(symbol));
            return;
        };
        let word = text.word(*word).as_bytes();
        let (start, mut rest) = match front(word) {
            Some(front) => match self.fronts.get(front) {
                None | Some(0) => return,
                Some(node) => (*node, word.get(FRONT..).unwrap_or_default()),
            },
            None => (0, word),
        };
        let Some(mut node) = self.nodes.get(start as usize) else {
            return;
        };
        let mut ends = false;
        loop {
            let Some((letter, behind)) = rest.split_first() else {
                ends = true;
                break;
            };
            let Some(place) = place(*letter).filter(|place| (node.followers >> place) & 1 == 1)
            else {
                break;
            };
            let before = node.followers & ((1 << place) - 1);
            let Some(next) = self.nodes.get((node.first + before.count_ones()) as usize) else {
                break;
            };
            (node, rest) = (next, behind);
        }
        for stem in self.stems.of(node.stems) {
            found(*stem);
        }
        if ends && node.exact != 0 {
            found(node.exact - 1);
        }
    }
}

/// Whether the name of a symbol is that of a word or a stem.
fn is_choice(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
}

/// Letters and digits of which words are made.
const LETTERS: usize = 36;
/// Letters that are looked up at once.
const FRONT: usize = 3;

/// The number of a letter or a digit, in the order of their octets; none of others.
fn place(octet: u8) -> Option<u8> {
    match octet {
        b'0'..=b'9' => Some(octet - b'0'),
        b'a'..=b'z' => Some(octet - b'a' + 10),
        _ => None,
    }
}

/// The number of the three letters at the front of a word; none of a shorter one, and of what no word of a set begins with.
fn front(word: &[u8]) -> Option<usize> {
    let mut front = word.get(..FRONT)?.iter();
    front.try_fold(0, |all, octet| {
        Some(all * LETTERS + usize::from(place(*octet)?))
    })
}
