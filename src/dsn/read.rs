//! Reports of other servers, in any layout: RFC 3464 where they follow it, their words where they do not.
//!
//! A report comes to a bounce token, which names the message, so nothing else of it is believed: it says whether, with which status, and why.

use crate::mail::{EnhancedStatus, Reply, ReplyCode};
use crate::message::{Automatic, Encoding, Message, Part};

/// What a report says of the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Failed or delayed; none: something that asks for nothing (delivered, relayed, expanded).
    pub action: Option<super::Action>,
    /// RFC 3463; X.0.0 where it names none.
    pub status: EnhancedStatus,
    /// What the last server said, not yet masked.
    pub reply: Option<Reply>,
}

/// Octets of a part that are looked at: a report says it at the top, and whoever holds a token may send any amount (hostile-inputs 115).
const MAX_LOOK: usize = 32 * 1024;
/// Characters of a reason that are kept.
const MAX_REASON: usize = 600;

/// How subjects of reports begin or what they hold, in lower case; old servers write no more than that.
const FAILED: [&str; 14] = [
    "undeliver",
    "undelivered",
    "returned mail",
    "returned to sender",
    "delivery failure",
    "delivery has failed",
    "delivery status notification",
    "mail delivery failed",
    "mail delivery system",
    "failure notice",
    "message not delivered",
    "nie dostarczono",
    "niedostarcz",
    "nedoru",
];
/// The same of reports on delays.
const DELAYED: [&str; 5] = [
    "delayed",
    "(delay)",
    "still being retried",
    "warning: message",
    "could not send message for past",
];

/// Reads `letter` as a report; none: it is no report. The machine-readable part counts wherever it stands, for servers put it at any place
/// (peers 3.9 e).
#[must_use]
pub fn read(letter: &Message) -> Option<Received> {
    let parts = &letter.structure().parts;
    let machine = parts.iter().find(|part| {
        matches!(
            part.kind.essence.as_str(),
            "message/delivery-status" | "message/global-delivery-status"
        )
    });
    if let Some(found) = machine.and_then(|part| by_fields(&text(letter, part))) {
        return Some(found);
    }
    by_words(letter)
}

/// The beginning of a part, decoded. Other charsets than UTF-8 lose letters, which neither codes nor field names have.
fn text(letter: &Message, part: &Part) -> String {
    let body = letter.raw().get(part.body.clone()).unwrap_or_default();
    let body = body.get(..MAX_LOOK.min(body.len())).unwrap_or_default();
    String::from_utf8_lossy(&Encoding::of(&part.encoding).decode(body)).into_owned()
}

/// The machine-readable part: groups of fields, the first about the message and one for each recipient (RFC 3464 2.1). We send to one
/// recipient, so the gravest group counts.
fn by_fields(text: &str) -> Option<Received> {
    let text = text.replace("\r\n", "\n");
    let mut found: Option<Received> = None;
    for group in text.split("\n\n") {
        let group = group.replace("\n ", " ").replace("\n\t", " ");
        let field = |name: &str| {
            group.lines().find_map(|line| {
                let (found, value) = line.split_once(':')?;
                found
                    .trim()
                    .eq_ignore_ascii_case(name)
                    .then(|| value.trim())
            })
        };
        let (action, status) = (field("Action"), field("Status"));
        // The first group, about the message.
        if action.is_none() && status.is_none() {
            continue;
        }
        // `smtp; 550 5.1.1 …`: the type in front is no part of it (RFC 3464 2.3.6).
        let reason = field("Diagnostic-Code").map(|value| {
            let (_, words) = value.split_once(';').unwrap_or(("", value));
            words.trim()
        });
        let status = status
            .and_then(|value| value.split([' ', '(']).next())
            .and_then(|value| value.parse().ok())
            .or_else(|| reason.and_then(status_in));
        let action = match action.map(str::to_ascii_lowercase).as_deref() {
            Some("failed") => Some(super::Action::Failed),
            Some("delayed") => Some(super::Action::Delayed),
            // delivered, relayed, expanded (RFC 3464 2.3.3).
            Some(_) => None,
            None => Some(action_of(status)),
        };
        let group = received(action, status, reason);
        let graver = match (&found, group.action) {
            (None, _) | (_, Some(super::Action::Failed)) => true,
            (Some(known), Some(super::Action::Delayed)) => known.action.is_none(),
            (Some(_), None) => false,
        };
        if graver {
            found = Some(group);
        }
    }
    found
}

/// Without such a part: a report is what calls itself one, in its subject, its From or its fields; status and reason are looked for in the text.
fn by_words(letter: &Message) -> Option<Received> {
    let subject = letter.text("Subject").to_lowercase();
    let from = letter.text("From").to_ascii_lowercase();
    let daemon = from.contains("mailer-daemon") || from.contains("postmaster@");
    let says = |words: &[&str]| words.iter().any(|word| subject.contains(word));
    let named = letter.named("X-Failed-Recipients").next().is_some();
    let report = letter
        .structure()
        .parts
        .first()
        .is_some_and(|part| part.kind.essence == "multipart/report");
    let (late, failed) = (says(&DELAYED), says(&FAILED));
    // A vacation notice quotes the subject that it answers, whatever that says.
    let answer = letter.automatic(&crate::mail::ReversePath::Null) == Automatic::Reply
        && !(named || daemon || report);
    if answer || !(late || failed || named || daemon || report) {
        return None;
    }
    let words = letter
        .structure()
        .parts
        .iter()
        .find(|part| part.kind.essence == "text/plain")
        .map(|part| text(letter, part))
        .unwrap_or_default();
    let reason = reason_in(&words);
    let status = reason.as_deref().and_then(status_in);
    let action = if late {
        super::Action::Delayed
    } else {
        action_of(status)
    };
    Some(received(Some(action), status, reason.as_deref()))
}

/// What a status says of the action; without one, failed: a server that means a delay says so.
fn action_of(status: Option<EnhancedStatus>) -> super::Action {
    match status.map(EnhancedStatus::class) {
        Some(4) => super::Action::Delayed,
        _ => super::Action::Failed,
    }
}

/// Puts together what was found, with a status and a code of the right class where there is none.
fn received(
    action: Option<super::Action>,
    status: Option<EnhancedStatus>,
    reason: Option<&str>,
) -> Received {
    let class = match action {
        Some(super::Action::Failed) => 5,
        Some(super::Action::Delayed) => 4,
        None => 2,
    };
    let status = status.unwrap_or_else(|| EnhancedStatus::new(class, 0, 0));
    let reply = reason.filter(|reason| !reason.is_empty()).map(|reason| {
        let code = code_in(reason).unwrap_or(if class == 4 { 450 } else { 550 });
        // The codes go: they stand in the reply by themselves.
        let words = reason
            .trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | ' ' | '#'));
        let words: String = words.chars().take(MAX_REASON).collect();
        Reply::new(code, Some(status), &words)
    });
    Received {
        action,
        status,
        reply,
    }
}

/// The words of a text that may be numbers: without what stands around them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'))
        .map(|word| word.trim_matches('.'))
}

/// The first enhanced status of class 4 or 5 in a text.
fn status_in(text: &str) -> Option<EnhancedStatus> {
    words(text)
        .filter_map(|word| word.parse::<EnhancedStatus>().ok())
        .find(|status| status.class() != 2)
}

/// The first reply code of class 4 or 5 in a text. A house number may be taken for one; it only labels the reason.
fn code_in(text: &str) -> Option<u16> {
    words(text)
        .filter(|word| word.len() == 3)
        .filter_map(|word| word.parse().ok())
        .find(|code| *code >= 400 && ReplyCode::new(*code).is_some())
}

/// The first paragraph that holds a status or a code: the line with it and those after it, five at most. Quote marks in front are dropped.
fn reason_in(text: &str) -> Option<String> {
    let mut lines = text.lines().map(|line| line.trim().trim_start_matches('>'));
    let first = lines
        .by_ref()
        .find(|line| status_in(line).is_some() || code_in(line).is_some())?;
    let rest = lines.take(4).take_while(|line| !line.trim().is_empty());
    let found: Vec<&str> = std::iter::once(first).chain(rest).collect();
    Some(found.join(" ").trim().to_owned())
}
