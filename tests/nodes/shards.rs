//! One suite for the tables of a shard, those of the simulation and PostgreSQL's: statements that are made up at random are answered alike.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use allegromail::directory::PostgresSettings;
use allegromail::mail::QueueId;
use allegromail::shards::{
    Answer, Epoch, Failure, Fence, Filed, Kept, Part, Row, Seen, ServerTime, Statement,
};
use allegromail::spool::postgres::{Copies, Session};
use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;

use crate::support::postgres::Postgres;

#[path = "../../src/shards/tests/tables.rs"]
mod tables;
use tables::Tables;

/// No verdict depends on how long the test takes: leases run for a day, and time passes by two.
const LEASE: Duration = Duration::from_hours(24);
const PASS: i64 = 2 * 24 * 3_600 * 1_000_000;
/// An id that is a quarter of an hour later.
const QUARTER: u64 = (15 * 60 * 1_000) << 23;

/// A row, whose fence and entry are picked among those that there are.
#[derive(Debug, Clone)]
enum MadeRow {
    Entry(u8),
    Report(u8),
    Done(u8),
    Progress(u8),
}

#[derive(Debug, Clone)]
enum Step {
    Open,
    Renew(Vec<u8>),
    Release(u8),
    Look,
    Take(u8),
    Read(u8, u8, usize),
    /// With the epochs that the leases have, or those before.
    Write(Vec<MadeRow>, bool),
    Remove(u8),
    /// Time goes on by two days; or the server's clock goes back by so much.
    Pass,
    Back,
}

fn step() -> impl Strategy<Value = Step> {
    let row = prop_oneof![
        1 => any::<u8>().prop_map(MadeRow::Entry),
        3 => any::<u8>().prop_map(MadeRow::Report),
        2 => any::<u8>().prop_map(MadeRow::Done),
        2 => any::<u8>().prop_map(MadeRow::Progress),
    ];
    prop_oneof![
        2 => Just(Step::Open),
        2 => proptest::collection::vec(any::<u8>(), 1..4).prop_map(Step::Renew),
        1 => any::<u8>().prop_map(Step::Release),
        2 => Just(Step::Look),
        4 => any::<u8>().prop_map(Step::Take),
        6 => (any::<u8>(), any::<u8>(), 1_usize..5).prop_map(|(fence, after, most)| Step::Read(fence, after, most)),
        9 => (proptest::collection::vec(row, 1..7), prop::bool::weighted(0.85)).prop_map(|(rows, now)| Step::Write(rows, now)),
        2 => any::<u8>().prop_map(Step::Remove),
        2 => Just(Step::Pass),
        1 => Just(Step::Back),
    ]
}

/// Ids over three quarters of an hour.
fn entry_id(pick: u8) -> QueueId {
    let pick = u64::from(pick % 12);
    QueueId(QUARTER * (7 + pick / 4) + 1 + pick % 4)
}

/// What the steps are about: the fences that were ever given, and what the last look has shown of each side.
#[derive(Default)]
struct Known {
    fences: Vec<Fence>,
    latest: BTreeMap<Part, Epoch>,
    homes: BTreeMap<QueueId, Part>,
    turn: u64,
}

impl Known {
    fn pick(&self, pick: u8) -> Fence {
        let none = Fence {
            part: Part(99),
            epoch: Epoch(1),
        };
        let count = self.fences.len().max(1);
        self.fences
            .get(usize::from(pick) % count)
            .copied()
            .unwrap_or(none)
    }

    /// As [`Known::pick`], mostly one that holds.
    fn pick_latest(&self, pick: u8) -> Fence {
        let mut fence = self.pick(pick);
        if pick < 216 {
            fence.epoch = self.latest.get(&fence.part).copied().unwrap_or(fence.epoch);
        }
        fence
    }

    /// What a step says; `until` is what one side has shown of a lease.
    fn statement(&self, step: &Step, until: &BTreeMap<Part, ServerTime>) -> Option<Statement> {
        let fence = |pick: &u8| self.pick(*pick);
        Some(match step {
            Step::Open => Statement::Open,
            Step::Renew(picks) => {
                let mut fences: Vec<Fence> = picks.iter().map(fence).collect();
                fences.sort_unstable();
                fences.dedup_by_key(|fence| fence.part);
                Statement::Renew(fences)
            }
            Step::Release(pick) => Statement::Release(vec![fence(pick)]),
            Step::Look => Statement::Look,
            Step::Take(pick) => {
                let fence = fence(pick);
                let until = until.get(&fence.part).copied().unwrap_or(ServerTime(1));
                Statement::Take(fence, until)
            }
            Step::Read(pick, after, most) => Statement::Read {
                fence: self.pick_latest(*pick),
                after: if *after < 128 {
                    QueueId(0)
                } else {
                    entry_id(*after)
                },
                most: *most,
            },
            Step::Write(rows, is_now) => {
                let rows = rows.iter().filter_map(|row| self.row(row, *is_now));
                // Who draws an id writes of it once: which of two comes first is not said.
                let mut new = BTreeSet::new();
                let rows = rows.filter(|row| match row {
                    Row::Entry(_, entry) | Row::Report(_, entry) => new.insert(entry.id),
                    _ => true,
                });
                Statement::Write(rows.collect())
            }
            Step::Remove(pick) => Statement::Remove(fence(pick)),
            Step::Pass | Step::Back => return None,
        })
    }

    fn row(&self, row: &MadeRow, is_now: bool) -> Option<Row> {
        let (MadeRow::Entry(pick)
        | MadeRow::Report(pick)
        | MadeRow::Done(pick)
        | MadeRow::Progress(pick)) = row;
        let id = entry_id(*pick);
        // An entry is of one partition, in a batch as well.
        let home = self.homes.get(&id).copied();
        // Another partition may say that it is done, of a commit of the same id that it has given up.
        let home = home.filter(|_| !matches!(row, MadeRow::Done(pick) if *pick > 200));
        let part = home.unwrap_or_else(|| self.pick(*pick % 12).part);
        let latest = self.latest.get(&part)?;
        let epoch = if is_now { *latest } else { Epoch(latest.0 - 1) };
        let fence = Fence { part, epoch };
        let text = |what: &str| Bytes::from(format!("{what} of {id:?} {}", self.turn));
        Some(match row {
            MadeRow::Entry(_) | MadeRow::Report(_) => {
                let (head, body) = (text("head"), text("body"));
                let filed = Filed { id, head, body };
                match row {
                    MadeRow::Report(_) => Row::Report(fence, filed),
                    _ => Row::Entry(fence, filed),
                }
            }
            MadeRow::Done(_) => Row::Done(fence, id),
            MadeRow::Progress(pick) => Row::Progress {
                fence,
                id,
                // Later ones come before earlier ones, too.
                turn: u64::from(pick / 12),
                progress: text("progress"),
            },
        })
    }

    fn learn(&mut self, statement: &Statement, answer: &Answer) {
        self.turn += 1;
        if let Answer::Opened(fence) | Answer::Taken(Some(fence)) = answer {
            self.fences.push(*fence);
            self.latest.insert(fence.part, fence.epoch);
        }
        if let (Statement::Write(rows), Answer::Held(held)) = (statement, answer) {
            for row in rows.iter().filter(|row| held.contains(&row.fence())) {
                if let Row::Entry(fence, entry) | Row::Report(fence, entry) = row {
                    self.homes.entry(entry.id).or_insert(fence.part);
                }
            }
        }
    }
}

/// An answer without what differs from clock to clock; that goes into `until`.
fn without_times(answer: Answer, until: &mut BTreeMap<Part, ServerTime>) -> Answer {
    let Answer::Looked {
        leases,
        is_replicated,
    } = answer
    else {
        return answer;
    };
    until.extend(leases.iter().map(|seen| (seen.fence.part, seen.until)));
    let bare = |seen: &Seen| Seen {
        until: if seen.until == ServerTime::RELEASED {
            seen.until
        } else {
            ServerTime(1)
        },
        ..*seen
    };
    Answer::Looked {
        leases: leases.iter().map(bare).collect(),
        is_replicated,
    }
}

/// Both sides, and what each has shown.
struct Sides {
    tables: Tables,
    now: i64,
    seen: [BTreeMap<Part, ServerTime>; 2],
    session: Session,
    known: Known,
}

impl Sides {
    async fn take(
        &mut self,
        step: &Step,
        server: &Postgres,
        database: &str,
    ) -> Result<Answer, TestCaseError> {
        let Some(simulated) = self.known.statement(step, &self.seen[0]) else {
            let passed = match step {
                Step::Back => -PASS,
                _ => PASS,
            };
            self.now += passed;
            let sql = format!("update lease set until = until - {passed} where until <> 0");
            server.sql(database, &sql);
            return Ok(Answer::Taken(None));
        };
        let real = self.known.statement(step, &self.seen[1]).unwrap();
        if self.tables.undoes(&simulated) {
            let answer = self.session.run(&real).await;
            let is_undone = matches!(answer, Err(Failure::Undone(_)));
            prop_assert!(is_undone, "{real:?}: {answer:?}");
            return Ok(Answer::Taken(None));
        }
        let expected = self.tables.run(self.now, LEASE, &simulated);
        let expected = without_times(expected, &mut self.seen[0]);
        let answer = self.session.run(&real).await;
        let answer =
            answer.map_err(|failure| TestCaseError::fail(format!("{real:?}: {failure:?}")))?;
        let answer = without_times(answer, &mut self.seen[1]);
        prop_assert_eq!(&answer, &expected, "{:?}", real);
        self.known.learn(&simulated, &answer);
        Ok(answer)
    }
}

#[test]
fn postgres_answers_as_the_simulated_shard_does() {
    let Some(server) = Postgres::shared() else {
        return;
    };
    let runtime = Runtime::new().unwrap();
    let config = Config {
        cases: 16,
        failure_persistence: None,
        max_shrink_iters: 100,
        ..Config::default()
    };
    let kinds = std::cell::RefCell::new(BTreeMap::<String, usize>::new());
    let steps = proptest::collection::vec(step(), 30..90);
    TestRunner::new(config)
        .run(&steps, |steps| {
            let database = server.database();
            let settings = PostgresSettings::parse(&server.url(&database), None, None).unwrap();
            runtime.block_on(async {
                let session = Session::open(&settings, Copies::Engine, "mx1", LEASE)
                    .await
                    .unwrap();
                let mut sides = Sides {
                    tables: Tables::default(),
                    now: 1_000 * PASS,
                    seen: [BTreeMap::new(), BTreeMap::new()],
                    session,
                    known: Known::default(),
                };
                for step in [Step::Open, Step::Look].iter().chain(&steps) {
                    let answer = sides.take(step, &server, &database).await?;
                    *kinds.borrow_mut().entry(kind(step, &answer)).or_default() += 1;
                    // What may be taken is known by a look at it.
                    if matches!(
                        step,
                        Step::Pass | Step::Back | Step::Take(_) | Step::Renew(_)
                    ) {
                        sides.take(&Step::Look, &server, &database).await?;
                    }
                }
                for pick in 0..=u8::try_from(sides.known.fences.len()).unwrap() {
                    sides
                        .take(&Step::Read(pick, 0, 100), &server, &database)
                        .await?;
                }
                Ok(())
            })
        })
        .unwrap();
    let kinds = kinds.into_inner();
    println!("{kinds:?}");
    // Each statement is answered with yes and with no.
    for kind in [
        "taken",
        "not taken",
        "read",
        "not read",
        "held",
        "not held",
        "removed",
        "not removed",
        "undone",
    ] {
        assert!(kinds.contains_key(kind), "never {kind}: {kinds:?}");
    }
}

fn kind(step: &Step, answer: &Answer) -> String {
    let (yes, what) = match (step, answer) {
        (Step::Take(_), Answer::Taken(taken)) => (taken.is_some(), "taken"),
        (Step::Read(..), Answer::Read(read)) => (
            read.as_ref()
                .is_some_and(|kept: &Vec<Kept>| !kept.is_empty()),
            "read",
        ),
        (Step::Write(..), Answer::Held(held)) => (!held.is_empty(), "held"),
        (Step::Write(..), _) => return "undone".to_owned(),
        (Step::Remove(_), Answer::Held(held)) => (!held.is_empty(), "removed"),
        _ => (true, "other"),
    };
    format!("{}{what}", if yes { "" } else { "not " })
}

#[test]
fn tables_of_a_quarter_of_an_hour_go_when_nothing_lives_in_them() {
    let Some(server) = Postgres::shared() else {
        return;
    };
    let database = server.database();
    let settings = PostgresSettings::parse(&server.url(&database), None, None).unwrap();
    let tables = || {
        server.sql(
            &database,
            "select count(*) from pg_tables where tablename ~ '^(entry|done|progress)_'",
        )
    };
    Runtime::new().unwrap().block_on(async {
        let mut session = Session::open(&settings, Copies::Engine, "mx1", LEASE)
            .await
            .unwrap();
        let Ok(Answer::Opened(fence)) = session.run(&Statement::Open).await else {
            panic!("no partition");
        };
        let (first, second) = (entry_id(0), entry_id(4));
        let text = || Bytes::from_static(b"text");
        let entry = |id| {
            Row::Entry(
                fence,
                Filed {
                    id,
                    head: text(),
                    body: text(),
                },
            )
        };
        let write = Statement::Write(vec![entry(first), entry(second)]);
        session.run(&write).await.unwrap();
        assert_eq!(session.drop_empty(entry_id(8)).await.unwrap(), 0);
        session
            .run(&Statement::Write(vec![Row::Done(fence, first)]))
            .await
            .unwrap();
        assert_eq!(session.drop_empty(second).await.unwrap(), 1);
        assert_eq!(tables(), "3");
        // Of another node, which does not know; and what was done is said again.
        let mut other = Session::open(&settings, Copies::Engine, "mx2", LEASE)
            .await
            .unwrap();
        let again = Statement::Write(vec![Row::Done(fence, first), Row::Done(fence, second)]);
        for session in [&mut other, &mut session] {
            assert_eq!(session.run(&again).await, Ok(Answer::Held(vec![fence])));
        }
        assert_eq!(other.drop_empty(entry_id(8)).await.unwrap(), 2);
        assert_eq!(
            session.run(&again).await,
            Ok(Answer::Held(vec![fence])),
            "its tables were dropped by another"
        );
        assert_eq!(
            session.run(&Statement::Remove(fence)).await,
            Ok(Answer::Held(vec![fence]))
        );
    });
}
