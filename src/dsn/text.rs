//! The words of a report for people: the account's language first, English below.

/// The words of one language.
pub(super) struct Words {
    pub(super) subject: &'static str,
    pub(super) failed: &'static str,
    pub(super) recipient: &'static str,
    pub(super) topic: &'static str,
    pub(super) date: &'static str,
    pub(super) reason: &'static str,
    pub(super) advice: &'static str,
}

const ENGLISH: Words = Words {
    subject: "Your message was not delivered",
    failed: "Your message could not be delivered.",
    recipient: "Recipient",
    topic: "Subject",
    date: "Date",
    reason: "Reason",
    advice: "You can write again, or use the Message Center of the marketplace.",
};

const POLISH: Words = Words {
    subject: "Twoja wiadomość nie została dostarczona",
    failed: "Nie udało się dostarczyć Twojej wiadomości.",
    recipient: "Odbiorca",
    topic: "Temat",
    date: "Data",
    reason: "Powód",
    advice: "Możesz napisać ponownie albo skorzystać z Centrum wiadomości.",
};

const CZECH: Words = Words {
    subject: "Vaše zpráva nebyla doručena",
    failed: "Vaši zprávu se nepodařilo doručit.",
    recipient: "Příjemce",
    topic: "Předmět",
    date: "Datum",
    reason: "Důvod",
    advice: "Můžete napsat znovu nebo použít Centrum zpráv.",
};

const SLOVAK: Words = Words {
    subject: "Vaša správa nebola doručená",
    failed: "Vašu správu sa nepodarilo doručiť.",
    recipient: "Príjemca",
    topic: "Predmet",
    date: "Dátum",
    reason: "Dôvod",
    advice: "Môžete napísať znova alebo použiť Centrum správ.",
};

const HUNGARIAN: Words = Words {
    subject: "Az üzenetét nem sikerült kézbesíteni",
    failed: "Az üzenetét nem sikerült kézbesíteni.",
    recipient: "Címzett",
    topic: "Tárgy",
    date: "Dátum",
    reason: "Ok",
    advice: "Írhat újra, vagy használhatja az Üzenetközpontot.",
};

/// The words of `language` (ISO 639-1), and English ones beside them unless they are the same.
pub(super) fn words(language: &str) -> (&'static Words, Option<&'static Words>) {
    match language {
        "pl" => (&POLISH, Some(&ENGLISH)),
        "cs" => (&CZECH, Some(&ENGLISH)),
        "sk" => (&SLOVAK, Some(&ENGLISH)),
        "hu" => (&HUNGARIAN, Some(&ENGLISH)),
        _ => (&ENGLISH, None),
    }
}
