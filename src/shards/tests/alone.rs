//! One keeper, told by hand what the shard answers.

use std::time::Duration;

use bytes::Bytes;

use super::{
    Answer, Call, Candidate, Effect, Epoch, Event, Failure, Fence, Filed, Keeper, Kept, Lane,
    Monotonic, NotReady, Outcome, Part, QueueId, Row, Rules, Seen, ServerTime, Statement, choose,
};

const OWN: Fence = Fence {
    part: Part(1),
    epoch: Epoch(1),
};
const OTHER: Fence = Fence {
    part: Part(2),
    epoch: Epoch(7),
};

/// A keeper, its clock, and what it has said.
struct Stage {
    keeper: Keeper,
    now: u64,
    sent: Vec<(Lane, Call, Statement)>,
    said: Vec<Effect>,
}

fn entry(id: u64, size: usize) -> Filed {
    Filed {
        id: QueueId(id),
        head: Bytes::new(),
        body: vec![0; size].into(),
    }
}

fn undone() -> Failure {
    Failure::Undone("in a test".to_owned())
}

impl Stage {
    fn new() -> Self {
        let rules = Rules {
            partitions: 1,
            ..Rules::default()
        };
        let keeper = Keeper::new(rules, 1, Monotonic(0));
        let (sent, said) = (Vec::new(), Vec::new());
        Self {
            keeper,
            now: 0,
            sent,
            said,
        }
    }

    /// One that has a partition and takes mail.
    fn ready() -> Self {
        let mut stage = Self::new();
        stage.hear(Event::Tick);
        stage.answer(Lane::Leases, Ok(Answer::Opened(OWN)));
        stage.answer_leases();
        assert_eq!(stage.keeper.ready(Monotonic(stage.now)), Ok(()));
        stage.said.clear();
        stage
    }

    fn hear(&mut self, event: Event) {
        for effect in self.keeper.handle(Monotonic(self.now), event) {
            match effect {
                Effect::Send(lane, call, statement) => self.sent.push((lane, call, statement)),
                Effect::Reset(lane) => self.sent.retain(|(other, ..)| *other != lane),
                other => self.said.push(other),
            }
        }
    }

    /// The statement under way on a lane.
    fn under_way(&self, lane: Lane) -> Option<&Statement> {
        let mut sent = self.sent.iter();
        sent.find(|(other, ..)| *other == lane).map(|(.., one)| one)
    }

    fn answer(&mut self, lane: Lane, answer: Result<Answer, Failure>) {
        let at = self.sent.iter().position(|(other, ..)| *other == lane);
        let (_, call, _) = self.sent.remove(at.unwrap());
        self.hear(Event::Answered(call, answer));
    }

    /// Answers what is asked about leases, as a shard where nothing happens does.
    fn answer_leases(&mut self) {
        while let Some(statement) = self.under_way(Lane::Leases) {
            let answer = match statement {
                Statement::Renew(fences) | Statement::Release(fences) => {
                    Answer::Held(fences.clone())
                }
                Statement::Look => looked(Vec::new()),
                other => panic!("{other:?}"),
            };
            self.answer(Lane::Leases, Ok(answer));
        }
    }

    /// Answers a look, should one be under way.
    fn pass_looks(&mut self) {
        if self.under_way(Lane::Leases) == Some(&Statement::Look) {
            self.answer(Lane::Leases, Ok(looked(Vec::new())));
        }
    }

    /// Time passes, by quarters of a second; leases are answered for with `looks`.
    fn pass(&mut self, span: u64, looks: impl Fn() -> Answer) {
        for _ in 0..span / 250 {
            self.now += 250;
            self.hear(Event::Tick);
            while let Some(statement) = self.under_way(Lane::Leases) {
                let answer = match statement {
                    Statement::Renew(fences) => Answer::Held(fences.clone()),
                    Statement::Look => looks(),
                    _ => return,
                };
                self.answer(Lane::Leases, Ok(answer));
            }
        }
    }

    /// An entry that is this node's.
    fn owns(&mut self, id: u64) {
        self.hear(Event::Submit(vec![entry(id, 10)]));
        self.answer(Lane::Writes, Ok(Answer::Held(vec![OWN])));
        let said = self.said.pop();
        assert!(
            matches!(said, Some(Effect::Accepted(ids, Some(part))) if ids == [QueueId(id)] && part == OWN.part)
        );
    }

    fn settle(&mut self, id: u64, outcome: Outcome) {
        let (id, report) = (QueueId(id), None);
        self.hear(Event::Settle {
            id,
            outcome,
            report,
        });
    }
}

fn looked(leases: Vec<Seen>) -> Answer {
    Answer::Looked {
        leases,
        is_replicated: true,
    }
}

fn lapsed(until: i64) -> Answer {
    looked(vec![Seen {
        fence: OTHER,
        until: ServerTime(until),
        is_lapsed: true,
    }])
}

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
fn a_write_that_finds_another_owner_disowns() {
    let mut stage = Stage::ready();
    stage.hear(Event::Submit(vec![entry(1, 10)]));
    stage.answer(Lane::Writes, Ok(Answer::Held(Vec::new())));
    assert!(
        matches!(&stage.said[..], [Effect::Refused(ids), Effect::Disown(part)] if ids == &[QueueId(1)] && *part == OWN.part)
    );
}

#[test]
fn a_lease_that_was_given_back_is_taken_at_once() {
    let mut stage = Stage::ready();
    stage.pass(2_250, || lapsed(ServerTime::RELEASED.0));
    let take = Statement::Take(OTHER, ServerTime::RELEASED);
    assert_eq!(stage.under_way(Lane::Leases), Some(&take));
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
