//! What both sides should see, by lists in memory and nothing else, after steps in any order.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

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
            archive
                .mark_read(person(who), thread(of).id, up_to, at)
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
                .mail_states(vec![(entry(number), MailState::Delivered)], at)
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
    let page = archive.events(person(who), 0, 1_000).await.unwrap();
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
        .messages(person(who), thread(of).id, Between::After(0), 100)
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
