//! Batches, and what becomes of those that fail.

use std::time::Duration;

use bytes::Bytes;

use super::super::{
    Answer, Candidate, Effect, Event, Failure, Lane, Monotonic, NotReady, Outcome, QueueId, Row,
    Rules, Statement, choose,
};
use super::{OWN, Stage, entry, looked, undone};

#[test]
fn a_commit_without_an_answer_is_refused_and_taken_back() {
    let mut stage = Stage::ready();
    stage.hear(Event::Submit(vec![entry(1, 10), entry(2, 10)]));
    stage.pass(29_750, || looked(Vec::new()));
    assert!(stage.said.is_empty());
    stage.pass(250, || looked(Vec::new()));
    assert!(matches!(&stage.said[..], [Effect::Refused(ids)] if ids == &[QueueId(1), QueueId(2)]));
    stage.pass(1_000, || looked(Vec::new()));
    let rows = vec![Row::Done(OWN, QueueId(1)), Row::Done(OWN, QueueId(2))];
    assert_eq!(stage.under_way(Lane::Writes), Some(&Statement::Write(rows)));
    // Until that is written, it is said again.
    stage.answer(Lane::Writes, Err(Failure::Unknown(String::new())));
    stage.pass(1_000, || looked(Vec::new()));
    assert!(
        matches!(stage.under_way(Lane::Writes), Some(Statement::Write(rows)) if rows.len() == 2)
    );
}

#[test]
fn a_commit_that_was_surely_not_done_is_refused_and_needs_nothing_else() {
    let mut stage = Stage::ready();
    stage.hear(Event::Submit(vec![entry(1, 10)]));
    stage.answer(Lane::Writes, Err(undone()));
    assert!(matches!(&stage.said[..], [Effect::Refused(ids)] if ids == &[QueueId(1)]));
    stage.pass(2_000, || looked(Vec::new()));
    assert_eq!(stage.under_way(Lane::Writes), None);
}

#[test]
fn outcomes_are_said_until_they_are_written() {
    let mut stage = Stage::ready();
    stage.owns(1);
    assert!(stage.keeper.begin(Monotonic(stage.now), QueueId(1)));
    stage.settle(1, Outcome::Deferred(Bytes::from_static(b"later")));
    let first = stage.under_way(Lane::Writes).cloned();
    for failure in [undone(), Failure::Unknown(String::new())] {
        stage.answer(Lane::Writes, Err(failure));
        stage.pass(1_000, || looked(Vec::new()));
        assert_eq!(stage.under_way(Lane::Writes), first.as_ref());
    }
    stage.answer(Lane::Writes, Ok(Answer::Held(vec![OWN])));
    assert!(matches!(&stage.said[..], [Effect::Settled(QueueId(1))]));
}

#[test]
fn a_write_that_finds_another_owner_disowns() {
    let mut stage = Stage::ready();
    stage.hear(Event::Submit(vec![entry(1, 10)]));
    stage.answer(Lane::Writes, Ok(Answer::Held(Vec::new())));
    assert!(
        matches!(&stage.said[..], [Effect::Refused(ids), Effect::Disown(part)] if ids == &[QueueId(1)] && *part == OWN.part)
    );
}

#[test]
fn what_is_gathered_goes_out_in_batches() {
    let mut stage = Stage::ready();
    stage.hear(Event::Submit(vec![entry(1, 10)]));
    for id in 2..=100 {
        stage.hear(Event::Submit(vec![entry(id, 10)]));
    }
    for id in 101..=104 {
        stage.hear(Event::Submit(vec![entry(id, 7 << 20)]));
    }
    let mut batches = Vec::new();
    while let Some(Statement::Write(rows)) = stage.under_way(Lane::Writes) {
        batches.push(rows.len());
        stage.answer(Lane::Writes, Ok(Answer::Held(vec![OWN])));
    }
    assert_eq!(batches, [1, 64, 37, 2]);
    assert_eq!(stage.keeper.bytes(), 0);
}

#[test]
fn a_shard_that_stalls_takes_no_new_mail_and_another_does() {
    let mut stage = Stage::ready();
    let ready = |stage: &Stage| stage.keeper.ready(Monotonic(stage.now));
    stage.hear(Event::Submit(vec![entry(1, 10)]));
    stage.pass(5_000, || looked(Vec::new()));
    assert_eq!(ready(&stage), Ok(()));
    stage.pass(250, || looked(Vec::new()));
    assert_eq!(ready(&stage), Err(NotReady::Stalled));
    stage.answer(Lane::Writes, Ok(Answer::Held(vec![OWN])));
    assert_eq!(ready(&stage), Ok(()));
    stage.hear(Event::Submit(vec![entry(2, 64 << 20)]));
    assert_eq!(ready(&stage), Err(NotReady::Full));
    stage.answer(Lane::Writes, Ok(Answer::Held(vec![OWN])));
    stage.pass(1_000, || Answer::Looked {
        leases: Vec::new(),
        is_replicated: false,
    });
    assert_eq!(ready(&stage), Err(NotReady::NotReplicated));
    let shard = |is_ready, is_near, bytes| Candidate {
        is_ready,
        is_near,
        bytes,
    };
    let shards = [
        shard(false, true, 0),
        shard(true, false, 0),
        shard(true, true, 9),
        shard(true, true, 9),
    ];
    assert_eq!(choose(&shards, 3), Some(3));
    assert_eq!(choose(&shards, 4), Some(2));
    assert_eq!(choose(&shards[..2], 0), Some(1));
    assert_eq!(choose(&shards[..1], 0), None);
    assert_eq!(Duration::from_secs(5), Rules::default().stall);
}
