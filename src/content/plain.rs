//! Plain text: what the writer wrote and what is quoted, and the signature.

use super::block::{Block, Place};
use super::fold::folded;

/// Lines that stand above a quoted message, by words that are in them, folded; all of a row must be.
const ATTRIBUTIONS: [&[&str]; 16] = [
    &["napisal"],
    &["pisze"],
    &["wrote"],
    &["writes"],
    &["napsal"],
    &["napisala"],
    &["pise"],
    &["irta"],
    &["schrieb"],
    &["wiadomosc", "oryginalna"],
    &["original", "message"],
    &["puvodni", "zprava"],
    &["povodna", "sprava"],
    &["eredeti", "uzenet"],
    &["forwarded", "message"],
    &["przekazana", "wiadomosc"],
];

/// The longest line that says who wrote what follows.
const LONGEST_ATTRIBUTION: usize = 200;

/// Names of header fields above a quoted message: who wrote, when, to whom, about what.
const FROM: [&str; 4] = ["from", "od", "felado", "von"];
const OTHERS: [&str; 14] = [
    "sent", "date", "to", "subject", "wyslano", "data", "do", "temat", "odeslano", "odoslane",
    "komu", "predmet", "elkuldve", "targy",
];

/// Lines below one that are looked at to tell what it is.
const BELOW: usize = 12;

/// The text in blocks: the writer's own words, the signature, and what is quoted, each in order.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut own = Parts {
        blocks: Vec::new(),
        room: text.len(),
    };
    let mut place = Place::Text;
    let mut at = 0;
    let mut colons = memchr::memchr_iter(b':', text.as_bytes()).peekable();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        while colons.next_if(|colon| *colon < at).is_some() {}
        // Most lines are words and nothing else, and go on together.
        let prose = prose(rest, colons.peek().map(|colon| colon - at));
        if prose > 0 {
            own.push(place, rest.get(..prose).unwrap_or_default());
            at += prose;
            continue;
        }
        let end = memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |end| end + 1);
        let whole = rest.get(..end).unwrap_or_default();
        at += end;
        let line = whole.trim_end_matches(['\r', '\n']);
        let bare = whole.trim_start_matches(char::is_whitespace);
        if bare.is_empty() {
            own.push(place, whole);
            continue;
        }
        if bare.starts_with('>') {
            own.push(Place::Quoted, bare.trim_start_matches(['>', ' ']));
            continue;
        }
        if place != Place::Quoted && line == "-- " {
            place = Place::Signature;
            continue;
        }
        if is_attribution(rest.lines().take(BELOW)) {
            own.push(Place::Quoted, whole);
            continue;
        }
        if begins_quote(rest.lines().take(BELOW)) {
            place = Place::Quoted;
        }
        own.push(place, whole);
    }
    own.blocks
}

/// The octets of the lines at the front of a text that can be no marks and say nothing of what follows: they begin with a letter or a digit, hold no
/// colon, and the next one ends in none. `colon` is where the first one stands.
fn prose(text: &str, colon: Option<usize>) -> usize {
    let octets = text.as_bytes();
    let colon = colon.unwrap_or(octets.len());
    let (mut before, mut at) = (0, 0);
    while octets.get(at).is_some_and(u8::is_ascii_alphanumeric) {
        let rest = octets.get(at..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest).map_or(octets.len(), |end| at + end + 1);
        if end > colon {
            // The line before it may be one that it goes on with.
            return before;
        }
        (before, at) = (at, end);
    }
    at
}

/// Blocks under way.
struct Parts {
    blocks: Vec<Block>,
    /// Octets of all blocks together, at most.
    room: usize,
}

impl Parts {
    fn push(&mut self, place: Place, lines: &str) {
        match self.blocks.last_mut() {
            Some(last) if last.place == place => last.text.push_str(lines),
            _ => {
                // The first block mostly is all of them.
                let room = std::mem::take(&mut self.room);
                let mut text = String::with_capacity(room.max(lines.len()));
                text.push_str(lines);
                self.blocks.push(Block { place, text });
            }
        }
    }
}

/// Whether the first of `lines`, or it with the next, says who wrote the quote that follows.
fn is_attribution<'t>(mut lines: impl Iterator<Item = &'t str> + Clone) -> bool {
    let Some(first) = lines.next() else {
        return false;
    };
    if first.len() > LONGEST_ATTRIBUTION || first.trim().is_empty() {
        return false;
    }
    let quoted = |lines: &mut dyn Iterator<Item = &'t str>| {
        let mut written = lines.filter(|line| !line.trim().is_empty());
        written
            .next()
            .is_some_and(|line| line.trim_start().starts_with('>'))
    };
    if first.trim_end().ends_with(':') && quoted(&mut lines.clone()) {
        return true;
    }
    let second = lines.next().unwrap_or_default();
    second.trim_end().ends_with(':')
        && quoted(&mut lines)
        && names_writer(&format!("{first} {second}"))
}

/// Whether everything from the first of `lines` on is quoted.
fn begins_quote<'t>(mut lines: impl Iterator<Item = &'t str>) -> bool {
    let Some(first) = lines.next() else {
        return false;
    };
    let bare = first.trim();
    if bare.len() > LONGEST_ATTRIBUTION || bare.is_empty() {
        return false;
    }
    let dashed = bare.starts_with("--") || bare.starts_with("__");
    if dashed && names_writer(bare) {
        return true;
    }
    let field = |line: &str, names: &[&str]| {
        let name = line.trim_start_matches(['*', ' ']).split(':').next();
        let name = name
            .filter(|name| line.contains(':') && name.len() < 24)
            .map(folded);
        name.is_some_and(|name| names.contains(&name.as_str()))
    };
    if field(bare, &FROM) && lines.take(6).filter(|line| field(line, &OTHERS)).count() >= 2 {
        return true;
    }
    // "On Monday Jan wrote:", and no mark behind it.
    bare.ends_with(':') && names_writer(bare) && bare.contains(|c: char| c.is_ascii_digit())
}

fn names_writer(line: &str) -> bool {
    let words: Vec<String> = line
        .split(|c: char| !c.is_alphanumeric())
        .map(folded)
        .collect();
    let holds = |wanted: &&str| words.iter().any(|word| word.starts_with(wanted));
    ATTRIBUTIONS.iter().any(|row| row.iter().all(holds))
}

/// Stems of what stands in signatures: firms, tax numbers, telephones.
const SIGNS: [&str; 22] = [
    "nip",
    "regon",
    "krs",
    "ico",
    "dic",
    "dič",
    "icdph",
    "adoszam",
    "cegjegyzekszam",
    "vat",
    "tel",
    "telefon",
    "phone",
    "mobil",
    "kom",
    "infolinia",
    "spzoo",
    "sro",
    "kft",
    "bt",
    "ltd",
    "gmbh",
];
/// Lines of the last block at most.
const SIGNATURE_LINES: usize = 8;

/// Finds the signature that stands behind no mark: the last block of the writer's own words, if it names a firm, a tax number or a telephone and is
/// not all that there is.
pub(super) fn find_signature(blocks: &mut Vec<Block>) {
    if blocks.iter().any(|block| block.place == Place::Signature) {
        return;
    }
    let Some(at) = blocks.iter().rposition(|block| block.place == Place::Text) else {
        return;
    };
    let Some(block) = blocks.get_mut(at) else {
        return;
    };
    let trimmed = block.text.trim_end();
    let octets = trimmed.as_bytes();
    let empty_line = |end: &usize| {
        let before = octets.get(..*end).unwrap_or_default();
        before.ends_with(b"\n") || before.ends_with(b"\n\r")
    };
    let Some(start) = memchr::memrchr_iter(b'\n', octets).find(empty_line) else {
        return;
    };
    let last = trimmed.get(start..).unwrap_or_default();
    let lines = last.trim().lines().count();
    if !(2..=SIGNATURE_LINES).contains(&lines) || !is_signature(last) {
        return;
    }
    let last = last.to_owned();
    block.text.truncate(start);
    blocks.insert(
        at + 1,
        Block {
            place: Place::Signature,
            text: last,
        },
    );
}

fn is_signature(text: &str) -> bool {
    let short = text
        .lines()
        .all(|line| line.len() < 90 && !line.trim_end().ends_with('?'));
    let mut words = text.split(|c: char| !c.is_alphanumeric()).map(folded);
    let firm = |line: &str| {
        let line = folded(line);
        ["spzoo", "sro", "spj", "spk"]
            .iter()
            .any(|sign| line.ends_with(sign))
    };
    short && (words.any(|word| SIGNS.contains(&word.as_str())) || text.lines().any(firm))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Vec<(Place, String)> {
        let mut found = blocks(text);
        find_signature(&mut found);
        found
            .into_iter()
            .map(|block| (block.place, block.text.trim().to_owned()))
            .collect()
    }

    #[test]
    fn own_words_quotes_and_signatures_are_told_apart() {
        let own = |text: &str| {
            places(text)
                .into_iter()
                .filter(|(place, _)| *place == Place::Text)
                .map(|(_, text)| text)
                .collect::<Vec<_>>()
                .join("|")
        };
        for (text, want) in [
            ("Tak.\n\n> raz\n> dwa\n", "Tak."),
            (
                "Tak.\n\nW dniu 3.03.2026 Jan napisał:\n> raz\n\nNie.",
                "Tak.|Nie.",
            ),
            (
                "Tak.\n\nDne st 4. 3. 2026 v 9:50 Kupující napsal(a):\n> dobrý den",
                "Tak.",
            ),
            ("Tak.\n-- \nJan, sklep.pl", "Tak."),
            (
                "Tak.\n\n-----Original Message-----\nFrom: a\nSent: b\nTo: c\n\nraz",
                "Tak.",
            ),
            ("Tak.\n\nOd: a\nWysłano: b\nDo: c\nTemat: d\n\nraz", "Tak."),
            (
                "Dzień dobry,\n\nwysyłam jutro.\n\nAnna Nowak\nABC sp. z o.o.\ntel. 601 234 567",
                "Dzień dobry,\n\nwysyłam jutro.",
            ),
            ("Mam pytanie:\nczy jest?", "Mam pytanie:\nczy jest?"),
        ] {
            assert_eq!(own(text), want, "{text}");
        }
    }
}
