//! The ways in which a curious person reads a text, each undone by one pass over the whole of it.
//!
//! Slower and simpler than what the rewriter does, and not a line of it is shared.

use std::borrow::Cow;

/// Stands in a view where a line end or a tag was taken out.
const SEAM: char = '\u{1}';

/// A view without its seams, and where they were.
pub(super) fn compact(view: &str) -> (Cow<'_, str>, Vec<usize>) {
    if !view.contains(SEAM) {
        return (Cow::Borrowed(view), Vec::new());
    }
    let mut out = String::with_capacity(view.len());
    let mut seams = Vec::new();
    for piece in view.split(SEAM) {
        out.push_str(piece);
        seams.push(out.len());
    }
    (Cow::Owned(out), seams)
}

/// How often something may have been encoded over itself.
const LAYERS: usize = 3;

/// Calls `look` with every view of `text` until it says that it has seen enough.
pub(super) fn any(text: &str, mut look: impl FnMut(&str) -> bool) -> bool {
    let mut view = plain(text);
    if look(&view) {
        return true;
    }
    /// Whether a pass is worth it, the pass, and whether it can bring forth characters that are not plain.
    type Pass = (fn(&str) -> bool, fn(&str) -> String, bool);
    let passes: [Pass; 7] = [
        (|text| text.contains('\\'), backslashes, true),
        (|text| text.contains('&'), references, true),
        (|text| text.contains('%'), percents, true),
        (|text| text.contains('='), quoted, true),
        (
            |text| text.contains('\n') || text.contains('\r'),
            joined,
            false,
        ),
        (|text| text.contains('<'), untagged, false),
        (|text| text.contains('&'), references, true),
    ];
    for (worth, pass, decodes) in passes {
        for _ in 0..LAYERS {
            if !worth(&view) {
                break;
            }
            let next = pass(&view);
            let next = if decodes { plain(&next) } else { next };
            if next == view {
                break;
            }
            view = next;
            if look(&view) {
                return true;
            }
        }
    }
    false
}

/// A text of characters in their plain form. What is ASCII, as most mail is, needs no look at each character.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let end = rest.bytes().position(|octet| !octet.is_ascii());
        let (run, odd) = rest
            .split_at_checked(end.unwrap_or(rest.len()))
            .unwrap_or((rest, ""));
        let from = out.len();
        out.push_str(run);
        if let Some(run) = out.get_mut(from..) {
            run.make_ascii_lowercase();
        }
        let mut chars = odd.chars();
        let Some(c) = chars.next() else {
            return out;
        };
        out.extend(bare(c));
        rest = chars.as_str();
    }
}

/// A character in its plain form: lower case, half width; none if it is not seen.
fn bare(c: char) -> Option<char> {
    let c = match u32::from(c) {
        0xad
        | 0x34f
        | 0x61c
        | 0x180b..=0x180e
        | 0x200b..=0x200f
        | 0x202a..=0x202e
        | 0x2060..=0x206f
        | 0xfe00..=0xfe0f
        | 0xfeff => return None,
        wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0)?,
        _ => c,
    };
    Some(c.to_ascii_lowercase())
}

/// Replaces every `mark` that `read` understands; `read` gets what follows and says what it is and how long.
fn replace(text: &str, mark: char, read: impl Fn(&str) -> Option<(char, usize)>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(mark) {
        out.push_str(before);
        let found = read(after).and_then(|(c, length)| Some((c, after.get(length..)?)));
        if let Some((c, tail)) = found {
            out.push(c);
            rest = tail;
        } else {
            out.push(mark);
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

fn number(text: &str, radix: u32, digits: usize) -> Option<char> {
    char::from_u32(u32::from_str_radix(text.get(..digits)?, radix).ok()?)
}

/// `\u0040`, `\x40`, and `\n` of calendars as the line end that it is.
fn backslashes(text: &str) -> String {
    replace(text, '\\', |after| match after.chars().next()? {
        'u' => Some((number(after.get(1..)?, 16, 4)?, 5)),
        'x' => Some((number(after.get(1..)?, 16, 2)?, 3)),
        'n' | 'r' | 't' => Some((' ', 1)),
        _ => None,
    })
}

/// `&#64;`, `&#x40;`, `&commat;` (HTML, "Named character references"), each with or without its semicolon.
fn references(text: &str) -> String {
    replace(text, '&', |after| {
        let semicolon = |length: usize| {
            length
                + usize::from(
                    after
                        .get(length..)
                        .is_some_and(|rest| rest.starts_with(';')),
                )
        };
        if let Some(hex) = after.strip_prefix("#x") {
            let digits = hex
                .chars()
                .take(8)
                .take_while(char::is_ascii_hexdigit)
                .count();
            return Some((number(hex, 16, digits)?, semicolon(2 + digits)));
        }
        if let Some(decimal) = after.strip_prefix('#') {
            let digits = decimal
                .chars()
                .take(8)
                .take_while(char::is_ascii_digit)
                .count();
            return Some((number(decimal, 10, digits)?, semicolon(1 + digits)));
        }
        let names = [
            ("amp", '&'),
            ("commat", '@'),
            ("period", '.'),
            ("lowbar", '_'),
            ("underbar", '_'),
            ("plus", '+'),
            ("shy", '\u{ad}'),
            ("zwnj", '\u{200c}'),
            ("zwj", '\u{200d}'),
            ("zerowidthspace", '\u{200b}'),
            ("nobreak", '\u{2060}'),
            ("lrm", '\u{200e}'),
            ("rlm", '\u{200f}'),
        ];
        names
            .iter()
            .find(|(name, _)| after.starts_with(name))
            .map(|(name, c)| (*c, semicolon(name.len())))
    })
}

/// Octets after a mark, two digits each, read as UTF-8.
fn octets(text: &str, mark: char) -> String {
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(mark) {
        out.extend_from_slice(before.as_bytes());
        let digits = after
            .get(..2)
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(octet) => {
                out.push(octet);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.extend(mark.to_string().bytes());
                rest = after;
            }
        }
    }
    out.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&out).into_owned()
}

fn percents(text: &str) -> String {
    octets(text, '%')
}

/// Quoted-printable that nobody declared.
fn quoted(text: &str) -> String {
    octets(&text.replace("=\r\n", "").replace("=\n", ""), '=')
}

/// Lines joined as a reader joins them: without the fold or the quote marks of the next one.
fn joined(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, line) in text.lines().enumerate() {
        let line = if at == 0 {
            line
        } else {
            out.push(SEAM);
            line.trim_start_matches([' ', '\t', '>'])
        };
        out.push_str(line.strip_suffix(' ').unwrap_or(line));
    }
    out
}

/// Without comments and tags.
fn untagged(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let end = match after.strip_prefix("!--") {
            Some(comment) => comment.find("-->").map(|at| at + 6),
            None => after
                .find(['<', '>'])
                .filter(|at| after.get(*at..).is_some_and(|rest| rest.starts_with('>')))
                .map(|at| at + 1),
        };
        // `< 5` and `<jan@poczta.example>` are no tags.
        let first = after.chars().next().unwrap_or(' ');
        let tag = end.and_then(|end| after.get(..end)).filter(|tag| {
            (first.is_ascii_alphabetic() || "/!?".contains(first)) && !is_address(tag)
        });
        match tag {
            Some(tag) => {
                out.push(SEAM);
                rest = after.get(tag.len()..).unwrap_or_default();
            }
            None => {
                out.push('<');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn is_address(tag: &str) -> bool {
    tag.contains('@') && !tag.contains([' ', '"', '\''])
}
