//! What a part's declared type says.

use super::Declared;
use super::found::{Found, Group, KEY};

/// Which text a part is by its type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TextType {
    Plain,
    Html,
    Message,
    /// Whatever programs write for programs.
    Report,
}

/// The text that a part is by its type. Without a type it is `text/plain` (RFC 2045 5.2), and a file where it has one of the six kinds or a name.
pub(super) fn text_type(declared: &Declared<'_>, found: Found) -> Option<TextType> {
    let is_text = matches!(
        found.group,
        Group::Text | Group::Message | Group::Page | Group::Script | Group::Empty
    );
    match declared.essence {
        "text/plain" | "text/calendar" => Some(TextType::Plain),
        "text/html" | "text/x-amp-html" => Some(TextType::Html),
        "message/rfc822" | "message/global" | "message/news" => Some(TextType::Message),
        "" if is_text => Some(TextType::Plain),
        essence if declared.in_report && is_text => {
            let is_read = essence.starts_with("text/") || essence.starts_with("message/");
            (is_read && found.group != Group::Script).then_some(TextType::Report)
        }
        _ => None,
    }
}

/// Whether a type is that of a text, a page, a message or a program, which a reader would open a file as.
pub(super) fn is_other_type(essence: &str) -> bool {
    const PROGRAMS: [&str; 8] = [
        "application/javascript",
        "application/x-javascript",
        "application/ecmascript",
        "application/hta",
        "application/x-sh",
        "application/x-msdownload",
        "application/x-msdos-program",
        "application/java-archive",
    ];
    let is_text = essence.starts_with("text/") && !matches!(essence, "text/pdf" | "text/x-pdf");
    is_text
        || essence.starts_with("message/")
        || essence.ends_with("+xml")
        || essence.ends_with("/xml")
        || PROGRAMS.contains(&essence)
}

/// What a file is called by a type whose contents say nothing.
pub(super) fn by_type(essence: &str) -> Option<Found> {
    let (group, words) = match essence {
        "application/pgp-keys" => (Group::Key, "a PGP key"),
        "application/pkcs7-mime" | "application/x-pkcs7-mime" | "application/pgp-encrypted" => {
            (Group::Sealed, "encrypted, or wrapped in a signature")
        }
        "application/ms-tnef" | "application/vnd.ms-tnef" => {
            (Group::Tnef, "a winmail.dat of Outlook (TNEF)")
        }
        "application/pkcs12"
        | "application/x-pkcs12"
        | "application/pkix-cert"
        | "application/x-x509-ca-cert"
        | "application/x-x509-user-cert"
        | "application/x-pem-file"
        | "application/pkcs7-certificates"
        | "application/x-pkcs7-certificates" => (Group::Key, KEY),
        "text/csv" => (Group::Text, "a table in text (CSV)"),
        _ => return None,
    };
    Some(Found::new(group, words))
}
