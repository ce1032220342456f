//! What stands encoded within a text: base64 in `data:` links, in the parameters of links and in pasted sources; uuencoded files.
//!
//! Only what holds a needle changes, and only the groups of characters that spell it: the rest keeps its octets and its place.

mod lines;
mod links;
mod runs;
mod uuencoded;

use super::html;
use super::masker::Masker;

/// Masks what one kind of code hides, so deep in others; none if nothing had to be.
type Step = fn(&[u8], &Masker, u8) -> Option<Vec<u8>>;

/// How often something may have been encoded over itself: in a document that a link carries as often as beside it, which is what the leak gate looks at.
const LAYERS: u8 = 4;

/// The text with everything encoded in it masked; none if nothing had to be.
pub(super) fn mask(text: &[u8], masker: &Masker) -> Option<Vec<u8>> {
    mask_at(text, masker, 0)
}

/// What was decoded, masked as what it is: text, with whatever is encoded in that, or text in UTF-16. None if nothing had to be, and for what is no
/// text: what holds something as it stands is the caller's there.
fn inner(octets: &[u8], masker: &Masker, depth: u8) -> Option<Vec<u8>> {
    // Pictures and the like are no text, and nearly all that looks like code is none.
    if let Ok(text) = std::str::from_utf8(octets)
        && memchr::memchr(0, octets).is_none()
    {
        return inner_text(text, masker, depth);
    }
    let units = octets.len() / 2;
    let zeros = memchr::memchr_iter(0, octets).count();
    if zeros * 4 < units * 3 || units == 0 {
        return None;
    }
    let little = memchr::memchr_iter(0, octets)
        .filter(|at| at % 2 == 1)
        .count()
        * 2
        > zeros;
    let charset = if little {
        encoding_rs::UTF_16LE
    } else {
        encoding_rs::UTF_16BE
    };
    let (text, _) = charset.decode_without_bom_handling(octets);
    let masked = inner_text(&text, masker, depth)?;
    let masked = String::from_utf8_lossy(&masked).into_owned();
    let octet = |unit: u16| {
        if little {
            unit.to_le_bytes()
        } else {
            unit.to_be_bytes()
        }
    };
    Some(masked.encode_utf16().flat_map(octet).collect())
}

/// The same of a text, whatever its letters were in.
fn inner_text(text: &str, masker: &Masker, depth: u8) -> Option<Vec<u8>> {
    let mut changed = html::masked_by(text, masker).map(String::into_bytes);
    // The last layer is read as any other, but not into.
    let steps: &[Step] = if depth + 1 < LAYERS {
        &[masker_step, mask_at]
    } else {
        &[masker_step]
    };
    for step in steps {
        let masked = step(
            changed.as_deref().unwrap_or(text.as_bytes()),
            masker,
            depth + 1,
        );
        changed = masked.or(changed);
    }
    changed
}

/// What is found as it stands.
fn masker_step(text: &[u8], masker: &Masker, _depth: u8) -> Option<Vec<u8>> {
    masker.mask(text)
}

fn mask_at(text: &[u8], masker: &Masker, depth: u8) -> Option<Vec<u8>> {
    // Most texts hold nothing that could be base64, and one look tells it of both places where it is looked for.
    let least = links::least(masker).min(lines::LEAST);
    let steps: &[Step] = match runs::runs(text, least).next() {
        Some(_) => &[uuencoded::mask, lines::mask, links::mask],
        None => &[uuencoded::mask],
    };
    // One after the other over the same text, each over what the one before it left.
    let mut changed: Option<Vec<u8>> = None;
    for step in steps {
        let masked = step(changed.as_deref().unwrap_or(text), masker, depth);
        changed = masked.or(changed);
    }
    changed
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64URL_NOPAD;

    use super::lines::wrapped;
    use super::uuencoded;
    use super::*;
    use crate::mail::Mailbox;

    const SHOWN: &str = "8awgqyk6a5@allegromail.pl";

    fn masker() -> Masker {
        Masker::new(&[Mailbox::parse("jan@poczta.example").unwrap()], SHOWN)
    }

    fn masked(text: &str) -> String {
        let out = mask(text.as_bytes(), &masker());
        String::from_utf8(out.unwrap_or_else(|| text.as_bytes().to_vec())).unwrap()
    }

    /// Each layer begins with a dozen groups that end in a slash: read from each of them, every layer would cost a dozen times the one around it.
    #[test]
    fn code_in_code_is_read_once_whatever_slashes_stand_in_it() {
        let layers = |text: &str, layers: usize| {
            let mut text = text.to_owned();
            for _ in 0..layers {
                let coded = data_encoding::BASE64_NOPAD.encode(text.as_bytes());
                text = format!("{}{coded}", "aa?".repeat(12));
            }
            text
        };
        let text = layers("jan@poczta.example pisze", 4);
        assert_ne!(masked(&text), text);
        let text = format!("{} y\r\n", layers(&"hello ".repeat(60), 5)).repeat(100);
        assert_eq!(masked(&text), text);
    }

    #[test]
    fn code_in_code_is_read_in_the_document_of_a_link_too() {
        let mut text = "kod: jan@poczta.example".to_owned();
        for _ in 0..3 {
            text = format!("<p>{}</p>", BASE64URL_NOPAD.encode(text.as_bytes()));
        }
        assert_ne!(masked(&text), text);
        let coded = data_encoding::BASE64.encode(text.as_bytes());
        let text = format!("<iframe src=\"data:text/html;base64,{coded}\"></iframe>");
        assert_ne!(masked(&text), text);
    }

    /// The path of the link goes on behind the payload, and is read as a part of it: the text that was there ends within a character.
    #[test]
    fn code_in_code_is_read_where_it_ends_within_a_character() {
        let inner = BASE64URL_NOPAD.encode("<p>jan@poczta.example</p>".as_bytes());
        for more in ["ja\u{17a}\u{144}", "j\u{144}", "\u{2713}\u{2713}", "a"] {
            for words in ["", "a", "ab"] {
                let middle = BASE64URL_NOPAD.encode(format!("{words} {inner} {more}").as_bytes());
                let outer = BASE64URL_NOPAD.encode(middle.as_bytes());
                let text = format!("https://x.example/u/{outer}/wypisz");
                assert_ne!(masked(&text), text, "{words} {more}");
            }
        }
    }

    #[test]
    fn what_links_carry_is_masked_in_its_place() {
        for payload in [
            "jan@poczta.example",
            "{\"e\":\"JAN@poczta.example\",\"n\":1}",
            "x|jan@poczta.example|ab",
        ] {
            for (before, after) in [
                ("data:text/html;base64,", "\""),
                ("https://x.example/u/", "/next/path"),
                ("?e=", "&x=1"),
                ("/abc", ""),
            ] {
                let url = BASE64URL_NOPAD.encode(payload.as_bytes());
                let text = format!("<a href=\"{before}{url}{after}>");
                let out = masked(&text);
                assert_ne!(out, text);
                assert!(
                    out.starts_with(&format!("<a href=\"{before}"))
                        && out.ends_with(&format!("{after}>")),
                    "{out}"
                );
                assert!(mask(out.as_bytes(), &masker()).is_none(), "{out}");
            }
        }
        for text in [
            "/very/long/path/of/nothing/at/all",
            "Konstantynopolitańczykowianeczka",
            "eyJhIjoiYm9qYW5AcG9jenRhLmV4YW1wbGUifQ",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn h189_code_within_code_and_in_utf_16_is_masked() {
        use crate::rewrite::check;
        use data_encoding::BASE64;
        let own = [Mailbox::parse("jan@poczta.example").unwrap()];
        let twice = BASE64.encode(
            format!(
                "adres: {} koniec",
                BASE64.encode(b"<p>jan@poczta.example</p>")
            )
            .as_bytes(),
        );
        let utf16 = |text: &str| -> Vec<u8> {
            let units = text.encode_utf16();
            units.flat_map(u16::to_le_bytes).collect()
        };
        let wide = BASE64.encode(&utf16("adres: jan@poczta.example"));
        let nested = |code: &str| BASE64.encode(format!("ż{code}ż").as_bytes());
        let torn = BASE64.encode(b"<p>jan@poc<b>zta</b>.example</p>");
        for text in [
            format!("x: {twice} y"),
            format!("x: {wide} y"),
            format!("x: {} y", nested(&nested(&wide))),
            format!("x: {} y", nested(&nested(&torn))),
            format!("x: {} y", BASE64.encode(&utf16(&format!("ż{wide}ż")))),
            format!("z\r\n{wide}\r\nz"),
        ] {
            let message = format!("From: a@b.pl\r\n\r\n{text}\r\n");
            assert!(check(message.as_bytes(), &own).is_err(), "{text}");
            let masked = format!("From: a@b.pl\r\n\r\n{}\r\n", masked(&text));
            assert_eq!(check(masked.as_bytes(), &own), Ok(()), "{masked}");
        }
    }

    #[test]
    fn what_could_begin_anywhere_is_read_a_few_times_only() {
        // Read from behind each slash, these would take minutes.
        for one in ["/", "a/", "-/", "aaaa+"] {
            assert_eq!(mask(one.repeat(200_000).as_bytes(), &masker()), None);
        }
    }

    #[test]
    fn uuencoded_files_and_pasted_lines_are_masked() {
        let file = "adres: jan@poczta.example, a dalej cokolwiek, byle dłużej niż jedna linia";
        let coded = format!(
            "begin 644 a.txt\r\n{}end\r\nkoniec\r\n",
            String::from_utf8(uuencoded::encode(file.as_bytes())).unwrap()
        );
        let out = masked(&coded);
        let lines: Vec<u8> = out
            .lines()
            .skip(1)
            .map_while(|line| uuencoded::decoded(line.as_bytes()))
            .flatten()
            .collect();
        let want = file.replace("jan@poczta.example", SHOWN);
        assert_eq!(
            String::from_utf8_lossy(lines.get(..want.len()).unwrap()),
            want
        );
        assert!(out.ends_with("`\r\nend\r\nkoniec\r\n"), "{out}");
        let pasted = format!(
            "x:\r\n{}\r\n\r\ny",
            String::from_utf8(wrapped(file.repeat(2).as_bytes())).unwrap()
        );
        let out = masked(&pasted);
        assert!(
            out != pasted && mask(out.as_bytes(), &masker()).is_none(),
            "{out}"
        );
    }
}
