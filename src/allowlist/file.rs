//! One allowlist file: lines to entries, every error with its line.

use std::path::Path;

use super::entry::{Entry, Form};
use super::note::Note;

/// The longest line in octets.
const MAX_LINE: usize = 1_000;

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) entries: Vec<(usize, Entry)>,
    pub(super) warnings: Vec<Note>,
    pub(super) errors: Vec<Note>,
}

/// Reads the text of `file`.
pub(super) fn parse(file: &Path, text: &[u8]) -> Parsed {
    let mut parsed = Parsed::default();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    for (at, line) in text.split(|octet| *octet == b'\n').enumerate() {
        let note = |message: String| Note {
            file: file.to_owned(),
            line: at + 1,
            message,
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > MAX_LINE {
            parsed.errors.push(note(format!(
                "the line is longer than {MAX_LINE} octets; one entry stands on a line"
            )));
            continue;
        }
        if line
            .iter()
            .any(|octet| octet.is_ascii_control() && *octet != b'\t')
        {
            parsed.errors.push(note(
                "the line holds a control character; type it anew".to_owned(),
            ));
            continue;
        }
        let Ok(line) = std::str::from_utf8(line) else {
            parsed.errors.push(note(
                "the line is not UTF-8; save the file in that encoding (iconv -t UTF-8)".to_owned(),
            ));
            continue;
        };
        let entry = line.split('#').next().unwrap_or_default().trim();
        if entry.is_empty() {
            continue;
        }
        match Entry::parse(entry) {
            Err(error) => parsed.errors.push(note(error.to_string())),
            Ok((entry, form)) => {
                if form == Form::Bare {
                    parsed
                        .warnings
                        .push(note(format!("taken as {entry}; write it so")));
                }
                parsed.entries.push((at + 1, entry));
            }
        }
    }
    parsed
}
