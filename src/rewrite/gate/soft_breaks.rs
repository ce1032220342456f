//! Soft line breaks of quoted-printable (RFC 2045 6.7) within a name: without them it is another one.

use super::cuts::SEAM;
use super::views::octets;

/// The lines that a soft line break begins or ends, decoded each by itself: what stands at the end of one is whole for who looks at the source. None
/// where they are read as they stand, without an escape of anything that could be in a name.
pub(super) fn beside(text: &str) -> Option<String> {
    let of_name = |at: usize| match text.as_bytes().get(at + 1..at + 3) {
        Some(b"3D" | b"3d" | b"20" | b"0D" | b"0A" | b"09") => false,
        Some(two) => two.iter().all(u8::is_ascii_hexdigit),
        None => false,
    };
    if !memchr::memchr_iter(b'=', text.as_bytes()).any(of_name) {
        return None;
    }
    let mut beside = String::new();
    let mut continued = false;
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let broken = line.strip_suffix('=');
        if continued || broken.is_some() {
            beside.push_str(broken.unwrap_or(line));
            beside.push('\n');
        }
        continued = broken.is_some();
    }
    let mut lines = String::new();
    octets(&beside, b'=', &mut lines).then_some(lines)
}

/// The lines that soft breaks join where marks of quotes stand behind one (`> ja=`, `> n@poczta.example`): quoted source of a message, which nobody
/// decoded before it was quoted. None where there are none.
pub(super) fn over_marks(text: &str) -> Option<String> {
    let marked = |at: usize| {
        let rest = text.as_bytes().get(at + 1..).unwrap_or_default();
        let rest = rest.strip_prefix(b"\r").unwrap_or(rest);
        let rest = rest.strip_prefix(b"\n").unwrap_or_default();
        rest.trim_ascii_start().first() == Some(&b'>')
    };
    if !memchr::memchr_iter(b'=', text.as_bytes()).any(marked) {
        return None;
    }
    let mut out = String::new();
    let (mut joined, mut continued, mut over) = (String::new(), false, false);
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let broken = line.strip_suffix('=');
        let line = broken.unwrap_or(line);
        let bare = line.trim_start_matches([' ', '\t', '>']);
        if continued && line.trim_start().starts_with('>') {
            joined.push(char::from(SEAM));
            joined.push_str(bare);
            over = true;
        } else {
            joined.push_str(line);
        }
        continued = broken.is_some();
        if !continued {
            if over {
                out.push_str(&joined);
                out.push('\n');
            }
            joined.clear();
            over = false;
        }
    }
    if over {
        out.push_str(&joined);
    }
    Some(out)
}
