//! The notice to a writer that a message was stopped by a rule on contents, or would have been (docs/rules-on-contents.md#the-notice). It goes to the
//! writer alone and quotes the writer's own words.

mod released;
mod words;

use mail_builder::MessageBuilder;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::{BodyPart, MimePart};

use self::words::{Words, words};
use super::compose::line;
use crate::mail::{Domain, Mailbox, QueueId, Timestamp};
use crate::message;
use crate::spool::MessageSummary;

pub use released::{ReleasedNotice, released};

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
    /// What is handed over of it; none: nothing.
    pub documents: Option<&'a HandedDocuments>,
    /// Now.
    pub now: Timestamp,
}

/// The files of a stopped message of which some are handed over to the marketplace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedDocuments {
    /// The names of the documents.
    pub names: Vec<String>,
    /// When the message reaches the buyer, if they are not attached to the order by then.
    pub until: Timestamp,
    /// The names of the other files.
    pub others: Vec<String>,
}

impl HandedDocuments {
    /// [`Self::until`] to the minute, as `2026-12-03 11:15 UTC`.
    #[must_use]
    pub fn moment(&self) -> String {
        let text: String = self.until.to_string().chars().take(16).collect();
        format!("{} UTC", text.replace('T', " "))
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
    let subject = pick(words.subject);
    head(notice.id, (notice.to, notice.domain), subject, notice.now)
        .body(MimePart::new(
            "text/plain; charset=utf-8",
            text(notice, words, pick(words.first)),
        ))
        .write_to_vec()
        .ok()
}

/// The fields of every notice. Nothing may answer it (RFC 3834 5; Exchange looks at the last one).
fn head(
    id: QueueId,
    (to, domain): (&Mailbox, &Domain),
    subject: &str,
    now: Timestamp,
) -> MessageBuilder<'static> {
    let from = format!("Mail delivery <mailer-daemon@{domain}>");
    MessageBuilder::new()
        .header("From", Raw::new(from))
        .header("To", Raw::new(format!("<{to}>")))
        .header("Subject", Raw::new(message::encode(subject)))
        .header("Date", Raw::new(now.to_rfc5322()))
        .header("Message-ID", Raw::new(format!("<notice.{id}@{domain}>")))
        .header("Auto-Submitted", Raw::new("auto-generated"))
        .header("X-Auto-Response-Suppress", Raw::new("All"))
}

/// Several stopped messages in one notice: a table that programs read.
#[derive(Debug, Clone)]
pub struct StoppedDigest<'a> {
    /// The notice's own id.
    pub id: QueueId,
    /// The writer's mask.
    pub to: &'a Mailbox,
    /// The masked domain that the notice comes from.
    pub domain: &'a Domain,
    /// ISO 639-1.
    pub language: &'a str,
    /// The rows, as [`csv_row`] writes them.
    pub rows: &'a [String],
    /// Now.
    pub now: Timestamp,
}

/// The names of the columns; the last is there only where a message had documents.
const COLUMNS: &str = "recipient,order,subject,date,message-id,rule,reference";
/// The end of a row without documents.
const WITHOUT: &str = ",\"\"\r\n";

/// One stopped message as a row of the table (RFC 4180). What a table program would take for a formula is marked as text.
#[must_use]
pub fn csv_row(
    about: &MessageSummary,
    order: &str,
    (rule, reference): (&str, &str),
    documents: Option<&HandedDocuments>,
) -> String {
    let documents = documents.map_or_else(String::new, |handed| {
        format!(
            "{} (handed over, to the buyer on {})",
            handed.names.join(", "),
            handed.moment()
        )
    });
    let cells = [
        about.recipient.as_str(),
        order,
        &about.subject,
        &about.date,
        &about.message_id,
        rule,
        reference,
        &documents,
    ];
    let cells = cells.map(|cell| {
        let mark = if cell.starts_with(['=', '+', '-', '@']) {
            "'"
        } else {
            ""
        };
        format!("\"{mark}{}\"", line(cell).replace('"', "\"\""))
    });
    format!("{}\r\n", cells.join(","))
}

/// Writes a digest, not yet signed; none as [`stopped`].
#[must_use]
pub fn stopped_digest(digest: &StoppedDigest<'_>) -> Option<Vec<u8>> {
    let [subject, first] = words(digest.language).digest;
    let table = match digest.rows.iter().all(|row| row.ends_with(WITHOUT)) {
        true => {
            let rows = digest
                .rows
                .iter()
                .filter_map(|row| row.strip_suffix(WITHOUT));
            let rows = std::iter::once(COLUMNS).chain(rows);
            rows.map(|row| format!("{row}\r\n")).collect()
        }
        false => format!("{COLUMNS},documents\r\n{}", digest.rows.concat()),
    };
    let parts = vec![
        MimePart::new("text/plain; charset=utf-8", format!("{first}\r\n")),
        MimePart::new("text/csv; charset=utf-8; header=present", table).attachment("notices.csv"),
    ];
    let kind = ContentType::new("multipart/mixed")
        .attribute("boundary", format!("=_notice_{}", digest.id));
    head(digest.id, (digest.to, digest.domain), subject, digest.now)
        .body(MimePart::new(kind, BodyPart::Multipart(parts)))
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
    if let Some(handed) = notice.documents {
        text.push_str(&files(words, handed));
    }
    text
}

/// What becomes of each file.
fn files(words: &Words, handed: &HandedDocuments) -> String {
    let [(documents, become_of), (others, _), _] = words.documents;
    let names = |names: &[String]| line(&names.join(", "));
    let mut text = format!(
        "{documents}: {} - {}\r\n",
        names(&handed.names),
        become_of.replace("DAY", &handed.moment())
    );
    if !handed.others.is_empty() {
        text.push_str(&format!("{others}: {}\r\n", names(&handed.others)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_row_and_no_formula() {
        let about = MessageSummary {
            recipient: "8awgqyk6a5+cub31c122@allegromail.pl".to_owned(),
            subject: "=HYPERLINK(\"http://x.example\")\r\n2".to_owned(),
            date: "-1".to_owned(),
            ..MessageSummary::default()
        };
        assert_eq!(
            csv_row(&about, "", ("dup.sent", "ABCD-EFGH"), None),
            "\"8awgqyk6a5+cub31c122@allegromail.pl\",\"\",\"'=HYPERLINK(\"\"http://x.example\"\")  2\",\"'-1\",\"\",\"dup.sent\",\"ABCD-EFGH\",\"\"\r\n"
        );
    }

    #[test]
    fn a_table_has_a_column_for_documents_where_there_are_any() {
        let (about, mask) = (
            MessageSummary::default(),
            Mailbox::parse("k2m9x0r7t3@allegromail.pl").unwrap(),
        );
        let handed = HandedDocuments {
            names: vec!["faktura.pdf".to_owned()],
            until: Timestamp(1_795_392_000_000),
            others: Vec::new(),
        };
        let row = |documents| {
            csv_row(
                &about,
                "cub31c122",
                ("dup.document", "ABCD-EFGH"),
                documents,
            )
        };
        for (rows, ends) in [
            (
                vec![row(None), row(None)],
                ["reference", "\"ABCD-EFGH\"", "\"ABCD-EFGH\""],
            ),
            (
                vec![row(None), row(Some(&handed))],
                [
                    "reference,documents",
                    "\"ABCD-EFGH\",\"\"",
                    "to the buyer on 2026-11-23 00:00 UTC)\"",
                ],
            ),
        ] {
            let digest = stopped_digest(&StoppedDigest {
                id: QueueId(7),
                to: &mask,
                domain: mask.domain(),
                language: "en",
                rows: &rows,
                now: Timestamp(1_795_392_000_000),
            });
            let digest = digest.unwrap();
            let read = mail_parser::MessageParser::default()
                .parse(&digest)
                .unwrap();
            let table =
                String::from_utf8_lossy(read.attachment(0).unwrap().contents()).into_owned();
            for (line, end) in table.lines().zip(ends) {
                assert!(line.ends_with(end), "{line}");
            }
        }
    }

    #[test]
    fn every_language_has_every_word_and_a_notice_says_what_became_of_the_message() {
        let about = MessageSummary::default();
        let mask = Mailbox::parse("k2m9x0r7t3@allegromail.pl").unwrap();
        let handed = HandedDocuments {
            names: vec!["faktura.pdf".to_owned()],
            until: Timestamp(1_795_392_000_000 + 3 * 86_400_000),
            others: vec!["logo.png".to_owned()],
        };
        for language in ["pl", "en", "cs", "sk", "hu", "xx"] {
            let notice = |is_stopped| Stopped {
                id: QueueId(7),
                to: &mask,
                domain: mask.domain(),
                language,
                about: &about,
                order: "cub31c122",
                rule: "dup.sent",
                remark: "r\r\nBcc: x@y.example",
                instead: "i",
                sentence: Some("s"),
                reference: "ABCD-EFGH",
                appeal: None,
                stopped: is_stopped,
                documents: Some(&handed),
                now: Timestamp(1_795_392_000_000),
            };
            let both = [true, false].map(|stop| {
                let octets = stopped(&notice(stop)).unwrap();
                String::from_utf8(octets).unwrap()
            });
            assert_ne!(both[0], both[1], "{language}");
            for text in both {
                assert!(
                    text.contains("ABCD-EFGH") && text.contains("auto-generated"),
                    "{text}"
                );
                assert!(!text.contains("\nBcc"), "{text}");
                for told in ["faktura.pdf", "2026-11-26", "logo.png"] {
                    assert!(text.contains(told), "{told} in {text}");
                }
            }
            assert!(words(language).rows.iter().all(|word| !word.is_empty()));
        }
    }
}
