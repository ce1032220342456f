//! The head of a part as it has to read once the part's content is ASCII.

use super::edits::{Edits, EightBitOnly};
use crate::message::{
    Field, Holds, Parameters, Part, decode, encode, encode_phrase, fields, parse_list,
};

/// A Content-Type for a leaf that has none: its text is no ASCII, so the default would be a lie (RFC 2045 5.2).
pub(super) fn missing_kind(part: &Part, body: &[u8], head: &[u8]) -> Option<&'static str> {
    let named = fields(head).any(|field| is(&field, b"content-type"));
    if named || part.holds != Holds::Content || body.is_ascii() {
        return None;
    }
    Some(if std::str::from_utf8(body).is_ok() {
        "text/plain; charset=utf-8"
    } else {
        "text/plain; charset=unknown-8bit"
    })
}

/// Whether a field has this name, which is given in lower case.
fn is(field: &Field<'_>, name: &[u8]) -> bool {
    field.name.eq_ignore_ascii_case(name)
}

/// What a part's head is to say.
pub(super) struct Head {
    /// Content-Transfer-Encoding; none: it stays.
    pub(super) encoding: Option<&'static str>,
    /// Content-Type, where there was none.
    pub(super) kind: Option<&'static str>,
    /// Whether it is the head of a message: then MIME needs its version.
    pub(super) is_message: bool,
}

impl Head {
    /// Changes the fields that have to change, and adds those that are missing behind the last one. `start` is where the head begins in the
    /// message.
    pub(super) fn edit(
        &self,
        start: usize,
        head: &[u8],
        edits: &mut Edits,
    ) -> Result<(), EightBitOnly> {
        let (mut at, mut written, mut versioned) = (start, false, false);
        for field in fields(head) {
            let place = at..at + field.whole.len();
            at = place.end;
            versioned |= is(&field, b"mime-version");
            if let Some(encoding) = self.encoding
                && is(&field, b"content-transfer-encoding")
            {
                let line = format!("Content-Transfer-Encoding: {encoding}\r\n");
                // A second one would be anybody's guess.
                let line = if written { String::new() } else { line };
                edits.push((place, line.into_bytes()));
                written = true;
            } else if !field.whole.is_ascii() {
                edits.push((place, plain(&field)?));
            }
        }
        let mut added = String::new();
        if let Some(kind) = self.kind {
            added.push_str(&format!("Content-Type: {kind}\r\n"));
        }
        if let (Some(encoding), false) = (self.encoding, written) {
            added.push_str(&format!("Content-Transfer-Encoding: {encoding}\r\n"));
        }
        if self.is_message && !versioned && !(added.is_empty() && self.encoding.is_none()) {
            added.insert_str(0, "MIME-Version: 1.0\r\n");
        }
        let ended = ["\n\r\n", "\n\n"]
            .iter()
            .any(|end| head.ends_with(end.as_bytes()))
            || matches!(head, b"\r\n" | b"\n");
        if !added.is_empty() && !ended {
            // The head ended at a line that is no field. Behind new fields it must not be taken for one.
            added.push_str("\r\n");
        }
        if !added.is_empty() {
            edits.push((at..at, added.into_bytes()));
        }
        Ok(())
    }
}

/// A field in ASCII: by its kind, for an encoded word may stand in text and names only (RFC 2047 5), and parameters have RFC 2231.
fn plain(field: &Field<'_>) -> Result<Vec<u8>, EightBitOnly> {
    const ADDRESSES: [&[u8]; 6] = [b"from", b"to", b"cc", b"bcc", b"reply-to", b"sender"];
    let bad = EightBitOnly("a header field cannot be written in ASCII");
    let name = std::str::from_utf8(field.name).map_err(|_| bad)?;
    let value = if is(field, b"content-type") || is(field, b"content-disposition") {
        Parameters::parse(field.value).print()
    } else if ADDRESSES.iter().any(|known| is(field, known)) {
        let listed = parse_list(field.value).map_err(|_| bad)?;
        let listed = listed.iter().map(|entry| match &entry.name {
            Some(name) => format!("{} <{}>", encode_phrase(name), entry.mailbox),
            None => entry.mailbox.to_string(),
        });
        listed.collect::<Vec<_>>().join(",\r\n ")
    } else {
        encode(&decode(field.value))
    };
    let line = format!("{name}: {}\r\n", value.trim_start());
    if line.is_ascii() {
        Ok(line.into_bytes())
    } else {
        Err(bad)
    }
}
