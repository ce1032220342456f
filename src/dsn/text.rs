//! The words of a report for people: the account's language first, English below, since support reads it, too.
//!
//! No word here depends on who the other side is, nor says more than that the message did not arrive.

use super::Action;

/// The languages that reports have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Language {
    English,
    Polish,
    Czech,
    Slovak,
    Hungarian,
}

/// The words of one language. Names of rows stand before a colon, sentences end with a full stop.
pub(super) struct Words {
    /// Which.
    pub(super) language: Language,
    /// The Subject of a failure.
    pub(super) subject: &'static str,
    /// Its first sentence.
    pub(super) failed: &'static str,
    /// The Subject of a delay.
    pub(super) late_subject: &'static str,
    /// All that a delay says: that nothing has to be done, or people send it again.
    pub(super) late: &'static str,
    /// The same of a message that another server has, which tries it.
    pub(super) late_there: &'static str,
    /// Names until when it does.
    pub(super) until: &'static str,
    /// Names the masked address.
    pub(super) recipient: &'static str,
    /// Names the subject of the message.
    pub(super) topic: &'static str,
    /// Names its date.
    pub(super) date: &'static str,
    /// Names why.
    pub(super) reason: &'static str,
    /// What the writer can do after a failure.
    pub(super) advice: &'static str,
    /// The same where the message would fail again.
    pub(super) no_second_try: &'static str,
}

const ENGLISH: Words = Words {
    language: Language::English,
    subject: "Your message was not delivered",
    failed: "Your message could not be delivered.",
    late_subject: "Your message has not been delivered yet",
    late: "Your message could not be delivered yet. You need not send it again: we keep trying and will tell you if it fails.",
    late_there: "Your message has reached the receiving server, which has not delivered it yet. You need not send it again: that server keeps trying, and we will tell you if it gives up.",
    until: "It tries until",
    recipient: "Recipient",
    topic: "Subject",
    date: "Date",
    reason: "Reason",
    advice: "You can write again, or use the Message Center of the marketplace.",
    no_second_try: "It will not help to send the same message again. Use the Message Center of the marketplace.",
};

const POLISH: Words = Words {
    language: Language::Polish,
    subject: "Twoja wiadomość nie została dostarczona",
    failed: "Nie udało się dostarczyć Twojej wiadomości.",
    late_subject: "Twoja wiadomość nie została jeszcze dostarczona",
    late: "Nie udało się jeszcze dostarczyć Twojej wiadomości. Nie musisz wysyłać jej ponownie: nadal próbujemy i damy znać, jeśli się nie uda.",
    late_there: "Twoja wiadomość dotarła do serwera odbiorcy, który jeszcze jej nie dostarczył. Nie musisz wysyłać jej ponownie: ten serwer nadal próbuje, a my damy znać, jeśli się podda.",
    until: "Próbuje do",
    recipient: "Odbiorca",
    topic: "Temat",
    date: "Data",
    reason: "Powód",
    advice: "Możesz napisać ponownie albo skorzystać z Centrum wiadomości.",
    no_second_try: "Ponowne wysłanie tej samej wiadomości nic nie da. Skorzystaj z Centrum wiadomości.",
};

const CZECH: Words = Words {
    language: Language::Czech,
    subject: "Vaše zpráva nebyla doručena",
    failed: "Vaši zprávu se nepodařilo doručit.",
    late_subject: "Vaše zpráva zatím nebyla doručena",
    late: "Vaši zprávu se zatím nepodařilo doručit. Nemusíte ji posílat znovu: zkoušíme to dál a dáme vám vědět, pokud se to nepodaří.",
    late_there: "Vaše zpráva dorazila na server příjemce, který ji zatím nedoručil. Nemusíte ji posílat znovu: ten server to zkouší dál a my vám dáme vědět, pokud to vzdá.",
    until: "Zkouší to do",
    recipient: "Příjemce",
    topic: "Předmět",
    date: "Datum",
    reason: "Důvod",
    advice: "Můžete napsat znovu nebo použít Centrum zpráv.",
    no_second_try: "Poslat stejnou zprávu znovu nepomůže. Použijte Centrum zpráv.",
};

const SLOVAK: Words = Words {
    language: Language::Slovak,
    subject: "Vaša správa nebola doručená",
    failed: "Vašu správu sa nepodarilo doručiť.",
    late_subject: "Vaša správa zatiaľ nebola doručená",
    late: "Vašu správu sa zatiaľ nepodarilo doručiť. Nemusíte ju posielať znova: skúšame to ďalej a dáme vám vedieť, ak sa to nepodarí.",
    late_there: "Vaša správa dorazila na server príjemcu, ktorý ju zatiaľ nedoručil. Nemusíte ju posielať znova: ten server to skúša ďalej a my vám dáme vedieť, ak to vzdá.",
    until: "Skúša to do",
    recipient: "Príjemca",
    topic: "Predmet",
    date: "Dátum",
    reason: "Dôvod",
    advice: "Môžete napísať znova alebo použiť Centrum správ.",
    no_second_try: "Poslať rovnakú správu znova nepomôže. Použite Centrum správ.",
};

const HUNGARIAN: Words = Words {
    language: Language::Hungarian,
    subject: "Az üzenetét nem sikerült kézbesíteni",
    failed: "Az üzenetét nem sikerült kézbesíteni.",
    late_subject: "Az üzenetét még nem sikerült kézbesíteni",
    late: "Az üzenetét még nem sikerült kézbesíteni. Nem kell újra elküldenie: tovább próbálkozunk, és értesítjük, ha nem sikerül.",
    late_there: "Az üzenete megérkezett a címzett kiszolgálójára, amely még nem kézbesítette. Nem kell újra elküldenie: az a kiszolgáló tovább próbálkozik, és értesítjük, ha feladja.",
    until: "Eddig próbálja",
    recipient: "Címzett",
    topic: "Tárgy",
    date: "Dátum",
    reason: "A hiba oka",
    advice: "Írhat újra, vagy használhatja az Üzenetközpontot.",
    no_second_try: "Ugyanazt az üzenetet hiába küldi újra. Használja az Üzenetközpontot.",
};

impl Words {
    /// Subject and first sentence of a report.
    pub(super) const fn of(&self, action: Action) -> (&'static str, &'static str) {
        match action {
            Action::Failed => (self.subject, self.failed),
            Action::Delayed => (self.late_subject, self.late),
        }
    }
}

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
