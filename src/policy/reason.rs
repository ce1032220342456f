//! The only table of refusals: reason word, reply code, status, sentence (docs/interface.md#replies-and-reasons).

use crate::mail::{EnhancedStatus, Reply};

/// Why mail is refused. The word is the same in the reply, the log, the metric label and the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The recipient's domain is none of ours.
    RelayDenied,
    /// No such participant.
    UnknownParticipant,
    /// The participant is known, the transaction is not (yet): 451.
    UnknownTransaction,
    /// The transaction stayed unknown beyond the grace time, or the participant has no part in it: 550.
    UnknownTransactionForGood,
    /// The transaction is closed.
    TransactionClosed,
    /// Bare CR, bare LF or NUL; the connection closes.
    BareLineEnd,
    /// A null sender where none belongs.
    NullSender,
    /// A bounce token forged, altered or expired.
    BadToken,
    /// An address that needs SMTPUTF8 where it cannot go on.
    Utf8Address,
    /// Our own failure.
    Internal,
    /// No `+transaction`, and the policy wants one.
    TransactionRequired,
    /// The From is nobody's registered address and not on the allowlist.
    SenderNotRegistered,
    /// Registered, but not to the counterparty.
    NotAParty,
    /// The return path is not the writer's.
    ReturnPathNotRegistered,
    /// An address in Reply-To is not the writer's.
    ReplyToNotRegistered,
    /// A courier wrote to a seller.
    CourierToSeller,
    /// No aligned SPF or DKIM pass.
    SenderUnauthenticated,
    /// DNS gave no answer.
    SenderCheckDeferred,
    /// Not exactly one From with exactly one mailbox that can be read in one way.
    BadFrom,
    /// Header section or MIME structure out of bounds.
    Malformed,
    /// Our own mail came back, or too many hops.
    Loop,
    /// The recipient's account is suspended or deleted.
    RecipientSuspended,
    /// The sender's account is suspended or deleted.
    SenderSuspended,
    /// An attachment of a type that is not allowed.
    AttachmentType,
    /// Prohibited contents.
    ContentProhibited,
    /// A duplicate of what the marketplace itself sends.
    DuplicateNotification,
    /// An address of the writer would show.
    WouldLeak,
    /// Larger than `max_message_size`.
    TooLarge,
    /// More than `max_recipients`.
    TooManyRecipients,
    /// A budget of `[limits]` is used up.
    Rate,
    /// No session, memory or worker is free.
    Busy,
    /// Disk or inodes are short.
    Storage,
    /// The directory gave no answer.
    DirectoryUnavailable,
    /// Mail to a role, and the operator has set no contact.
    NoContact,
}

impl Reason {
    /// The reason word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.row().0
    }

    /// The reply code.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.row().1
    }

    /// The enhanced status.
    #[must_use]
    pub const fn status(self) -> EnhancedStatus {
        self.row().2
    }

    const fn row(self) -> (&'static str, u16, EnhancedStatus) {
        const fn s(class: u8, subject: u16, detail: u16) -> EnhancedStatus {
            EnhancedStatus::new(class, subject, detail)
        }
        match self {
            Self::RelayDenied => ("relay-denied", 550, s(5, 7, 1)),
            Self::UnknownParticipant => ("unknown-participant", 550, s(5, 1, 1)),
            Self::UnknownTransaction => ("unknown-transaction", 451, s(4, 1, 1)),
            Self::UnknownTransactionForGood => ("unknown-transaction", 550, s(5, 1, 1)),
            Self::TransactionClosed => ("transaction-closed", 550, s(5, 2, 1)),
            Self::BareLineEnd => ("bare-line-end", 550, s(5, 6, 11)),
            Self::NullSender => ("null-sender", 550, s(5, 7, 1)),
            Self::BadToken => ("bad-token", 550, s(5, 1, 1)),
            Self::Utf8Address => ("utf8-address", 553, s(5, 6, 7)),
            Self::Internal => ("internal", 451, s(4, 3, 0)),
            Self::TransactionRequired => ("transaction-required", 550, s(5, 1, 1)),
            Self::SenderNotRegistered => ("sender-not-registered", 550, s(5, 7, 1)),
            Self::NotAParty => ("not-a-party", 550, s(5, 7, 1)),
            Self::ReturnPathNotRegistered => ("return-path-not-registered", 550, s(5, 7, 1)),
            Self::ReplyToNotRegistered => ("reply-to-not-registered", 550, s(5, 7, 1)),
            Self::CourierToSeller => ("courier-to-seller", 550, s(5, 7, 1)),
            Self::SenderUnauthenticated => ("sender-unauthenticated", 550, s(5, 7, 26)),
            Self::SenderCheckDeferred => ("sender-check-deferred", 451, s(4, 7, 24)),
            Self::BadFrom => ("bad-from", 550, s(5, 7, 1)),
            Self::Malformed => ("malformed", 550, s(5, 6, 0)),
            Self::Loop => ("loop", 554, s(5, 4, 6)),
            Self::RecipientSuspended => ("suspended", 550, s(5, 2, 1)),
            Self::SenderSuspended => ("suspended", 550, s(5, 7, 1)),
            Self::AttachmentType => ("attachment-type", 550, s(5, 7, 1)),
            Self::ContentProhibited => ("content-prohibited", 550, s(5, 7, 1)),
            Self::DuplicateNotification => ("duplicate-notification", 550, s(5, 7, 1)),
            Self::WouldLeak => ("would-leak", 550, s(5, 7, 1)),
            Self::TooLarge => ("too-large", 552, s(5, 3, 4)),
            Self::TooManyRecipients => ("too-many-recipients", 452, s(4, 5, 3)),
            Self::Rate => ("rate", 450, s(4, 7, 1)),
            Self::Busy => ("busy", 421, s(4, 3, 2)),
            Self::Storage => ("storage", 452, s(4, 3, 1)),
            Self::DirectoryUnavailable => ("directory-unavailable", 451, s(4, 3, 0)),
            Self::NoContact => ("no-contact", 450, s(4, 3, 5)),
        }
    }
}

/// A reason with its sentence: what is wrong and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub reason: Reason,
    /// One or two sentences; names the writer's own address or header where that is at fault, never one of the receiver's.
    pub text: String,
    /// The rule that found it, by its name in trails; none: no rule was asked.
    pub rule: Option<&'static str>,
}

/// The longest reply line in octets, its code and CRLF included (docs/interface.md#replies-and-reasons).
const MAX_LINE: usize = 500;
/// The longest sentence in characters.
const MAX_TEXT: usize = 2_000;

impl Reason {
    /// Whether it is about what one message says, and about nothing else that its writer sends.
    #[must_use]
    pub const fn is_of_contents(self) -> bool {
        matches!(
            self,
            Self::AttachmentType | Self::ContentProhibited | Self::DuplicateNotification
        )
    }
}

impl Refusal {
    /// A refusal with its sentence.
    #[must_use]
    pub fn new(reason: Reason, text: impl Into<String>) -> Self {
        Self {
            reason,
            text: text.into(),
            rule: None,
        }
    }

    /// The reply: `<recipient> sentence [reason; trace=ID; help=URL]`. Long sentences are wrapped, and the bracket stands whole
    /// on the last line.
    #[must_use]
    pub fn reply(&self, recipient: &str, trace: &str, help_url: Option<&str>) -> Reply {
        let help = help_url
            .map(|url| format!("; help={url}"))
            .unwrap_or_default();
        let bracket = format!("[{}; trace={trace}{help}]", self.reason.word());
        let head = if recipient.is_empty() {
            String::new()
        } else {
            format!("<{recipient}> ")
        };
        // Some of a sentence is a stranger's word (a `d=`, a HELO name): ASCII only (RFC 5321 4.2), and not endless.
        let plain = |c: char| if c.is_ascii() { c } else { '?' };
        let text: String = format!("{head}{}", self.text)
            .chars()
            .take(MAX_TEXT)
            .map(plain)
            .collect();
        let lines = wrap(&text, &bracket, MAX_LINE - 20);
        Reply::multi(
            self.reason.code(),
            Some(self.reason.status()),
            lines.iter().map(String::as_str),
        )
    }
}

/// Breaks ASCII `text` at spaces, and words that are too long anywhere, into lines of at most `width` octets; `last` is never broken.
fn wrap(text: &str, last: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let cut = |word: &'_ str| {
        let octets = word.as_bytes().chunks(width);
        octets
            .map(|chunk| String::from_utf8_lossy(chunk).into_owned())
            .collect::<Vec<_>>()
    };
    let words = text.split(' ').filter(|word| !word.is_empty());
    let pieces = words.flat_map(cut).chain([last.to_owned()]);
    for word in pieces {
        let room = lines.last().map_or(0, String::len);
        match lines.last_mut() {
            Some(line) if room == 0 => line.push_str(&word),
            Some(line) if room + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_names_recipient_reason_trace_and_help() {
        let refusal = Refusal::new(
            Reason::RelayDenied,
            "this server takes mail for masked addresses only.",
        );
        let reply = refusal.reply("x@gmail.com", "abc-1", Some("https://help.example"));
        assert_eq!(
            reply.to_string(),
            "550 5.7.1 <x@gmail.com> this server takes mail for masked addresses only. [relay-denied; trace=abc-1; help=https://help.example]"
        );
    }

    #[test]
    fn long_sentences_wrap_and_the_bracket_stays_whole() {
        let refusal = Refusal::new(Reason::Malformed, "word ".repeat(300));
        let reply = refusal.reply("a@b.pl", "abc-1", None);
        assert!(reply.lines.len() > 2);
        assert_eq!(
            reply
                .lines
                .last()
                .map(|l| l.ends_with("[malformed; trace=abc-1]")),
            Some(true)
        );
        for text in [
            "word ".repeat(300),
            "x".repeat(3_000),
            "ż".repeat(900),
            format!("{} z", "y".repeat(481)),
        ] {
            let wire = Refusal::new(Reason::Malformed, text)
                .reply("a@b.pl", "abc-1", None)
                .to_wire();
            let wire = String::from_utf8(wire).unwrap();
            assert!(
                wire.is_ascii() && wire.ends_with("[malformed; trace=abc-1]\r\n"),
                "{wire}"
            );
            assert!(
                wire.lines().all(|line| line.len() + 2 <= MAX_LINE),
                "{wire}"
            );
        }
    }
}
