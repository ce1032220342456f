//! Ids: of parts, of calendar entries, the boundaries of parts; where programs keep them, and nowhere else.

/// How fields begin that hold ids, hosts or boundaries.
pub(super) const FIELDS: [&str; 5] = [
    "content-id:",
    "content-location:",
    "message-id:",
    "received:",
    "dkim-signature:",
];
/// The same of properties of calendars and cards.
pub(super) const PROPERTIES: [&str; 2] = ["uid:", "uid;"];

/// Stands where a line was folded.
const FOLD: &str = "\u{1}";

/// The first word behind the colon of a field or property.
fn first_word(line: &str) -> &str {
    let value = line.split_once(':').map_or(line, |(_, value)| value);
    value.split_whitespace().next().unwrap_or_default()
}

/// Whether an id in a head or a calendar names one of `domains` (RFC 2045 7, RFC 5545 3.8.4.7). `known`: how the lines begin in which they stand.
pub(super) fn name(text: &str, known: &[&str], domains: &[String]) -> bool {
    let lower = text
        .to_ascii_lowercase()
        .replace("\r\n ", FOLD)
        .replace("\r\n\t", FOLD);
    lower.lines().any(|line| {
        let whole = line.replace(FOLD, " ");
        let known = known.iter().any(|start| line.starts_with(start));
        // An id is one word; what follows it in a line of prose is none. Calendars fold anywhere.
        let word = if known && line.starts_with("uid") {
            first_word(&line.replace(FOLD, "")).to_owned()
        } else if known && line.contains("-id:") {
            first_word(&whole).to_owned()
        } else if known || (line.starts_with("content-type:") && line.contains("boundary")) {
            whole
        } else {
            String::new()
        };
        domains.iter().any(|domain| word.contains(domain))
    })
}
