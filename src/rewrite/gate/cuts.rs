//! What a reader passes over is cut out: line ends with what begins the next line, tags, comments.

use memchr::{memchr, memchr_iter, memchr2, memchr2_iter, memchr3, memmem};

/// Stands in a view where something was taken out that a reader does not see: a soft line end, a tag within a line.
pub(super) const SEAM: u8 = 1;
/// Stands where something was taken out that parts words for a reader: the end of a line or of a paragraph. Nothing of what is looked for may
/// hide behind it all the same.
pub(super) const GAP: u8 = 2;

/// Lines joined as a reader joins them: without the fold or the quote marks of the next one.
pub(super) fn joined(text: &str, out: &mut String) -> bool {
    let mut start = 0;
    let mut flowed = false;
    while start < text.len() {
        let rest = text.as_bytes().get(start..).unwrap_or_default();
        let end = memchr(b'\n', rest);
        let line = text
            .get(start..start + end.unwrap_or(rest.len()))
            .unwrap_or_default();
        let line = match end {
            Some(_) => line.strip_suffix('\r').unwrap_or(line),
            None => line,
        };
        let line = if start == 0 {
            line
        } else {
            let soft = flowed || line.starts_with([' ', '\t']);
            out.push(char::from(if soft { SEAM } else { GAP }));
            line.trim_start_matches([' ', '\t', '>'])
        };
        flowed = line.ends_with(' ');
        out.push_str(line.strip_suffix(' ').unwrap_or(line));
        start += end.map_or(rest.len(), |end| end + 1);
    }
    out.len() != text.len() || out != text
}

/// Without comments and tags, but with what may be an address in angle brackets.
pub(super) fn untagged(text: &str, out: &mut String) -> bool {
    without_tags(text, out, is_address, true)
}

/// Without all that a browser takes for a tag.
pub(super) fn without_brackets(text: &str, out: &mut String) -> bool {
    without_tags(text, out, |_| false, false)
}

/// Whether one tag begins within another: in the quotes of a value it is a part of that to a browser, and a tag to who cuts out all of them.
pub(super) fn nests(text: &[u8]) -> bool {
    let mut open = false;
    memchr2_iter(b'<', b'>', text).any(|at| {
        let after = text.get(at + 1..).unwrap_or_default();
        let begins = text.get(at) == Some(&b'<') && begins_tag(after);
        let within = open && begins;
        open = begins && !after.starts_with(b"!--");
        within
    })
}

/// `< 5` and `<>` begin no tags.
fn begins_tag(after: &[u8]) -> bool {
    after
        .first()
        .is_some_and(|first| first.is_ascii_alphabetic() || b"/!?".contains(first))
}

fn without_tags(text: &str, out: &mut String, stays: fn(&[u8]) -> bool, in_quotes: bool) -> bool {
    let octets = text.as_bytes();
    let (mut copied, mut comments_end) = (0, true);
    for at in memchr_iter(b'<', octets) {
        if at < copied {
            continue;
        }
        let after = octets.get(at + 1..).unwrap_or_default();
        let end = match after.strip_prefix(b"!--") {
            // One that does not end is looked for once: nor do those behind it.
            Some(comment) => {
                let end = comments_end.then(|| end_of_comment(comment)).flatten();
                comments_end = end.is_some();
                end.map(|end| end + 3)
            }
            None if in_quotes => end_with_quotes(after),
            None => memchr2(b'<', b'>', after)
                .filter(|end| after.get(*end) == Some(&b'>'))
                .map(|end| end + 1),
        };
        // Nor may `<jan@poczta.example>` be one.
        let tag = end
            .filter(|_| begins_tag(after))
            .and_then(|end| after.get(..end));
        if let Some(tag) = tag.filter(|tag| !stays(tag)) {
            out.push_str(text.get(copied..at).unwrap_or_default());
            out.push(char::from(if parts(tag) { GAP } else { SEAM }));
            copied = at + 1 + tag.len();
        }
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    copied > 0
}

/// Octets of a tag with a bracket in the quotes of a value.
const LONGEST_TAG: usize = 4_096;

/// Where a tag ends, if a bracket within the quotes of a value does not end it.
fn end_with_quotes(after: &[u8]) -> Option<usize> {
    let after = after.get(..LONGEST_TAG).unwrap_or(after);
    let mut from = 0;
    loop {
        let rest = after.get(from..)?;
        let at = from + memchr3(b'>', b'"', b'\'', rest)?;
        // Another tag begins before this one ends.
        if memchr(b'<', after.get(from..at)?).is_some() {
            return None;
        }
        let sign = *after.get(at)?;
        if sign == b'>' {
            return Some(at + 1);
        }
        // A quote opens a value behind an equals sign only.
        let opens = at.checked_sub(1).and_then(|before| after.get(before)) == Some(&b'=');
        from = at + 1;
        if opens {
            from += memchr(sign, after.get(from..)?)? + 1;
        }
    }
}

/// Where a comment ends: behind `-->`, or as a browser takes it, behind `--!>`.
fn end_of_comment(comment: &[u8]) -> Option<usize> {
    memmem::find_iter(comment, b"--").find_map(|at| match comment.get(at + 2..)? {
        [b'>', ..] => Some(at + 3),
        [b'!', b'>', ..] => Some(at + 4),
        _ => None,
    })
}

/// Elements that part words for a reader, each as a number, sorted: a newsletter asks for thousands.
static BLOCKS: [u128; 46] = [
    number(b"p"),
    number(b"br"),
    number(b"dd"),
    number(b"dl"),
    number(b"dt"),
    number(b"h1"),
    number(b"h2"),
    number(b"h3"),
    number(b"h4"),
    number(b"h5"),
    number(b"h6"),
    number(b"hr"),
    number(b"li"),
    number(b"ol"),
    number(b"td"),
    number(b"th"),
    number(b"tr"),
    number(b"ul"),
    number(b"div"),
    number(b"nav"),
    number(b"pre"),
    number(b"body"),
    number(b"form"),
    number(b"head"),
    number(b"html"),
    number(b"main"),
    number(b"aside"),
    number(b"table"),
    number(b"tbody"),
    number(b"thead"),
    number(b"title"),
    number(b"button"),
    number(b"center"),
    number(b"dialog"),
    number(b"figure"),
    number(b"footer"),
    number(b"header"),
    number(b"option"),
    number(b"address"),
    number(b"article"),
    number(b"caption"),
    number(b"details"),
    number(b"section"),
    number(b"fieldset"),
    number(b"blockquote"),
    number(b"figcaption"),
];

/// A name of up to sixteen letters as a number; zero if it is longer.
const fn number(name: &[u8]) -> u128 {
    let (mut number, mut rest) = (0, name);
    if rest.len() > 16 {
        return 0;
    }
    while let [first, others @ ..] = rest {
        number = (number << 8) | *first as u128;
        rest = others;
    }
    number
}

/// Whether an element stands within a line; what nobody knows does.
pub(super) fn is_inline(name: &str) -> bool {
    BLOCKS.binary_search(&number(name.as_bytes())).is_err()
}

/// Whether a tag, which is in small letters and has no angle bracket before it, parts words.
fn parts(tag: &[u8]) -> bool {
    let name = tag.strip_prefix(b"/").unwrap_or(tag);
    let length = name
        .iter()
        .take_while(|octet| octet.is_ascii_alphanumeric());
    let name = name.get(..length.count()).unwrap_or_default();
    std::str::from_utf8(name).is_ok_and(|name| !is_inline(name))
}

fn is_address(tag: &[u8]) -> bool {
    memchr(b'@', tag).is_some() && memchr3(b' ', b'"', b'\'', tag).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_sorted_for_the_search() {
        assert!(BLOCKS.is_sorted());
        assert!(!is_inline("td") && !is_inline("blockquote"));
        assert!(is_inline("b") && is_inline("") && is_inline("a-name-longer-than-any"));
    }

    #[test]
    fn a_tag_ends_behind_the_quotes_of_its_values() {
        for (tag, end) in [
            ("b>x", Some(2)),
            ("a title=\"x > y\">z", Some(16)),
            ("a title='\"' b>z", Some(14)),
            // Not behind an equals sign, or never closed.
            ("a \"x>y\">", Some(5)),
            ("a title=\"x>y", None),
            ("a <b>", None),
            ("a title=\"<\" <b>", None),
        ] {
            assert_eq!(end_with_quotes(tag.as_bytes()), end, "{tag}");
        }
    }
}
