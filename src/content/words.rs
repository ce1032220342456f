//! All words and stems of a set in one trie: each word of a message is looked up once, whatever the number of rules.

use std::collections::HashMap;

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

/// Letters and digits.
const WIDTH: usize = 36;

#[derive(Debug, Clone)]
struct Node {
    next: [u32; WIDTH],
    /// The symbols that end here, counted from one; zero is none.
    exact: Symbol,
    stem: Symbol,
}

impl Node {
    const EMPTY: Self = Self {
        next: [0; WIDTH],
        exact: 0,
        stem: 0,
    };
}

/// The trie.
#[derive(Debug, Clone)]
pub(super) struct Words {
    nodes: Vec<Node>,
    names: HashMap<String, Symbol>,
}

impl Words {
    pub(super) fn new() -> Self {
        let names = SPECIAL
            .iter()
            .zip(0..)
            .map(|((name, _), symbol)| ((*name).to_owned(), symbol));
        Self {
            nodes: vec![Node::EMPTY],
            names: names.collect(),
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
        let (word, is_stem) = choice
            .strip_suffix('*')
            .map_or((choice, false), |stem| (stem, true));
        if word.is_empty()
            || !word
                .bytes()
                .all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit())
        {
            return None;
        }
        let symbol = Symbol::try_from(self.names.len()).ok()?;
        let mut at = 0;
        for octet in word.bytes() {
            let letter = index(octet)?;
            let fresh = u32::try_from(self.nodes.len()).ok()?;
            let next = self.nodes.get_mut(at)?.next.get_mut(letter)?;
            if *next == 0 {
                *next = fresh;
                at = fresh as usize;
                self.nodes.push(Node::EMPTY);
            } else {
                at = *next as usize;
            }
        }
        let node = self.nodes.get_mut(at)?;
        let place = if is_stem {
            &mut node.stem
        } else {
            &mut node.exact
        };
        *place = symbol + 1;
        self.names.insert(choice.to_owned(), symbol);
        Some(symbol)
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
        let mut node = self.nodes.first();
        for octet in word.bytes() {
            let next = index(octet).and_then(|letter| node?.next.get(letter).copied());
            let Some(next) = next.filter(|next| *next != 0) else {
                return;
            };
            node = self.nodes.get(next as usize);
            if let Some(stem) = node.map(|node| node.stem).filter(|stem| *stem != 0) {
                out.push(stem - 1);
            }
        }
        if let Some(exact) = node.map(|node| node.exact).filter(|exact| *exact != 0) {
            out.push(exact - 1);
        }
    }
}

fn index(octet: u8) -> Option<usize> {
    match octet {
        b'a'..=b'z' => Some(usize::from(octet - b'a')),
        b'0'..=b'9' => Some(usize::from(octet - b'0') + 26),
        _ => None,
    }
}
