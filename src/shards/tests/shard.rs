//! A shard of the simulation: a primary whose commits wait for a standby, and what goes wrong with the two.

use std::collections::VecDeque;
use std::time::Duration;

use super::tables::Tables;
use super::{Answer, Call, Failure, Fence, Statement};

/// Who sent a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sender {
    pub(super) node: usize,
    /// Which start of it.
    pub(super) life: u32,
    pub(super) call: Call,
}

/// A commit that the standby has not synced.
#[derive(Debug)]
struct Commit {
    number: u64,
    at: i64,
    statement: Statement,
    from: Sender,
}

/// What is to be told to whom.
pub(super) type Told = (Sender, Result<Answer, Failure>);

#[derive(Debug)]
pub(super) struct Shard {
    pub(super) primary: Tables,
    standby: Tables,
    log: VecDeque<Commit>,
    /// The one whose commit waits; all others wait behind it, as behind its locks.
    waiting: Option<(u64, Sender, Answer)>,
    queue: VecDeque<(Sender, Statement)>,
    lease: Duration,
    /// What its clock shows beyond the time of the simulation, in microseconds.
    pub(super) ahead: i64,
    /// Counts failovers: connections are to one primary.
    pub(super) generation: u32,
    pub(super) is_down: bool,
    pub(super) is_standby_frozen: bool,
    /// Whether `synchronous_standby_names` names any.
    pub(super) is_listed: bool,
    /// A planted fault: nobody looks at that.
    pub(super) trusts_any_list: bool,
    commits: u64,
}

/// What has come of a statement that was taken up.
#[derive(Debug)]
pub(super) enum Taken {
    /// Answers that are ready.
    Told(Told),
    /// A commit of this number is on its way to the standby.
    Sent(u64),
}

impl Shard {
    pub(super) fn new(lease: Duration, tables: Tables) -> Self {
        Self {
            primary: tables.clone(),
            standby: tables,
            log: VecDeque::new(),
            waiting: None,
            queue: VecDeque::new(),
            lease,
            ahead: 0,
            generation: 0,
            is_down: false,
            is_standby_frozen: false,
            is_listed: true,
            trusts_any_list: false,
            commits: 0,
        }
    }

    pub(super) fn arrive(&mut self, from: Sender, statement: Statement) {
        self.queue.push_back((from, statement));
    }

    /// Takes up what waits, as far as nothing stands before it. `now` is in milliseconds of the simulation.
    pub(super) fn work(&mut self, now: u64) -> Vec<Taken> {
        let mut taken = Vec::new();
        while !self.is_down && self.waiting.is_none() {
            let Some((from, statement)) = self.queue.pop_front() else {
                break;
            };
            if !self.is_listed && !self.trusts_any_list && statement != Statement::Look {
                let text = "not replicated".to_owned();
                taken.push(Taken::Told((from, Err(Failure::Undone(text)))));
                continue;
            }
            if self.primary.undoes(&statement) {
                let text = "there is an entry of this id".to_owned();
                taken.push(Taken::Told((from, Err(Failure::Undone(text)))));
                continue;
            }
            let at = i64::try_from(now).unwrap() * 1_000 + self.ahead;
            let mut answer = self.primary.run(at, self.lease, &statement);
            let is_safe = self.is_listed && !self.is_standby_frozen || self.trusts_any_list;
            if let Answer::Looked { is_replicated, .. } = &mut answer {
                *is_replicated = is_safe;
            }
            if matches!(statement, Statement::Look | Statement::Read { .. }) {
                taken.push(Taken::Told((from, Ok(answer))));
                continue;
            }
            self.commits += 1;
            let number = self.commits;
            self.log.push_back(Commit {
                number,
                at,
                statement,
                from,
            });
            taken.push(Taken::Sent(number));
            match self.is_listed {
                true => self.waiting = Some((number, from, answer)),
                // Nobody waits for a standby; here only with the planted fault.
                false => taken.push(Taken::Told((from, Ok(answer)))),
            }
        }
        taken
    }

    /// The standby has synced up to the commit `number`: who waited is told. Also, which partitions have new owners since.
    pub(super) fn replicated(&mut self, number: u64) -> (Option<Told>, Vec<(Sender, Fence)>) {
        let mut owners = Vec::new();
        while self.log.front().is_some_and(|first| first.number <= number) {
            owners.extend(self.replicate());
        }
        let done = self.waiting.take_if(|(waits, ..)| *waits <= number);
        (done.map(|(_, from, answer)| (from, Ok(answer))), owners)
    }

    fn replicate(&mut self) -> Option<(Sender, Fence)> {
        let commit = self.log.pop_front()?;
        let answer = self.standby.run(commit.at, self.lease, &commit.statement);
        match answer {
            Answer::Opened(fence) | Answer::Taken(Some(fence)) => Some((commit.from, fence)),
            _ => None,
        }
    }

    /// The commit that waits is told not to: by `pg_cancel_backend`, or because the list of standbys was emptied. It is on the primary alone.
    pub(super) fn cancel(&mut self, with_warning: bool) -> Option<Told> {
        let (_, from, answer) = self.waiting.take()?;
        // The guard after the commit asks how far the standbys are.
        let is_believed = self.trusts_any_list && !with_warning;
        let text = "not known to be replicated".to_owned();
        let answer = match is_believed {
            true => Ok(answer),
            false => Err(Failure::Unknown(text)),
        };
        Some((from, answer))
    }

    /// The primary is gone, and everything that was under way with it.
    pub(super) fn fail(&mut self) -> Vec<Told> {
        self.is_down = true;
        self.generation += 1;
        let waiting = self.waiting.take().map(|(_, from, _)| from);
        let queued = self.queue.drain(..).map(|(from, _)| from);
        let lost = |from| (from, Err(Failure::Unknown("connection lost".to_owned())));
        waiting.into_iter().chain(queued).map(lost).collect()
    }

    /// The standby becomes the primary; `more` commits beyond those that were answered had reached it.
    pub(super) fn promote(&mut self, more: usize) -> Vec<(Sender, Fence)> {
        let mut owners = Vec::new();
        for _ in 0..more {
            owners.extend(self.replicate());
        }
        self.log.clear();
        self.primary = self.standby.clone();
        self.is_down = false;
        self.is_standby_frozen = false;
        owners
    }

    pub(super) fn unreplicated(&self) -> usize {
        self.log.len()
    }

    /// The last commit, for a standby that catches up.
    pub(super) fn last(&self) -> u64 {
        self.commits
    }
}
