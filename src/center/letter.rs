//! An entry of the log as a message of the archive: who wrote it to whom, its thread, its text, its files.

use bytes::Bytes;

use super::ids::Ids;
use crate::archive::{
    EntryKey, MailState, NewMessage, Parties, Party, SentWith, StoredFile, Thread, ThreadKind, Via,
};
use crate::digest::{Digest, File};
use crate::mail::ReversePath;
use crate::masking::{ParticipantId, TransactionId};
use crate::message::{Encoding, Holds, Message};
use crate::spool::{Entry, Target};

/// Those a message is between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Correspondents {
    /// None: a courier.
    pub(super) writer: Option<ParticipantId>,
    pub(super) reader: ParticipantId,
    pub(super) order: Option<TransactionId>,
}

/// Those the message of an entry is between; none: it is no message of the Center, but a report, a notice or mail to a role.
pub(super) fn between(entry: &Entry) -> Option<Correspondents> {
    let Target::Participant {
        participant,
        transaction,
    } = &entry.target
    else {
        return None;
    };
    let writer = match (&entry.memory.delivery, &entry.reverse_path) {
        (Some(delivery), _) => Some(delivery.writer.clone()),
        (None, ReversePath::Mailbox(_)) => None,
        // What we write ourselves has no sender that something comes back to.
        (None, ReversePath::Null) => return None,
    };
    Some(Correspondents {
        writer,
        reader: participant.clone(),
        order: transaction.clone(),
    })
}

/// What the directory knows of those a message is between.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Of the order.
    pub(super) buyer: Option<ParticipantId>,
    pub(super) writer_login: String,
    pub(super) reader_login: String,
}

/// The thread of a message.
pub(super) fn thread(ids: &Ids, between: &Correspondents, named: Named) -> Thread {
    let (reader, order) = (&between.reader, between.order.as_ref());
    let Named {
        buyer,
        writer_login,
        reader_login,
    } = named;
    let reading = Party {
        id: reader.clone(),
        login: reader_login,
    };
    let Some(writer) = &between.writer else {
        return Thread {
            id: ids.courier(reader, order),
            kind: ThreadKind::Courier,
            parties: Parties {
                one: reading,
                other: None,
            },
            order: between.order.clone(),
        };
    };
    let writing = Party {
        id: writer.clone(),
        login: writer_login,
    };
    let first = match buyer {
        Some(buyer) => buyer == *writer,
        None => writer < reader,
    };
    let (one, other) = if first {
        (writing, reading)
    } else {
        (reading, writing)
    };
    Thread {
        id: ids.talk(writer, reader, order),
        kind: ThreadKind::Talk,
        parties: Parties {
            one,
            other: Some(other),
        },
        order: between.order.clone(),
    }
}

/// The octets that both sides may have; none: all of them. In what leaves, the fields that name what a message answers hold the reader's own ids, and these its host.
pub(super) fn without_threading(message: &Message) -> Option<Bytes> {
    let names = |name: &[u8]| {
        name.eq_ignore_ascii_case(b"In-Reply-To") || name.eq_ignore_ascii_case(b"References")
    };
    if !message.fields().any(|field| names(field.name)) {
        return None;
    }
    let mut octets = Vec::with_capacity(message.raw().len());
    for field in message.fields().filter(|field| !names(field.name)) {
        octets.extend_from_slice(field.whole);
    }
    octets.extend_from_slice(b"\r\n");
    octets.extend_from_slice(message.body());
    Some(octets.into())
}

/// What is known of a message beside its octets.
pub(super) struct Known<'a> {
    pub(super) key: EntryKey,
    pub(super) entry: &'a Entry,
    pub(super) thread: Thread,
    pub(super) writer: Option<ParticipantId>,
    /// Texts of messages before it, the newest first.
    pub(super) earlier: &'a [&'a str],
}

/// The message as it is archived. `message` is without what only the reader may see.
pub(super) fn archived(ids: &Ids, known: Known<'_>, message: &Message) -> NewMessage {
    let Known { key, entry, .. } = known;
    let mut digest = Digest::of(message, &entry.reverse_path, known.earlier);
    let readers_alone = may_hold_calendar(message);
    if readers_alone {
        let end = before_ids(&digest.text);
        digest.cut |= end < digest.text.len();
        digest.text.truncate(end);
        digest.folded.retain(|fold| fold.end <= end);
    }
    let id = ids.message(key);
    let sent_with = entry.memory.posted.and_then(|posted| {
        Some(SentWith {
            key: posted.key?,
            asked: posted.asked,
            message: id,
        })
    });
    NewMessage {
        id,
        entry: key,
        thread: known.thread,
        writer: known.writer,
        via: match entry.memory.posted {
            Some(_) => Via::Center,
            None => Via::Mail,
        },
        automatic: digest.automatic.by_program(),
        written_at: entry.arrived,
        subject: digest.subject,
        text: digest.text,
        cut: digest.cut,
        folded: digest.folded,
        files: digest.files.into_iter().map(file).collect(),
        message_id: entry.sent_as.trim_matches(['<', '>']).to_owned(),
        mail: MailState::Queued,
        sent_with,
        readers_alone,
        raw: message.raw().to_vec(),
    }
}

/// Octets of a part in which a calendar may begin; rewriting looks at the first 200 characters, which may be of several octets.
const FRONT: usize = 1_024;
/// Properties whose values are ids, as `src/rewrite/calendar.rs` turns them into the reader's own.
const IDS: [&str; 4] = ["UID", "RELATED-TO", "MEMBER", "X-WR-RELCALID"];

/// Whether a calendar or a card may be in it, in which the reader's own ids stand: the writer gets no octets then. It may say so of what only looks like it.
fn may_hold_calendar(message: &Message) -> bool {
    let leaves = message.structure().parts.iter();
    let mut leaves = leaves.filter(|part| part.holds == Holds::Content);
    leaves.any(|part| {
        let essence = part.kind.essence.as_str();
        if ["calendar", "vcard", "/ics"]
            .iter()
            .any(|word| essence.contains(word))
        {
            return true;
        }
        let octets = message.raw().get(part.body.clone()).unwrap_or_default();
        // Encodings need at most three octets for one, and lines.
        let front = octets
            .get(..octets.len().min(4 * FRONT))
            .unwrap_or_default();
        let mut content = Encoding::of(&part.encoding).decode(front).into_owned();
        // UTF-16 has zeros between.
        content.retain(|octet| *octet != 0);
        content.truncate(FRONT);
        content.make_ascii_uppercase();
        memchr::memmem::find(&content, b"BEGIN:V").is_some()
    })
}

/// Where the text of what may be a calendar ends for both sides: before the first line that holds an id or begins a calendar.
fn before_ids(text: &str) -> usize {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_start_matches(|c: char| c.is_whitespace() || c == '>');
        let bare = bare.to_ascii_uppercase();
        // A card may have a group before the name (RFC 6350 3.3).
        let name = bare.find([':', ';']).and_then(|end| bare.get(..end));
        let name = name.and_then(|name| name.rsplit('.').next());
        if bare.contains("BEGIN:V") || name.is_some_and(|name| IDS.contains(&name)) {
            return at;
        }
        at += line.len();
    }
    text.len()
}

fn file(file: File) -> StoredFile {
    StoredFile {
        name: file.name,
        media_type: file.kind.media_type().to_owned(),
        size: file.size as u64,
        place: file.place,
        encoding: match file.encoding {
            Encoding::Identity => "",
            Encoding::QuotedPrintable => "quoted-printable",
            Encoding::Base64 => "base64",
        }
        .to_owned(),
    }
}
