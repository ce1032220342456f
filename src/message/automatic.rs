//! Who wrote: a person, a program on its own account, or a program in answer to a message (RFC 3834).

use super::Message;
use crate::mail::ReversePath;

/// What kind of writer a message has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Automatic {
    /// A person, as far as can be told.
    No,
    /// A program: a shop's notice, a list.
    Notice,
    /// A program that answers: a vacation responder, a receipt.
    Reply,
}

impl Automatic {
    /// Whether a program wrote it, so that nothing may answer.
    #[must_use]
    pub fn by_program(self) -> bool {
        self != Self::No
    }
}

/// How the subjects of automatic replies begin, in lower case: mail programs' words in Polish, English, Czech, Slovak, Hungarian and German. Their
/// beginning only: a person who answers such a reply has `Re:` in front.
const SUBJECTS: [&str; 24] = [
    "automatic reply:",
    "auto reply:",
    "auto-reply:",
    "autoreply:",
    "auto response:",
    "autoresponse:",
    "out of office",
    "out of the office",
    "odpowiedź automatyczna:",
    "automatyczna odpowiedź",
    "autoodpowiedź",
    "autoresponder",
    "poza biurem",
    "nieobecność",
    "automatická odpověď",
    "mimo kancelář",
    "automatická odpoveď",
    "mimo kancelárie",
    "automatikus válasz",
    "házon kívül",
    "szabadságon vagyok",
    "automatische antwort",
    "abwesenheitsnotiz",
    "abwesenheit:",
];

/// Fields that only responders set; their values differ.
const RESPONDERS: [&str; 4] = [
    "X-Autoreply",
    "X-Autorespond",
    "X-Autoresponder",
    "X-Auto-Reply-From",
];

/// Reads the fields that programs set, and the subject. An answer first: only of those a pair gets one a day.
///
/// A subject alone proves nothing: "Out of office chair" is a shop's article, and a person's message taken for a program's would be lost after
/// the first of a day (docs/rules.md#osticket-1744). Beside it stands a field that people's programs do not set, or a null sender, which they do not use.
pub(super) fn read(message: &Message, envelope: &ReversePath) -> Automatic {
    let word = |name: &str| message.text(name).trim().to_ascii_lowercase();
    // A field may also say that there is nothing to say.
    let set = |name: &str| !matches!(word(name).as_str(), "" | "no" | "none" | "false" | "0");
    let submitted = word("Auto-Submitted");
    // Parameters may follow, as in `auto-replied; owner-email="..."` (RFC 3834 5).
    let submitted = submitted.split([';', ' ']).next().unwrap_or_default();
    // Older than the standard, and what vacation programs still set.
    let precedence = word("Precedence");
    if submitted == "auto-replied"
        || precedence == "auto_reply"
        || RESPONDERS.iter().any(|name| set(name))
    {
        return Automatic::Reply;
    }
    // Any word but `no` is a program's, also one that RFC 3834 does not know.
    let said = (!submitted.is_empty() && submitted != "no")
        || ["bulk", "junk", "list"].contains(&precedence.as_str())
        // Exchange asks for no answers by it.
        || set("X-Auto-Response-Suppress");
    if (said || *envelope == ReversePath::Null) && begins_like_a_reply(message) {
        return Automatic::Reply;
    }
    // A list has many writers, and none of them waits for an answer.
    if said || message.named("List-Id").next().is_some() {
        Automatic::Notice
    } else {
        Automatic::No
    }
}

/// Whether the subject begins with the words of a responder.
fn begins_like_a_reply(message: &Message) -> bool {
    let subject = message.text("Subject").trim().to_lowercase();
    SUBJECTS.iter().any(|start| subject.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_from_people() {
        for (fields, want) in [
            ("", Automatic::No),
            ("Auto-Submitted: no\r\n", Automatic::No),
            ("Subject: Re: Automatic reply: x\r\n", Automatic::No),
            ("Auto-Submitted: auto-generated\r\n", Automatic::Notice),
            (
                "Auto-Submitted: auto-replied; owner=\"x\"\r\n",
                Automatic::Reply,
            ),
            ("Auto-Submitted: (c) auto-replied\r\n", Automatic::Notice),
            ("Precedence: bulk\r\n", Automatic::Notice),
            ("Precedence: auto_reply\r\n", Automatic::Reply),
            ("Precedence: first-class\r\n", Automatic::No),
            ("X-Auto-Response-Suppress: All\r\n", Automatic::Notice),
            ("X-Auto-Response-Suppress: None\r\n", Automatic::No),
            ("List-Id: <x.y>\r\n", Automatic::Notice),
            ("List-Unsubscribe: <mailto:x@y>\r\n", Automatic::No),
            ("X-Autoreply: yes\r\n", Automatic::Reply),
            ("X-Autoreply: no\r\n", Automatic::No),
        ] {
            let want = (want, want);
            assert_eq!(both(fields), want, "{fields}");
        }
    }

    /// The kind with a sender in the envelope, and without.
    fn both(fields: &str) -> (Automatic, Automatic) {
        let raw = format!("From: <a@b.example>\r\n{fields}\r\nx\r\n");
        let message = Message::parse(raw.into()).unwrap();
        let somebody = crate::mail::Mailbox::parse("a@b.example").unwrap();
        (
            message.automatic(&ReversePath::Mailbox(somebody)),
            message.automatic(&ReversePath::Null),
        )
    }

    #[test]
    fn h176_a_subject_alone_proves_no_responder() {
        for subject in [
            "Automatic reply: Pytanie",
            "Out of office chair",
            "Out of the office desk, is it still there?",
            "Poza biurem najlepiej po 16",
            "=?utf-8?Q?Nieobecno=C5=9B=C4=87_pod_adresem_dostawy?=",
            "=?utf-8?Q?Odpowied=C5=BA_automatyczna:_x?=",
            "=?utf-8?Q?Automatick=C3=A1_odpov=C4=9B=C4=8F:_x?=",
            "=?utf-8?Q?Automatick=C3=A1_odpove=C4=8F:_x?=",
            "=?utf-8?Q?Automatikus_v=C3=A1lasz:_x?=",
            "Abwesenheitsnotiz: x",
        ] {
            let alone = format!("Subject: {subject}\r\n");
            assert_eq!(both(&alone), (Automatic::No, Automatic::Reply), "{alone}");
            for nothing in [
                "Auto-Submitted: no",
                "Precedence: normal",
                "X-Auto-Response-Suppress: None",
                "List-Unsubscribe: <mailto:x@y>",
            ] {
                let person = format!("{alone}{nothing}\r\n");
                assert_eq!(both(&person).0, Automatic::No, "{person}");
            }
            for beside in [
                "Auto-Submitted: auto-generated",
                "Precedence: bulk",
                "Precedence: junk",
                "X-Auto-Response-Suppress: OOF",
            ] {
                let program = format!("{alone}{beside}\r\n");
                assert_eq!(both(&program).0, Automatic::Reply, "{program}");
            }
        }
        let person = "Subject: Re: Automatic reply: Pytanie\r\n";
        assert_eq!(both(person), (Automatic::No, Automatic::No));
    }
}
