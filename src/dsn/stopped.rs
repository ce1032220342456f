//! The notice to a writer that a message was stopped by a rule on contents, or would have been (docs/rules-on-contents.md#the-notice). It goes to the
//! writer alone and quotes the writer's own words.

use mail_builder::MessageBuilder;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::MimePart;

use super::compose::line;
use crate::mail::{Domain, Mailbox, QueueId, Timestamp};
use crate::message;
use crate::spool::MessageSummary;

/// Characters of the sentence that is quoted.
const QUOTED: usize = 200;

/// A message that a rule was against.
#[derive(Debug, Clone)]
pub struct Stopped<'a> {
    /// The notice's own id.
    pub id: QueueId,
    /// The writer's mask.
    pub to: &'a Mailbox,
    /// The masked domain that the notice comes from.
    pub domain: &'a Domain,
    /// ISO 639-1.
    pub language: &'a str,
    /// The message.
    pub about: &'a MessageSummary,
    /// The order; empty: none.
    pub order: &'a str,
    /// The rule's id.
    pub rule: &'a str,
    /// Why there is such a rule, in the writer's language.
    pub remark: &'a str,
    /// What to do instead.
    pub instead: &'a str,
    /// The sentence that it found; none where it went by a link or a file.
    pub sentence: Option<&'a str>,
    /// What support knows it by.
    pub reference: &'a str,
    /// Where to appeal; none: nowhere that is configured.
    pub appeal: Option<&'a str>,
    /// Whether it was not delivered; else it was, and would not be one day.
    pub stopped: bool,
    /// Now.
    pub now: Timestamp,
}

/// The words of one language.
struct Words {
    subject: [&'static str; 2],
    /// Not delivered; delivered all the same.
    first: [&'static str; 2],
    rows: [&'static str; 9],
}

const ENGLISH: Words = Words {
    subject: [
        "Your message was not delivered: marketplace rules",
        "Your message breaks a marketplace rule",
    ],
    first: [
        "This message was not delivered. Your account is not restricted.",
        "This message was delivered, but it breaks a rule. Your account is not restricted.",
    ],
    rows: [
        "Recipient",
        "Order",
        "Subject",
        "Date",
        "Rule",
        "Sentence",
        "What to do instead",
        "Reference",
        "If you do not agree",
    ],
};
const POLISH: Words = Words {
    subject: [
        "Twoja wiadomość nie została dostarczona: zasady serwisu",
        "Twoja wiadomość narusza zasadę serwisu",
    ],
    first: [
        "Ta wiadomość nie została dostarczona. Twoje konto nie jest ograniczone.",
        "Ta wiadomość została dostarczona, ale narusza zasadę. Twoje konto nie jest ograniczone.",
    ],
    rows: [
        "Odbiorca",
        "Zamówienie",
        "Temat",
        "Data",
        "Zasada",
        "Zdanie",
        "Co zrobić zamiast tego",
        "Numer sprawy",
        "Jeśli się nie zgadzasz",
    ],
};
const CZECH: Words = Words {
    subject: [
        "Vaše zpráva nebyla doručena: pravidla tržiště",
        "Vaše zpráva porušuje pravidlo tržiště",
    ],
    first: [
        "Tato zpráva nebyla doručena. Váš účet není omezen.",
        "Tato zpráva byla doručena, ale porušuje pravidlo. Váš účet není omezen.",
    ],
    rows: [
        "Příjemce",
        "Objednávka",
        "Předmět",
        "Datum",
        "Pravidlo",
        "Věta",
        "Co udělat místo toho",
        "Číslo případu",
        "Pokud nesouhlasíte",
    ],
};
const SLOVAK: Words = Words {
    subject: [
        "Vaša správa nebola doručená: pravidlá trhoviska",
        "Vaša správa porušuje pravidlo trhoviska",
    ],
    first: [
        "Táto správa nebola doručená. Váš účet nie je obmedzený.",
        "Táto správa bola doručená, ale porušuje pravidlo. Váš účet nie je obmedzený.",
    ],
    rows: [
        "Príjemca",
        "Objednávka",
        "Predmet",
        "Dátum",
        "Pravidlo",
        "Veta",
        "Čo urobiť namiesto toho",
        "Číslo prípadu",
        "Ak nesúhlasíte",
    ],
};
const HUNGARIAN: Words = Words {
    subject: [
        "Az üzenetét nem kézbesítettük: a piactér szabályai",
        "Az üzenete megsérti a piactér egyik szabályát",
    ],
    first: [
        "Ezt az üzenetet nem kézbesítettük. A fiókját nem korlátoztuk.",
        "Ezt az üzenetet kézbesítettük, de megsért egy szabályt. A fiókját nem korlátoztuk.",
    ],
    rows: [
        "Címzett",
        "Rendelés",
        "Tárgy",
        "Dátum",
        "Szabály",
        "Mondat",
        "Mit tegyen helyette",
        "Ügyszám",
        "Ha nem ért egyet",
    ],
};

fn words(language: &str) -> &'static Words {
    match language {
        "pl" => &POLISH,
        "cs" => &CZECH,
        "sk" => &SLOVAK,
        "hu" => &HUNGARIAN,
        _ => &ENGLISH,
    }
}

/// Writes a notice, not yet signed. None only if it could not be put together, which is our own fault. The same notice gives the same bytes.
#[must_use]
pub fn stopped(notice: &Stopped<'_>) -> Option<Vec<u8>> {
    let words = words(notice.language);
    let pick = |texts: [&'static str; 2]| {
        let [stopped, delivered] = texts;
        if notice.stopped { stopped } else { delivered }
    };
    MessageBuilder::new()
        .header(
            "From",
            Raw::new(format!("Mail delivery <mailer-daemon@{}>", notice.domain)),
        )
        .header("To", Raw::new(format!("<{}>", notice.to)))
        .header("Subject", Raw::new(message::encode(pick(words.subject))))
        .header("Date", Raw::new(notice.now.to_rfc5322()))
        .header(
            "Message-ID",
            Raw::new(format!("<notice.{}@{}>", notice.id, notice.domain)),
        )
        // Nothing may answer it (RFC 3834 5; Exchange looks at the second one).
        .header("Auto-Submitted", Raw::new("auto-generated"))
        .header("X-Auto-Response-Suppress", Raw::new("All"))
        .body(MimePart::new(
            "text/plain; charset=utf-8",
            text(notice, words, pick(words.first)),
        ))
        .write_to_vec()
        .ok()
}

/// The words for people; rows without a value go.
fn text(notice: &Stopped<'_>, words: &Words, first: &str) -> String {
    let about = notice.about;
    let rule = format!("{} - {}", notice.rule, notice.remark);
    let sentence: String = notice
        .sentence
        .unwrap_or_default()
        .chars()
        .take(QUOTED)
        .collect();
    let values = [
        about.recipient.as_str(),
        notice.order,
        &about.subject,
        &about.date,
        &rule,
        &sentence,
        notice.instead,
        notice.reference,
        notice.appeal.unwrap_or_default(),
    ];
    let mut text = format!("{first}\r\n\r\n");
    for (name, value) in words
        .rows
        .iter()
        .zip(values)
        .filter(|(_, value)| !value.is_empty())
    {
        text.push_str(&format!("{name}: {}\r\n", line(value)));
    }
    if !about.message_id.is_empty() {
        text.push_str(&format!("Message-ID: {}\r\n", line(&about.message_id)));
    }
    text
}
