//! What a reader passes over is cut out: line ends with what begins the next line, tags, comments.

use memchr::{memchr, memchr_iter, memchr2, memchr3, memmem};

/// Stands in a view where a line end or a tag was taken out.
pub(super) const SEAM: u8 = 1;

/// Lines joined as a reader joins them: without the fold or the quote marks of the next one.
pub(super) fn joined(text: &str, out: &mut String) -> bool {
    let mut start = 0;
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
            out.push(char::from(SEAM));
            line.trim_start_matches([' ', '\t', '>'])
        };
        out.push_str(line.strip_suffix(' ').unwrap_or(line));
        start += end.map_or(rest.len(), |end| end + 1);
    }
    out.len() != text.len() || out != text
}

/// Without comments and tags.
pub(super) fn untagged(text: &str, out: &mut String) -> bool {
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
                let end = comments_end
                    .then(|| memmem::find(comment, b"-->"))
                    .flatten();
                comments_end = end.is_some();
                end.map(|end| end + 6)
            }
            None => memchr2(b'<', b'>', after)
                .filter(|end| after.get(*end) == Some(&b'>'))
                .map(|end| end + 1),
        };
        // `< 5` and `<jan@poczta.example>` are no tags.
        let named = after
            .first()
            .is_some_and(|first| first.is_ascii_alphabetic() || b"/!?".contains(first));
        let tag = end.filter(|_| named).and_then(|end| after.get(..end));
        if let Some(tag) = tag.filter(|tag| !is_address(tag)) {
            out.push_str(text.get(copied..at).unwrap_or_default());
            out.push(char::from(SEAM));
            copied = at + 1 + tag.len();
        }
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    copied > 0
}

fn is_address(tag: &[u8]) -> bool {
    memchr(b'@', tag).is_some() && memchr3(b' ', b'"', b'\'', tag).is_none()
}
