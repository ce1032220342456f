//! By what a failure is known that says nothing a program could read: words that servers put into subjects, and a line with a reply code and an
//! enhanced status.

use crate::mail::{EnhancedStatus, ReplyCode};

/// How the subjects of failures begin, in lower case: what servers write, in the languages of the marketplace and of the field. Whole phrases:
/// "Niedostarczona paczka" is a person's.
const FAILED: &[&str] = &[
    "undeliverable",
    "undelivered mail",
    "undelivered message",
    "returned mail",
    "mail returned",
    "returned to sender:",
    "delivery failure",
    "delivery failed",
    "delivery has failed",
    "delivery report (",
    "delivery status notification",
    "delivery notification:",
    "mail delivery failed",
    "mail delivery failure",
    "mail delivery problem",
    "mail delivery error",
    "mail delivery system",
    "mail delivery status",
    "mail failure",
    "mail not delivered",
    "mail could not be delivered",
    "mail system error",
    "email delivery failure",
    "e-mail delivery failure",
    "email could not be delivered",
    "message delivery failure",
    "message delivery failed",
    "message not delivered",
    "message undeliverable",
    "message could not be delivered",
    "could not deliver",
    "couldn't deliver",
    "unable to deliver",
    "cannot deliver",
    "failure notice",
    "failed mail",
    "failed delivery",
    "failure delivery",
    "non-delivery",
    "nondelivery",
    "non delivery",
    "nondeliverable",
    "bounce notification",
    "your message could not be delivered",
    "your message couldn't be delivered",
    "your message wasn't delivered",
    "your message was not delivered",
    "your mail could not be delivered",
    // Polish.
    "nie dostarczono",
    "niedostarczono",
    "niedostarczalne",
    "niedostarczalna",
    "niedostarczona wiadomość",
    "niedostarczona poczta",
    "niedostarczony e-mail",
    "nie można dostarczyć",
    "nie mozna dostarczyc",
    "nie udało się dostarczyć",
    "nie udalo sie dostarczyc",
    "brak możliwości dostarczenia",
    "błąd dostarczenia",
    "błąd dostarczania",
    "błąd doręczenia",
    "zwrot wiadomości",
    "zwrot wiadomosci",
    "zwrot poczty",
    "zwrot maila",
    "zwrot e-mail",
    "zwrócona wiadomość",
    "zwrócona poczta",
    "wiadomość zwrócona",
    "wiadomość niedostarczona",
    "wiadomość nie została dostarczona",
    "wiadomosc nie zostala dostarczona",
    "wiadomość nie mogła zostać dostarczona",
    "wiadomość nie może zostać dostarczona",
    "twoja wiadomość nie została dostarczona",
    "powiadomienie o niedostarczeniu",
    "powiadomienie o stanie dostarczenia",
    "informacja o niedostarczeniu",
    // Czech and Slovak.
    "nedoručitelná zpráva",
    "nedoručitelné:",
    "nedoručitelná pošta",
    "nedoručená zpráva",
    "nedoručená pošta",
    "nedoručeno:",
    "zpráva nebyla doručena",
    "zprávu nelze doručit",
    "vaše zpráva nebyla doručena",
    "vrácená zpráva",
    "vrácená pošta",
    "oznámení o nedoručení",
    "chyba doručení",
    "chyba při doručování",
    "nedoručiteľná správa",
    "nedoručiteľné:",
    "nedoručiteľná pošta",
    "nedoručená správa",
    "správa nebola doručená",
    "správu sa nepodarilo doručiť",
    "vrátená správa",
    "vrátená pošta",
    "oznámenie o nedoručení",
    "chyba doručenia",
    // Hungarian.
    "kézbesíthetetlen",
    "kezbesithetetlen",
    "nem kézbesíthető",
    "nem kézbesített",
    "kézbesítési hiba",
    "kézbesítési értesítés",
    "kézbesítés sikertelen",
    "a kézbesítés sikertelen",
    "sikertelen kézbesítés",
    "sikertelen levélkézbesítés",
    "a levél nem kézbesíthető",
    "a levelet nem sikerült kézbesíteni",
    "az üzenet nem kézbesíthető",
    "az üzenetet nem sikerült kézbesíteni",
    "az üzenet kézbesítése sikertelen",
    "üzenet kézbesítése sikertelen",
    "visszaküldött levél",
    "visszaküldött üzenet",
    "visszapattant levél",
    "értesítés a kézbesítés",
    // German.
    "unzustellbar",
    "nicht zustellbar",
    "nicht zugestellt",
    "zustellung fehlgeschlagen",
    "zustellungsfehler",
    "zustellfehler",
    "fehler bei der zustellung",
    "fehlgeschlagene zustellung",
    "übermittlung fehlgeschlagen",
    "nachricht konnte nicht zugestellt werden",
    "ihre nachricht konnte nicht zugestellt werden",
    "mail konnte nicht zugestellt werden",
    "e-mail konnte nicht zugestellt werden",
    "ihre e-mail konnte nicht zugestellt werden",
    "rücksendung ihrer nachricht",
    "benachrichtigung zum übermittlungsstatus",
    // French, Italian, Spanish, Dutch.
    "non remis",
    "échec de la remise",
    "échec de remise",
    "message non distribué",
    "courrier non remis",
    "non recapitabile",
    "mancato recapito",
    "mancata consegna",
    "impossibile recapitare",
    "no se puede entregar",
    "no se pudo entregar",
    "no entregado",
    "correo devuelto",
    "onbestelbaar",
    "niet bezorgd",
];
/// The same of delays.
const DELAYED: &[&str] = &[
    "delayed:",
    "delayed mail",
    "delayed message",
    "delivery delay",
    "delivery status notification (delay)",
    "mail delivery delay",
    "message delayed",
    "message delivery delayed",
    "warning: could not send message",
    "warning: message",
    "warning: mail",
    "could not send message for past",
    "opóźnienie w dostarczeniu",
    "opóźnienie dostarczenia",
    "opóźnienie w dostarczaniu",
    "dostarczenie opóźnione",
    "opóźniona wiadomość",
    "zpoždění doručení",
    "doručení se zpozdilo",
    "oneskorenie doručenia",
    "késleltetett kézbesítés",
    "kézbesítési késedelem",
    "kézbesítés késik",
    "verzögerung bei der zustellung",
    "zustellung verzögert",
    "verzögert:",
];

/// What a subject says of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hint {
    /// It failed.
    Failed,
    /// It waits.
    Delayed,
    /// Nothing.
    Nothing,
}

/// How a subject begins, behind the marks that filters set in front of it.
pub(super) fn subject(subject: &str) -> Hint {
    let lower = subject.to_lowercase();
    let mut rest = lower.trim_start_matches(['*', '"', '\'', ' ']);
    while let Some((_, after)) = rest.strip_prefix('[').and_then(|tag| tag.split_once(']')) {
        rest = after.trim_start();
    }
    let begins = |phrases: &[&str]| phrases.iter().any(|phrase| rest.starts_with(phrase));
    // Before the failures: "Delivery Status Notification (Delay)" begins like one.
    if begins(DELAYED) {
        Hint::Delayed
    } else if begins(FAILED) {
        Hint::Failed
    } else {
        Hint::Nothing
    }
}

/// Reply codes of mail servers (RFC 5321 4.2.3, RFC 4954, RFC 7504, and those that servers made up). Other numbers of three digits are prices.
fn is_reply_code(code: u16) -> bool {
    matches!(
        code,
        421 | 422 | 431 | 432 | 441 | 442 | 446 | 447 | 449..=455 | 458 | 459 | 471
            | 500..=505 | 510..=515 | 521 | 523 | 530 | 534 | 535 | 538 | 541 | 550..=559 | 571
    ) && ReplyCode::new(code).is_some()
}

/// A word of a line and what stands around it.
struct Word<'a> {
    text: &'a str,
    /// Where it stands in the line.
    at: usize,
}

/// The words of a line that may be numbers.
fn words(line: &str) -> Vec<Word<'_>> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, c) in line.char_indices().chain([(line.len(), ' ')]) {
        let inside = c.is_alphanumeric() || c == '.';
        match (inside, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                let whole = line.get(from..at).unwrap_or_default();
                let text = whole.trim_matches('.');
                if !text.is_empty() {
                    let front = whole.len() - whole.trim_start_matches('.').len();
                    found.push(Word {
                        text,
                        at: from + front,
                    });
                }
                start = None;
            }
            _ => {}
        }
    }
    found
}

/// The status that a word is, if it is one of RFC 3463: its subjects end at 7.
pub(super) fn status(word: &str) -> Option<EnhancedStatus> {
    let status: EnhancedStatus = word.parse().ok()?;
    (status.class() != 2 && status.subject() <= 7).then_some(status)
}

/// Units and currencies that make an amount of the number before them.
const UNITS: [&str; 22] = [
    "zł", "zl", "pln", "eur", "euro", "usd", "kč", "czk", "ft", "huf", "szt", "sztuk", "ks", "db",
    "g", "kg", "ml", "l", "mm", "cm", "m", "km",
];

/// The reply code that the word at `at` is. One group of a telephone number is none, nor is an amount.
fn code(words: &[Word<'_>], at: usize) -> Option<u16> {
    let number = |word: &Word<'_>| word.text.bytes().all(|b| b.is_ascii_digit());
    let word = words
        .get(at)
        .filter(|word| word.text.len() == 3 && number(word))?;
    let code = word.text.parse().ok().filter(|code| is_reply_code(*code))?;
    let before = at.checked_sub(1).and_then(|at| words.get(at));
    let after = words.get(at + 1);
    let unit = |word: &Word<'_>| UNITS.contains(&word.text.to_lowercase().as_str());
    let amount = before.is_some_and(number) || after.is_some_and(|word| number(word) || unit(word));
    (!amount).then_some(code)
}

/// The reply code and the enhanced status of one class that stand in a line: no person writes both.
pub(super) fn code_and_status(line: &str) -> Option<(u16, EnhancedStatus)> {
    let words = words(line);
    let codes: Vec<(usize, u16)> = (0..words.len())
        .filter_map(|at| Some((at, code(&words, at)?)))
        .collect();
    words.iter().enumerate().find_map(|(at, word)| {
        let status = status(word.text)?;
        codes
            .iter()
            .find(|(place, code)| {
                code / 100 == u16::from(status.class())
                    // `1.5.24` and `5.11.26` are days where they do not stand beside the code or behind a mark.
                    && (place + 1 == at || marked(line, word) || !like_a_day(status))
            })
            .map(|(_, code)| (*code, status))
    })
}

/// Whether a status may as well be a day of a year of this century.
fn like_a_day(status: EnhancedStatus) -> bool {
    (20..=39).contains(&status.detail())
}

/// Whether `#` or a bracket stands in front of a word, as qmail and others write a status.
fn marked(line: &str, word: &Word<'_>) -> bool {
    line.get(..word.at)
        .is_some_and(|before| before.ends_with(['#', '(', '[']))
}

/// The first enhanced status of class 4 or 5 in a text.
pub(super) fn status_in(text: &str) -> Option<EnhancedStatus> {
    words(text).iter().find_map(|word| status(word.text))
}

/// The first reply code in a text. A house number may be taken for one; it only labels the reason.
pub(super) fn code_in(text: &str) -> Option<u16> {
    let words = words(text);
    (0..words.len()).find_map(|at| code(&words, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telephone_number_a_price_or_a_date_is_no_code() {
        for line in [
            "550 5.1.1 no such user",
            "550-5.1.1 no such user",
            "host said: 550 #5.1.1 unknown (in reply to RCPT TO)",
            "#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##",
            "Remote host said: 553 sorry, no mailbox here by that name. (#5.1.1)",
            "smtp;550 5.7.26 refused",
            "Kod 550, stan 5.1.1",
            "Hiba: 452 4.2.2 megtelt",
            "501 5.1.3 Bad recipient address syntax",
        ] {
            assert!(code_and_status(line).is_some(), "{line}");
        }
        for line in [
            "501 234 567",
            "tel. +48 501 234 567, wersja 5.1.1",
            "550",
            "5.1.1",
            "550 zł do 5.11.26",
            "zadzwoń: 501 i 5.11.26",
            "450 4 sztuki",
            "550 4.2.2",
            "5.11.2026 o 550",
            "Kupię 550 szt. wersji 5.1.1",
            "999 5.1.1",
            "550 5.501.234",
        ] {
            assert_eq!(code_and_status(line), None, "{line}");
        }
    }

    #[test]
    fn subjects_of_servers_are_told_from_those_of_people() {
        for (text, want) in [
            ("Undelivered Mail Returned to Sender", Hint::Failed),
            ("[SPAM] Undeliverable: rower", Hint::Failed),
            ("Zwrot wiadomości", Hint::Failed),
            ("Could not deliver message to recipient", Hint::Failed),
            ("Kézbesíthetetlen: rower", Hint::Failed),
            ("Nedoručitelná zpráva: rower", Hint::Failed),
            ("Delivery Status Notification (Delay)", Hint::Delayed),
            ("Delivery Status Notification (Failure)", Hint::Failed),
            ("Zwrot towaru", Hint::Nothing),
            ("Zwrot do nadawcy, paczka 17", Hint::Nothing),
            ("Returned to sender, my parcel", Hint::Nothing),
            ("Niedostarczona paczka", Hint::Nothing),
            ("Undelivered parcel", Hint::Nothing),
            ("Re: Undelivered Mail Returned to Sender", Hint::Nothing),
            ("Automatic reply: Undeliverable", Hint::Nothing),
            ("Nedoručená zásilka", Hint::Nothing),
        ] {
            assert_eq!(subject(text), want, "{text}");
        }
    }
}
