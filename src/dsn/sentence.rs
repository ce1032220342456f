//! What a status means, in our own words: what the writer of a message reads of another server's report (RFC 3463 3).
//!
//! No sentence says more than the status does, nor anything of the other side.

use super::Action;
use super::text::Language;
use crate::mail::EnhancedStatus;

/// What a status tells a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    NoMailbox,
    NoDomain,
    SenderRefused,
    Disabled,
    Full,
    TooLarge,
    Mailbox,
    System,
    Unreachable,
    Expired,
    Loop,
    Protocol,
    Contents,
    Policy,
    PutOffByPolicy,
    Unknown,
}

impl Meaning {
    /// The registered codes that mean something else than their subject does; else the subject.
    fn of(status: EnhancedStatus) -> Self {
        match (status.subject(), status.detail()) {
            (1, 2 | 10) | (4, 4) => Self::NoDomain,
            (1, 7..=9) | (7, 27) => Self::SenderRefused,
            (1, _) => Self::NoMailbox,
            (2, 1) => Self::Disabled,
            (2, 2) => Self::Full,
            (2, 3) | (3, 4) => Self::TooLarge,
            (2, _) => Self::Mailbox,
            (3, _) => Self::System,
            (4, 6) => Self::Loop,
            (4, 7) => Self::Expired,
            (4, _) => Self::Unreachable,
            (5, _) => Self::Protocol,
            (6, _) => Self::Contents,
            // Whoever asks to come later has not refused anything.
            (7, _) if status.class() == 4 => Self::PutOffByPolicy,
            (7, _) => Self::Policy,
            _ => Self::Unknown,
        }
    }
}

/// Whether the same message would fail again, whenever it is sent: the status is a lasting one, and of something that does not change by itself.
pub(super) fn fails_again(status: EnhancedStatus) -> bool {
    status.class() == 5
        && matches!(
            Meaning::of(status),
            Meaning::NoMailbox
                | Meaning::NoDomain
                | Meaning::SenderRefused
                | Meaning::Disabled
                | Meaning::TooLarge
                | Meaning::Loop
                | Meaning::Contents
                | Meaning::Policy
        )
}

/// What a status that another server reported means, in English: for logs and traces. A report has it in its own languages.
#[must_use]
pub fn sentence(action: Action, status: EnhancedStatus) -> &'static str {
    in_language(Language::English, action, status)
}

/// The sentence for a status that another server reported, without a full stop.
pub(super) fn in_language(
    language: Language,
    action: Action,
    status: EnhancedStatus,
) -> &'static str {
    let meaning = Meaning::of(status);
    let words = match language {
        Language::English => english(meaning),
        Language::Polish => polish(meaning),
        Language::Czech => czech(meaning),
        Language::Slovak => slovak(meaning),
        Language::Hungarian => hungarian(meaning),
    };
    words.unwrap_or_else(|| unknown(language, action))
}

/// The sentence for a status that tells nothing.
const fn unknown(language: Language, action: Action) -> &'static str {
    match (language, action) {
        (Language::English, Action::Failed) => "the receiving server could not deliver it",
        (Language::English, Action::Delayed) => "the receiving server has not delivered it yet",
        (Language::Polish, Action::Failed) => "serwer odbiorcy nie mógł jej dostarczyć",
        (Language::Polish, Action::Delayed) => "serwer odbiorcy jeszcze jej nie dostarczył",
        (Language::Czech, Action::Failed) => "server příjemce ji nemohl doručit",
        (Language::Czech, Action::Delayed) => "server příjemce ji zatím nedoručil",
        (Language::Slovak, Action::Failed) => "server príjemcu ju nemohol doručiť",
        (Language::Slovak, Action::Delayed) => "server príjemcu ju zatiaľ nedoručil",
        (Language::Hungarian, Action::Failed) => "a címzett kiszolgálója nem tudta kézbesíteni",
        (Language::Hungarian, Action::Delayed) => "a címzett kiszolgálója még nem kézbesítette",
    }
}

const fn english(meaning: Meaning) -> Option<&'static str> {
    Some(match meaning {
        Meaning::NoMailbox => "the receiving server does not know the recipient's mailbox",
        Meaning::NoDomain => "the recipient's mail domain cannot be found or takes no mail",
        Meaning::SenderRefused => "the receiving server does not accept the sender's address",
        Meaning::Disabled => "the recipient's mailbox takes no mail at the moment",
        Meaning::Full => "the recipient's mailbox is full",
        Meaning::TooLarge => "the message is too large for the recipient",
        Meaning::Mailbox => "there is a problem with the recipient's mailbox",
        Meaning::System => "the recipient's mail system has a problem",
        Meaning::Unreachable => "the recipient's mail server cannot be reached",
        Meaning::Expired => "it could not be delivered in the time that there is for it",
        Meaning::Loop => "the message went in a circle between mail servers",
        Meaning::Protocol => "the mail servers did not understand each other",
        Meaning::Contents => {
            "the receiving server cannot take the form or the contents of the message"
        }
        Meaning::Policy => {
            "the receiving server refused it by its rules, as spam or for its security"
        }
        Meaning::PutOffByPolicy => "the receiving server does not take it for now, by its rules",
        Meaning::Unknown => return None,
    })
}

const fn polish(meaning: Meaning) -> Option<&'static str> {
    Some(match meaning {
        Meaning::NoMailbox => "serwer odbiorcy nie zna takiej skrzynki",
        Meaning::NoDomain => {
            "domeny pocztowej odbiorcy nie znaleziono albo nie przyjmuje ona poczty"
        }
        Meaning::SenderRefused => "serwer odbiorcy nie przyjmuje adresu nadawcy",
        Meaning::Disabled => "skrzynka odbiorcy nie przyjmuje teraz poczty",
        Meaning::Full => "skrzynka odbiorcy jest pełna",
        Meaning::TooLarge => "wiadomość jest za duża dla odbiorcy",
        Meaning::Mailbox => "wystąpił problem ze skrzynką odbiorcy",
        Meaning::System => "wystąpił problem w systemie pocztowym odbiorcy",
        Meaning::Unreachable => "nie można połączyć się z serwerem pocztowym odbiorcy",
        Meaning::Expired => "nie udało się jej dostarczyć w przewidzianym czasie",
        Meaning::Loop => "wiadomość krążyła między serwerami pocztowymi",
        Meaning::Protocol => "serwery pocztowe nie porozumiały się ze sobą",
        Meaning::Contents => "serwer odbiorcy nie może przyjąć formy lub treści wiadomości",
        Meaning::Policy => {
            "serwer odbiorcy odrzucił ją na podstawie swoich zasad, jako spam lub ze względów bezpieczeństwa"
        }
        Meaning::PutOffByPolicy => {
            "serwer odbiorcy na razie jej nie przyjmuje na podstawie swoich zasad"
        }
        Meaning::Unknown => return None,
    })
}

const fn czech(meaning: Meaning) -> Option<&'static str> {
    Some(match meaning {
        Meaning::NoMailbox => "server příjemce tuto schránku nezná",
        Meaning::NoDomain => "poštovní doménu příjemce nelze najít nebo nepřijímá poštu",
        Meaning::SenderRefused => "server příjemce nepřijímá adresu odesílatele",
        Meaning::Disabled => "schránka příjemce teď nepřijímá poštu",
        Meaning::Full => "schránka příjemce je plná",
        Meaning::TooLarge => "zpráva je pro příjemce příliš velká",
        Meaning::Mailbox => "se schránkou příjemce je potíž",
        Meaning::System => "poštovní systém příjemce má potíže",
        Meaning::Unreachable => "s poštovním serverem příjemce se nelze spojit",
        Meaning::Expired => "nepodařilo se ji doručit ve stanoveném čase",
        Meaning::Loop => "zpráva kolovala mezi poštovními servery",
        Meaning::Protocol => "poštovní servery si neporozuměly",
        Meaning::Contents => "server příjemce nemůže přijmout podobu nebo obsah zprávy",
        Meaning::Policy => {
            "server příjemce ji odmítl podle svých pravidel, jako spam nebo z bezpečnostních důvodů"
        }
        Meaning::PutOffByPolicy => "server příjemce ji podle svých pravidel zatím nepřijímá",
        Meaning::Unknown => return None,
    })
}

const fn slovak(meaning: Meaning) -> Option<&'static str> {
    Some(match meaning {
        Meaning::NoMailbox => "server príjemcu túto schránku nepozná",
        Meaning::NoDomain => "poštovú doménu príjemcu nemožno nájsť alebo neprijíma poštu",
        Meaning::SenderRefused => "server príjemcu neprijíma adresu odosielateľa",
        Meaning::Disabled => "schránka príjemcu teraz neprijíma poštu",
        Meaning::Full => "schránka príjemcu je plná",
        Meaning::TooLarge => "správa je pre príjemcu príliš veľká",
        Meaning::Mailbox => "so schránkou príjemcu je problém",
        Meaning::System => "poštový systém príjemcu má problém",
        Meaning::Unreachable => "s poštovým serverom príjemcu sa nemožno spojiť",
        Meaning::Expired => "nepodarilo sa ju doručiť v určenom čase",
        Meaning::Loop => "správa kolovala medzi poštovými servermi",
        Meaning::Protocol => "poštové servery si neporozumeli",
        Meaning::Contents => "server príjemcu nemôže prijať podobu alebo obsah správy",
        Meaning::Policy => {
            "server príjemcu ju odmietol podľa svojich pravidiel, ako spam alebo z bezpečnostných dôvodov"
        }
        Meaning::PutOffByPolicy => "server príjemcu ju podľa svojich pravidiel zatiaľ neprijíma",
        Meaning::Unknown => return None,
    })
}

const fn hungarian(meaning: Meaning) -> Option<&'static str> {
    Some(match meaning {
        Meaning::NoMailbox => "a címzett kiszolgálója nem ismeri ezt a postafiókot",
        Meaning::NoDomain => {
            "a címzett levelezési tartománya nem található, vagy nem fogad levelet"
        }
        Meaning::SenderRefused => "a címzett kiszolgálója nem fogadja el a feladó címét",
        Meaning::Disabled => "a címzett postafiókja most nem fogad levelet",
        Meaning::Full => "a címzett postafiókja megtelt",
        Meaning::TooLarge => "az üzenet túl nagy a címzett számára",
        Meaning::Mailbox => "gond van a címzett postafiókjával",
        Meaning::System => "a címzett levelezőrendszerében hiba van",
        Meaning::Unreachable => "a címzett levelezőkiszolgálója nem érhető el",
        Meaning::Expired => "a rendelkezésre álló idő alatt nem sikerült kézbesíteni",
        Meaning::Loop => "az üzenet körbejárt a levelezőkiszolgálók között",
        Meaning::Protocol => "a levelezőkiszolgálók nem értették meg egymást",
        Meaning::Contents => {
            "a címzett kiszolgálója nem tudja fogadni az üzenet formáját vagy tartalmát"
        }
        Meaning::Policy => {
            "a címzett kiszolgálója a szabályai szerint, levélszemétként vagy biztonsági okból elutasította"
        }
        Meaning::PutOffByPolicy => {
            "a címzett kiszolgálója a szabályai szerint egyelőre nem fogadja"
        }
        Meaning::Unknown => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_sentence_in_every_language() {
        let languages = [
            Language::English,
            Language::Polish,
            Language::Czech,
            Language::Slovak,
            Language::Hungarian,
        ];
        for (subject, detail, want) in [
            (1, 1, "does not know the recipient's mailbox"),
            (1, 2, "cannot be found"),
            (1, 8, "sender's address"),
            (2, 2, "is full"),
            (3, 4, "too large"),
            (4, 1, "cannot be reached"),
            (4, 7, "in the time"),
            (6, 1, "contents"),
            (7, 1, "as spam"),
            (0, 0, "could not deliver it"),
            (7, 509, "as spam"),
        ] {
            let status = EnhancedStatus::new(5, subject, detail);
            assert!(
                in_language(Language::English, Action::Failed, status).contains(want),
                "{status}"
            );
            let told: std::collections::HashSet<_> = languages
                .map(|language| in_language(language, Action::Failed, status))
                .into();
            assert_eq!(told.len(), languages.len(), "{status}");
        }
        let later = EnhancedStatus::new(4, 7, 1);
        for language in languages {
            let told = in_language(language, Action::Delayed, later);
            assert_ne!(
                told,
                in_language(language, Action::Failed, EnhancedStatus::new(5, 7, 1))
            );
            assert!(!told.contains("refused"), "{told}");
        }
        let unknown = EnhancedStatus::new(4, 0, 0);
        assert!(
            in_language(Language::English, Action::Delayed, unknown)
                .contains("not delivered it yet")
        );
    }
}
