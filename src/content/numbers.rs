//! Numbers of bank accounts, cards and telephones, told from those of orders and goods.

use iban::Iban;

/// What digits are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digits {
    Iban,
    /// A bank account as it is written within its country.
    Account,
    Card,
    Phone,
}

/// Digits of an IBAN at most, with its letters (ISO 13616).
const LONGEST: usize = 34;

/// Octets of a number that are looked at: the longest account, each digit by itself.
const LONGEST_RUN: usize = 2 * LONGEST;

/// What stands at the front of `text`, which begins with a letter, a digit or `+`, and its length; none if it is a number like any other.
pub(super) fn read(text: &str) -> Option<(Digits, usize)> {
    if text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) {
        return iban(text, "").map(|length| (Digits::Iban, length));
    }
    let run = run(text);
    let digits: String = run.chars().filter(char::is_ascii_digit).collect();
    let shape = shape(run);
    // Poland writes its own without the country.
    if let Some(length) = iban(run, "PL").filter(|_| digits.len() >= 26) {
        return Some((Digits::Iban, length));
    }
    match digits.len() {
        16 | 24 if shape == [8, 8] || shape == [8, 8, 8] => Some((Digits::Account, run.len())),
        6..=20 if is_czech(run) => Some((Digits::Account, run.len())),
        9.. if is_card(&digits, &shape) => Some((Digits::Card, run.len())),
        9..=15 if is_phone(run, &shape) => Some((Digits::Phone, run.len())),
        _ => None,
    }
}

/// The length of an IBAN at the front of a text; `country` stands before it.
fn iban(text: &str, country: &str) -> Option<usize> {
    let mut digits = country.to_owned();
    let mut length = 0;
    let mut best = None;
    for (at, c) in text.char_indices().take(LONGEST_RUN) {
        match c {
            c if c.is_ascii_alphanumeric() && digits.len() < LONGEST => {
                digits.push(c.to_ascii_uppercase())
            }
            ' ' | '-' | '\u{a0}' if at > 0 => continue,
            _ => break,
        }
        length = at + 1;
        let next = text.as_bytes().get(length);
        let ends = !next.is_some_and(u8::is_ascii_alphanumeric);
        if digits.len() >= 15 && ends && digits.parse::<Iban>().is_ok() {
            best = Some(length);
        }
    }
    let two = text.as_bytes().get(2..4).unwrap_or_default();
    let begins = !country.is_empty() || (two.iter().all(u8::is_ascii_digit) && length >= 15);
    best.filter(|_| begins)
}

/// The digits at the front of a text with what parts their groups: one blank or mark each.
fn run(text: &str) -> &str {
    let octets = text.as_bytes();
    let mut end = 0;
    let mut at = usize::from(octets.first() == Some(&b'+'));
    while let Some(octet) = octets.get(at).filter(|_| at < LONGEST_RUN) {
        if octet.is_ascii_digit() {
            at += 1;
            end = at;
        } else if b" -/.()".contains(octet) && end > 0 && at == end {
            at += 1;
        } else {
            break;
        }
    }
    text.get(..end).unwrap_or_default()
}

/// How many digits stand in each group.
fn shape(run: &str) -> Vec<usize> {
    let groups = run.split(|c: char| !c.is_ascii_digit());
    groups.map(str::len).filter(|length| *length > 0).collect()
}

/// `123456-1234567890/0800`: an account of Czechia or Slovakia. Without its check digits it may be a number of the year.
fn is_czech(run: &str) -> bool {
    let Some((account, bank)) = run.split_once('/') else {
        return false;
    };
    let (prefix, number) = account.split_once('-').unwrap_or(("", account));
    let digits = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
    let shaped = bank.len() == 4
        && digits(bank)
        && prefix.len() <= 6
        && digits(prefix)
        && (2..=10).contains(&number.len())
        && digits(number);
    let year = bank.starts_with("19") || bank.starts_with("20");
    shaped
        && ((is_checked(prefix) && is_checked(number) && number.len() >= 6)
            || (!year && number.len() >= 6))
}

/// The check of Czech and Slovak accounts (decree 169/2011 Coll.).
fn is_checked(digits: &str) -> bool {
    const WEIGHTS: [u32; 10] = [1, 2, 4, 8, 5, 10, 9, 7, 3, 6];
    let values = digits.chars().rev().filter_map(|c| c.to_digit(10));
    let sum: u32 = values
        .zip(WEIGHTS)
        .map(|(digit, weight)| digit * weight)
        .sum();
    sum.is_multiple_of(11)
}

/// A card: the check digit of Luhn (ISO/IEC 7812-1), as cards are printed, from the numbers that issuers have.
fn is_card(digits: &str, shape: &[usize]) -> bool {
    let printed = matches!(shape, [4, 4, 4, 4] | [4, 6, 5] | [16] | [15]);
    printed && digits.starts_with(['3', '4', '5', '6']) && luhn(digits)
}

fn luhn(digits: &str) -> bool {
    let values = digits.chars().rev().filter_map(|c| c.to_digit(10));
    let sum: u32 = values
        .enumerate()
        .map(|(at, digit)| match (at % 2, digit) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// A telephone by its form: a prefix of a country, or groups as they are written in Poland, Czechia and Slovakia (nine digits) and Hungary (eight or
/// nine behind `06`). Nine digits in a row may be an order as well. No rule goes by this alone, so no plan of numbers is kept here (`phonenumber` has
/// one, with twenty crates, one of them given up).
fn is_phone(run: &str, shape: &[usize]) -> bool {
    let digits: String = run.chars().filter(char::is_ascii_digit).collect();
    if run.starts_with('+') || run.starts_with("00") {
        return (10..=15).contains(&digits.len());
    }
    let groups = matches!(
        shape,
        [3, 3, 3] | [2, 3, 2, 2] | [2, 7] | [3, 6] | [3, 2, 2, 2] | [4, 3, 3]
    );
    let hungarian =
        digits.starts_with("06") && (10..=11).contains(&digits.len()) && shape.len() >= 3;
    hungarian || (groups && (9..=10).contains(&digits.len()))
}

/// Whether a folded word is the name or sign of a currency.
pub(super) fn is_currency(word: &str) -> bool {
    [
        "zl", "zlotych", "zlote", "zloty", "pln", "kc", "czk", "korun", "koruny", "eur", "euro",
        "eura", "huf", "ft", "forint", "forintot", "usd", "gbp",
    ]
    .contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_by_their_form() {
        for (text, want) in [
            (
                "PL61 1090 1014 0000 0712 1981 2874 Bank",
                Some(Digits::Iban),
            ),
            ("61109010140000071219812874", Some(Digits::Iban)),
            ("61 1090 1014 0000 0712 1981 2874", Some(Digits::Iban)),
            ("CZ6508000000192000145399", Some(Digits::Iban)),
            ("19-2000145399/0800", Some(Digits::Account)),
            ("11773016-11111018-00000000", Some(Digits::Account)),
            ("4111 1111 1111 1111", Some(Digits::Card)),
            ("4111111111111111", Some(Digits::Card)),
            ("+48 601 234 567", Some(Digits::Phone)),
            ("601 234 567", Some(Digits::Phone)),
            ("601-234-567.", Some(Digits::Phone)),
            ("601234567", None),
            ("5901234123457", None),
            ("620000123456789012345678", None),
            ("4111111111111112", None),
            ("61109010140000071219812875", None),
            ("2026/11", None),
            ("FV 4456/2026", None),
            ("260311/2026", None),
            ("12 3", None),
            ("PLN 100", None),
            ("FV26031", None),
        ] {
            assert_eq!(read(text).map(|(digits, _)| digits), want, "{text}");
        }
        assert_eq!(
            read("61 1090 1014 0000 0712 1981 2874 100").map(|(_, length)| length),
            Some(32)
        );
        assert_eq!(
            read("PL61 1090 1014 0000 0712 1981 2874 x").map(|(_, length)| length),
            Some(34)
        );
    }
}
