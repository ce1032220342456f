//! Each message once in each of two feeds, whatever comes twice; and what one side does is its own.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::mail::{QueueId, Timestamp};
use crate::masking::{ParticipantId, TransactionId};

const PEOPLE: [&str; 3] = ["buyer1", "seller1", "seller2"];

fn person(number: usize) -> ParticipantId {
    ParticipantId::parse(PEOPLE[number]).unwrap()
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
            one: person(0),
            other: Some(person(if number < 2 { 1 } else { 2 })),
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
        true => Some(thread.parties.one.clone()),
        false => thread.parties.other.clone(),
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
        raw: format!("Subject: Rower {number}\r\n\r\nx").into_bytes(),
    }
}

fn archive(folder: &std::path::Path) -> SqliteArchive {
    SqliteArchive::open(folder, 7).unwrap()
}

#[derive(Debug, Clone)]
enum Step {
    /// Messages, some of which may have been added before.
    Add(Vec<(u64, usize, bool)>),
    Read(usize, usize, u64),
    Delete(usize, u64),
    Delivered(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => vec((0..20u64, 0..3usize, any::<bool>()), 1..4).prop_map(Step::Add),
        1 => (0..3usize, 0..3usize, 0..30u64).prop_map(|(who, thread, up_to)| Step::Read(who, thread, up_to)),
        1 => (0..3usize, 0..20u64).prop_map(|(who, message)| Step::Delete(who, message)),
        1 => (0..20u64).prop_map(Step::Delivered),
    ]
}

/// What a participant should see, by lists and nothing else.
#[derive(Default)]
struct Model {
    /// Thread, writer (0 is the buyer) and whether it was delivered.
    messages: BTreeMap<u64, (usize, usize, bool)>,
    /// By participant: kind, thread and message.
    feeds: [Vec<(EventKind, usize, Option<u64>)>; 3],
    deleted: Vec<(usize, u64)>,
    read: BTreeMap<(usize, usize), u64>,
}

fn parties(thread: usize) -> [usize; 2] {
    [0, if thread < 2 { 1 } else { 2 }]
}

impl Model {
    /// Numbers and messages of a thread that somebody sees.
    fn seen(&self, who: usize, thread: usize) -> Vec<(u64, u64)> {
        let events = (1..).zip(&self.feeds[who]);
        let published = events.filter_map(|(number, event)| match event {
            (EventKind::MessagePublished, of, Some(message)) if *of == thread => {
                Some((number, *message))
            }
            _ => None,
        });
        published.collect()
    }

    fn shown(&self, who: usize, thread: usize) -> Vec<(u64, u64)> {
        let mut seen = self.seen(who, thread);
        seen.retain(|(_, message)| !self.deleted.contains(&(who, *message)));
        seen
    }

    fn unread(&self, who: usize, thread: usize) -> u64 {
        let read = self.read.get(&(who, thread)).copied().unwrap_or_default();
        let shown = self.shown(who, thread).into_iter();
        shown
            .filter(|(number, message)| *number > read && self.messages[message].1 != who)
            .count() as u64
    }

    fn apply(&mut self, step: &Step) {
        match step {
            Step::Add(messages) => {
                for (number, thread, by_buyer) in messages {
                    if self.messages.contains_key(number) {
                        continue;
                    }
                    let writer = parties(*thread)[usize::from(!by_buyer)];
                    self.messages.insert(*number, (*thread, writer, false));
                    for who in parties(*thread) {
                        self.feeds[who].push((EventKind::MessagePublished, *thread, Some(*number)));
                        if who == writer {
                            self.read
                                .insert((who, *thread), self.feeds[who].len() as u64);
                        }
                    }
                }
            }
            Step::Read(who, thread, up_to) => {
                let Some((last, _)) = self.seen(*who, *thread).last().copied() else {
                    return;
                };
                let up_to = last.min(*up_to);
                if self.read.get(&(*who, *thread)).copied().unwrap_or_default() != up_to {
                    self.read.insert((*who, *thread), up_to);
                    self.feeds[*who].push((EventKind::ThreadRead, *thread, None));
                }
            }
            Step::Delete(who, message) => {
                let Some((thread, ..)) = self.messages.get(message).copied() else {
                    return;
                };
                if parties(thread).contains(who) && !self.deleted.contains(&(*who, *message)) {
                    self.deleted.push((*who, *message));
                    self.feeds[*who].push((EventKind::MessageDeleted, thread, Some(*message)));
                }
            }
            Step::Delivered(message) => {
                if let Some((thread, writer, delivered)) = self.messages.get_mut(message)
                    && !std::mem::replace(delivered, true)
                {
                    self.feeds[*writer].push((EventKind::MailState, *thread, Some(*message)));
                }
            }
        }
    }
}

async fn apply(archive: &SqliteArchive, step: &Step) {
    let at = Timestamp(1_764_600_000_000);
    match step.clone() {
        Step::Add(messages) => {
            let messages = messages
                .into_iter()
                .map(|(number, thread, by_buyer)| message(number, thread, by_buyer));
            archive.add(messages.collect(), at).await.unwrap();
        }
        Step::Read(who, of, up_to) => {
            Archive::read(archive, person(who), thread(of).id, up_to, at)
                .await
                .unwrap();
        }
        Step::Delete(who, number) => {
            archive
                .delete(person(who), MessageId(id(2, number)), at)
                .await
                .unwrap();
        }
        Step::Delivered(number) => {
            archive
                .mail_state(entry(number), MailState::Delivered, at)
                .await
                .unwrap();
        }
    }
}

async fn compare(archive: &SqliteArchive, model: &Model) {
    for (who, name) in PEOPLE.iter().enumerate() {
        compare_feed(archive, model, who).await;
        let threads = (0..3).filter_map(|of| Some((model.seen(who, of).last()?.0, of)));
        let mut threads: Vec<(u64, usize)> = threads.collect();
        threads.sort_unstable_by(|one, other| other.cmp(one));
        let filter = ThreadFilter::default();
        let page = archive
            .threads(person(who), filter, None, 10)
            .await
            .unwrap();
        let views = page.threads.iter();
        let found: Vec<_> = views
            .map(|view| (view.last, view.thread.id, view.unread))
            .collect();
        let want = threads.iter();
        let want = want.map(|(last, of)| (*last, thread(*of).id, model.unread(who, *of)));
        assert_eq!(found, want.collect::<Vec<_>>(), "threads of {name}");
        let unread = threads.iter().filter(|(_, of)| model.unread(who, *of) > 0);
        assert_eq!(
            archive.unread(person(who), 100).await.unwrap(),
            unread.count()
        );
        for (_, of) in threads {
            compare_thread(archive, model, who, of).await;
        }
    }
}

async fn compare_feed(archive: &SqliteArchive, model: &Model, who: usize) {
    let start = Cursor {
        epoch: 0,
        number: 0,
    };
    let page = archive.events(person(who), start, 1_000).await.unwrap();
    let events = page.events.iter();
    let events = events.map(|event| (event.number, event.kind, event.thread, event.message));
    let want = (1..)
        .zip(&model.feeds[who])
        .map(|(number, (kind, of, message))| {
            let message = message.map(|message| MessageId(id(2, message)));
            (number, *kind, thread(*of).id, message)
        });
    assert_eq!(
        events.collect::<Vec<_>>(),
        want.collect::<Vec<_>>(),
        "feed of {}",
        PEOPLE[who]
    );
}

async fn compare_thread(archive: &SqliteArchive, model: &Model, who: usize, of: usize) {
    let shown = archive
        .messages(person(who), thread(of).id, 0, 100)
        .await
        .unwrap();
    let found: Vec<_> = shown
        .iter()
        .map(|message| (message.number, message.id))
        .collect();
    let want = model.shown(who, of).into_iter();
    let want = want.map(|(number, message)| (number, MessageId(id(2, message))));
    assert_eq!(
        found,
        want.collect::<Vec<_>>(),
        "messages of {}",
        PEOPLE[who]
    );
    let view = archive
        .thread(person(who), thread(of).id)
        .await
        .unwrap()
        .unwrap();
    let last = model
        .shown(who, of)
        .last()
        .map(|(_, message)| model.messages[message].1);
    assert_eq!(view.unanswered, last.is_some_and(|writer| writer != who));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn both_sides_see_what_a_list_in_memory_says(steps in vec(step(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let mut model = Model::default();
            let mut archive = archive(folder.path());
            for (number, step) in steps.iter().enumerate() {
                if number == steps.len() / 2 {
                    archive = self::archive(folder.path());
                }
                model.apply(step);
                apply(&archive, step).await;
            }
            compare(&archive, &model).await;
        });
    }
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
            .messages(stranger.clone(), thread(0).id, 0, 9)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(!archive.delete(stranger.clone(), one, at).await.unwrap());
    assert!(
        !Archive::read(&archive, stranger.clone(), thread(0).id, 1, at)
            .await
            .unwrap()
    );
    assert_eq!(archive.end(stranger).await.unwrap().number, 0);
    // Deleted on one side, it is there on the other.
    assert!(archive.delete(person(1), one, at).await.unwrap());
    assert_eq!(archive.message(person(1), one).await.unwrap(), None);
    assert!(archive.message(person(0), one).await.unwrap().is_some());
}

#[tokio::test]
async fn a_cursor_of_another_archive_or_of_its_future_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    let add = archive.add(
        (0..5).map(|number| message(number, 0, true)).collect(),
        Timestamp(9),
    );
    assert_eq!(add.await.unwrap().len(), 2);
    let page = archive
        .events(
            person(0),
            Cursor {
                epoch: 0,
                number: 0,
            },
            2,
        )
        .await
        .unwrap();
    assert_eq!(
        (page.events.len(), page.next),
        (
            2,
            Cursor {
                epoch: 7,
                number: 2
            }
        )
    );
    let rest = archive.events(person(0), page.next, 10).await.unwrap();
    assert_eq!(rest.events.len(), 3);
    assert_eq!(archive.end(person(0)).await.unwrap(), rest.next);
    assert!(
        archive
            .events(person(0), rest.next, 10)
            .await
            .unwrap()
            .events
            .is_empty()
    );
    for cursor in [
        Cursor {
            epoch: 8,
            number: 2,
        },
        Cursor {
            epoch: 7,
            number: 6,
        },
    ] {
        let gone = archive.events(person(0), cursor, 10).await;
        assert!(
            matches!(
                gone,
                Err(ArchiveError::Gone {
                    start: Cursor {
                        epoch: 7,
                        number: 0
                    }
                })
            ),
            "{gone:?}"
        );
    }
    // It keeps its epoch, whatever is said at a later start.
    let again = SqliteArchive::open(folder.path(), 99).unwrap();
    assert_eq!(again.end(person(0)).await.unwrap().epoch, 7);
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
        with: Some(person(number)),
        ..ThreadFilter::default()
    };
    assert_eq!(found(with(1)).await, [0, 1]);
    assert_eq!(found(with(2)).await, [2]);
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
async fn an_archive_of_a_later_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(archive(folder.path()));
    let file = rusqlite::Connection::open(folder.path().join("index.sqlite")).unwrap();
    file.pragma_update(None, "user_version", 2).unwrap();
    drop(file);
    let refused = SqliteArchive::open(folder.path(), 7)
        .map(|_| ())
        .unwrap_err();
    assert!(refused.to_string().contains("later version"), "{refused}");
}
