//! What an attached file truly is, whether it may pass, and in which words it is refused.
//!
//! An attachment is every part but texts: `text/plain`, `text/html`, `text/x-amp-html`, `text/calendar`, messages and multiparts, with or without a name, whatever
//! their Content-Disposition, and what reports hold (RFC 3462). Six kinds may pass, told by their contents: PDF, GIF, BMP, TIFF, JPEG, PNG. One part is judged at a
//! time; the first line that fits counts.
//!
//! | declared type | contents | a name claims | becomes |
//! | --- | --- | --- | --- |
//! | `multipart/*` | any | anything | text: its parts are judged (the caller names one without parts by no type) |
//! | a detached signature, by type, `.p7s`, `.sig` or `signature.asc`; `.asc` over one | any | anything | taken out |
//! | any | any | in turned letters, with control characters | refused |
//! | text, message, none (RFC 2045 5.2) | PDF, picture, archive, program, document, sound, film, TNEF in octets that no text has | anything | refused as declared wrongly; with no type at all, as below |
//! | text, message, none | anything else | nothing, a text, a message; a page too for HTML | text |
//! | text, message, none | anything else | anything else | refused |
//! | a text or message in a report | text, page, message | nothing, a text, a message | text |
//! | a text or message in a report | text, page, message | anything else | refused |
//! | another text, SVG, XML, script, program, message | one of the six | anything | refused |
//! | any other, or none | one of the six | a text, page, program, archive, document, sound, key, message | refused |
//! | any other, or none | one of the six, and an archive, a program or a page in it or behind it | anything | refused |
//! | any other, or none | one of the six | nothing, one of the six, another picture | passes; its type is corrected |
//! | any other | anything else, nothing at all | anything | refused |
//!
//! A name claims by its last extension as Windows reads it: folded, without blanks and dots at its end, without its path, and a program also before a colon. Two names
//! of one part must claim the same, where one of them claims what does not fit; pictures and PDF are one claim.

mod behind;
mod containers;
mod contents;
mod declared_type;
mod enclosed;
mod ends;
mod extensions;
mod formats;
mod found;
mod kind;
mod name;
mod octets;
mod part;
mod pdf;
mod refusal;
mod signature;
#[cfg(test)]
mod tests;
mod texts;
mod tiff;

pub use contents::recognise;
pub use found::{Found, Group};
pub use kind::Kind;
pub use refusal::{ALLOWED, Cause, Refusal};

use part::Part;

/// A name as a refusal shows it: in quotes and in ASCII.
#[must_use]
pub fn shown(name: &str) -> String {
    match name.trim() {
        "" => "an attachment without a name".to_owned(),
        name => format!("\"{}\"", name::shown(name)),
    }
}

/// What a part says of itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Declared<'a> {
    /// Its type in small letters; empty where none is declared or none can be read.
    pub essence: &'a str,
    /// Whether it stands in a `multipart/report`.
    pub in_report: bool,
    /// Every name that a reader may take, decoded, the likeliest first: `filename*`, `filename` (RFC 2183, RFC 2231), `name*`, `name`.
    pub names: &'a [&'a str],
}

/// What becomes of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// No attachment: it goes on as what it is.
    Text,
    /// It may pass.
    Allowed {
        /// What it is.
        kind: Kind,
        /// The type to declare in place of the one that it has.
        corrected: Option<&'static str>,
        /// Whether it is a PDF that names scripts or programs to start.
        is_active: bool,
    },
    /// A detached signature: it is taken out.
    Signature,
    /// It may not pass.
    Refused(Box<Refusal>),
}

/// Judges a part by what it says of itself and by its whole contents, decoded.
#[must_use]
pub fn judge(declared: &Declared<'_>, octets: &[u8]) -> Judgement {
    if declared.essence.starts_with("multipart/") {
        return Judgement::Text;
    }
    let part = Part::new(declared, octets);
    if signature::is_signature(declared.essence, declared.names, part.found.group) {
        return Judgement::Signature;
    }
    let text = declared_type::text_type(declared, part.found);
    let cause = part.flaw().or_else(|| match (text, part.found.group) {
        (Some(text), _) => part.cause_of_text(text),
        (None, Group::Allowed(kind)) => part.cause_of_file(kind),
        (None, _) => Some(part.cause_of_other()),
    });
    match (cause, text, part.found.group) {
        (Some(cause), _, _) => Judgement::Refused(Box::new(part.refused(cause))),
        (None, None, Group::Allowed(kind)) => Judgement::Allowed {
            kind,
            corrected: Some(kind.media_type()).filter(|right| *right != declared.essence),
            is_active: kind == Kind::Pdf && pdf::is_active(octets),
        },
        (None, _, _) => match enclosed::file(declared.essence, octets) {
            Some((name, words)) => Judgement::Refused(Box::new(Refusal {
                name: name::shown(&name),
                found: Found::new(Group::Other, words),
                cause: Cause::Kind,
            })),
            None => Judgement::Text,
        },
    }
}
