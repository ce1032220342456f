//! Who wrote: a person, a program on its own account, or a program in answer to a message (RFC 3834).

use super::Message;

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

/// How the subjects of automatic replies begin, in lower case: mail programs' words in Polish, English, Czech, Slovak and Hungarian. Their beginning
/// only: a person who answers such a reply has `Re:` in front. Many responders set no field at all, and two of them would answer each other
/// through the mask (hostile-inputs 112).
const SUBJECTS: [&str; 21] = [
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
];

/// Reads the fields that programs set, and the subject. An answer first: only of those a pair gets one a day.
pub(super) fn read(letter: &Message) -> Automatic {
    let word = |name: &str| letter.text(name).trim().to_ascii_lowercase();
    let has = |names: &[&str]| names.iter().any(|name| letter.named(name).next().is_some());
    let submitted = word("Auto-Submitted");
    // Parameters may follow, as in `auto-replied; owner-email="..."` (RFC 3834 5).
    let submitted = submitted.split([';', ' ']).next().unwrap_or_default();
    // Older than the standard, and what vacation programs still set.
    let precedence = word("Precedence");
    let subject = letter.text("Subject").trim().to_lowercase();
    let answers = submitted == "auto-replied"
        || precedence == "auto_reply"
        || has(&[
            "X-Autoreply",
            "X-Autorespond",
            "X-Autoresponder",
            "X-Auto-Reply-From",
        ])
        || SUBJECTS.iter().any(|start| subject.starts_with(start));
    if answers {
        return Automatic::Reply;
    }
    // Any word but `no` is a program's, also one that RFC 3834 does not know.
    let program = (!submitted.is_empty() && submitted != "no")
        || ["bulk", "junk", "list"].contains(&precedence.as_str())
        // Exchange asks for no answers by the first; a list has many writers and none of them waits for one.
        || has(&["X-Auto-Response-Suppress", "List-Id"]);
    if program {
        Automatic::Notice
    } else {
        Automatic::No
    }
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
            ("X-Auto-Response-Suppress: All\r\n", Automatic::Notice),
            ("X-Autoreply: yes\r\n", Automatic::Reply),
            ("Subject: Automatic reply: Pytanie\r\n", Automatic::Reply),
            (
                "Subject: =?utf-8?Q?Odpowied=C5=BA_automatyczna:_x?=\r\n",
                Automatic::Reply,
            ),
            (
                "Subject: =?utf-8?Q?Automatick=C3=A1_odpov=C4=9B=C4=8F:_x?=\r\n",
                Automatic::Reply,
            ),
            (
                "Subject: =?utf-8?Q?Automatick=C3=A1_odpove=C4=8F:_x?=\r\n",
                Automatic::Reply,
            ),
            (
                "Subject: =?utf-8?Q?Automatikus_v=C3=A1lasz:_x?=\r\n",
                Automatic::Reply,
            ),
        ] {
            let raw = format!("From: <a@b.example>\r\n{fields}\r\nx\r\n");
            let letter = Message::parse(raw.into()).unwrap();
            assert_eq!(letter.automatic(), want, "{fields}");
        }
    }
}
