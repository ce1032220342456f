//! With which octets a spelling of a needle can begin: most of a text is passed over without a closer look.
//!
//! The tables may say yes too often, never no: a look too many costs time, a spelling that is passed over is a leak.

use super::needle::Needle;
use super::spelling::ESCAPES;
use crate::rewrite::atom;

/// What is not seen by a reader begins with one of these, with the beginning of an escape, a control character, or what is not ASCII; a space only
/// before a line end.
const UNSEEN: [u8; 2] = [b'<', b' '];
/// What may stand beside an at sign.
const AROUND: [u8; 6] = [b'@', b'+', b'=', b'(', b' ', b'\t'];

/// The octets with which the spellings of all needles begin.
#[derive(Debug, Clone)]
pub(super) struct Openings {
    /// Octets that a needle begins with.
    begins: [bool; 256],
    /// Octets that a match can begin with: these, and what begins an escape.
    first: [bool; 256],
    /// Octets that can stand behind the first one of a match that is written as it is.
    second: [bool; 256],
}

impl Openings {
    /// Those of no needle: escapes, and what is not seen between two characters.
    pub(super) fn new() -> Self {
        let mut openings = Self {
            begins: [false; 256],
            first: [false; 256],
            second: [false; 256],
        };
        for octet in ESCAPES {
            mark(&mut openings.first, octet);
        }
        for octet in ESCAPES
            .into_iter()
            .chain(UNSEEN)
            .chain(0..b' ')
            .chain([0x7f])
        {
            mark(&mut openings.second, octet);
        }
        // The first octets of characters of UTF-8: any of them may mean a letter.
        for octet in 0xc2..=0xf4 {
            mark(&mut openings.first, octet);
        }
        openings
    }

    /// Adds a needle.
    pub(super) fn add(&mut self, needle: &Needle) {
        let front = needle.front();
        let Some(first) = front.first().copied() else {
            return;
        };
        mark(&mut self.begins, first);
        mark(&mut self.first, first);
        match front.get(1) {
            Some(b'@') => AROUND
                .into_iter()
                .for_each(|octet| mark(&mut self.second, octet)),
            Some(second) => mark(&mut self.second, *second),
            // A needle of one octet: whatever stands behind it.
            None => self.second = [true; 256],
        }
        // A forwarder writes the domain first.
        if let Some([first, second, ..]) = needle.domain_part() {
            mark(&mut self.begins, *first);
            mark(&mut self.first, *first);
            mark(&mut self.second, *second);
        }
        if needle.is_dotless() {
            mark(&mut self.second, b'.');
        }
    }

    /// Where in `text` the next match can begin at the earliest.
    pub(super) fn next(&self, text: &[u8]) -> Option<usize> {
        text.iter().position(|octet| flag(&self.first, *octet))
    }

    /// Whether a match can begin at the front of `rest`, by its first three octets or by what they are an escape of; fewer, at the end of a text,
    /// are looked into.
    pub(super) fn goes_on(&self, rest: &[u8]) -> bool {
        match rest {
            [first, ..] if ESCAPES.contains(first) || !first.is_ascii() => {
                let read = atom::read(rest);
                let meant = read.and_then(|read| read.octets().first().copied());
                flag(&self.begins, *first) || meant.is_some_and(|octet| flag(&self.begins, octet))
            }
            // Other letters and characters without width are not in the tables.
            [_, second, _, ..] if !second.is_ascii() => true,
            // A blank is unseen before a line end only, and texts are full of others; people write one before an at sign.
            [_, b' ', third, ..] => b"\r\n@ \t(".contains(third) || !third.is_ascii(),
            [_, second, _, ..] => flag(&self.second, *second),
            _ => true,
        }
    }
}

/// Marks a letter in both of its cases: needles are in lower case, texts are not.
fn mark(flags: &mut [bool; 256], octet: u8) {
    for octet in [octet.to_ascii_lowercase(), octet.to_ascii_uppercase()] {
        if let Some(flag) = flags.get_mut(usize::from(octet)) {
            *flag = true;
        }
    }
}

fn flag(flags: &[bool; 256], octet: u8) -> bool {
    flags.get(usize::from(octet)).is_some_and(|flag| *flag)
}
