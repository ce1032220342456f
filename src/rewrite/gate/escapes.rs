//! Characters that programs write by their numbers or names.

use memchr::memchr_iter;

/// Replaces every `mark` that `read` understands; `read` gets what follows and says what it is and how long.
fn replace(
    text: &str,
    mark: u8,
    out: &mut String,
    read: impl Fn(&str) -> Option<(char, usize)>,
) -> bool {
    let mut copied = 0;
    for at in memchr_iter(mark, text.as_bytes()) {
        if at < copied {
            continue;
        }
        let Some((c, length)) = text.get(at + 1..).and_then(&read) else {
            continue;
        };
        if text.is_char_boundary(at + 1 + length) {
            out.push_str(text.get(copied..at).unwrap_or_default());
            out.push(c);
            copied = at + 1 + length;
        }
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    copied > 0
}

/// Digits of a reference that are read, zeros at their front included.
const MAX_DIGITS: usize = 64;

fn number(text: &str, radix: u32, digits: usize) -> Option<char> {
    let code = text.get(..digits)?.trim_start_matches('0');
    let code = if code.is_empty() && digits > 0 {
        "0"
    } else {
        code
    };
    char::from_u32(u32::from_str_radix(code, radix).ok()?)
}

/// `\u0040`, `\x40`, `\u{40}` of programs, `\'40` of RTF, `\40 ` of style sheets, `\@` of Markdown, and `\n` of calendars as the line end that
/// it is.
pub(super) fn backslashes(text: &str, out: &mut String) -> bool {
    replace(text, b'\\', out, |after| match after.chars().next()? {
        'u' if after.starts_with("u{") => {
            let digits = digits_of(after.get(2..)?);
            Some((number(after.get(2..)?, 16, digits)?, digits + 3))
        }
        'u' => Some((number(after.get(1..)?, 16, 4)?, 5)),
        'x' | '\'' => Some((number(after.get(1..)?, 16, 2)?, 3)),
        'n' | 'r' | 't' => Some((' ', 1)),
        c if "@.-_+".contains(c) => Some((c, 1)),
        '0'..='9' | 'a'..='f' => {
            let digits = digits_of(after);
            let white = after
                .get(digits..)
                .is_some_and(|rest| rest.starts_with([' ', '\t']));
            Some((number(after, 16, digits)?, digits + usize::from(white)))
        }
        _ => None,
    })
}

fn digits_of(text: &str) -> usize {
    let digits = text.bytes().take(6);
    digits.take_while(u8::is_ascii_hexdigit).count()
}

/// `&#64;`, `&#x40;`, `&commat;` (HTML, "Named character references"), each with or without its semicolon.
pub(super) fn references(text: &str, out: &mut String) -> bool {
    replace(text, b'&', out, |after| {
        let semicolon = |length: usize| {
            length
                + usize::from(
                    after
                        .get(length..)
                        .is_some_and(|rest| rest.starts_with(';')),
                )
        };
        if let Some(hex) = after.strip_prefix("#x") {
            let digits = hex
                .chars()
                .take(MAX_DIGITS)
                .take_while(char::is_ascii_hexdigit)
                .count();
            return Some((number(hex, 16, digits)?, semicolon(2 + digits)));
        }
        if let Some(decimal) = after.strip_prefix('#') {
            let digits = decimal
                .chars()
                .take(MAX_DIGITS)
                .take_while(char::is_ascii_digit)
                .count();
            return Some((number(decimal, 10, digits)?, semicolon(1 + digits)));
        }
        let names = [
            ("amp", '&'),
            ("lt", '<'),
            ("gt", '>'),
            ("nbsp", ' '),
            ("quot", '"'),
            ("apos", '\''),
            ("commat", '@'),
            ("period", '.'),
            ("lowbar", '_'),
            ("underbar", '_'),
            ("plus", '+'),
            ("shy", '\u{ad}'),
            ("zwnj", '\u{200c}'),
            ("zwj", '\u{200d}'),
            ("zerowidthspace", '\u{200b}'),
            ("nobreak", '\u{2060}'),
            ("lrm", '\u{200e}'),
            ("rlm", '\u{200f}'),
        ];
        names
            .iter()
            .find(|(name, _)| after.starts_with(name))
            .map(|(name, c)| (*c, semicolon(name.len())))
    })
}
