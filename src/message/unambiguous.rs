//! Values with parameters that every program reads in the same way. What is not sure to be one is written anew.

use std::collections::HashMap;

use super::parameters::{Piece, piece};

/// Signs of bare words that stand for something (RFC 2045 5.1, `tspecials`; RFC 2231 7, `attribute-char`): some programs end at one, others do not.
const SPECIAL: &[u8] = b"()<>@,;:\\\"/[]?=*'%";
/// Those at which a comment or a quoted string may begin. Where no file is named many programs write the others, and all read them.
const OPENING: &[u8] = b"()\\\"";

/// The forms in which a parameter has stood so far.
#[derive(Default)]
struct Forms {
    plain: bool,
    extended: bool,
    /// How many pieces there were, and whether those are percent-encoded.
    pieces: Option<(u32, bool)>,
}

/// Whether every program reads the same in a field value: tokens and quoted strings between semicolons, each parameter once, or once in plain letters and
/// once percent-encoded, or in pieces of one form without a gap. No comments, nothing escaped, no encoded word within a word.
#[must_use]
pub fn is_unambiguous(value: &[u8]) -> bool {
    let breaks = |octet: &u8| matches!(octet, b'\r' | b'\n');
    let unfolded: Vec<u8> = value
        .iter()
        .copied()
        .filter(|octet| !breaks(octet))
        .collect();
    let mut items = unfolded
        .split(|octet| *octet == b';')
        .map(<[u8]>::trim_ascii);
    let essence = items.next().unwrap_or_default();
    let mut seen: HashMap<String, Forms> = HashMap::new();
    let mut items = items.filter(|item| !item.is_empty());
    !essence.iter().any(|octet| OPENING.contains(octet))
        && items.all(|item| {
            let piece = piece(item).filter(|piece| is_plain(item, piece));
            piece.is_some_and(|piece| seen.entry(piece.name.clone()).or_default().add(&piece))
        })
}

impl Forms {
    /// Adds a piece; whether it fits those before it.
    fn add(&mut self, piece: &Piece) -> bool {
        if piece.numbered {
            let (count, extended) = self.pieces.unwrap_or((0, piece.extended));
            self.pieces = Some((count + 1, extended));
            let alone = !self.plain && !self.extended;
            return alone && piece.index == count && piece.extended == extended;
        }
        let before = match piece.extended {
            true => &mut self.extended,
            false => &mut self.plain,
        };
        !std::mem::replace(before, true) && self.pieces.is_none()
    }
}

/// Whether a parameter is `name=token` or `name="words"`. A semicolon within quotes has parted it, and then it is not.
fn is_plain(item: &[u8], piece: &Piece) -> bool {
    let mut halves = item.splitn(2, |octet| *octet == b'=');
    let (Some(name), Some(value)) = (halves.next(), halves.next()) else {
        return false;
    };
    let number = match piece.numbered {
        true => format!("*{}", piece.index),
        false => String::new(),
    };
    let star = if piece.extended { "*" } else { "" };
    // Some read no further than what they know of a name, and others go on.
    let whole = format!("{}{number}{star}", piece.name);
    name.eq_ignore_ascii_case(whole.as_bytes())
        && !name.iter().any(|octet| OPENING.contains(octet))
        && match value.strip_prefix(b"\"") {
            Some(quoted) => quoted
                .strip_suffix(b"\"")
                .is_some_and(|quoted| !piece.extended && is_plain_quoted(quoted, !piece.numbered)),
            None => is_plain_bare(value, piece),
        }
}

/// Whether what stands in quotes is read alike. Some read encoded words there, which RFC 2047 5 forbids; `whole` values only may consist of them.
fn is_plain_quoted(quoted: &[u8], whole: bool) -> bool {
    let plain = |octet: &u8| matches!(octet, b' '..=b'~') && !matches!(octet, b'"' | b'\\');
    let coded = memchr::memmem::find(quoted, b"=?").is_some();
    let is_word = |piece: &[u8]| {
        let marks = memchr::memmem::find_iter(piece, b"=?").count();
        piece.starts_with(b"=?") && piece.ends_with(b"?=") && marks == 1
    };
    let mut words = quoted.split(|octet| *octet == b' ');
    // Some take the angle brackets around a name for quotes.
    let bracketed = quoted.starts_with(b"<") && quoted.ends_with(b">");
    quoted.iter().all(plain) && !bracketed && (!coded || (whole && words.all(is_word)))
}

/// Whether a bare word is read alike.
fn is_plain_bare(value: &[u8], piece: &Piece) -> bool {
    let names_file = matches!(piece.name.as_str(), "name" | "filename");
    let special = if names_file { SPECIAL } else { OPENING };
    let begins = piece.extended && names_file && (!piece.numbered || piece.index == 0);
    let text = match begins {
        true => text(value),
        false => Some(value),
    };
    let plain = |octet: &u8| {
        octet.is_ascii_graphic() && (!special.contains(octet) || (piece.extended && *octet == b'%'))
    };
    !value.is_empty() && text.is_some_and(|text| text.iter().all(plain))
}

/// What stands behind `charset'language'` (RFC 2231 4).
fn text(value: &[u8]) -> Option<&[u8]> {
    let mut parts = value.splitn(3, |octet| *octet == b'\'');
    let (charset, language, text) = (parts.next()?, parts.next()?, parts.next()?);
    let label = |octet: &u8| octet.is_ascii_alphanumeric() || b"-_.:".contains(octet);
    let fits = !charset.is_empty() && charset.iter().chain(language).all(label);
    Some(text).filter(|_| fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_programs_read_alike_stays_and_nothing_else() {
        for value in [
            "attachment",
            "text/plain; charset=utf-8; format=flowed;",
            "text/plain; charset=\"utf-8\"; reply-type=original",
            "attachment;\r\n filename=\"Umowa (1), nowa.pdf\"; size=123",
            "attachment; filename=a.pdf",
            "attachment; filename=\"=?utf-8?B?xIUudHh0?= =?utf-8?Q?b?=\"",
            "attachment; filename=\"_.txt\"; filename*=UTF-8''%C4%85.txt",
            "attachment; filename*0*=utf-8''%C4%85; filename*1*=b.txt",
            "attachment; filename*0=\"a b\"; filename*1=\"c.txt\"",
            "multipart/related; type=text/html; boundary=----=_Part_1",
        ] {
            assert!(is_unambiguous(value.as_bytes()), "{value}");
        }
        for value in [
            "attachment; filename=\"x.hta\".html",
            "attachment; filename=\"a\\.js\"",
            "attachment; filename=\"a;b.js\"",
            "attachment; filename=\"evil.=?utf-8?Q?js?=\"",
            "attachment; filename=evil.js .txt",
            "attachment; filename=evil.js=.txt",
            "attachment; filename=evil.js*.txt",
            "attachment; filename=evil.js/a.txt",
            "attachment; filename=evil.js'.txt",
            "attachment; filename=<evil.js>",
            "attachment; filename=\"<evil.js>\"",
            "attachment; filename(.pdf)=evil.js",
            "attachment; filename=a; filename=b",
            "attachment; filename*=evil.js",
            "attachment; filename*=\"utf-8''evil.js\"",
            "attachment; filename*=utf-8''a'b",
            "attachment; filename*=u(8''evil.js",
            "attachment; filename*0=evil; filename*2=.js",
            "attachment; filename*0=evil; filename*1*=.js",
            "attachment; filename*0=evil; filename=a",
            "attachment; filename*0*x=a",
            "attachment (; filename=evil.js",
            "attachment; size=(; filename=evil.js",
            "attachment; filename",
        ] {
            assert!(!is_unambiguous(value.as_bytes()), "{value}");
        }
    }
}
