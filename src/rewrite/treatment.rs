//! What becomes of a part, by its type and its file name (docs/threats.md#95, #96).
//!
//! Both count, and the stricter of them wins: mail programs label a key as `application/octet-stream`, and readers open it by its name.

use crate::message::{Holds, Part};

/// What becomes of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Treatment {
    /// Its parts are looked at, one by one.
    Descend,
    /// The same, without the frame of a signature around them.
    Unwrap,
    /// Read as text, and masked.
    Text,
    /// Kept as it is: a document or a picture that we cannot read.
    Opaque,
    /// Emptied: a signature, a key or a certificate names its owner.
    Empty,
    /// A message under a transfer encoding, which RFC 2046 5.2.1 forbids and programs write: decoded, masked, encoded again.
    Decode,
    /// The file of a message, whatever its type: the same, and text where it is none.
    File,
    /// Fields that programs write for programs: what they say of hosts goes, the rest is text.
    Report,
    /// The message cannot go on: this part may show anything.
    Refuse(&'static str),
}

/// Types that are text whatever they are called.
const TEXT_TYPES: [&str; 12] = [
    "application/ics",
    "application/json",
    "application/javascript",
    "application/ld+json",
    "application/rtf",
    "application/vcard",
    "application/xhtml+xml",
    "application/xml",
    "application/x-javascript",
    "image/svg+xml",
    "application/atom+xml",
    "application/sql",
];

/// File names that end so are text whatever their type says.
const TEXT_NAMES: [&str; 17] = [
    "txt", "text", "htm", "html", "xhtml", "csv", "tsv", "ics", "ifb", "vcs", "vcf", "xml", "json",
    "md", "log", "svg", "rtf",
];

/// Types of fields for programs (RFC 3464, RFC 3462 2, RFC 8098, RFC 5965, RFC 6533).
const REPORTS: [&str; 6] = [
    "message/delivery-status",
    "message/disposition-notification",
    "message/feedback-report",
    "message/global-delivery-status",
    "message/global-disposition-notification",
    "text/rfc822-headers",
];

/// Types and file names of keys, certificates and detached signatures: each holds its owner's address in a form that cannot be masked.
const OWNED_TYPES: [&str; 12] = [
    "application/pgp-keys",
    "application/pgp-signature",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
    "application/pkix-cert",
    "application/pkcs7-certificates",
    "application/x-pkcs7-certificates",
    "application/x-pem-file",
    "application/x-x509-ca-cert",
    "application/x-x509-user-cert",
    "application/pkcs12",
    "application/x-pkcs12",
];
const OWNED_NAMES: [&str; 13] = [
    "asc", "p7s", "p7b", "p7c", "p12", "pfx", "pgp", "gpg", "sig", "cer", "crt", "der", "pem",
];

/// Whether a part says of itself that programs wrote it for programs.
pub(super) fn is_report(part: &Part) -> bool {
    REPORTS.contains(&part.kind.essence.as_str())
}

/// Decides by type and name. The words of a refusal follow "part N" and are for the writer, who is to know what to do instead.
pub(super) fn treatment(part: &Part, name: Option<&str>) -> Treatment {
    let essence = part.kind.essence.as_str();
    let extension = name
        .and_then(|name| name.trim().rsplit_once('.'))
        .map(|(_, extension)| extension.to_ascii_lowercase())
        .unwrap_or_default();
    let extension = extension.as_str();
    match essence {
        "multipart/encrypted" | "application/pgp-encrypted" => {
            return Treatment::Refuse("is encrypted");
        }
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => {
            return Treatment::Refuse("is encrypted, or wrapped in a signature");
        }
        // It holds the message once more, with the sender's address, in a format of Outlook's own.
        "application/ms-tnef" | "application/vnd.ms-tnef" => {
            return Treatment::Refuse(
                "is a winmail.dat; please send without Outlook's rich text format",
            );
        }
        // Put together at the receiver, the pieces could spell what no piece shows.
        "message/partial" | "message/external-body" => {
            return Treatment::Refuse("is only a part of a message, or lies elsewhere");
        }
        // Masked, the signature would not verify, and it names its signer: the text goes on without it (docs/threats.md#p06).
        "multipart/signed" if part.holds == Holds::Parts => return Treatment::Unwrap,
        _ => {}
    }
    if name.is_some_and(|name| name.eq_ignore_ascii_case("winmail.dat")) {
        return Treatment::Refuse(
            "is a winmail.dat; please send without Outlook's rich text format",
        );
    }
    if extension == "p7m" {
        return Treatment::Refuse("is encrypted, or wrapped in a signature");
    }
    if OWNED_TYPES.contains(&essence) || OWNED_NAMES.contains(&extension) {
        return Treatment::Empty;
    }
    match part.holds {
        Holds::Parts | Holds::Message => Treatment::Descend,
        Holds::Content
            if matches!(
                essence,
                "message/rfc822" | "message/global" | "message/news"
            ) =>
        {
            match part.encoding.as_str() {
                "base64" | "quoted-printable" => Treatment::Decode,
                _ => Treatment::Refuse("is a message under a transfer encoding that nobody knows"),
            }
        }
        Holds::Content if extension == "eml" => Treatment::File,
        Holds::Content if is_report(part) => Treatment::Report,
        Holds::Content => {
            // `message/` and `multipart/` without a structure: what we could not take apart, another reader may show as text.
            let text = essence.starts_with("text/")
                || essence.starts_with("message/")
                || essence.starts_with("multipart/")
                || TEXT_TYPES.contains(&essence)
                || TEXT_NAMES.contains(&extension);
            if text {
                Treatment::Text
            } else {
                Treatment::Opaque
            }
        }
    }
}
