//! Leases of others: when they are taken, and what is adopted with them.

use bytes::Bytes;

use super::super::{
    Answer, Effect, Epoch, Event, Fence, Kept, Lane, Monotonic, Outcome, QueueId, ServerTime,
    Statement,
};
use super::{OTHER, Stage, entry, lapsed, looked};

#[test]
fn a_lease_is_taken_once_it_was_seen_unchanged_for_fourteen_seconds() {
    let mut stage = Stage::ready();
    stage.pass(10_000, || lapsed(5));
    // Renewed: it all begins anew.
    stage.pass(13_000, || lapsed(6));
    assert_eq!(stage.under_way(Lane::Leases), None);
    stage.pass(4_000, || lapsed(6));
    let take = Statement::Take(OTHER, ServerTime(6));
    assert_eq!(stage.under_way(Lane::Leases), Some(&take));
    let taken = Fence {
        epoch: Epoch(8),
        ..OTHER
    };
    stage.answer(Lane::Leases, Ok(Answer::Taken(Some(taken))));
    stage.pass(250, || looked(Vec::new()));
    let asks = stage.under_way(Lane::Leases);
    assert!(matches!(asks, Some(Statement::Read { fence, .. }) if *fence == taken));
    let kept = Kept {
        id: QueueId(9),
        head: Bytes::new(),
        progress: None,
    };
    stage.answer(Lane::Leases, Ok(Answer::Read(Some(vec![kept]))));
    assert!(
        matches!(&stage.said[..], [Effect::Adopt(part, entries)] if *part == OTHER.part && entries.len() == 1)
    );
    // Run dry, it is removed.
    assert!(stage.keeper.begin(Monotonic(stage.now), QueueId(9)));
    stage.settle(9, Outcome::Done);
    stage.answer(Lane::Writes, Ok(Answer::Held(vec![taken])));
    stage.pass(250, || looked(Vec::new()));
    assert_eq!(
        stage.under_way(Lane::Leases),
        Some(&Statement::Remove(taken))
    );
}

#[test]
fn a_lease_that_was_taken_counts_from_when_that_was_asked() {
    let mut stage = Stage::ready();
    stage.pass(2_250, || lapsed(ServerTime::RELEASED.0));
    let asked = stage.now;
    stage.now += 600;
    stage.answer(Lane::Leases, Ok(Answer::Taken(Some(OTHER))));
    stage.pass_looks();
    assert!(matches!(
        stage.under_way(Lane::Leases),
        Some(Statement::Read { .. })
    ));
    let kept = Kept {
        id: QueueId(9),
        head: Bytes::new(),
        progress: None,
    };
    stage.answer(Lane::Leases, Ok(Answer::Read(Some(vec![kept]))));
    for (now, may) in [(asked + 12_000, true), (asked + 12_001, false)] {
        assert_eq!(stage.keeper.begin(Monotonic(now), QueueId(9)), may, "{now}");
        stage.hear(Event::End(QueueId(9)));
    }
}

#[test]
fn a_lease_that_was_given_back_is_taken_at_once() {
    let mut stage = Stage::ready();
    stage.pass(2_250, || lapsed(ServerTime::RELEASED.0));
    let take = Statement::Take(OTHER, ServerTime::RELEASED);
    assert_eq!(stage.under_way(Lane::Leases), Some(&take));
}

#[test]
fn all_pages_of_a_partition_are_adopted() {
    let mut stage = Stage::ready();
    stage.pass(2_250, || lapsed(ServerTime::RELEASED.0));
    stage.answer(Lane::Leases, Ok(Answer::Taken(Some(OTHER))));
    let page = |ids: std::ops::RangeInclusive<u64>| {
        let kept = |id| Kept {
            id: QueueId(id),
            head: Bytes::new(),
            progress: None,
        };
        Answer::Read(Some(ids.map(kept).collect()))
    };
    let read = |stage: &Stage| match stage.under_way(Lane::Leases) {
        Some(Statement::Read { after, most, .. }) => Some((after.0, *most)),
        _ => None,
    };
    stage.pass_looks();
    assert_eq!(read(&stage), Some((0, 1_000)));
    stage.answer(Lane::Leases, Ok(page(1..=1_000)));
    assert_eq!(read(&stage), Some((1_000, 1_000)));
    stage.answer(Lane::Leases, Ok(page(1_001..=1_001)));
    let adopted = stage.said.iter().map(|effect| match effect {
        Effect::Adopt(_, entries) => entries.len(),
        other => panic!("{other:?}"),
    });
    assert_eq!(adopted.sum::<usize>(), 1_001);
    assert_eq!(read(&stage), None);
}

#[test]
fn what_was_done_while_entries_were_read_is_not_adopted_again() {
    let mut stage = Stage::ready();
    stage.pass(2_250, || lapsed(ServerTime::RELEASED.0));
    stage.answer(Lane::Leases, Ok(Answer::Taken(Some(OTHER))));
    stage.pass_looks();
    let kept = |id| Kept {
        id: QueueId(id),
        head: Bytes::new(),
        progress: None,
    };
    let page = (1..=1_000).map(kept).collect();
    stage.answer(Lane::Leases, Ok(Answer::Read(Some(page))));
    // The second page is under way, with a report that this node writes and delivers meanwhile.
    for (id, report) in [(1, Some(entry(2_000, 10))), (2_000, None)] {
        assert!(stage.keeper.begin(Monotonic(stage.now), QueueId(id)));
        stage.hear(Event::Settle {
            id: QueueId(id),
            outcome: Outcome::Done,
            report,
        });
        stage.answer(Lane::Writes, Ok(Answer::Held(vec![OTHER])));
    }
    stage.said.clear();
    let page = vec![kept(1_001), kept(2_000)];
    stage.answer(Lane::Leases, Ok(Answer::Read(Some(page))));
    assert!(matches!(&stage.said[..], [Effect::Adopt(_, entries)] if entries.len() == 1));
}
