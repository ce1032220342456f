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

#[cfg(test)]
mod tests {
    use super::*;

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
