//! Reasons as sentences: the words are for programs and stay, the sentences are for people, in their language.

use crate::dsn::in_language;

/// Languages that sentences are told in (ISO 639-1).
pub(super) const LANGUAGES: [&str; 5] = ["cs", "en", "hu", "pl", "sk"];

/// Why a thread cannot be answered, as words and in [`LANGUAGES`].
const CANNOT_WRITE: [(&str, [&str; 5]); 5] = [
    (
        "suspended",
        [
            "Jeden z účtů je pozastaven a nemůže psát ani číst zprávy.",
            "One of the accounts is suspended and neither writes nor receives.",
            "Az egyik fiók fel van függesztve, nem írhat és nem kaphat üzenetet.",
            "Jedno z kont jest zawieszone i nie może pisać ani odbierać wiadomości.",
            "Jeden z účtov je pozastavený a nemôže písať ani prijímať správy.",
        ],
    ),
    (
        "transaction-closed",
        [
            "Tato transakce je uzavřena a další zprávy nepřijímá.",
            "This transaction is closed and takes no more messages.",
            "Ez a tranzakció lezárult, és már nem fogad üzeneteket.",
            "Ta transakcja jest zamknięta i nie przyjmuje już wiadomości.",
            "Táto transakcia je uzavretá a ďalšie správy neprijíma.",
        ],
    ),
    (
        "unknown-transaction",
        [
            "Tato transakce už neexistuje.",
            "This transaction does not exist any more.",
            "Ez a tranzakció már nem létezik.",
            "Ta transakcja już nie istnieje.",
            "Táto transakcia už neexistuje.",
        ],
    ),
    (
        "transaction-required",
        [
            "Psát lze jen o objednávce.",
            "Messages have to be about an order.",
            "Csak rendeléssel kapcsolatban lehet írni.",
            "Pisać można tylko w sprawie zamówienia.",
            "Písať možno len o objednávke.",
        ],
    ),
    (
        "courier",
        [
            "Zprávu poslal dopravce; odpovědi tu nikdo nečte.",
            "A courier wrote this; nobody reads answers here.",
            "Az üzenetet futárszolgálat küldte; a válaszokat itt senki sem olvassa.",
            "Wiadomość wysłał przewoźnik; odpowiedzi nikt tu nie czyta.",
            "Správu poslal dopravca; odpovede tu nikto nečíta.",
        ],
    ),
];

/// The sentence for why a thread cannot be answered.
pub(super) fn cannot_write(language: &str, why: &str) -> Option<&'static str> {
    let (_, sentences) = CANNOT_WRITE.iter().find(|(word, _)| *word == why)?;
    let mut known = LANGUAGES.iter().zip(sentences);
    known.find_map(|(known, sentence)| (*known == language).then_some(*sentence))
}

/// A sentence of ours in this language; none where it has none in it, as what another server said.
pub(super) fn sentence(language: &str, text: &str) -> Option<String> {
    match language {
        "en" => Some(text.to_owned()),
        _ => in_language(language, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_sentence_in_every_language() {
        for (word, _) in CANNOT_WRITE {
            let mut told: Vec<_> = LANGUAGES
                .iter()
                .filter_map(|language| cannot_write(language, word))
                .collect();
            told.sort_unstable();
            told.dedup();
            assert_eq!(told.len(), LANGUAGES.len(), "{word}");
        }
        assert_eq!(cannot_write("pl", "who knows"), None);
        let closed = "this transaction is closed and takes no more mail.";
        assert!(sentence("hu", closed).unwrap().contains("tranzakció"));
        assert_eq!(sentence("en", closed).as_deref(), Some(closed));
        assert_eq!(sentence("cs", "550 what a server said"), None);
    }
}
