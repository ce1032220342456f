//! The charset that a document names itself, as a browser looks for it where nobody else has named one
//! ([HTML Standard](https://html.spec.whatwg.org/#determining-the-character-encoding)).

use html5gum::{Token, Tokenizer};

/// How far a browser looks, in octets.
const FAR: usize = 1_024;

/// The label in the XML declaration or the first `meta` element that has one.
pub(in crate::rewrite) fn declared(document: &[u8]) -> Option<String> {
    let front = document.get(..document.len().min(FAR)).unwrap_or_default();
    let front = String::from_utf8_lossy(front).into_owned();
    for token in Tokenizer::new(&front) {
        let Ok(token) = token;
        let label = match token {
            Token::Comment(text) if text.starts_with(b"?xml ") => behind(&text, "encoding"),
            Token::StartTag(tag) if **tag.name == *b"meta" => {
                let value = |name: &[u8]| tag.attributes.get(name).map(|value| value.to_vec());
                let charset = value(b"charset").map(|value| lossy(&value));
                charset.or_else(|| behind(&value(b"content")?, "charset"))
            }
            _ => None,
        };
        if label.is_some() {
            return label;
        }
    }
    None
}

/// The value behind `name=` in a text, with or without quotes.
fn behind(text: &[u8], name: &str) -> Option<String> {
    let text = lossy(text);
    let (_, rest) = text.split_once(name)?;
    let value = rest.trim_start().strip_prefix('=')?.trim_start();
    let end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '?');
    let value = value.trim_start_matches(['"', '\'']);
    let label = value.split(end).next()?;
    (!label.is_empty()).then(|| label.to_owned())
}

fn lossy(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_declaration_of_a_charset_counts() {
        for (document, label) in [
            (
                "<?xml version=\"1.0\" encoding=\"windows-1250\"?><a/>",
                Some("windows-1250"),
            ),
            (
                "<?xml version='1.0' encoding = 'ISO-8859-2' ?>",
                Some("iso-8859-2"),
            ),
            (
                "<html><head><meta charset=windows-1250>",
                Some("windows-1250"),
            ),
            (
                "<META http-equiv=Content-Type content=\"text/html; charset=ISO-8859-2\">",
                Some("iso-8859-2"),
            ),
            ("<meta name=x content=y><meta charset=''>", Some("")),
            ("<!-- <meta charset=x> --><p>charset=y", None),
            ("<?xml version=\"1.0\"?>", None),
            ("", None),
        ] {
            assert_eq!(
                declared(document.as_bytes()).as_deref(),
                label,
                "{document}"
            );
        }
        let far = format!("{}<meta charset=x>", " ".repeat(FAR));
        assert_eq!(declared(far.as_bytes()), None);
    }
}
