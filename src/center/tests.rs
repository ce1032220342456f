//! From the log into both feeds, once, whatever stops in between; and what each side may see of it.

mod stage;

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;

use super::fate::Fate;
use crate::archive::{Archive, EventKind, MailState, ThreadFilter, ThreadKind, Via};
use crate::mail::{EnhancedStatus, Mailbox, QueueId, ReversePath, Timestamp};
use crate::spool::{Entry, HeldDocuments, NewEntry, Posted, Settlement, Spool, Target};
use stage::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_message_is_in_both_feeds_once_however_often_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::open(folder.path()).await;
    let mut sent = Vec::new();
    for round in 0..8 {
        for number in 0..40 {
            sent.push(stage.send(number % 2 == 0).await);
        }
        if round % 2 == 0 {
            stage.archived().await;
        }
        let directory = stage.stop().await;
        stage = Stage::with(folder.path(), directory);
    }
    stage.archived().await;
    for of in [BUYER, SELLER] {
        let messages = stage.messages(of).await;
        let subjects: Vec<String> = messages.iter().map(|one| one.subject.clone()).collect();
        let want: Vec<String> = sent.iter().map(|id| format!("Rower {}", id.0)).collect();
        assert_eq!(subjects, want, "in the order of the log");
        let page = stage.archive.events(id(of), 0, 1_000).await;
        let events = page.unwrap().events;
        let published = events
            .iter()
            .filter(|event| event.kind == EventKind::MessagePublished);
        assert_eq!(published.count(), sent.len());
        let numbers: Vec<u64> = events.iter().map(|event| event.number).collect();
        assert!(
            numbers.iter().copied().eq(1..=numbers.len() as u64),
            "{numbers:?}"
        );
    }
}

#[tokio::test]
async fn neither_side_gets_what_names_the_other_ones_host() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::open(folder.path()).await;
    stage.send(true).await;
    let odd = [
        "text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nUID:5@mail.rowery.example\r\n".to_owned(),
        // As text, and in base64 from any octet on.
        "text/plain\r\n\r\nTermin:\r\nBEGIN:VCARD\r\nitem1.uid:5@mail.rowery.example\r\n"
            .to_owned(),
        format!(
            "text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            data_encoding::BASE64.encode(b"Te\r\nBEGIN:VCALENDAR\r\nUID:5@mail.rowery.example\r\n")
        ),
    ];
    for odd in odd {
        let number = stage.opened.spool.next_id();
        let calendar = body(9).replace("text/plain; charset=utf-8\r\n\r\n", &odd);
        stage.commit(entry(number, true), calendar).await;
    }
    stage.archived().await;
    for (of, raws) in [(BUYER, 1), (SELLER, 4)] {
        let mut found = 0;
        for message in stage.messages(of).await {
            assert!(!message.text.contains("rowery.example"), "{message:?}");
            let Some(raw) = stage.archive.raw(id(of), message.id).await.unwrap() else {
                continue;
            };
            found += 1;
            let raw = String::from_utf8(raw).unwrap();
            assert!(of == SELLER || !raw.contains("rowery.example"), "{raw}");
            assert!(
                raw.starts_with("From: jan") && raw.contains("\r\n\r\n"),
                "{raw}"
            );
        }
        assert_eq!(found, raws, "{of}");
    }
}

#[tokio::test]
async fn what_became_of_the_mail_is_told_to_its_writer_whenever_it_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::open(folder.path()).await;
    let spool = stage.opened.spool.clone();
    // Known before the message is archived, and after.
    let early = spool.next_id();
    let delivered = Fate::Mail(MailState::Delivered);
    let new = NewEntry {
        entry: entry(early, true),
        body: Bytes::from(body(early.0)),
    };
    spool.commit(vec![new]).await.unwrap();
    stage.fates.send((early, delivered.clone())).unwrap();
    spool.settle(early, Settlement::Done).await.unwrap();
    let late = stage.send(true).await;
    stage.archived().await;
    let failed = MailState::Failed {
        reason: format!("{}: x", EnhancedStatus::FAILURE_5_0_0),
    };
    stage
        .fates
        .send((late, Fate::Mail(failed.clone())))
        .unwrap();
    // Of a report, which is no message.
    stage.fates.send((QueueId(99), delivered)).unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        let states: Vec<MailState> = stage
            .messages(BUYER)
            .await
            .into_iter()
            .map(|one| one.mail)
            .collect();
        if states == [MailState::Delivered, failed.clone()] {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "{states:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn couriers_reports_and_what_is_held_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::open(folder.path()).await;
    let spool = stage.opened.spool.clone();
    // A courier's: nothing of it was masked.
    let mut courier = entry(spool.next_id(), false);
    courier.memory.delivery = None;
    stage.commit(courier, body(1)).await;
    // A report: from nobody.
    let mut report = entry(spool.next_id(), false);
    report.memory.delivery = None;
    report.reverse_path = ReversePath::Null;
    stage.commit(report, body(2)).await;
    // To a role.
    let mut role = entry(spool.next_id(), false);
    role.memory.delivery = None;
    let contact: Mailbox = "ops@allegro.example".parse().unwrap();
    role.target = Target::Address(contact);
    stage.commit(role, body(3)).await;
    // Written in the Center.
    let mut posted = entry(spool.next_id(), false);
    posted.memory.posted = Some(Posted {
        key: Some([3; 16]),
        asked: [4; 16],
    });
    stage.commit(posted, body(4)).await;
    stage.archived().await;
    let buyer = stage.messages(BUYER).await;
    let seen: Vec<(&str, Via, bool)> = buyer
        .iter()
        .map(|one| (one.subject.as_str(), one.via, one.writer.is_some()))
        .collect();
    assert_eq!(
        seen,
        [
            ("Rower 4", Via::Center, true),
            ("Rower 1", Via::Mail, false)
        ]
    );
    let threads = stage
        .archive
        .threads(id(BUYER), ThreadFilter::default(), None, 9)
        .await;
    let kinds: Vec<ThreadKind> = threads
        .unwrap()
        .threads
        .iter()
        .map(|view| view.thread.kind)
        .collect();
    assert_eq!(kinds, [ThreadKind::Talk, ThreadKind::Courier]);
    let seller = stage.messages(SELLER).await;
    assert_eq!(seller.len(), 1, "a courier's mail is its reader's alone");
    let sent = stage
        .archive
        .sent_with(id(SELLER), [3; 16], Timestamp(0))
        .await;
    assert_eq!(sent.unwrap().unwrap().message, seller[0].id);
}

#[tokio::test]
async fn what_is_held_for_its_documents_is_shown_once_it_is_released() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::open(folder.path()).await;
    let spool = stage.opened.spool.clone();
    let held = |id| Entry {
        held: Some(Box::new(documents())),
        ..entry(id, false)
    };
    let mut numbers = Vec::new();
    for _ in 0..4 {
        let id = spool.next_id();
        let new = NewEntry {
            entry: held(id),
            body: Bytes::from(body(id.0)),
        };
        spool.commit(vec![new]).await.unwrap();
        numbers.push(id);
    }
    stage.send(true).await;
    let log = spool.reader();
    let passed = stage.progress.wait_for(|_| log.unread() == numbers);
    tokio::time::timeout(Duration::from_secs(60), passed)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stage.messages(BUYER).await.len(), 1, "nobody sees them");
    stage.fates.send((numbers[0], Fate::Released)).unwrap();
    stage.fates.send((numbers[1], Fate::HandedOver)).unwrap();
    let passed = stage.progress.wait_for(|_| log.unread() == numbers[2..]);
    tokio::time::timeout(Duration::from_secs(60), passed)
        .await
        .unwrap()
        .unwrap();
    // The others end while nobody listens: one was released.
    for id in &numbers {
        spool.settle(*id, Settlement::Done).await.unwrap();
    }
    drop((spool, log));
    let directory = stage.stop().await;
    let mut stage = Stage::with(folder.path(), directory);
    stage.archived().await;
    let messages = stage.messages(BUYER).await;
    let subjects: HashSet<String> = messages.into_iter().map(|one| one.subject).collect();
    let want = [numbers[0], numbers[2], QueueId(numbers[3].0 + 1)];
    let want: HashSet<String> = want.iter().map(|id| format!("Rower {}", id.0)).collect();
    assert_eq!(subjects, want);
}

fn documents() -> HeldDocuments {
    HeldDocuments {
        seller: SELLER.parse().unwrap(),
        transaction: "cub31c122".parse().unwrap(),
        until: Timestamp(u64::MAX),
        octets: 1,
        documents: Vec::new(),
    }
}
