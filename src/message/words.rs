//! Header text: encoded words decoded and written (RFC 2047), raw 8-bit octets understood.
//!
//! What [`decode`] returns holds no control characters, whatever was encoded; what [`encode`] writes is ASCII without line ends inside
//! of words. So a decoded CR LF can never become a new header field (docs/threats.md#104).

use mail_parser::parsers::MessageStream;

/// The longest encoded word (RFC 2047 2).
const MAX_WORD: usize = 75;

/// A field value as one line of text: unfolded, decoded, control characters as spaces.
///
/// Raw octets over 127 are read as UTF-8 where they are, else as ISO-8859-2: mail of the region that says nothing of its charset.
#[must_use]
pub fn decode(value: &[u8]) -> String {
    if let Some(plain) = plain_words(value) {
        return plain.to_owned();
    }
    // The parser reads up to a line end.
    let mut terminated = value.to_vec();
    if std::str::from_utf8(&terminated).is_err() {
        terminated = latin2(&terminated).into_bytes();
    }
    // Most values hold no encoded word and need no parser.
    let text = if memchr::memmem::find(&terminated, b"=?").is_some() {
        terminated.extend_from_slice(b"\r\n");
        MessageStream::new(&terminated)
            .parse_unstructured()
            .into_text()
            .map(std::borrow::Cow::into_owned)
            .unwrap_or_default()
    } else {
        String::from_utf8_lossy(&terminated).into_owned()
    };
    let spaced: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    spaced
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The words of a value of which nothing is to be decoded: ASCII without controls, one blank between two of them. Most are so.
fn plain_words(value: &[u8]) -> Option<&str> {
    let plain = |octet: u8| (b' '..0x7f).contains(&octet);
    let value = value.trim_ascii();
    let is_plain = value.iter().fold(true, |all, octet| all & plain(*octet))
        && memchr::memmem::find(value, b"=?").is_none()
        && memchr::memmem::find(value, b"  ").is_none();
    std::str::from_utf8(value).ok().filter(|_| is_plain)
}

/// The charsets that a value names: in encoded words (RFC 2047 2), and in parameters (RFC 2231 4).
fn charsets(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let words = memchr::memmem::find_iter(value, b"=?").filter_map(|at| {
        let rest = value.get(at + 2..)?;
        let end = memchr::memchr3(b'?', b'*', b' ', rest)?;
        rest.get(..end)
    });
    let parameters = memchr::memmem::find_iter(value, b"*=").filter_map(|at| {
        let rest = value.get(at + 2..)?.trim_ascii_start();
        let end = memchr::memchr3(b'\'', b';', b' ', rest)?;
        rest.get(..end).filter(|_| rest.get(end) == Some(&b'\''))
    });
    words.chain(parameters)
}

/// Whether a value names a charset that not every program knows by that name, or none that is known here.
#[must_use]
pub fn has_odd_charset(value: &[u8]) -> bool {
    charsets(value).any(|name| !name.is_empty() && encoding_rs::Encoding::for_label(name).is_none())
}

/// The charset that a value names and that is not read, in words for who wrote it.
#[must_use]
pub fn unreadable_charset(value: &[u8]) -> Option<String> {
    let names = charsets(value).map(String::from_utf8_lossy);
    let mut names = names.filter(|name| super::charset::is_unreadable(name));
    names.next().map(|name| {
        name.chars()
            .filter(char::is_ascii_graphic)
            .take(40)
            .collect()
    })
}

/// ISO-8859-2: the charset of the region before UTF-8. Every octet is some character there.
fn latin2(octets: &[u8]) -> String {
    mail_parser::decoders::charsets::map::charset_decoder(b"iso-8859-2").map_or_else(
        || String::from_utf8_lossy(octets).into_owned(),
        |decode| decode(octets),
    )
}

/// `text` as the value of an unstructured field: as it is where it is short printable ASCII, else as UTF-8 encoded words on folded lines.
#[must_use]
pub fn encode(text: &str) -> String {
    let plain = text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    // As it is, it would be decoded on the other side, into what nobody wrote.
    let looks_encoded = text.contains("=?");
    // A word cannot be folded, and a line holds 998 octets.
    let fits = text.split(' ').all(|word| word.len() <= 900);
    if plain && !looks_encoded && fits {
        fold(text)
    } else {
        encoded_words(text)
    }
}

/// `text` as a display name: a quoted string, or encoded words. An `@` and control characters go: a name must not look like an address.
#[must_use]
pub fn encode_phrase(text: &str) -> String {
    let clean: String = text.chars().filter(|c| *c != '@').collect();
    encode_words(&clean)
}

/// As [`encode_phrase`], but an address in it stays: a courier's own, that readers are to see.
#[must_use]
pub fn encode_words(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).collect();
    let clean = clean.trim();
    if clean
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || " _-".contains(c))
    {
        return clean.to_owned();
    }
    if clean.is_ascii() && !clean.contains("=?") && clean.len() < MAX_WORD {
        let quoted = clean.replace('\\', "\\\\").replace('"', "\\\"");
        return format!("\"{quoted}\"");
    }
    encoded_words(clean)
}

/// Breaks before words so that lines stay within 78 columns where they can (RFC 5322 2.1.1). The name of the field takes some of the first. Never
/// before a second blank: a line of blanks alone would be obsolete syntax.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len() + 8);
    let mut column = 10;
    for (at, word) in text.split(' ').enumerate() {
        if at > 0 && !word.is_empty() && column + word.len() > 76 {
            folded.push_str("\r\n ");
            column = 1;
        } else if at > 0 {
            folded.push(' ');
            column += 1;
        }
        folded.push_str(word);
        column += word.len();
    }
    folded
}

/// UTF-8 in base64 words, split between characters only (RFC 2047 5). Base64 throughout: with quoted-printable too, phrases would allow fewer
/// characters than text (5 (3)).
fn encoded_words(text: &str) -> String {
    const PREFIX: &str = "=?utf-8?B?";
    // 4 characters of base64 carry 3 octets; prefix and suffix take 12.
    let room = (MAX_WORD - PREFIX.len() - 2) / 4 * 3;
    let mut words: Vec<String> = Vec::new();
    let mut piece = String::new();
    let mut flush = |piece: &mut String| {
        if !piece.is_empty() {
            words.push(format!(
                "{PREFIX}{}?=",
                data_encoding::BASE64.encode(piece.as_bytes())
            ));
            piece.clear();
        }
    };
    for c in text.chars() {
        if piece.len() + c.len_utf8() > room {
            flush(&mut piece);
        }
        piece.push(if c.is_control() { ' ' } else { c });
    }
    flush(&mut piece);
    words.join("\r\n ")
}
