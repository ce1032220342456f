//! Leases of its own: when attempts may start, and when it has lost them.

use super::super::{Answer, Effect, Event, Lane, Monotonic, NotReady, Outcome, QueueId, Statement};
use super::{OWN, Stage, entry, looked};

#[test]
fn no_attempt_starts_twelve_seconds_after_the_last_answered_renewal_was_sent() {
    let mut stage = Stage::ready();
    stage.owns(1);
    stage.pass(3_000, || looked(Vec::new()));
    let renewed = 3_000;
    // The next ones are not answered, and one is answered late: what counts is when it was sent.
    for (now, may) in [(renewed + 12_000, true), (renewed + 12_001, false)] {
        assert_eq!(stage.keeper.begin(Monotonic(now), QueueId(1)), may, "{now}");
        stage.hear(Event::End(QueueId(1)));
    }
    stage.now = 6_000;
    stage.hear(Event::Tick);
    stage.now = 10_900;
    let renewal = stage.under_way(Lane::Leases).cloned();
    assert_eq!(renewal, Some(Statement::Renew(vec![OWN])));
    stage.answer(Lane::Leases, Ok(Answer::Held(vec![OWN])));
    for (now, may) in [(18_000, true), (18_001, false)] {
        assert_eq!(stage.keeper.begin(Monotonic(now), QueueId(1)), may, "{now}");
        stage.hear(Event::End(QueueId(1)));
    }
}

#[test]
fn a_renewal_that_finds_another_owner_disowns() {
    let mut stage = Stage::ready();
    stage.owns(1);
    stage.hear(Event::Submit(vec![entry(2, 10)]));
    stage.hear(Event::Submit(vec![entry(3, 10)]));
    stage.now = 3_000;
    stage.hear(Event::Tick);
    stage.answer(Lane::Leases, Ok(Answer::Held(Vec::new())));
    // What was not sent is refused; what was sent may still have been written before.
    assert!(
        matches!(&stage.said[..], [Effect::Refused(ids), Effect::Disown(part)] if ids == &[QueueId(3)] && *part == OWN.part)
    );
    assert!(!stage.keeper.begin(Monotonic(3_000), QueueId(1)));
    stage.said.clear();
    stage.answer(Lane::Writes, Ok(Answer::Held(vec![OWN])));
    // Durable, and for whoever has taken the partition.
    assert!(matches!(&stage.said[..], [Effect::Accepted(ids, None)] if ids == &[QueueId(2)]));
}

#[test]
fn a_node_that_ends_gives_its_leases_back_when_nothing_is_under_way() {
    let mut stage = Stage::ready();
    stage.owns(1);
    stage.owns(2);
    assert!(stage.keeper.begin(Monotonic(stage.now), QueueId(1)));
    stage.hear(Event::Drain);
    let now = Monotonic(stage.now);
    assert_eq!(stage.keeper.ready(now), Err(NotReady::Draining));
    assert!(!stage.keeper.begin(now, QueueId(2)));
    stage.pass(5_000, || looked(Vec::new()));
    assert_eq!(stage.under_way(Lane::Leases), None);
    stage.settle(1, Outcome::Done);
    assert_eq!(
        stage.under_way(Lane::Leases),
        None,
        "its outcome is not written"
    );
    stage.answer(Lane::Writes, Ok(Answer::Held(vec![OWN])));
    assert_eq!(
        stage.under_way(Lane::Leases),
        Some(&Statement::Release(vec![OWN]))
    );
    stage.answer_leases();
    assert!(matches!(stage.said.last(), Some(Effect::Drained)));
    assert_eq!(stage.keeper.wake_at(), Monotonic(u64::MAX));
}
