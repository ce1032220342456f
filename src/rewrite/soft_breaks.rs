//! Soft line breaks of quoted-printable (RFC 2045 6.7) within a longer name: its reader sees somebody else's, and who looks at the source one of the
//! writer's at the end of a line, or at the beginning of the next.

use std::ops::Range;

use super::calendar::Ids;
use super::embedded;
use super::masker::Masker;
use super::quotes;
use crate::message::Encoding;

/// Whether a line of `encoded` that a soft line break begins or ends shows by itself what the whole text does not.
pub(super) fn cut(encoded: &[u8], ids: &Ids<'_>) -> bool {
    let mut own = Vec::new();
    for line in beside_breaks(encoded) {
        let text = encoded.get(line.clone()).unwrap_or_default();
        if shows(ids.quoted, text) {
            return true;
        }
        if shows(ids.masker, text) {
            own.push(line.start);
        }
    }
    !own.is_empty() && any_unquoted(encoded, &own)
}

/// The lines that a soft line break begins or ends, without it.
fn beside_breaks(encoded: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let (mut at, mut continued) = (0, false);
    let lines = encoded.split_inclusive(|octet| *octet == b'\n');
    lines.filter_map(move |line| {
        let from = at;
        at += line.len();
        let broken = line.strip_suffix(b"=\r\n");
        let beside = continued || broken.is_some();
        continued = broken.is_some();
        beside.then(|| from..from + broken.unwrap_or(line).len())
    })
}

/// Also in what is encoded there: a run of base64 in a link is cut as well. The line is read as it stands and decoded: an escape (`=5Cn`) may end what
/// stands before the name.
fn shows(masker: &Masker, line: &[u8]) -> bool {
    let decoded = Encoding::QuotedPrintable.decode(line);
    masker.hit(line, 0).is_some()
        || (*decoded != *line && masker.hit(&decoded, 0).is_some())
        || embedded::mask(line, masker).is_some()
}

/// Whether one of the lines that begin at `starts`, in order, is no quoted one: what the other side's words hold must not change, which would tell
/// that it is the writer's.
fn any_unquoted(encoded: &[u8], starts: &[usize]) -> bool {
    let decode = |octets| Encoding::QuotedPrintable.decode(octets);
    let text = decode(encoded);
    let mut pieces = quotes::pieces(&text).into_iter().peekable();
    let (mut from, mut decoded) = (0, 0);
    starts.iter().any(|start| {
        decoded += decode(encoded.get(from..*start).unwrap_or_default()).len();
        from = *start;
        while pieces.next_if(|(place, _)| place.end <= decoded).is_some() {}
        pieces.peek().is_none_or(|(_, quoted)| !quoted)
    })
}
