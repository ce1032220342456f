//! Characters in their plain form: small, half width, and none that are not seen.

/// Writes a text of characters in their plain form. What is ASCII, as most mail is, needs no look at each character.
pub(super) fn plain(text: &str, out: &mut String) {
    let mut rest = text;
    loop {
        let (run, odd) = rest
            .split_at_checked(ascii_run(rest.as_bytes()))
            .unwrap_or((rest, ""));
        let from = out.len();
        out.push_str(run);
        if let Some(run) = out.get_mut(from..) {
            run.make_ascii_lowercase();
        }
        let mut chars = odd.chars();
        let Some(c) = chars.next() else {
            return;
        };
        out.extend(bare(c));
        rest = chars.as_str();
    }
}

/// How many octets at the front are ASCII.
fn ascii_run(octets: &[u8]) -> usize {
    let mut at = 0;
    for block in octets.chunks(32) {
        if !block.is_ascii() {
            return at
                + block
                    .iter()
                    .position(|octet| !octet.is_ascii())
                    .unwrap_or_default();
        }
        at += block.len();
    }
    at
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
    if c.is_ascii() {
        return Some(c.to_ascii_lowercase());
    }
    let mut small = c.to_lowercase();
    match (small.next(), small.next()) {
        (Some(small), None) => Some(small),
        _ => Some(c),
    }
}
