//! One keeper, told by hand what the shard answers.

mod adoption;
mod leases;
mod writes;

use bytes::Bytes;

use super::{
    Answer, Call, Effect, Epoch, Event, Failure, Fence, Filed, Keeper, Lane, Monotonic, Outcome,
    Part, QueueId, Rules, Seen, ServerTime, Statement,
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
