//! A draft as the letter that its writer might have sent by mail.

use bytes::Bytes;
use mail_builder::MessageBuilder;
use mail_builder::headers::date::Date;
use mail_builder::headers::message_id::MessageId;

use super::outbox::Draft;
use crate::archive::LatestMessage;
use crate::mail::{Mailbox, Timestamp};
use crate::message::is_answer;

/// Ids of earlier messages that an answer names: the first and the last ones, as mail programs do.
const REFERENCES: usize = 10;
/// Characters of a subject.
const SUBJECT: usize = 200;

/// What a letter is made of beside the draft.
pub(super) struct Envelope<'a> {
    pub(super) from: &'a Mailbox,
    pub(super) to: &'a Mailbox,
    /// 128 random bits.
    pub(super) id: u128,
    pub(super) at: Timestamp,
    /// Messages of the thread, the newest first.
    pub(super) thread: &'a [LatestMessage],
    /// What it is about where nobody says so.
    pub(super) about: &'a str,
}

/// The letter.
///
/// # Errors
/// It cannot be written, which is our own fault.
pub(super) fn letter(draft: &Draft, envelope: &Envelope<'_>) -> std::io::Result<Bytes> {
    let Envelope { from, to, at, .. } = envelope;
    let seconds = i64::try_from(at.0 / 1_000).unwrap_or(i64::MAX);
    let mut letter = MessageBuilder::new()
        .from(from.to_string())
        .to(to.to_string())
        .subject(subject(draft, envelope))
        .date(Date::new(seconds))
        // Not under a masked domain: what comes from there has passed a relay already.
        .message_id(format!("{:032x}@center", envelope.id))
        .text_body(with_crlf(&draft.text));
    let thread = envelope.thread.iter();
    let mut ids: Vec<String> = thread.map(|one| one.message_id.clone()).collect();
    ids.retain(|id| !id.is_empty());
    if let Some(last) = ids.first() {
        letter = letter.in_reply_to(last.clone());
        ids.truncate(REFERENCES);
        ids.reverse();
        letter = letter.references(MessageId::new_list(ids.into_iter()));
    }
    for file in &draft.files {
        letter = letter.attachment(
            file.media_type.as_str(),
            file.name.as_str(),
            file.octets.as_ref(),
        );
    }
    letter.write_to_vec().map(Bytes::from)
}

fn subject(draft: &Draft, envelope: &Envelope<'_>) -> String {
    let given = draft.subject.as_deref().map(plain).unwrap_or_default();
    if !given.is_empty() {
        return given;
    }
    let last = envelope.thread.first().map(|last| plain(&last.subject));
    match last.filter(|last| !last.is_empty()) {
        Some(last) if is_answer(&last) => last,
        Some(last) => format!("Re: {last}"),
        None => plain(envelope.about),
    }
}

/// In one line.
fn plain(text: &str) -> String {
    let text = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    text.take(SUBJECT).collect::<String>().trim().to_owned()
}

/// With the line ends of mail.
fn with_crlf(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.replace('\n', "\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::center::{Addressee, DraftFile};
    use crate::message::Message;

    fn draft(subject: Option<&str>) -> Draft {
        Draft {
            to: Addressee::User {
                order: None,
                login: "sklep".to_owned(),
            },
            subject: subject.map(str::to_owned),
            text: "Dzień dobry\nczy rower\r\njest?\n.\nFrom tu".to_owned(),
            files: vec![DraftFile {
                name: "zdjęcie \"1\".jpg".to_owned(),
                media_type: "image/jpeg".to_owned(),
                octets: Bytes::from_static(b"\xff\xd8\xff\xe0 not much"),
            }],
            key: None,
        }
    }

    fn written(subject: Option<&str>, thread: &[LatestMessage]) -> Message {
        let (from, to) = ("jan@poczta.example", "8awgqyk6a5+o1@allegromail.example");
        let envelope = Envelope {
            from: &from.parse().unwrap(),
            to: &to.parse().unwrap(),
            id: 7,
            at: Timestamp(1_764_500_000_000),
            thread,
            about: "o1",
        };
        Message::parse(letter(&draft(subject), &envelope).unwrap()).unwrap()
    }

    fn earlier(id: &str, subject: &str) -> LatestMessage {
        LatestMessage {
            message_id: id.to_owned(),
            subject: subject.to_owned(),
            text: String::new(),
        }
    }

    #[test]
    fn it_reads_back_as_it_was_written() {
        let letter = written(None, &[]);
        assert_eq!(letter.text("Subject"), "o1");
        assert_eq!(
            letter.from().unwrap().mailbox.to_string(),
            "jan@poczta.example"
        );
        assert_eq!(letter.ids("Message-ID"), [format!("{:032x}@center", 7)]);
        let digest = crate::digest::Digest::of(&letter, &crate::mail::ReversePath::Null, &[]);
        assert_eq!(
            digest.text.trim_end(),
            "Dzień dobry\nczy rower\njest?\n.\nFrom tu"
        );
        assert_eq!(digest.files.len(), 1);
        assert_eq!(digest.files[0].name, "zdjęcie \"1\".jpg");
        assert_eq!(digest.files[0].size, 13);
        assert!(!digest.automatic.by_program());
    }

    #[test]
    fn an_answer_names_what_it_answers() {
        let thread = [
            earlier("c@x", "Re: Rower"),
            earlier("b@x", "Rower"),
            earlier("a@x", "Rower"),
        ];
        let letter = written(None, &thread);
        assert_eq!(letter.text("Subject"), "Re: Rower");
        assert_eq!(letter.ids("In-Reply-To"), ["c@x"]);
        assert_eq!(letter.ids("References"), ["a@x", "b@x", "c@x"]);
        assert_eq!(written(None, &thread[1..]).text("Subject"), "Re: Rower");
    }

    #[test]
    fn a_subject_makes_no_field_of_its_own() {
        let letter = written(Some("Rower\r\nBcc: x@evil.example"), &[]);
        assert_eq!(letter.text("Subject"), "Rower Bcc: x@evil.example");
        assert_eq!(letter.named("Bcc").count(), 0);
        assert_eq!(written(Some(" \n "), &[]).text("Subject"), "o1");
    }
}
