//! The number of a sale document, as its name or a sentence tells it.

use std::ops::Range;

/// Digits of a number of a document.
const DIGITS: Range<usize> = 3..16;
/// Characters of one.
const LONGEST_NUMBER: usize = 40;

/// The name of a file without its ending.
pub(super) fn stem(name: &str) -> &str {
    let ending = name.rsplit_once('.').filter(|(_, last)| last.len() < 5);
    ending.map_or(name, |(stem, _)| stem)
}

/// The number of a document in a text, as `FV/2026/11/123` in `Faktura FV/2026/11/123`: the first run of letters, digits and the signs of such numbers that holds
/// three digits and is no date, nor as long as the number of an account.
pub(super) fn number_in(text: &str) -> Option<String> {
    let is_sign = |c: char| matches!(c, '/' | '-' | '_' | '.');
    // Addresses of people and pages have numbers of their own.
    let plain = text
        .split_whitespace()
        .filter(|word| !word.contains(['@', ':']));
    let mut words =
        plain.flat_map(|word| word.split(|c: char| !(c.is_ascii_alphanumeric() || is_sign(c))));
    words.find_map(|word| {
        let is_word =
            |part: &str| part.len() > 4 && !part.bytes().any(|octet| octet.is_ascii_digit());
        // Words before it are none of it: `faktura_2026_11_123`.
        let front: usize = word
            .split_inclusive(is_sign)
            .take_while(|part| is_word(part.trim_end_matches(is_sign)))
            .map(str::len)
            .sum();
        let number = word.get(front..)?.trim_matches(is_sign);
        let digits = number.bytes().filter(u8::is_ascii_digit).count();
        let fits = DIGITS.contains(&digits) && number.len() < LONGEST_NUMBER && !is_date(number);
        fits.then(|| number.to_owned())
    })
}

/// Whether a number is a day: `2026-11-23`, `23.11.2026`.
fn is_date(number: &str) -> bool {
    let parts: Vec<&str> = number.split(['-', '.', '/']).collect();
    let [first, month, last] = parts[..] else {
        return false;
    };
    let (year, day) = if first.len() == 4 {
        (first, last)
    } else {
        (last, first)
    };
    let at_most = |text: &str, most: u16| {
        text.len() <= 2
            && text
                .parse()
                .is_ok_and(|number: u16| (1..=most).contains(&number))
    };
    year.len() == 4
        && (year.starts_with("19") || year.starts_with("20"))
        && at_most(month, 12)
        && at_most(day, 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_document_is_read_from_its_name_or_a_sentence() {
        for (text, number) in [
            ("Faktura FV/2026/11/123", "FV/2026/11/123"),
            ("faktura_2026_11_123", "2026_11_123"),
            ("FV-11-2026-77", "FV-11-2026-77"),
            ("Twoja faktura nr 000123/11/2026.", "000123/11/2026"),
            ("Faktura FV/77/1 z dnia 2026-11-23", "FV/77/1"),
            ("Paragon z 23.11.2026 nr 12.345", "12.345"),
            (
                "Konto 61109010140000071219812874, faktura 7/11/26",
                "7/11/26",
            ),
            ("faktura sklep12345@rowery.example", ""),
            ("faktura: https://fakturownia.pl/f/100200300", ""),
            ("instrukcja", ""),
            ("faktura", ""),
            ("", ""),
        ] {
            assert_eq!(number_in(text).unwrap_or_default(), number, "{text}");
        }
    }
}
