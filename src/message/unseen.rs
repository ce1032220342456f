//! What mail programs write and no reader sees, or sees as the end of a message: characters without width, and what stands above a quoted one.

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;

/// What mail programs name in HTML, by class or id, what begins the message that is answered: everything behind it is quoted. In small letters.
pub const QUOTE_SEPARATORS: [&str; 8] = [
    "divrplyfwdmsg",
    "appendonsend",
    "gmail_quote",
    "moz-cite-prefix",
    "moz-forward-container",
    "yahoo_quoted",
    "protonmail_quote",
    "reply-intro",
];

/// Whether a character is not seen: one without width (Unicode, Default_Ignorable_Code_Point), a mark of annotations, or a control that is no white
/// space.
#[must_use]
pub fn is_unseen(c: char) -> bool {
    const IGNORABLE: icu_properties::CodePointSetDataBorrowed<'_> =
        CodePointSetData::new::<DefaultIgnorableCodePoint>();
    if c.is_ascii() {
        return c.is_ascii_control() && !matches!(c, '\t' | '\r' | '\n');
    }
    // Of Latin, Greek and Cyrillic only the soft hyphen is, and what stands among the controls and the accents.
    if matches!(c, '\u{ae}'..='\u{2ff}' | '\u{370}'..='\u{52f}') {
        return false;
    }
    c.is_control() || ('\u{fff9}'..='\u{fffb}').contains(&c) || IGNORABLE.contains(c)
}

/// Whether anything in a text is not seen.
#[must_use]
pub fn holds_unseen(text: &str) -> bool {
    const CHUNK: usize = 64;
    let chunks = text.as_bytes().chunks(CHUNK);
    chunks.zip((0..).step_by(CHUNK)).any(|(chunk, from)| {
        // Few hold an octet that it could begin with: many octets are looked at in one step.
        let any = chunk
            .iter()
            .fold(false, |any, octet| any | may_begin_unseen(*octet));
        let mut octets = chunk.iter().zip(from..);
        any && octets.any(|(octet, at)| {
            may_begin_unseen(*octet)
                && text
                    .get(at..)
                    .is_some_and(|rest| rest.starts_with(is_unseen))
        })
    })
}

/// Whether an octet can be the first of a character that is not seen: a control, or one outside the letters of Latin, Greek and Cyrillic.
fn may_begin_unseen(octet: u8) -> bool {
    let control = (octet < b' ') & (octet != b'\t') & (octet != b'\r') & (octet != b'\n');
    control | (octet == 0x7f) | (octet == 0xc2) | (octet == 0xcc) | (octet == 0xcd) | (octet > 0xd3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_told_by_its_first_octet() {
        for c in (0..0x11_0000).filter_map(char::from_u32) {
            assert_eq!(holds_unseen(&c.to_string()), is_unseen(c), "{c:?}");
        }
        let far = format!("{}\u{ad}", "Zażółć „gęślą” ".repeat(10));
        assert!(holds_unseen(&far) && !holds_unseen(far.trim_end_matches('\u{ad}')));
    }

    #[test]
    fn what_is_ruled_out_at_once_is_seen() {
        let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
        for c in (0x80..0x530).filter_map(char::from_u32) {
            assert_eq!(
                is_unseen(c),
                c.is_control() || ignorable.contains(c),
                "{c:?}"
            );
        }
    }
}
