//! Values with parameters: Content-Type and Content-Disposition (RFC 2045 5.1, RFC 2183 2, RFC 2231).
//!
//! Read leniently, for nothing is decided on them that a second reading could turn into an attack on the sender's proof: quoted or not,
//! comments anywhere, continued and percent-encoded parameters, encoded words inside of quotes as Outlook writes them.

use std::collections::HashMap;

use encoding_rs::Encoding;

use super::words;

/// A value and its parameters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parameters {
    /// The value itself in lower case: `text/plain`, `attachment`.
    pub essence: String,
    /// The parameters, decoded, in their order, each name once; names in lower case.
    pub list: Vec<(String, String)>,
}

/// One parameter as it stands: `name*0*`.
pub(super) struct Piece {
    /// In lower case, without stars.
    pub(super) name: String,
    /// Its place among the pieces of its name; 0 where it is the only one.
    pub(super) index: u32,
    /// Whether it is one of several: it bears a number.
    pub(super) numbered: bool,
    /// Whether it ends in a star: percent-encoded (RFC 2231 4).
    pub(super) extended: bool,
    /// Unquoted, still encoded.
    value: Vec<u8>,
}

impl Parameters {
    /// Reads a field value. There is always something to read: what is no parameter is passed over.
    #[must_use]
    pub fn parse(value: &[u8]) -> Self {
        let mut pieces = Vec::new();
        let mut items = split(value).into_iter();
        let essence = items
            .next()
            .map(|item| plain(&item).to_ascii_lowercase())
            .unwrap_or_default();
        for item in items {
            pieces.extend(piece(&item));
        }
        Self {
            essence,
            list: join(pieces),
        }
    }

    /// The decoded value of a parameter, whose name is in lower case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.list.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The value and its parameters as a field value: quoted ASCII, and RFC 2231 for everything else. Each stands on a line of its own; what was
    /// continued is one piece.
    #[must_use]
    pub fn print(&self) -> String {
        let mut out = self.essence.clone();
        for (name, value) in &self.list {
            out.push_str(";\r\n ");
            if value.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
                let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
                out.push_str(&format!("{name}=\"{quoted}\""));
            } else {
                out.push_str(&format!("{name}*=utf-8''{}", percent(value)));
            }
        }
        out
    }
}

/// RFC 2231 4. Fewer octets stay as they are than it allows: some readers stumble over the others.
fn percent(value: &str) -> String {
    let mut out = String::new();
    for octet in value.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._".contains(&octet) {
            out.push(char::from(octet));
        } else {
            out.push_str(&format!("%{octet:02X}"));
        }
    }
    out
}

/// The items between semicolons, without comments and folds; quoted strings whole.
fn split(value: &[u8]) -> Vec<Vec<u8>> {
    let mut items = vec![Vec::new()];
    // Whether in quotes, and how deep in comments. A depth is a number here, so a thousand of them are no recursion.
    let (mut quoted, mut depth) = (false, 0_usize);
    let mut octets = value.iter().copied();
    while let Some(octet) = octets.next() {
        let Some(item) = items.last_mut() else { break };
        match octet {
            b'\r' | b'\n' => {}
            b'\\' if quoted || depth > 0 => {
                let escaped = octets.next().unwrap_or(b' ');
                if depth == 0 {
                    item.extend([b'\\', escaped]);
                }
            }
            b'"' if depth == 0 => {
                quoted = !quoted;
                item.push(octet);
            }
            b'(' if !quoted => depth += 1,
            b')' if !quoted && depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            b';' if !quoted => items.push(Vec::new()),
            _ => item.push(octet),
        }
    }
    items
}

/// A token without the white space that may stand around its signs.
fn plain(item: &[u8]) -> String {
    let spaceless: Vec<u8> = item
        .iter()
        .copied()
        .filter(|octet| !octet.is_ascii_whitespace())
        .collect();
    String::from_utf8_lossy(&spaceless).into_owned()
}

/// `name*0*=value`; none where there is no name, or a number that is none.
pub(super) fn piece(item: &[u8]) -> Option<Piece> {
    let equals = memchr::memchr(b'=', item)?;
    let (name, value) = item.split_at_checked(equals)?;
    let name = plain(name).to_ascii_lowercase();
    let value = unquote(value.get(1..).unwrap_or_default().trim_ascii());
    let mut sections = name.split('*');
    let base = sections.next().filter(|base| !base.is_empty())?.to_owned();
    let rest: Vec<&str> = sections.collect();
    let (index, extended) = match rest.as_slice() {
        [] => (0, false),
        [""] => (0, true),
        [number] => (number.parse().ok()?, false),
        [number, ..] => (number.parse().ok()?, true),
    };
    let numbered = matches!(rest.as_slice(), [number, ..] if !number.is_empty());
    Some(Piece {
        name: base,
        index,
        numbered,
        extended,
        value,
    })
}

/// Every value that some reader takes a parameter for, the likeliest first: percent-encoded, continued, plain (RFC 2231 3 and 4). Where one stands twice,
/// some read the first and others the last.
pub(super) fn readings(value: &[u8], name: &str) -> Vec<String> {
    let pieces = split(value)
        .into_iter()
        .skip(1)
        .filter_map(|item| piece(&item));
    let pieces = pieces.filter(|piece| piece.name == name);
    let (numbered, alone): (Vec<Piece>, Vec<Piece>) = pieces.partition(|piece| piece.numbered);
    let (extended, plain): (Vec<Piece>, Vec<Piece>) =
        alone.into_iter().partition(|piece| piece.extended);
    let extended = extended.into_iter().map(|piece| vec![piece]);
    let plain = plain.into_iter().map(|piece| vec![piece]);
    extended
        .chain([numbered])
        .chain(plain)
        .flat_map(join)
        .map(|(_, value)| value)
        .collect()
}

/// What a quoted string stands for; a bare value stands for itself. The closing quote may lack.
fn unquote(value: &[u8]) -> Vec<u8> {
    let Some(inside) = value.strip_prefix(b"\"") else {
        return value.to_vec();
    };
    let inside = inside.strip_suffix(b"\"").unwrap_or(inside);
    let mut out = Vec::with_capacity(inside.len());
    let mut octets = inside.iter().copied();
    while let Some(octet) = octets.next() {
        match octet {
            b'\\' => out.extend(octets.next()),
            _ => out.push(octet),
        }
    }
    out
}

/// The pieces of one parameter that programs read where it is written in several ways: percent-encoded, else continued, else plain and the first of them.
fn likeliest(pieces: Vec<Piece>) -> Vec<Piece> {
    let (numbered, mut alone): (Vec<Piece>, Vec<Piece>) =
        pieces.into_iter().partition(|piece| piece.numbered);
    if let Some(at) = alone.iter().position(|piece| piece.extended) {
        return vec![alone.swap_remove(at)];
    }
    if numbered.is_empty() {
        alone.truncate(1);
        return alone;
    }
    numbered
}

/// Puts continued parameters together (RFC 2231 3) and decodes them (section 4). Pieces count by their numbers, wherever they stand; one that is
/// missing leaves no gap.
fn join(pieces: Vec<Piece>) -> Vec<(String, String)> {
    // In the order in which they stand first.
    let mut names: Vec<(String, Vec<Piece>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for piece in pieces {
        let next = names.len();
        let place = *places.entry(piece.name.clone()).or_insert(next);
        if place == next {
            names.push((piece.name.clone(), Vec::new()));
        }
        if let Some((_, pieces)) = names.get_mut(place) {
            pieces.push(piece);
        }
    }
    let mut list = Vec::with_capacity(names.len());
    for (name, pieces) in names {
        let mut pieces = likeliest(pieces);
        pieces.sort_by_key(|piece| piece.index);
        let mut charset = None;
        let mut octets = Vec::new();
        for piece in &pieces {
            if !piece.extended {
                octets.extend_from_slice(&piece.value);
                continue;
            }
            let mut value = piece.value.as_slice();
            // `charset'language'text`, in the first piece only.
            if charset.is_none() && piece.index == 0 {
                let mut parts = piece.value.splitn(3, |octet| *octet == b'\'');
                if let (Some(label), Some(_), Some(rest)) =
                    (parts.next(), parts.next(), parts.next())
                {
                    charset = Some(label.to_vec());
                    value = rest;
                }
            }
            octets.extend(unescape(value, b'%'));
        }
        list.push((name, text(&octets, charset.as_deref())));
    }
    list
}

/// `text` with every `mark` and the two hexadecimal digits after it as the octet that they stand for; all else as it is.
#[must_use]
pub fn unescape(text: &[u8], mark: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    unescape_into(text, mark, &mut out);
    out
}

/// The same, written behind what is in `out`.
pub(super) fn unescape_into(text: &[u8], mark: u8, out: &mut Vec<u8>) {
    let mut copied = 0;
    for at in memchr::memchr_iter(mark, text) {
        let Some(octet) = text.get(at + 1..at + 3).and_then(octet_of) else {
            continue;
        };
        out.extend_from_slice(text.get(copied..at).unwrap_or_default());
        out.push(octet);
        copied = at + 3;
    }
    out.extend_from_slice(text.get(copied..).unwrap_or_default());
}

/// The octet of two hexadecimal digits.
fn octet_of(digits: &[u8]) -> Option<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    let [high, low] = digits else {
        return None;
    };
    u8::try_from(value(*high)? * 16 + value(*low)?).ok()
}

/// Octets as text: by the charset that they name, else as header text, which may hold encoded words where none belong.
fn text(octets: &[u8], charset: Option<&[u8]>) -> String {
    if let Some(encoding) = charset.and_then(Encoding::for_label) {
        return encoding.decode_without_bom_handling(octets).0.into_owned();
    }
    if octets.is_ascii() && memchr::memmem::find(octets, b"=?").is_none() {
        return String::from_utf8_lossy(octets).into_owned();
    }
    words::decode(octets)
}
