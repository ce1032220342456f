//! Reports of other servers, in any layout: RFC 3464 where they follow it, their words where they do not.
//!
//! A report comes to a bounce token, which names the message, so nothing else of it is believed: it says whether, with which status, and why.

use mail_parser::DateTime;

use super::Action;
use super::heuristics::{self, Hint, code_and_status, code_in, status_in};
use crate::mail::{EnhancedStatus, Reply, Timestamp};
use crate::message::{Encoding, Message, Part};

/// What a report says of the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteReport {
    /// Failed or delayed; none: something that asks for nothing (delivered, relayed, expanded).
    pub action: Option<Action>,
    /// RFC 3463; X.0.0 where it names none that it defines.
    pub status: EnhancedStatus,
    /// What the last server said, not yet masked.
    pub reply: Option<Reply>,
    /// When it was last tried.
    pub last_attempt: Option<Timestamp>,
    /// Until when it is tried.
    pub retry_until: Option<Timestamp>,
}

impl RemoteReport {
    /// A failure of which nothing is known.
    #[must_use]
    pub const fn unknown() -> Self {
        Self {
            action: Some(Action::Failed),
            status: EnhancedStatus::FAILURE_5_0_0,
            reply: None,
            last_attempt: None,
            retry_until: None,
        }
    }
}

/// Octets of a part that are looked at: a report says it at the top, and whoever holds a token may send any amount (docs/threats.md#115).
const MAX_LOOK: usize = 32 * 1024;
/// Characters of a reason that are kept.
const MAX_REASON: usize = 600;
/// What a bounce of qmail begins with, beside its name (Bernstein, "QSBMF").
const QSBMF: &str = "hi. this is the";

/// The beginning of a part, decoded. Other charsets than UTF-8 lose letters, which neither codes nor field names have.
fn text(message: &Message, part: &Part) -> String {
    let body = message.raw().get(part.body.clone()).unwrap_or_default();
    let body = body.get(..MAX_LOOK.min(body.len())).unwrap_or_default();
    String::from_utf8_lossy(&Encoding::of(&part.encoding).decode(body)).into_owned()
}

/// The machine-readable part: groups of fields, the first about the message and one for each recipient (RFC 3464 2.1). We send to one
/// recipient, so the gravest group counts.
pub(super) fn by_fields(message: &Message, part: &Part) -> Option<RemoteReport> {
    let text = text(message, part).replace("\r\n", "\n");
    let mut found: Option<RemoteReport> = None;
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
            Some("failed") => Some(Action::Failed),
            Some("delayed") => Some(Action::Delayed),
            // delivered, relayed, expanded (RFC 3464 2.3.3).
            Some(_) => None,
            None => Some(action_of(status)),
        };
        let group = RemoteReport {
            last_attempt: field("Last-Attempt-Date").and_then(date),
            retry_until: field("Will-Retry-Until").and_then(date),
            ..received(action, status, reason)
        };
        let graver = match (&found, group.action) {
            (None, _) | (_, Some(Action::Failed)) => true,
            (Some(known), Some(Action::Delayed)) => known.action.is_none(),
            (Some(_), None) => false,
        };
        if graver {
            found = Some(group);
        }
    }
    found
}

/// A date as RFC 5322 writes it; what cannot be read is none.
fn date(value: &str) -> Option<Timestamp> {
    let date = DateTime::parse_rfc822(value).filter(DateTime::is_valid)?;
    let seconds = u64::try_from(date.to_timestamp()).ok()?;
    Some(Timestamp(seconds.saturating_mul(1000)))
}

/// Without such a part: a failure is known by its fields, its From, the beginning of its subject, or a line with a code and a status. `parts` are
/// those of the message itself.
pub(super) fn by_words(message: &Message, parts: &[&Part]) -> Option<RemoteReport> {
    let named = message.named("X-Failed-Recipients").next().is_some();
    let says = heuristics::subject(&message.text("Subject"));
    let report = parts.first().is_some_and(|part| {
        let kind = part.kind.get("report-type");
        part.kind.essence == "multipart/report"
            && kind.is_none_or(|kind| kind.eq_ignore_ascii_case("delivery-status"))
    });
    let words = readable(message, parts);
    let qmail = words
        .trim_start()
        .get(..QSBMF.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(QSBMF));
    // What is quoted may hold anything; the one who answers it has not failed.
    let spoken = || {
        words
            .lines()
            .filter(|line| !line.trim_start().starts_with('>'))
    };
    let coded = spoken().find_map(code_and_status);
    let known =
        named || qmail || report || says != Hint::Nothing || is_daemon(message) || coded.is_some();
    if !known {
        return None;
    }
    let reason = reason_in(&words);
    let status = coded
        .map(|(_, status)| status)
        .or_else(|| reason.as_deref().and_then(status_in));
    let action = match says {
        Hint::Delayed => Action::Delayed,
        // "4.2.2, giving up": what calls itself a failure is one.
        Hint::Failed => Action::Failed,
        Hint::Nothing if named => Action::Failed,
        Hint::Nothing => action_of(status),
    };
    Some(received(Some(action), status, reason.as_deref()))
}

/// Whether the From is one that servers write under.
fn is_daemon(message: &Message) -> bool {
    const DAEMONS: [&str; 4] = ["mailer-daemon", "mailerdaemon", "mail-daemon", "postmaster"];
    let is = |local: &str| DAEMONS.contains(&local.to_ascii_lowercase().as_str());
    match message.from() {
        Ok(from) => is(from.mailbox.local()),
        // `From: MAILER-DAEMON (Mail Delivery System)`, with nothing that is an address.
        Err(_) => {
            let text = message.text("From");
            let mut words = text.split(|c: char| c.is_whitespace() || "<>@()\"".contains(c));
            words.any(is)
        }
    }
}

/// The text that people read: the first plain part, else the first HTML part without its tags.
fn readable(message: &Message, parts: &[&Part]) -> String {
    let of = |kind: &str| {
        let part = parts.iter().find(|part| part.kind.essence == kind);
        part.map(|part| text(message, part))
    };
    of("text/plain")
        .or_else(|| of("text/html").map(|html| without_tags(&html)))
        .unwrap_or_default()
}

/// HTML without its tags; those that break a line do.
fn without_tags(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    for piece in html.split('<') {
        let (tag, words) = piece.split_once('>').unwrap_or(("", piece));
        let name = tag
            .trim_start_matches('/')
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default();
        let breaks = ["br", "p", "div", "tr", "li", "td", "h1", "h2", "h3", "pre"];
        out.push(if breaks.iter().any(|tag| tag.eq_ignore_ascii_case(name)) {
            '\n'
        } else {
            ' '
        });
        out.push_str(words);
    }
    out.replace("&nbsp;", " ").replace("&#160;", " ")
}

/// What a status says of the action; without one, failed: a server that means a delay says so.
fn action_of(status: Option<EnhancedStatus>) -> Action {
    match status.map(EnhancedStatus::class) {
        Some(4) => Action::Delayed,
        _ => Action::Failed,
    }
}

/// Puts together what was found, with a status and a code of the right class where there is none. A status that RFC 3463 does not know says
/// nothing but its class: its digits could say anything.
fn received(
    action: Option<Action>,
    status: Option<EnhancedStatus>,
    reason: Option<&str>,
) -> RemoteReport {
    let class = match (action, status.map(EnhancedStatus::class)) {
        // An attempt that passed in vain is given up in the end (RFC 3463 3.5, X.4.7).
        (Some(Action::Failed), Some(4)) => 4,
        (Some(Action::Failed), _) => 5,
        (Some(Action::Delayed), _) => 4,
        (None, _) => 2,
    };
    let known = status.filter(|status| status.subject() <= 7);
    let status = known.map_or_else(
        || EnhancedStatus::new(class, 0, 0),
        |status| EnhancedStatus::new(class, status.subject(), status.detail()),
    );
    let reply = reason.filter(|reason| !reason.is_empty()).map(|reason| {
        let code = code_in(reason)
            .filter(|code| code / 100 == u16::from(class))
            .unwrap_or(if class == 4 { 450 } else { 550 });
        // The codes go: they stand in the reply by themselves.
        let words = reason
            .trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | ' ' | '#'));
        let words: String = words.chars().take(MAX_REASON).collect();
        Reply::new(code, Some(status), &words)
    });
    RemoteReport {
        action,
        status,
        reply,
        last_attempt: None,
        retry_until: None,
    }
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
