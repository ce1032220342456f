//! What a run of characters beside an at sign or a dot may be read as.

use super::cuts::{GAP, SEAM};
use super::names::{is_local, is_top_level};

/// How a local part stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// In one piece.
    Whole,
    /// With something in it that a reader does not see, and that goes when the text is quoted.
    Torn,
    /// Over the end of a line or a paragraph: as an address only for somebody who looks for one.
    Apart,
}

/// Places at which one address or domain may begin or end; honest ones have one or two.
pub(super) const MOST_ENDS: usize = 24;
/// Of them, places behind the ends of lines or paragraphs.
const MOST_APART: usize = 4;

/// What stands in a local part without quotes (RFC 5322 3.2.3), and seams.
pub(super) fn is_atext(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || !octet.is_ascii()
        || b"!#$%&'*+-/=?^_`{|}~.\x01\x02".contains(&octet)
}

/// What stands in a domain, and seams.
pub(super) fn is_of_name(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || !octet.is_ascii() || b"-_.\x01\x02".contains(&octet)
}

/// Whether a character stands for something that was cut out.
fn is_cut(c: char) -> bool {
    c == char::from(SEAM) || c == char::from(GAP)
}

/// Every local part that ends where `run` does, the shortest first: wherever an address that is looked for could begin.
pub(super) fn locals(run: &str) -> Vec<(String, Standing)> {
    // Of a link, or of code, only the last piece is an address.
    let run = run.rsplit(['/', '?', '=']).next().unwrap_or_default();
    let mut found: Vec<(String, Standing)> = Vec::new();
    let mut local = String::new();
    let (mut standing, mut cut) = (Standing::Whole, Standing::Whole);
    let mut chars = run.chars().rev();
    while let Some(c) = chars.next() {
        if !c.is_ascii() && !c.is_alphanumeric() {
            break;
        }
        if is_cut(c) {
            let new = if c == char::from(GAP) {
                Standing::Apart
            } else {
                Standing::Torn
            };
            cut = cut.max(new);
            continue;
        }
        // What is cut out before the at sign is not within the local part.
        standing = standing.max(if local.is_empty() {
            Standing::Whole
        } else {
            cut
        });
        cut = Standing::Whole;
        local.insert(0, c);
        let mut ahead = chars.clone();
        let begins = match (ahead.next(), ahead.next()) {
            (None | Some('-' | '_'), _) => true,
            // No local part begins with a dot, or has two in a row.
            (Some('.'), above) => above.is_none_or(|above| above == '.' || !is_local(above)),
            // A number that lost its blank.
            (Some(before), _) if before.is_ascii_digit() => c.is_ascii_alphabetic(),
            (Some(before), _) => !is_local(before),
        };
        if begins && local.len() <= 64 {
            found.push((local.clone(), standing));
        }
        // Cells of a table stand beside an address, one after the other; nobody's program writes an address over so many lines.
        let apart = found.iter().rev().take(MOST_APART);
        if apart
            .filter(|(_, standing)| *standing == Standing::Apart)
            .count()
            == MOST_APART
        {
            break;
        }
    }
    found
}

/// Every name that begins where `run` does, the longest first: wherever one that is looked for could end. One that goes on behind a cut must be
/// a name of the net: the next line begins with any word.
pub(super) fn domains(run: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut name = String::new();
    let mut crossed = false;
    let mut add = |name: &str, crossed: bool| {
        let text = name.trim_matches(['.', '-', '_']);
        let last = text.rsplit('.').next().unwrap_or_default();
        let known = found.last().is_some_and(|known| known == text);
        if text.contains('.') && !known && (!crossed || is_top_level(last)) {
            found.push(text.to_owned());
        }
    };
    let mut chars = run.chars().peekable();
    while let Some(c) = chars.next() {
        if !c.is_ascii() && !c.is_alphanumeric() {
            break;
        }
        if is_cut(c) {
            crossed |= name.contains('.');
        } else {
            name.push(c);
        }
        let ends = match chars.peek() {
            None => true,
            Some(next) if is_cut(*next) || *next == '_' => true,
            Some(next) if !next.is_ascii() => c.is_ascii(),
            Some('.' | '-') => {
                let between = chars.clone().take_while(|c| matches!(c, '-' | '.'));
                let between: String = between.collect();
                let behind = chars.clone().nth(between.len());
                let goes_on = behind.is_some_and(|c| c.is_ascii_alphanumeric());
                !goes_on || (between != "." && between.contains('.'))
            }
            Some(_) => false,
        };
        if ends {
            add(&name, crossed);
        }
    }
    add(&name, crossed);
    found.reverse();
    found
}

/// What a name may be read as: itself, the names that it may be a host of, and each of these up to where its last label begins like a top-level
/// domain.
pub(super) fn readings(name: &str) -> Vec<String> {
    let hosts = name.match_indices('.').map(|(at, _)| at + 1);
    let mut found: Vec<String> = Vec::new();
    for start in hosts.chain([0]) {
        let Some(text) = name.get(start..).filter(|text| text.contains('.')) else {
            continue;
        };
        found.push(text.to_owned());
        let last = text.rfind('.').map_or(0, |dot| dot + 1);
        let ends = last + 2..text.len();
        let cut = ends.filter_map(|end| Some((text.get(..end)?, text.get(last..end)?)));
        let cut = cut.filter(|(_, label)| is_top_level(label));
        found.extend(cut.map(|(text, _)| text.to_owned()));
    }
    found
}

/// The ends of `run` that a name may begin with: at its front, behind a seam, and where letters of ASCII begin.
pub(super) fn starts(run: &str) -> Vec<&str> {
    let mut found = vec![run];
    let mut last = char::from(SEAM);
    for (at, c) in run.char_indices() {
        let new = at > 0 && !is_cut(c) && (is_cut(last) || (c.is_ascii() && !last.is_ascii()));
        if new && found.len() < MOST_ENDS {
            found.extend(run.get(at..));
        }
        last = c;
    }
    found
}
