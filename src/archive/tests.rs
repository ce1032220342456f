//! Each message once in each of two feeds, whatever comes twice; and what one side does is its own.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::mail::{QueueId, Timestamp};
use crate::masking::{ParticipantId, TransactionId};

mod model;
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

/// Where a feed is said to go on, for a number that it has not.
async fn gone(archive: &SqliteArchive, after: u64) -> u64 {
    match archive.events(person(0), after, 10).await {
        Err(ArchiveError::Gone { start }) => start,
        page => panic!("{after}: {page:?}"),
    }
}

#[tokio::test]
async fn a_feed_is_read_on_behind_a_number_that_it_has_and_behind_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    let nothing = archive.events(person(0), 0, 2).await.unwrap();
    assert_eq!((nothing.events.len(), nothing.next), (0, 0));
    let add = archive.add(
        (0..5).map(|number| message(number, 0, true)).collect(),
        Timestamp(9),
    );
    assert_eq!(add.await.unwrap().len(), 2);
    let page = archive.events(person(0), 0, 2).await.unwrap();
    assert_eq!((page.events.len(), page.next), (2, 2));
    let rest = archive.events(person(0), page.next, 10).await.unwrap();
    assert_eq!((rest.events.len(), rest.next), (3, 5));
    assert_eq!(archive.end(person(0)).await.unwrap(), rest.next);
    let end = archive.events(person(0), 5, 10).await.unwrap();
    assert_eq!((end.events.len(), end.next), (0, 5));
    for after in [6, u64::MAX] {
        assert_eq!(gone(&archive, after).await, 5);
    }
    // It keeps its key, whatever is said at a later start.
    let again = SqliteArchive::open(folder.path(), [99; 32]).unwrap();
    assert_eq!(again.key(), [7; 32]);
}

#[tokio::test]
async fn after_a_backup_is_restored_no_number_is_given_twice_and_every_reader_finds_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    let at = Timestamp(1_796_000_000_000);
    let add = async |number| {
        let added = archive.add(vec![message(number, 0, true)], at).await;
        added.unwrap()[0].number
    };
    assert_eq!((add(1).await, add(2).await), (1, 2));
    // What a copy of here would have said to have given since is 3 to 1,000,000.
    archive.renew(at).await.unwrap();
    assert_eq!(gone(&archive, 3).await, 2);
    let third = add(3).await;
    assert!(third > 1_000_000 && third < 1 << 53, "{third}");
    assert_eq!(add(4).await, third + 1);
    for after in [3, 1_000_000, third - 1] {
        assert_eq!(gone(&archive, after).await, 2, "{after}");
    }
    assert_eq!(gone(&archive, third + 2).await, third + 1);
    for (after, left) in [(0, 4), (1, 3), (2, 2), (third, 1)] {
        let page = archive.events(person(0), after, 10).await.unwrap();
        assert_eq!((page.events.len(), page.next), (left, third + 1));
    }
    // A feed that the copy did not have begins above what it may have had, too.
    archive.add(vec![message(5, 2, true)], at).await.unwrap();
    let page = archive.events(person(2), 0, 10).await.unwrap();
    assert_eq!(page.next, third);
    let early = archive.events(person(2), 1, 10).await;
    assert!(matches!(early, Err(ArchiveError::Gone { start }) if start == third - 1));
}

#[tokio::test]
async fn threads_are_found_by_what_is_asked_for_page_by_page() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    for (number, of, by_buyer) in [(1, 0, true), (2, 1, false), (3, 2, true), (4, 0, false)] {
        archive
            .add(
                vec![message(number, of, by_buyer)],
                Timestamp(number * 1_000),
            )
            .await
            .unwrap();
    }
    let found = async |filter: ThreadFilter| {
        let page = archive.threads(person(0), filter, None, 10).await.unwrap();
        let ids = page.threads.into_iter().map(|view| view.thread.id.0[15]);
        ids.collect::<Vec<_>>()
    };
    assert_eq!(found(ThreadFilter::default()).await, [0, 2, 1]);
    let with = |number| ThreadFilter {
        with: Some(format!("login-{number}")),
        ..ThreadFilter::default()
    };
    assert_eq!(found(with(1)).await, [0, 1]);
    assert_eq!(found(with(2)).await, [2]);
    assert_eq!(
        found(with(0)).await,
        [0; 0],
        "one's own login is nobody else's"
    );
    let courier = ThreadFilter {
        kind: Some(ThreadKind::Courier),
        ..ThreadFilter::default()
    };
    assert_eq!(found(courier).await, [0; 0]);
    assert_eq!(
        found(ThreadFilter {
            unread: true,
            ..ThreadFilter::default()
        })
        .await,
        [0, 1]
    );
    assert_eq!(
        found(ThreadFilter {
            unanswered: true,
            ..ThreadFilter::default()
        })
        .await,
        [0, 1]
    );
    assert_eq!(
        found(ThreadFilter {
            order: thread(1).order,
            ..ThreadFilter::default()
        })
        .await,
        [1]
    );
    assert_eq!(
        found(ThreadFilter {
            since: Some(Timestamp(3_000)),
            ..ThreadFilter::default()
        })
        .await,
        [0, 2]
    );
    let mut pages = Vec::new();
    let mut next = None;
    loop {
        let page = archive
            .threads(person(0), ThreadFilter::default(), next, 1)
            .await
            .unwrap();
        pages.extend(page.threads.into_iter().map(|view| view.thread.id.0[15]));
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(pages, [0, 2, 1]);
}

#[tokio::test]
async fn a_login_is_the_one_that_came_last() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    let add = async |number, login: &str| {
        let mut message = message(number, 0, true);
        message.thread.parties.one.login = login.to_owned();
        archive.add(vec![message], Timestamp(9)).await.unwrap();
    };
    let seen = async |login: &str| {
        let filter = ThreadFilter {
            with: Some(login.to_owned()),
            ..ThreadFilter::default()
        };
        let page = archive.threads(person(1), filter, None, 10).await.unwrap();
        let views = page.threads.into_iter();
        let logins = views.map(|view| {
            let other = view.thread.parties.other_than(&person(1)).unwrap();
            other.login.clone()
        });
        logins.collect::<Vec<_>>()
    };
    add(1, "jan_kowalski").await;
    assert_eq!(seen("JAN_kowalski").await, ["jan_kowalski"]);
    add(2, "Jan_Kowalski").await;
    assert_eq!(seen("jan_kowalski").await, ["Jan_Kowalski"]);
    add(3, "nowak").await;
    assert_eq!(seen("jan_kowalski").await, [""; 0]);
    assert_eq!(seen("nowak").await, ["nowak"]);
}

#[tokio::test]
async fn messages_come_oldest_first_from_either_end() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    let all = (1..=5).map(|number| message(number, 0, true)).collect();
    archive.add(all, Timestamp(9)).await.unwrap();
    let numbers = async |between| {
        let page = archive
            .messages(person(1), thread(0).id, between, 2)
            .await
            .unwrap();
        let numbers = page.into_iter().map(|message| message.number);
        numbers.collect::<Vec<_>>()
    };
    assert_eq!(numbers(Between::After(0)).await, [1, 2]);
    assert_eq!(numbers(Between::After(4)).await, [5]);
    assert_eq!(numbers(Between::Before(u64::MAX)).await, [4, 5]);
    assert_eq!(numbers(Between::Before(4)).await, [2, 3]);
    assert_eq!(numbers(Between::Before(1)).await, [0; 0]);
}

#[tokio::test]
async fn files_wait_for_their_message_as_long_and_as_much_as_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    let keep = async |who, number: u8, size, at, oldest| {
        let upload = Upload {
            id: UploadId([number; 16]),
            name: "faktura.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            octets: vec![number; size].into(),
        };
        let room = UploadRoom {
            oldest: Timestamp(oldest),
            octets_each: 100,
            files_each: 3,
            octets_all: 150,
        };
        archive
            .keep_upload(person(who), upload, Timestamp(at), room)
            .await
            .unwrap()
    };
    let read = async |who, number, oldest| {
        let upload = archive.upload(person(who), UploadId([number; 16]), Timestamp(oldest));
        upload.await.unwrap().map(|upload| upload.octets.len())
    };
    assert!(keep(0, 1, 60, 10, 0).await);
    assert_eq!(
        (read(0, 1, 10).await, read(1, 1, 10).await),
        (Some(60), None)
    );
    assert_eq!(read(0, 1, 11).await, None, "too old");
    assert!(!keep(0, 2, 41, 10, 0).await, "too much of one");
    assert!(keep(0, 2, 1, 10, 0).await && keep(0, 3, 1, 10, 0).await);
    assert!(!keep(0, 4, 1, 10, 0).await, "too many of one");
    assert!(!keep(1, 5, 89, 10, 0).await, "too much of all");
    assert!(keep(1, 5, 88, 10, 0).await);
    assert!(keep(0, 6, 100, 20, 11).await, "what is too old makes room");
    assert_eq!(read(1, 5, 0).await, None);
}

#[tokio::test]
async fn what_is_kept_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("archive");
    let archive = archive(&place);
    let added = archive.add(vec![message(1, 0, true)], Timestamp(9));
    added.await.unwrap();
    let files = std::fs::read_dir(&place).unwrap();
    let files: Vec<_> = files.map(|file| file.unwrap()).collect();
    // Index and month; what SQLite keeps beside the index while it is open.
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file:?}");
    }
}

#[tokio::test]
async fn an_archive_of_a_later_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(archive(folder.path()));
    let file = rusqlite::Connection::open(folder.path().join("index.sqlite")).unwrap();
    file.pragma_update(None, "user_version", 2).unwrap();
    drop(file);
    let refused = SqliteArchive::open(folder.path(), [7; 32])
        .map(|_| ())
        .unwrap_err();
    assert!(refused.to_string().contains("later version"), "{refused}");
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
