//! Files that stand in a text: uuencoded, in yEnc or BinHex, or attached to an event of a calendar. Some programs show them as attachments.

use memchr::memmem;

/// How a file in BinHex begins (RFC 1741 5.1).
const BINHEX: &[u8] = b"(This file must be converted with BinHex";

/// The name of a file in a text of this type, and what it is in words; none if there is none.
pub(super) fn file(essence: &str, text: &[u8]) -> Option<(String, &'static str)> {
    if essence == "text/calendar" {
        return holds_attachment(text).then(|| (String::new(), "a file within a calendar"));
    }
    uuencoded(text)
        .map(|name| (name, "a file within a text (uuencoded)"))
        .or_else(|| yenc(text).map(|name| (name, "a file within a text (yEnc)")))
        .or_else(|| binhex(text).then(|| (String::new(), "a file within a text (BinHex)")))
}

/// What stands behind each line begin that is `wanted`, from there on.
fn lines<'t>(text: &'t [u8], wanted: &'t [u8]) -> impl Iterator<Item = &'t [u8]> {
    memmem::find_iter(text, wanted).filter_map(move |at| {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        text.get(at..)
            .filter(|_| matches!(before, None | Some(b'\n')))
    })
}

fn first_line(text: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'\n', text).unwrap_or(text.len());
    text.get(..end).unwrap_or_default().trim_ascii_end()
}

/// `begin 644 name`, and a line of code below it (POSIX, "uuencode").
fn uuencoded(text: &[u8]) -> Option<String> {
    lines(text, b"begin ").find_map(|found| {
        let mut words = first_line(found).splitn(3, |octet| *octet == b' ').skip(1);
        let (mode, name) = (words.next()?, words.next()?);
        let octal = |octet: &u8| (b'0'..=b'7').contains(octet);
        let is_mode = matches!(mode.len(), 3 | 4) && mode.iter().all(octal);
        let below = memchr::memchr(b'\n', found).and_then(|end| found.get(end + 1..))?;
        let name = String::from_utf8_lossy(name);
        (is_mode && is_code(first_line(below))).then(|| name.into_owned())
    })
}

/// Whether a line is one of uuencoded octets: as long as its first sign says.
fn is_code(line: &[u8]) -> bool {
    let Some((count, code)) = line.split_first() else {
        return false;
    };
    let count = usize::from(count.wrapping_sub(b' ') & 0x3f);
    let is_sign = |octet: &u8| (b' '..=b'`').contains(octet);
    // Blanks at the end are lost on the way, and some encoders add a checksum.
    let wanted = count.div_ceil(3) * 4;
    count > 0 && code.iter().all(is_sign) && code.len() <= wanted + 2 && code.len() + 4 > wanted
}

/// `=ybegin line=128 size=123 name=x` ([yEnc](http://www.yenc.org/yenc-draft.1.3.txt)).
fn yenc(text: &[u8]) -> Option<String> {
    lines(text, b"=ybegin ").find_map(|found| {
        let line = first_line(found);
        let name = memmem::find(line, b" name=").and_then(|at| line.get(at + 6..))?;
        let has_size = memmem::find(line, b" size=").is_some();
        has_size.then(|| String::from_utf8_lossy(name).into_owned())
    })
}

/// Its first sign of code is a colon.
fn binhex(text: &[u8]) -> bool {
    lines(text, BINHEX).any(|found| {
        let below = found.iter().skip(first_line(found).len());
        let mut signs = below.filter(|octet| !octet.is_ascii_whitespace());
        signs.next() == Some(&b':')
    })
}

/// Whether a calendar has an `ATTACH` that holds the file itself (RFC 5545 3.8.1.1). Lines are folded there.
fn holds_attachment(text: &[u8]) -> bool {
    let mut unfolded = Vec::with_capacity(text.len());
    let mut octets = text.iter().filter(|octet| **octet != b'\r').peekable();
    while let Some(octet) = octets.next() {
        let folds = *octet == b'\n' && matches!(octets.peek(), Some(b' ' | b'\t'));
        match folds {
            true => _ = octets.next(),
            false => unfolded.push(octet.to_ascii_uppercase()),
        }
    }
    let mut attached = lines(&unfolded, b"ATTACH");
    attached.any(|line| memmem::find(first_line(line), b"ENCODING=BASE64").is_some())
}
