//! Which fields of a participant's mail stay (docs/architecture.md#header-fields-by-allowlist).
//!
//! A new header field that mail programs invent is gone until somebody has thought about what it shows.

/// What becomes of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Written anew from the plan.
    Ours,
    /// Kept as text, decoded and encoded again.
    Text,
    /// Kept as it is, byte for byte: MIME needs its parameters.
    Mime,
    /// Dropped.
    Dropped,
}

/// The fate of the field of this name.
pub(super) fn fate(name: &[u8]) -> Fate {
    let lower = name.to_ascii_lowercase();
    match lower.as_slice() {
        b"from" | b"to" | b"cc" | b"date" | b"message-id" | b"in-reply-to" | b"references"
        | b"mime-version" | b"auto-submitted" => Fate::Ours,
        b"subject" | b"importance" | b"content-language" => Fate::Text,
        // Location, Base and ID of the whole message name hosts and mean nothing outside of a part.
        b"content-type" | b"content-transfer-encoding" | b"content-disposition" => Fate::Mime,
        _ => Fate::Dropped,
    }
}
