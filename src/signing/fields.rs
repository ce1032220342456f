//! Which fields a signature covers, and how often each is named.
//!
//! A field is named once more than it occurs ("oversigned"): whoever adds another one on the way breaks the signature (RFC 6376 8.15).

/// Fields that a reader sees or that change how the message is read. Named twice: none of them may occur twice in what we write.
pub(super) const OVERSIGNED: &[&str] = &[
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

/// Fields that are covered if they are there.
const SIGNED: &[&str] = &[
    "Auto-Submitted",
    "Content-Language",
    "Content-Disposition",
    "Importance",
];

/// The names for `h=`, for a message with this header section.
pub(super) fn names(head: &[u8]) -> Vec<&'static str> {
    let occurs = |name: &str| {
        let lines = head.split(|octet| *octet == b'\n');
        lines.filter(|line| is_field(line, name)).count()
    };
    let mut names = Vec::with_capacity(2 * OVERSIGNED.len());
    for name in OVERSIGNED {
        // A name without a field stands for its absence; one more name than fields covers all of them and one that is not there.
        names.extend(std::iter::repeat_n(*name, occurs(name) + 1));
    }
    names.extend(SIGNED.iter().filter(|name| occurs(name) > 0));
    names
}

fn is_field(line: &[u8], name: &str) -> bool {
    let (head, rest) = line.split_at_checked(name.len()).unwrap_or((line, &[]));
    head.eq_ignore_ascii_case(name.as_bytes()) && rest.first() == Some(&b':')
}
