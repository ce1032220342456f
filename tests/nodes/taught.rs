//! What mail teaches, and its model.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use allegromail::directory::{AddressMark, Brought, LastWrote, State};
use allegromail::mail::{Mailbox, Timestamp};
use allegromail::masking::{ParticipantId, TransactionId};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

const DAY: Duration = Duration::from_secs(86_400);

/// One step; numbers stand for accounts, orders and digests.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Remember(u8, u8, u64),
    NoteFirstSeen(u8, u8, u8, u64),
    NoteSigner(u8),
    Claim(u16, u8, bool),
    Mark(u16, u8),
    ForgetBefore(u16),
    KeepId(u8, String),
    Bring(u8, u8, u32, u64, Vec<u64>, bool),
    ForgetBrought(u64),
    NoteWrote(u8, u8, u64, bool),
    NoteDocument(u8, u64),
    LoseDocument(u8, u64),
    ForgetDocuments(u64),
    AddEvent(u64, String),
    ForgetEvents(u64),
    AddToDigest(u8, u64, String),
    ForgetDigest(u8, usize),
    KeepSuspension(u8, Vec<u8>),
    ForgetSuspension(u8),
    KeepToken(u8, Vec<u8>),
    NoteToken(u8, bool, Vec<u8>),
}

type Order = (ParticipantId, TransactionId);

/// What was said.
#[derive(Default)]
pub(super) struct Model {
    writers: BTreeMap<Order, AddressMark>,
    asked: BTreeMap<(Order, u8), u64>,
    signers: BTreeSet<u8>,
    marks: BTreeSet<(u16, u8)>,
    ids: BTreeMap<u8, String>,
    brought: BTreeMap<(u8, u8, u32), (u64, Brought)>,
    wrote: BTreeMap<Order, LastWrote>,
    documents: BTreeMap<u8, (u64, bool)>,
    events: Vec<(u64, String)>,
    digests: BTreeMap<ParticipantId, Vec<String>>,
    suspensions: BTreeMap<String, Vec<u8>>,
    tokens: BTreeMap<String, Vec<u8>>,
}

/// A few days, so that what is kept by the day is, too.
fn time() -> impl Strategy<Value = u64> {
    prop_oneof![3 => 0..4_u64, 1 => (0..6_u64).prop_map(|half| half * 43_200_000)]
}

fn text() -> impl Strategy<Value = String> {
    "[a-z'\"\\\\żó%_ ]{0,12}"
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..6)
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let (few, day) = (0..3_u8, 254..258_u16);
    let digests = || proptest::collection::vec(0..400_u64, 0..120);
    prop_oneof![
        (0..3_u8, 0..3_u8, 0..4_u64).prop_map(|(who, order, at)| Step::Remember(who, order, at)),
        (0..3_u8, 0..3_u8, 0..3_u8, time())
            .prop_map(|(who, order, asker, at)| Step::NoteFirstSeen(who, order, asker, at)),
        few.clone().prop_map(Step::NoteSigner),
        (day.clone(), 0..3_u8, any::<bool>())
            .prop_map(|(day, what, used)| Step::Claim(day, what, used)),
        (day.clone(), 0..3_u8).prop_map(|(day, what)| Step::Mark(day, what)),
        day.prop_map(Step::ForgetBefore),
        (0..3_u8, text()).prop_map(|(digest, kept)| Step::KeepId(digest, kept)),
        (0..2_u8, 0..2_u8, 0..3_u32, time(), digests(), any::<bool>()).prop_map(
            |(one, other, key, at, all, more)| Step::Bring(one, other, key, at, all, more)
        ),
        time().prop_map(Step::ForgetBrought),
        (0..3_u8, 0..3_u8, time(), any::<bool>())
            .prop_map(|(who, order, at, named)| Step::NoteWrote(who, order, at, named)),
        (0..3_u8, time()).prop_map(|(digest, at)| Step::NoteDocument(digest, at)),
        (0..3_u8, time()).prop_map(|(digest, at)| Step::LoseDocument(digest, at)),
        time().prop_map(Step::ForgetDocuments),
        (time(), text()).prop_map(|(at, event)| Step::AddEvent(at, event)),
        time().prop_map(Step::ForgetEvents),
        (0..3_u8, time(), text()).prop_map(|(who, at, row)| Step::AddToDigest(who, at, row)),
        (0..3_u8, 0..3_usize).prop_map(|(who, rows)| Step::ForgetDigest(who, rows)),
        (0..3_u8, octets()).prop_map(|(domain, record)| Step::KeepSuspension(domain, record)),
        few.prop_map(Step::ForgetSuspension),
        (0..3_u8, octets()).prop_map(|(id, record)| Step::KeepToken(id, record)),
        (0..3_u8, any::<bool>(), octets())
            .prop_map(|(id, is_same, record)| Step::NoteToken(id, is_same, record)),
    ]
}

fn account(number: u8) -> ParticipantId {
    format!("account{number}").parse().unwrap()
}

fn order(who: u8, number: u8) -> Order {
    (account(who), format!("order{number}").parse().unwrap())
}

fn address(number: u8) -> Mailbox {
    Mailbox::parse(&format!("who{number}@poczta.example")).unwrap()
}

fn domain(number: u8) -> String {
    format!("d{number}.example")
}

fn message(all: &[u64], more: bool) -> Brought {
    let half = all.len() / 2;
    Brought {
        addresses: all[..half].iter().copied().collect(),
        domains: all[half..].iter().copied().collect(),
        messages: all.iter().copied().collect(),
        more_domains: more,
        ..Brought::default()
    }
}

/// Does the same to both.
pub(super) async fn take(
    state: &dyn State,
    model: &mut Model,
    step: &Step,
) -> Result<(), TestCaseError> {
    match step {
        Step::Remember(who, what, at) => {
            let (order, mark) = (
                order(*who, *what),
                AddressMark::from_bytes(at.to_be_bytes()),
            );
            state.remember(&order.1, &order.0, mark).await.unwrap();
            model.writers.insert(order, mark);
        }
        Step::NoteFirstSeen(who, what, asker, at) => {
            let order = order(*who, *what);
            let named = format!("asker{asker}");
            let first = state.note_first_seen(&order.0, &order.1, &named, Timestamp(*at));
            let first = first.await.unwrap();
            let asked = (order.clone(), *asker);
            model.asked.entry(asked).or_insert(*at);
            prop_assert_eq!(Some(first), model.first_seen(&order));
        }
        Step::NoteSigner(who) => {
            state.note_signer(&address(*who)).await.unwrap();
            model.signers.insert(*who);
        }
        Step::Claim(day, what, is_used) => {
            let mark = (*day, [*what; 16]);
            let won = state.claim(mark).await.unwrap();
            prop_assert_eq!(won, !model.marks.contains(&(*day, *what)));
            if won && *is_used {
                state.mark(mark).await.unwrap();
                model.marks.insert((*day, *what));
            } else if won {
                state.release(mark);
                let free = || async { state.claim(mark).await.unwrap() };
                while !free().await {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                state.mark(mark).await.unwrap();
                model.marks.insert((*day, *what));
            }
        }
        Step::Mark(day, what) => {
            state.mark((*day, [*what; 16])).await.unwrap();
            model.marks.insert((*day, *what));
        }
        Step::ForgetBefore(day) => {
            state.forget_before(*day).await.unwrap();
            let oldest = model.marks.first().map(|mark| mark.0);
            if let Some(oldest) = oldest.filter(|oldest| oldest < day) {
                model.marks.retain(|mark| mark.0 != oldest);
            }
        }
        Step::KeepId(digest, kept) => {
            state.keep_id(&[*digest; 16], kept).await.unwrap();
            model.ids.insert(*digest, kept.clone());
        }
        Step::Bring(one, other, key, at, all, more) => {
            let (writer, reader) = (account(*one), account(*other));
            let new = message(all, *more);
            let brought = state.bring((&writer, &reader), *key, Timestamp(*at), &new);
            brought.await.unwrap();
            model.bring((*one, *other, *key), *at, &new);
        }
        Step::ForgetBrought(oldest) => {
            state.forget_brought(Timestamp(*oldest)).await.unwrap();
            model.brought.retain(|_, (at, _)| *at >= *oldest);
        }
        Step::NoteWrote(who, what, at, document) => {
            let order = order(*who, *what);
            let last = LastWrote {
                at: Timestamp(*at),
                document: *document,
            };
            state.note_wrote(&order.1, &order.0, last).await.unwrap();
            let known = model.wrote.entry(order).or_insert(last);
            if known.at < last.at {
                *known = last;
            }
        }
        _ => return keep(state, model, step).await,
    }
    Ok(())
}

/// The steps about documents, events and records.
async fn keep(state: &dyn State, model: &mut Model, step: &Step) -> Result<(), TestCaseError> {
    match step {
        Step::NoteDocument(digest, at) => {
            let noted = state.note_document(&[*digest; 16], Timestamp(*at));
            noted.await.unwrap();
            let known = model.documents.entry(*digest).or_insert((*at, false));
            if known.0 < *at {
                *known = (*at, false);
            }
        }
        Step::LoseDocument(digest, at) => {
            let lost = state.lose_document(&[*digest; 16], Timestamp(*at));
            lost.await.unwrap();
            let known = model.documents.entry(*digest).or_insert((*at, true));
            if known.0 <= *at {
                *known = (*at, true);
            }
        }
        Step::ForgetDocuments(oldest) => {
            state.forget_documents(Timestamp(*oldest)).await.unwrap();
            model.documents.retain(|_, (at, _)| *at >= *oldest);
        }
        Step::AddEvent(at, event) => {
            let last = model.events.last().map_or(0, |(number, _)| *number);
            state.add_event(Timestamp(*at), event).await.unwrap();
            let new = state.events(last, 10).await.unwrap();
            prop_assert_eq!(new.len(), 1);
            prop_assert!(new[0].0 > last && new[0].0 >= at * 1_000);
            prop_assert_eq!(&new[0].1, event);
            model.events.extend(new);
        }
        Step::ForgetEvents(oldest) => {
            state.forget_events(Timestamp(*oldest)).await.unwrap();
            model.events.retain(|(number, _)| *number >= oldest * 1_000);
        }
        Step::AddToDigest(who, at, row) => {
            let added = state.add_to_digest(&account(*who), Timestamp(*at), row);
            added.await.unwrap();
            let rows = model.digests.entry(account(*who)).or_default();
            rows.push(row.clone());
        }
        Step::ForgetDigest(who, rows) => {
            state.forget_digest(&account(*who), *rows).await.unwrap();
            let known = model.digests.entry(account(*who)).or_default();
            known.drain(..(*rows).min(known.len()));
        }
        Step::KeepSuspension(name, record) => {
            let kept = state.keep_suspension(&domain(*name), record);
            kept.await.unwrap();
            model.suspensions.insert(domain(*name), record.clone());
        }
        Step::ForgetSuspension(name) => {
            let gone = state.forget_suspension(&domain(*name)).await.unwrap();
            prop_assert_eq!(gone, model.suspensions.remove(&domain(*name)).is_some());
        }
        Step::KeepToken(id, record) => {
            state.keep_token(&id.to_string(), record).await.unwrap();
            model.tokens.insert(id.to_string(), record.clone());
        }
        Step::NoteToken(id, is_same, record) => {
            let known = model.tokens.get(&id.to_string()).cloned();
            let before = match (&known, is_same) {
                (Some(known), true) => known.clone(),
                _ => b"another one".to_vec(),
            };
            let noted = state.note_token(&id.to_string(), &before, record);
            noted.await.unwrap();
            if known.is_some() && *is_same {
                model.tokens.insert(id.to_string(), record.clone());
            }
        }
        _ => {}
    }
    Ok(())
}

impl Model {
    fn first_seen(&self, order: &Order) -> Option<Timestamp> {
        let asked = self.asked.iter().filter(|(asked, _)| asked.0 == *order);
        asked.map(|(_, at)| Timestamp(*at)).min()
    }

    fn bring(&mut self, key: (u8, u8, u32), at: u64, new: &Brought) {
        let known = self.brought.get(&key).cloned();
        let (last, mut all) = known.unwrap_or_default();
        let later = Timestamp(at).since(Timestamp(last)) >= DAY;
        if all.add(new) || later {
            self.brought.insert(key, (last.max(at), all));
        }
    }
}

/// Asks both for everything.
pub(super) async fn compare(state: &dyn State, model: &Model) -> Result<(), TestCaseError> {
    for (who, what) in (0..3).flat_map(|who| (0..3).map(move |what| (who, what))) {
        let order = order(who, what);
        let writer = state.last_writer(&order.1, &order.0).await.unwrap();
        prop_assert_eq!(writer, model.writers.get(&order).copied());
        let first = state.first_seen(&order.0, &order.1).await.unwrap();
        prop_assert_eq!(first, model.first_seen(&order));
        let wrote = state.last_wrote(&order.1, &order.0).await.unwrap();
        prop_assert_eq!(wrote, model.wrote.get(&order).copied());
        for oldest in [0, 5, 43_200_000] {
            let found = state.brought(&account(who), &account(what), Timestamp(oldest));
            let found = found.await.unwrap();
            let known = model
                .brought
                .iter()
                .filter(|(key, (at, _))| (key.0, key.1) == (who, what) && *at >= oldest);
            let known: Vec<_> = known.map(|(key, kept)| (key.2, kept.1.clone())).collect();
            prop_assert_eq!(found, known);
        }
    }
    for number in 0..3 {
        let signs = state.is_signer(&address(number)).await.unwrap();
        prop_assert_eq!(signs, model.signers.contains(&number));
        let kept = state.kept_id(&[number; 16]).await.unwrap();
        prop_assert_eq!(kept.as_ref(), model.ids.get(&number));
        let taken = state.document_taken(&[number; 16]).await.unwrap();
        let known = model.documents.get(&number).filter(|(_, lost)| !lost);
        prop_assert_eq!(taken, known.map(|(at, _)| Timestamp(*at)));
        for day in 253..259 {
            let is_marked = state.is_marked((day, [number; 16])).await.unwrap();
            prop_assert_eq!(is_marked, model.marks.contains(&(day, number)));
        }
    }
    let events = state.events(0, 1_000).await.unwrap();
    prop_assert_eq!(&events, &model.events);
    if let Some((number, _)) = events.first() {
        let rest = state.events(*number, 2).await.unwrap();
        let known: Vec<_> = model.events.iter().skip(1).take(2).cloned().collect();
        prop_assert_eq!(rest, known);
    }
    let digests = state.digests().await.unwrap();
    let known = model.digests.iter().filter(|(_, rows)| !rows.is_empty());
    let known: Vec<_> = known
        .map(|(who, rows)| (who.clone(), rows.clone()))
        .collect();
    prop_assert_eq!(digests, known);
    let suspensions = state.suspensions().await.unwrap();
    prop_assert_eq!(
        suspensions,
        model.suspensions.clone().into_iter().collect::<Vec<_>>()
    );
    let tokens = state.tokens().await.unwrap();
    prop_assert_eq!(tokens, model.tokens.clone().into_iter().collect::<Vec<_>>());
    Ok(())
}
