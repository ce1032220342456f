//! The two connections of a node to a shard: one for writes, one for leases, each with one statement under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::guard::Copies;
use super::session::Session;
use crate::directory::PostgresSettings;
use crate::shards::{Answer, Call, Failure, Lane, Rules, Statement};

/// The waits before another connection, where one was given up that never answered. Its server process may stay for as long as standbys are away, and there
/// are not many of them.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// The longest of them.
const LONGEST_WAIT: Duration = Duration::from_secs(16);

/// A shard as a node uses it.
#[derive(Debug, Clone)]
pub struct ShardSettings {
    /// Its number, for the log.
    pub number: usize,
    /// How it is reached.
    pub postgres: PostgresSettings,
    /// On how many machines a commit must be synced.
    pub copies: Copies,
    /// The node's name.
    pub owner: String,
    /// The same for all nodes.
    pub rules: Rules,
    /// Differs from node to node, and from start to start.
    pub seed: u64,
}

/// What came of a statement.
pub(super) type Answered = (Call, Result<Answer, Failure>);

/// A connection and its task, which ends with this.
struct Connection {
    statements: mpsc::UnboundedSender<(Call, Statement)>,
    task: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One of the two.
#[derive(Default)]
struct Line {
    connection: Option<Connection>,
    /// How many were given up, one behind the other, since the last answer.
    given_up: Arc<AtomicU32>,
}

/// Both connections.
pub(super) struct Lanes {
    settings: ShardSettings,
    answers: mpsc::UnboundedSender<Answered>,
    writes: Line,
    leases: Line,
}

impl Lanes {
    pub(super) fn new(settings: ShardSettings, answers: mpsc::UnboundedSender<Answered>) -> Self {
        Self {
            settings,
            answers,
            writes: Line::default(),
            leases: Line::default(),
        }
    }

    fn of(&mut self, lane: Lane) -> &mut Line {
        match lane {
            Lane::Writes => &mut self.writes,
            Lane::Leases => &mut self.leases,
        }
    }

    /// Runs a statement; the answer comes to whoever hears the answers.
    pub(super) fn send(&mut self, lane: Lane, call: Call, statement: Statement) {
        let (settings, answers) = (self.settings.clone(), self.answers.clone());
        let line = self.of(lane);
        let given_up = line.given_up.clone();
        let connection = line.connection.get_or_insert_with(|| {
            let (statements, received) = mpsc::unbounded_channel();
            let server = Server {
                rests_until: rest(given_up.load(Ordering::Relaxed))
                    .map(|wait| Instant::now() + wait),
                settings,
                given_up,
                session: None,
                has_failed: false,
            };
            let task = tokio::spawn(server.serve(received, answers));
            Connection { statements, task }
        });
        // It ends only with its sender.
        let _ = connection.statements.send((call, statement));
    }

    /// Gives a connection up. What was sent there may be done all the same.
    pub(super) fn reset(&mut self, lane: Lane) {
        let line = self.of(lane);
        line.connection = None;
        line.given_up.fetch_add(1, Ordering::Relaxed);
    }
}

/// How long none is opened after so many that never answered.
fn rest(given_up: u32) -> Option<Duration> {
    let doubled = given_up.checked_sub(1)?.min(16);
    Some((FIRST_WAIT * (1 << doubled)).min(LONGEST_WAIT))
}

/// What runs the statements of one connection.
struct Server {
    settings: ShardSettings,
    session: Option<Session>,
    given_up: Arc<AtomicU32>,
    rests_until: Option<Instant>,
    /// Whether the last statement failed: a shard that is away is told of once.
    has_failed: bool,
}

impl Server {
    /// Runs statements one behind the other, and connects where there is no connection.
    async fn serve(
        mut self,
        mut statements: mpsc::UnboundedReceiver<(Call, Statement)>,
        answers: mpsc::UnboundedSender<Answered>,
    ) {
        while let Some((call, statement)) = statements.recv().await {
            let answer = match self.living().await {
                Ok(session) => {
                    let answer = session.run(&statement).await;
                    self.given_up.store(0, Ordering::Relaxed);
                    answer
                }
                // Nothing was sent.
                Err(failure) => Err(failure),
            };
            if matches!(answer, Err(Failure::Unknown(_))) {
                self.session = None;
            }
            self.tell(&answer);
            if answers.send((call, answer)).is_err() {
                return;
            }
        }
    }

    fn tell(&mut self, answer: &Result<Answer, Failure>) {
        let shard = self.settings.number;
        match answer {
            Ok(_) => {
                if std::mem::take(&mut self.has_failed) {
                    tracing::info!(event = "shard_answers", shard);
                }
            }
            Err(Failure::Undone(why) | Failure::Unknown(why)) => {
                metrics::counter!("allegromail_shard_failures_total").increment(1);
                if !std::mem::replace(&mut self.has_failed, true) {
                    tracing::warn!(
                        event = "shard_failed",
                        shard,
                        why,
                        "tried again; new mail goes to other shards meanwhile, or is answered 451"
                    );
                }
            }
        }
    }

    async fn living(&mut self) -> Result<&mut Session, Failure> {
        let open = match self.session.take().filter(|session| !session.is_closed()) {
            Some(open) => open,
            None => self.open().await.map_err(Failure::Undone)?,
        };
        Ok(self.session.insert(open))
    }

    async fn open(&self) -> Result<Session, String> {
        if self.rests_until.is_some_and(|until| Instant::now() < until) {
            return Err(
                "the last connection never answered; another one is opened soon".to_owned(),
            );
        }
        let ShardSettings {
            postgres,
            copies,
            owner,
            rules,
            ..
        } = &self.settings;
        let session = Session::open(postgres, *copies, owner, rules.lease).await;
        let session = session.map_err(|error| error.to_string())?;
        match session.can_commit().await {
            Ok(true) => Ok(session),
            // A statement would wait for a standby, and its server process with it.
            Ok(false) => Err("there are too few synchronous standbys".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_that_never_answer_are_opened_ever_more_rarely() {
        assert_eq!(rest(0), None);
        assert_eq!(rest(1), Some(FIRST_WAIT));
        assert_eq!(rest(3), Some(4 * FIRST_WAIT));
        assert_eq!(rest(u32::MAX), Some(LONGEST_WAIT));
    }
}
