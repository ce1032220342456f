//! The names by which readers show a part as a file.

use std::collections::HashSet;

use super::parameters::readings;
use super::{Message, Part, decode, fields};

impl Message {
    /// Every name by which some program shows a part, each once, the likeliest first: of Content-Disposition (RFC 2183 2.3), else of Content-Type, with
    /// their encoded words decoded.
    #[must_use]
    pub fn file_names(&self, part: &Part) -> Vec<String> {
        let head = self.raw().get(part.head.clone()).unwrap_or_default();
        let mut names = Vec::new();
        for (wanted, parameters) in [
            (&b"content-disposition"[..], ["filename", "name"]),
            (b"content-type", ["name", "filename"]),
        ] {
            let found = fields(head).filter(|field| field.name.eq_ignore_ascii_case(wanted));
            for field in found.filter(|field| may_name(field.value)) {
                for parameter in parameters {
                    names.extend(readings(field.value, parameter));
                }
            }
        }
        let coded = names.iter().filter(|name| name.contains("=?"));
        let decoded: Vec<String> = coded.map(|name| decode(name.as_bytes())).collect();
        names.extend(decoded);
        let mut seen = HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }
}

/// Whether a value may have a parameter that names a file: of most parts none has.
fn may_name(value: &[u8]) -> bool {
    let octets = value.windows(4);
    octets
        .into_iter()
        .any(|four| four.eq_ignore_ascii_case(b"name"))
}
