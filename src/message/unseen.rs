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
    c.is_control() || ('\u{fff9}'..='\u{fffb}').contains(&c) || IGNORABLE.contains(c)
}
