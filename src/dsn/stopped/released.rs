//! The notice that a message which was held for its documents goes to the buyer after all.

use mail_builder::mime::MimePart;

use super::words::words;
use super::{head, line};
use crate::mail::{Mailbox, QueueId, Timestamp};
use crate::spool::MessageSummary;

/// A message that was held for its documents and goes to the buyer after all.
#[derive(Debug, Clone)]
pub struct ReleasedNotice<'a> {
    /// The notice's own id.
    pub id: QueueId,
    /// The writer's mask.
    pub to: &'a Mailbox,
    /// ISO 639-1.
    pub language: &'a str,
    /// The message.
    pub about: &'a MessageSummary,
    /// The order.
    pub order: &'a str,
    /// The names of the documents.
    pub documents: &'a [String],
    /// Now.
    pub now: Timestamp,
}

/// Writes such a notice, not yet signed; none as [`stopped`](super::stopped).
#[must_use]
pub fn released(notice: &ReleasedNotice<'_>) -> Option<Vec<u8>> {
    let words = words(notice.language);
    let [(documents, _), _, (subject, first)] = words.documents;
    let [recipient, order, about, date, ..] = words.rows;
    let rows = [
        (recipient, notice.about.recipient.as_str()),
        (order, notice.order),
        (about, &notice.about.subject),
        (date, &notice.about.date),
        (documents, &notice.documents.join(", ")),
    ];
    let rows = rows.map(|(name, value)| format!("{name}: {}\r\n", line(value)));
    let text = format!("{first}\r\n\r\n{}", rows.concat());
    let to = (notice.to, notice.to.domain());
    head(notice.id, to, subject, notice.now)
        .body(MimePart::new("text/plain; charset=utf-8", text))
        .write_to_vec()
        .ok()
}
