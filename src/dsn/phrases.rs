//! Our own reasons in the languages of reports.
//!
//! Entries and machine-readable parts keep a reason as the English sentence that support and logs know; what a person reads is looked up here when
//! the report is written, so an entry of an older version is told in the right language, too. `{}` stands for what differs; a translation may leave
//! it out, for the English part below has it.

mod delivery;
mod refusals;

use delivery::DELIVERY;
use refusals::REFUSALS;

/// One sentence.
struct Phrase {
    english: &'static str,
    polish: &'static str,
    czech: &'static str,
    slovak: &'static str,
    hungarian: &'static str,
}

/// A row of the table, in the order of [`Phrase`].
const fn phrase(
    english: &'static str,
    polish: &'static str,
    czech: &'static str,
    slovak: &'static str,
    hungarian: &'static str,
) -> Phrase {
    Phrase {
        english,
        polish,
        czech,
        slovak,
        hungarian,
    }
}

/// What is said of a sentence that has no translation.
const OTHER: Phrase = phrase(
    "",
    "wiadomość nie została przyjęta; szczegóły są niżej po angielsku",
    "zpráva nebyla přijata; podrobnosti jsou níže v angličtině",
    "správa nebola prijatá; podrobnosti sú nižšie v angličtine",
    "az üzenetet nem fogadták el; a részletek lent, angolul olvashatók",
);

/// `text` in `language` (ISO 639-1). As it is in a language without reports of its own; a general sentence where it is none of ours.
pub(super) fn translated(language: &str, text: &str) -> String {
    let Some(pick) = column(language) else {
        return text.to_owned();
    };
    known(pick, text).unwrap_or_else(|| pick(&OTHER).to_owned())
}

/// A sentence of ours in `language` (ISO 639-1); none where the language or the sentence has no translation, as English and the words of other servers.
#[must_use]
pub fn in_language(language: &str, text: &str) -> Option<String> {
    known(column(language)?, text)
}

type Column = fn(&Phrase) -> &'static str;

fn column(language: &str) -> Option<Column> {
    match language {
        "pl" => Some(|phrase| phrase.polish),
        "cs" => Some(|phrase| phrase.czech),
        "sk" => Some(|phrase| phrase.slovak),
        "hu" => Some(|phrase| phrase.hungarian),
        _ => None,
    }
}

/// The translation of a sentence of the tables. What stands in its gaps may be a sentence itself.
fn known(pick: Column, text: &str) -> Option<String> {
    let mut phrases = REFUSALS.iter().chain(DELIVERY);
    phrases.find_map(|phrase| {
        let gaps = gaps(phrase.english, text)?;
        let mut words = pick(phrase).split("{}");
        let mut made = words.next().unwrap_or_default().to_owned();
        for (gap, after) in gaps.into_iter().zip(words) {
            made.push_str(&known(pick, gap).unwrap_or_else(|| gap.to_owned()));
            made.push_str(after);
        }
        Some(made)
    })
}

/// What stands in `text` where `pattern` has `{}`; none where it is another text.
fn gaps<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut pieces = pattern.split("{}");
    let mut rest = text.strip_prefix(pieces.next()?)?;
    let mut found = Vec::new();
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        let at = if pieces.peek().is_none() {
            rest.strip_suffix(piece)?.len()
        } else {
            rest.find(piece)?
        };
        let (gap, after) = rest.split_at(at);
        found.push(gap);
        rest = after.get(piece.len()..)?;
    }
    rest.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h178_every_sentence_is_in_every_language_and_keeps_no_gap() {
        for phrase in REFUSALS.iter().chain(DELIVERY) {
            let gaps = phrase.english.matches("{}").count();
            let text = phrase.english.replace("{}", "x@y.example");
            assert_eq!(translated("de", &text), text);
            for language in ["pl", "cs", "sk", "hu"] {
                let said = translated(language, &text);
                assert!(
                    !said.contains("{}") && !said.is_empty(),
                    "{language}: {said}"
                );
                assert_ne!(said, translated(language, "?"), "{language}: {text}");
                let kept = said.matches("x@y.example").count();
                assert!(kept == gaps || kept == 0, "{language}: {said}");
            }
        }
    }

    #[test]
    fn h178_gaps_are_filled_and_sentences_within_sentences_told() {
        assert_eq!(
            translated(
                "pl",
                "a@b.pl is registered, but not to the other party of this transaction."
            ),
            "adres a@b.pl jest zarejestrowany, ale nie należy do drugiej strony tej transakcji."
        );
        assert_eq!(
            translated(
                "pl",
                "the Reply-To a@b.pl is not registered to the account of c@d.pl; register it, or leave the field out."
            ),
            "adres do odpowiedzi (Reply-To) a@b.pl nie jest zarejestrowany na koncie c@d.pl; zarejestruj go albo pomiń to pole."
        );
        assert_eq!(
            translated(
                "cs",
                "given up after many attempts; the last one: the receiving server cannot be reached"
            ),
            "po mnoha pokusech vzdáno; poslední: k serveru příjemce se nelze připojit"
        );
        assert_eq!(translated("hu", "who knows"), OTHER.hungarian);
        assert_eq!(translated("en", "who knows"), "who knows");
    }
}
