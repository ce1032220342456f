//! A report as bytes: words for people, the machine-readable part, and the header section of the message (RFC 6522 3). Never its body:
//! the writer has it.

use std::sync::Arc;

use mail_builder::MessageBuilder;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::{BodyPart, MimePart};

use super::date;
use super::phrases::translated;
use super::sentence::{fails_again, in_language};
use super::text::{Words, words};
use crate::mail::{Diagnostic, Domain, Mailbox, QueueId, Timestamp};
use crate::masking::MaskedDomains;
use crate::message;
use crate::spool::MessageSummary;

/// What every report of this server has in common.
#[derive(Debug, Clone)]
pub struct Reporter {
    /// Our host: Reporting-MTA.
    pub hostname: Domain,
    /// The domains of ours, for the sender of the report.
    pub domains: Arc<MaskedDomains>,
}

/// What a report tells of (RFC 3464 2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Given up.
    Failed,
    /// Not yet, and still tried. Told once at most.
    Delayed,
}

impl Action {
    /// The word of the Action field.
    const fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
        }
    }
}

/// One message that failed or waits. Every field is in the view of whoever reads the report.
#[derive(Debug, Clone)]
pub struct Report<'a> {
    /// The failed entry, for the report's own id.
    pub id: QueueId,
    /// To whom: the writer's masked address, or a courier's return path.
    pub to: &'a Mailbox,
    /// The masked domain that reports come from.
    pub domain: &'a Domain,
    /// ISO 639-1.
    pub language: &'a str,
    /// The message.
    pub about: &'a MessageSummary,
    /// When it was accepted.
    pub arrived: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// Until when it is tried; told of a delay only.
    pub retries_until: Timestamp,
    /// What stopped it, already masked.
    pub diagnostic: &'a Diagnostic,
    /// Whether for good.
    pub action: Action,
}

/// Text that goes into a line of a report: no control characters, so that a remote server's words make no field of their own
/// (docs/threats.md#97), and no longer than a line may be (RFC 5322 2.1.1).
pub(super) fn line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(900)
        .collect()
}

/// A value for a field of the machine-readable part: ASCII only (RFC 3464 2.1). Both it and the header section go out as 7bit.
fn ascii(text: &str) -> String {
    line(text)
        .replace('…', "...")
        .chars()
        .map(|c| if c.is_ascii() { c } else { '?' })
        .collect()
}

/// Writes a report, not yet signed. None only if it could not be put together, which is our own fault. The same report gives the same bytes, its
/// ids included.
#[must_use]
pub fn compose(reporter: &Reporter, report: &Report<'_>) -> Option<Vec<u8>> {
    let (first, second) = words(report.language);
    let returned = headers(report);
    // An address in another script stands there in UTF-8 (RFC 6532).
    let encoding = if returned.is_ascii() { "7bit" } else { "8bit" };
    let parts = vec![
        MimePart::new(
            ContentType::new("text/plain").attribute("charset", "utf-8"),
            BodyPart::Text(human(report, first, second).into()),
        ),
        MimePart::new(
            ContentType::new("message/delivery-status"),
            BodyPart::Binary(status(reporter, report).into_bytes().into()),
        )
        .transfer_encoding("7bit"),
        MimePart::new(
            ContentType::new("text/rfc822-headers"),
            BodyPart::Binary(returned.into_bytes().into()),
        )
        .transfer_encoding(encoding),
    ];
    let kind = ContentType::new("multipart/report")
        .attribute("report-type", "delivery-status")
        .attribute("boundary", format!("=_report_{}", report.id));
    let mut message = MessageBuilder::new();
    if let Some(id) = thread(report.about) {
        message = message
            .header("In-Reply-To", Raw::new(id.clone()))
            .header("References", Raw::new(id));
    }
    message
        .header(
            "From",
            Raw::new(format!("Mail delivery <mailer-daemon@{}>", report.domain)),
        )
        .header("To", Raw::new(format!("<{}>", report.to)))
        .header(
            "Subject",
            Raw::new(message::encode(first.of(report.action).0)),
        )
        .header("Date", Raw::new(report.now.to_rfc5322()))
        .header(
            "Message-ID",
            Raw::new(format!("<report.{}@{}>", report.id, report.domain)),
        )
        // Nothing may answer it (RFC 3834 5; Exchange looks at the second one).
        .header("Auto-Submitted", Raw::new("auto-replied"))
        .header("X-Auto-Response-Suppress", Raw::new("All"))
        .body(MimePart::new(kind, BodyPart::Multipart(parts)))
        .write_to_vec()
        .ok()
}

/// Why, in one line: our words in the reader's language, then the other server's or the status.
fn reason(report: &Report<'_>, words: &Words, language: &str) -> String {
    let diagnostic = report.diagnostic;
    let text = match diagnostic.reported {
        Some(_) => in_language(words.language, report.action, diagnostic.status).to_owned(),
        None => translated(language, &diagnostic.text),
    };
    match &diagnostic.reply {
        Some(reply) => format!("{text} ({reply})"),
        None => format!("{text} ({})", diagnostic.status),
    }
}

/// The words for people, once for each language. Rows name what the writer knows the message by (docs/rules.md#issue-1449); those without a value go.
fn human(report: &Report<'_>, first: &Words, second: Option<&Words>) -> String {
    let about = report.about;
    let mut text = String::new();
    let first = (first, report.language);
    // The sentence as logs and support know it.
    let second = second.map(|words| (words, "en"));
    for (words, language) in [Some(first), second].into_iter().flatten() {
        if !text.is_empty() {
            text.push_str("\r\n---\r\n\r\n");
        }
        // Of another server's attempts: ours have ended.
        let there = report
            .diagnostic
            .reported
            .as_ref()
            .filter(|_| report.action == Action::Delayed);
        text.push_str(there.map_or_else(|| words.of(report.action).1, |_| words.late_there));
        text.push_str("\r\n\r\n");
        let until = there
            .and_then(|reported| reported.retry_until)
            .map(|until| date::of_moment(words.language, until, &about.date));
        let rows = [
            (words.recipient, about.recipient.as_str()),
            (words.topic, &about.subject),
            (words.date, &date::of_field(words.language, &about.date)),
            ("Message-ID", &about.message_id),
            (words.reason, &reason(report, words, language)),
            (words.until, &until.unwrap_or_default()),
        ];
        for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
            text.push_str(&format!("{name}: {}\r\n", line(value)));
        }
        // Of a delay nothing has to be done.
        if report.action == Action::Failed {
            let advice = if fails_again(report.diagnostic.status) {
                words.no_second_try
            } else {
                words.advice
            };
            text.push_str(&format!("\r\n{advice}\r\n"));
        }
    }
    text
}

/// The machine-readable part (RFC 3464 2.2, 2.3).
fn status(reporter: &Reporter, report: &Report<'_>) -> String {
    let diagnostic = report.diagnostic;
    let reported = diagnostic.reported.as_ref();
    let mut text = format!(
        "Reporting-MTA: dns; {}\r\nArrival-Date: {}\r\n\r\nFinal-Recipient: rfc822; {}\r\nAction: {}\r\nStatus: {}\r\n",
        reporter.hostname,
        reported
            .map_or(report.arrived, |reported| reported.accepted)
            .to_rfc5322(),
        ascii(&report.about.recipient),
        report.action.word(),
        diagnostic.status,
    );
    // `smtp` is for words of a remote server only; ours go under a field of our own.
    match &diagnostic.reply {
        Some(reply) => text.push_str(&format!(
            "Diagnostic-Code: smtp; {}\r\n",
            ascii(&reply.to_string())
        )),
        None => text.push_str(&format!(
            "X-Allegromail-Reason: {}\r\n",
            ascii(&diagnostic.text)
        )),
    }
    // Of another server's attempts we know what it says of them, or nothing.
    let (last, until) = match reported {
        Some(reported) => (reported.last_attempt, reported.retry_until),
        None => (Some(report.now), Some(report.retries_until)),
    };
    if let Some(last) = last {
        text.push_str(&format!("Last-Attempt-Date: {}\r\n", last.to_rfc5322()));
    }
    if let Some(until) = until.filter(|_| report.action == Action::Delayed) {
        text.push_str(&format!("Will-Retry-Until: {}\r\n", until.to_rfc5322()));
    }
    text
}

/// The header section of the message as its writer knows it (RFC 6522 4): his own words, and the recipient's mask.
fn headers(report: &Report<'_>) -> String {
    let about = report.about;
    let mut text = format!(
        "From: <{}>\r\nTo: <{}>\r\n",
        report.to,
        ascii(&about.recipient)
    );
    let mime = if about.content_type.is_empty() {
        ""
    } else {
        "1.0"
    };
    let rows = [
        ("Subject", message::encode(&line(&about.subject))),
        ("Date", message::encode(&ascii(&about.date))),
        ("Message-ID", ascii(&about.message_id)),
        ("MIME-Version", mime.to_owned()),
        // Its parameters stand on lines of their own already.
        ("Content-Type", folded(&about.content_type)),
    ];
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text
}

/// A field value of several lines: each without control characters, each but the first a continuation.
fn folded(value: &str) -> String {
    let lines = value.split("\r\n").map(|text| ascii(text.trim()));
    let lines: Vec<String> = lines.filter(|text| !text.is_empty()).collect();
    lines.join("\r\n ")
}

/// The id of the message for the report's own In-Reply-To, so that it stands in the thread of what it is about; none if there is none that
/// can be written.
fn thread(about: &MessageSummary) -> Option<String> {
    let id = about
        .message_id
        .trim()
        .strip_prefix('<')?
        .strip_suffix('>')?;
    // It stands in a header field of ours: one that cannot is left out.
    let plain = id
        .bytes()
        .all(|b| b.is_ascii_graphic() && !b"<>".contains(&b));
    (plain && !id.is_empty() && id.len() <= 900).then(|| format!("<{id}>"))
}
