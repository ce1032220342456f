//! What is kept of a message so that reports can name it, and who hears them.

use super::arrival::Arrival;
use super::sender::Sender;
use crate::mail::{Mailbox, ReversePath};
use crate::masking::TransactionId;
use crate::message::{Message, Parameters};
use crate::rewrite;
use crate::spool::{About, Origin};

/// Characters of a subject that a report repeats.
const SUBJECT: usize = 200;

/// What is kept of `letter` for the one who wrote it to `recipient`.
pub(super) fn about(letter: &Message, recipient: &str) -> About {
    About {
        recipient: recipient.to_owned(),
        subject: letter.text("Subject").chars().take(SUBJECT).collect(),
        date: letter.text("Date"),
        message_id: letter.text("Message-ID"),
        content_type: content_type(letter),
    }
}

/// What is kept of a message, without its writer's addresses: the spool holds none. They are written as `shown`, the mask that the other
/// side knows, so that a report stays readable (#2054).
pub(super) fn without(about: About, addresses: &[Mailbox], shown: &str) -> About {
    About {
        subject: rewrite::mask_text(&about.subject, addresses, shown),
        date: rewrite::mask_text(&about.date, addresses, shown),
        ..about
    }
}

/// Parameters of a Content-Type that a report repeats: none of them names anybody.
const TOLD: [&str; 4] = ["charset", "format", "delsp", "report-type"];

/// The Content-Type as a report tells it; empty if the message has none.
fn content_type(letter: &Message) -> String {
    let Some(field) = letter.named("Content-Type").next() else {
        return String::new();
    };
    let mut read = Parameters::parse(field.value);
    // Only what is listed stays: a boundary or a file name may carry a host or an address (hostile-inputs 94).
    read.list
        .retain(|(name, value)| TOLD.contains(&name.as_str()) && !value.contains('@'));
    let plain = read.essence.contains('/') && !read.essence.contains('@');
    if plain { read.print() } else { String::new() }
}

/// Who hears of a failure: the writer, or the return path of a courier if it is of the proven domain; nobody, if the message must not
/// be answered (RFC 3834 2, RFC 5321 4.5.5).
pub(super) fn origin(
    arrival: &Arrival<'_>,
    sender: &Sender,
    order: Option<&TransactionId>,
) -> Origin {
    match (&sender.writer, &arrival.transaction.reverse_path) {
        (_, ReversePath::Null) => Origin::Nobody,
        // Two responders would otherwise talk to each other through us.
        _ if sender.answers => Origin::Nobody,
        (Some(writer), _) => Origin::Participant {
            participant: writer.id.clone(),
            transaction: order.cloned(),
        },
        (None, ReversePath::Mailbox(path)) if sender.return_path_aligned => {
            // Aligned, hence proven along with the From. Any other return path may be a stranger's (hostile-inputs 116).
            Origin::Address(path.clone())
        }
        (None, _) => Origin::Nobody,
    }
}
