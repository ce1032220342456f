//! Each message once in each of two feeds, whatever comes twice; and what one side does is its own.

use super::*;
use crate::mail::{QueueId, Timestamp};
use crate::masking::{ParticipantId, TransactionId};

mod feeds;
mod files;
mod model;
mod threads;
mod upkeep;

const PEOPLE: [&str; 3] = ["buyer1", "seller1", "seller2"];

fn person(number: usize) -> ParticipantId {
    ParticipantId::parse(PEOPLE[number]).unwrap()
}

fn party(number: usize) -> Party {
    Party {
        id: person(number),
        login: format!("Login-{number}"),
    }
}

fn id(first: u8, number: u64) -> [u8; 16] {
    let mut id = [first; 16];
    id[8..].copy_from_slice(&number.to_be_bytes());
    id
}

fn entry(number: u64) -> EntryKey {
    EntryKey {
        node: 0,
        id: QueueId(number),
    }
}

/// Thread `number`: 0 and 1 are orders of the buyer at the first seller, 2 is one at the second.
fn thread(number: usize) -> Thread {
    Thread {
        id: ThreadId(id(1, number as u64)),
        kind: ThreadKind::Talk,
        parties: Parties {
            one: party(0),
            other: Some(party(if number < 2 { 1 } else { 2 })),
        },
        order: Some(TransactionId::parse(&format!("order{number}")).unwrap()),
    }
}

/// Where the quote stands in the text of each message.
fn quote() -> Folded {
    std::iter::once(14..21).collect()
}

/// Message `number` in a thread, by its buyer or its seller.
fn message(number: u64, in_thread: usize, by_buyer: bool) -> NewMessage {
    let thread = thread(in_thread);
    let writer = match by_buyer {
        true => Some(thread.parties.one.id.clone()),
        false => thread.parties.other.clone().map(|other| other.id),
    };
    NewMessage {
        id: MessageId(id(2, number)),
        entry: entry(number),
        thread,
        writer,
        via: Via::Mail,
        automatic: false,
        written_at: Timestamp(1_764_500_000_000 + number),
        subject: format!("Rower {number}"),
        text: "Dzień dobry\n> cytat".to_owned(),
        cut: false,
        folded: quote(),
        files: Vec::new(),
        message_id: format!("{number}@allegromail.example"),
        mail: MailState::Queued,
        sent_with: None,
        readers_alone: false,
        raw: format!("Subject: Rower {number}\r\n\r\nx").into_bytes(),
    }
}

fn archive(folder: &std::path::Path) -> SqliteArchive {
    SqliteArchive::open(folder, [7; 32]).unwrap()
}

#[tokio::test]
async fn a_message_is_read_by_its_parties_and_by_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    let at = Timestamp(1_764_600_000_000);
    let published = archive
        .add(vec![message(1, 0, true), message(1, 0, true)], at)
        .await
        .unwrap();
    assert_eq!(published.len(), 2, "{published:?}");
    assert!(
        archive
            .add(vec![message(1, 0, true)], at)
            .await
            .unwrap()
            .is_empty()
    );
    let (known, new) = (entry(1), entry(2));
    assert_eq!(archive.missing(vec![known, new]).await.unwrap(), [new]);
    let one = MessageId(id(2, 1));
    for who in 0..2 {
        let seen = archive.message(person(who), one).await.unwrap().unwrap();
        assert_eq!(
            (seen.text.as_str(), seen.folded.clone()),
            ("Dzień dobry\n> cytat", quote())
        );
        assert_eq!(seen.published_at, at);
        assert_eq!(
            archive.raw(person(who), one).await.unwrap().unwrap(),
            message(1, 0, true).raw
        );
    }
    let stranger = person(2);
    assert_eq!(archive.message(stranger.clone(), one).await.unwrap(), None);
    assert_eq!(archive.raw(stranger.clone(), one).await.unwrap(), None);
    assert_eq!(
        archive
            .thread(stranger.clone(), thread(0).id)
            .await
            .unwrap(),
        None
    );
    assert!(
        archive
            .messages(stranger.clone(), thread(0).id, Between::After(0), 9)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(!archive.delete(stranger.clone(), one, at).await.unwrap());
    assert!(
        !archive
            .mark_read(stranger.clone(), thread(0).id, 1, at)
            .await
            .unwrap()
    );
    assert_eq!(archive.end(stranger).await.unwrap(), 0);
    // Deleted on one side, it is there on the other.
    assert!(archive.delete(person(1), one, at).await.unwrap());
    assert_eq!(archive.message(person(1), one).await.unwrap(), None);
    assert!(archive.message(person(0), one).await.unwrap().is_some());
}

#[tokio::test]
async fn what_was_sent_with_a_key_and_what_is_under_way_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    let mut first = message(1, 0, true);
    let sent = SentWith {
        key: [4; 16],
        asked: [5; 16],
        message: first.id,
    };
    first.sent_with = Some(sent);
    let both = vec![first, message(2, 0, false)];
    archive.add(both, Timestamp(1_000)).await.unwrap();
    let asked = |of, key, since| archive.sent_with(person(of), key, Timestamp(since));
    assert_eq!(asked(0, [4; 16], 1_000).await.unwrap(), Some(sent));
    assert_eq!(asked(0, [4; 16], 1_001).await.unwrap(), None, "older");
    assert_eq!(asked(0, [6; 16], 0).await.unwrap(), None, "another key");
    assert_eq!(asked(1, [4; 16], 0).await.unwrap(), None, "another's");
    let under_way = || archive.under_way(0, QueueId(0), 10);
    assert_eq!(under_way().await.unwrap(), [entry(1), entry(2)]);
    let ended = vec![(entry(1), MailState::Delivered)];
    let told = archive.mail_states(ended, Timestamp(2_000)).await.unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(under_way().await.unwrap(), [entry(2)]);
    let latest = archive.latest(thread(0).id, 1).await.unwrap();
    assert_eq!(latest[0].message_id, message(2, 0, false).message_id);
}

#[tokio::test]
async fn octets_for_the_reader_alone_are_not_given_to_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    let alone = NewMessage {
        readers_alone: true,
        ..message(1, 0, true)
    };
    let both = vec![alone, message(2, 0, true)];
    archive.add(both, Timestamp(1_000)).await.unwrap();
    let raw = |of, number| archive.raw(person(of), MessageId(id(2, number)));
    assert!(raw(0, 1).await.unwrap().is_none(), "its writer");
    assert!(raw(1, 1).await.unwrap().is_some(), "its reader");
    assert!(raw(0, 2).await.unwrap().is_some());
    assert!(raw(2, 2).await.unwrap().is_none(), "somebody else");
}
