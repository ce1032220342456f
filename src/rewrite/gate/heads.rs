//! The header section of a message that was written from a plan: which of its lines are the writer's, and which are ids.

/// A header section without In-Reply-To and References: they were written from tokens, and what those stand for are the reader's own ids,
/// whatever it made them look like. A Message-ID that is a token is left out as well: it is one long word that could be code, and is none.
pub(super) fn without_references(head: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(head.len());
    let mut left_out = false;
    for line in head.split_inclusive(|octet| *octet == b'\n') {
        let folded = matches!(line.first(), Some(b' ' | b'\t'));
        let reference = line.starts_with(b"In-Reply-To: ")
            || line.starts_with(b"References: ")
            || line.strip_prefix(b"Message-ID: <").is_some_and(is_token);
        left_out = reference || (folded && left_out);
        if !left_out {
            out.extend_from_slice(line);
        }
    }
    out
}

/// A header section without the fields that are written from the plan alone: their masks and ids are long words that could be code, and are none.
pub(super) fn from_the_writer(head: &str) -> String {
    const OURS: [&str; 5] = ["Received: ", "To: ", "Cc: ", "Date: ", "Message-ID: "];
    let mut out = String::with_capacity(head.len());
    let mut left_out = false;
    for line in head.split_inclusive('\n') {
        let folded = line.starts_with([' ', '\t']);
        left_out = if folded {
            left_out
        } else {
            OURS.iter().any(|name| line.starts_with(name))
        };
        if !left_out {
            out.push_str(line);
        }
    }
    out
}

/// Octets that a token has at least.
const TOKEN: usize = 40;

/// Whether an id looks like those that are sealed: one long word in small letters before its at sign.
fn is_token(id: &[u8]) -> bool {
    let word = id
        .iter()
        .take_while(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit());
    let length = word.count();
    length >= TOKEN && id.get(length) == Some(&b'@')
}
