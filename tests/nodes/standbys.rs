//! A shard with a real standby, and everything that would let PostgreSQL say yes to what is on one machine alone: nothing of it is acknowledged.

use std::time::Duration;

use allegromail::directory::{PostgresError, PostgresSettings};
use allegromail::mail::QueueId;
use allegromail::shards::{Answer, Failure, Fence, Filed, Row, Statement};
use allegromail::spool::postgres::{Copies, Session};
use bytes::Bytes;
use tokio::task::JoinHandle;

use crate::support::postgres::Postgres;
use crate::support::process::wait_until;

const LEASE: Duration = Duration::from_hours(24);
const DATABASE: &str = "postgres";

/// A primary and its standby.
pub struct Pair {
    pub primary: Postgres,
    pub standby: Postgres,
}

impl Pair {
    /// Starts both; none where there is no PostgreSQL.
    pub fn start() -> Option<Self> {
        let primary = Postgres::start_synced()?;
        let standby = primary.standby("s1");
        primary.list("ANY 1 (s1)");
        wait_until("the standby is synchronous", || {
            let sql = "select count(*) from pg_stat_replication where sync_state = 'quorum'";
            primary.sql(DATABASE, sql) == "1"
        });
        Some(Self { primary, standby })
    }

    async fn session(&self, user: &str, lease: Duration) -> Result<Session, PostgresError> {
        let url = format!(
            "host=127.0.0.1 port={} dbname={DATABASE} user={user}",
            self.primary.port
        );
        let settings = PostgresSettings::parse(&url, None, None).unwrap();
        Session::open(&settings, Copies::Standbys(1), "mx1", lease).await
    }

    /// The backend of a session that waits for the standby.
    fn waits(&self) -> String {
        let sql = "select coalesce(max(pid), 0) from pg_stat_activity where wait_event = 'SyncRep'";
        self.primary.sql(DATABASE, sql)
    }

    /// Whether the standby has an entry.
    fn standby_has(&self, id: u64) -> bool {
        let sql = format!("select count(*) from entry_0 where id = {id}");
        self.standby.sql(DATABASE, &sql) == "1"
    }
}

fn entry(fence: Fence, id: u64) -> Statement {
    let filed = Filed {
        id: QueueId(id),
        head: Bytes::from_static(b"head"),
        body: Bytes::from_static(b"body"),
    };
    Statement::Write(vec![Row::Entry(fence, filed)])
}

async fn open(session: &mut Session) -> Fence {
    match session.run(&Statement::Open).await {
        Ok(Answer::Opened(fence)) => fence,
        other => panic!("{other:?}"),
    }
}

/// Runs a statement beside the test.
fn begin(
    mut session: Session,
    statement: Statement,
) -> JoinHandle<(Session, Result<Answer, Failure>)> {
    tokio::spawn(async move {
        let answer = session.run(&statement).await;
        (session, answer)
    })
}

fn is_unknown(answer: &Result<Answer, Failure>) -> bool {
    matches!(answer, Err(Failure::Unknown(_)))
}

/// A session that has written one entry, and whose next write waits for a standby that is frozen.
async fn waiting(pair: &Pair, lease: Duration) -> JoinHandle<(Session, Result<Answer, Failure>)> {
    let mut session = pair.session("allegromail", lease).await.unwrap();
    let fence = open(&mut session).await;
    let written = session.run(&entry(fence, 1)).await;
    assert_eq!(written, Ok(Answer::Held(vec![fence])));
    assert!(pair.standby_has(1));
    pair.standby.freeze();
    let write = begin(session, entry(fence, 2));
    wait_until("the commit waits", || pair.waits() != "0");
    assert!(!write.is_finished());
    write
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_waits_for_a_standby_that_is_frozen() {
    let Some(pair) = Pair::start() else { return };
    let write = waiting(&pair, LEASE).await;
    pair.standby.thaw();
    let (_, answer) = write.await.unwrap();
    assert!(matches!(answer, Ok(Answer::Held(held)) if held.len() == 1));
    assert!(pair.standby_has(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_is_cancelled_acknowledges_nothing() {
    let Some(pair) = Pair::start() else { return };
    let write = waiting(&pair, LEASE).await;
    let pid = pair.waits();
    pair.primary
        .sql(DATABASE, &format!("select pg_cancel_backend({pid})"));
    let (_, answer) = write.await.unwrap();
    assert!(is_unknown(&answer), "{answer:?}");
    // It is there all the same, on this machine alone.
    assert_eq!(
        pair.primary.sql(DATABASE, "select count(*) from entry_0"),
        "2"
    );
    pair.standby.thaw();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_emptied_acknowledges_nothing_before_the_write_or_while_it_waits() {
    let Some(pair) = Pair::start() else { return };
    let write = waiting(&pair, LEASE).await;
    // PostgreSQL lets go whoever waits, without a warning.
    pair.primary.list("");
    let (mut session, answer) = write.await.unwrap();
    assert!(is_unknown(&answer), "{answer:?}");
    let fence = match session.run(&Statement::Look).await {
        Ok(Answer::Looked {
            leases,
            is_replicated,
        }) => {
            assert!(!is_replicated);
            leases[0].fence
        }
        other => panic!("{other:?}"),
    };
    for statement in [
        entry(fence, 3),
        Statement::Open,
        Statement::Renew(vec![fence]),
    ] {
        let answer = session.run(&statement).await;
        assert!(
            matches!(&answer, Err(Failure::Undone(why)) if why.contains("synchronous_standby_names")),
            "{answer:?}"
        );
    }
    assert_eq!(
        pair.primary
            .sql(DATABASE, "select count(*) from entry_0 where id = 3"),
        "0"
    );
    // Named again, and thawed: it goes on.
    pair.primary.list("ANY 1 (s1)");
    pair.standby.thaw();
    wait_until("it is replicated again", || pair.standby_has(2));
    let answer = session.run(&entry(fence, 4)).await;
    assert_eq!(answer, Ok(Answer::Held(vec![fence])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_is_not_the_one_of_the_list_is_none() {
    let Some(pair) = Pair::start() else { return };
    let mut session = pair.session("allegromail", LEASE).await.unwrap();
    let fence = open(&mut session).await;
    pair.primary.list("ANY 1 (s2)");
    let looked = session.run(&Statement::Look).await;
    assert!(
        matches!(
            looked,
            Ok(Answer::Looked {
                is_replicated: false,
                ..
            })
        ),
        "{looked:?}"
    );
    let write = begin(session, entry(fence, 1));
    wait_until("the commit waits", || pair.waits() != "0");
    assert!(!write.is_finished());
    pair.primary.list("ANY 1 (s1)");
    let (_, answer) = write.await.unwrap();
    assert_eq!(answer, Ok(Answer::Held(vec![fence])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_whose_commits_do_not_wait_acknowledges_nothing() {
    let Some(pair) = Pair::start() else { return };
    let mut session = pair.session("allegromail", LEASE).await.unwrap();
    let fence = open(&mut session).await;
    for level in ["off", "local", "remote_write"] {
        let role = format!("lax_{level}");
        let sql = format!(
            "create role {role} superuser login; alter role {role} set synchronous_commit = {level}"
        );
        pair.primary.sql(DATABASE, &sql);
        let mut lax = pair.session(&role, LEASE).await.unwrap();
        let answer = lax.run(&entry(fence, 1)).await;
        assert!(
            matches!(&answer, Err(Failure::Undone(why)) if why.contains("synchronous_commit")),
            "{level}: {answer:?}"
        );
    }
    assert_eq!(
        session.run(&entry(fence, 1)).await,
        Ok(Answer::Held(vec![fence]))
    );
}

/// As an operator makes one for the relay: no superuser.
#[tokio::test(flavor = "multi_thread")]
async fn a_plain_role_is_told_what_it_lacks_and_then_writes() {
    let Some(pair) = Pair::start() else { return };
    let sql = "create role mail login; grant create on schema public to mail";
    pair.primary.sql(DATABASE, sql);
    let Err(PostgresError::Refused(why)) = pair.session("mail", LEASE).await else {
        panic!("it was taken");
    };
    assert!(why.contains("GRANT pg_read_all_stats TO mail"), "{why}");
    pair.primary
        .sql(DATABASE, "grant pg_read_all_stats to mail");
    let mut session = pair.session("mail", LEASE).await.unwrap();
    let fence = open(&mut session).await;
    let written = session.run(&entry(fence, 1)).await;
    assert_eq!(written, Ok(Answer::Held(vec![fence])));
    assert!(pair.standby_has(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_a_lease_before_a_write_by_it_is_decided() {
    let Some(pair) = Pair::start() else { return };
    let write = waiting(&pair, Duration::ZERO).await;
    let mut other = pair.session("allegromail", LEASE).await.unwrap();
    let Ok(Answer::Looked { leases, .. }) = other.run(&Statement::Look).await else {
        panic!("no look");
    };
    assert!(leases[0].is_lapsed);
    let (fence, until) = (leases[0].fence, leases[0].until);
    let take = begin(other, Statement::Take(fence, until));
    wait_until("it waits for the lock", || {
        let sql = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'";
        pair.primary.sql(DATABASE, sql) == "1"
    });
    assert!(!take.is_finished() && !write.is_finished());
    pair.standby.thaw();
    let (mut first, written) = write.await.unwrap();
    let (mut other, taken) = take.await.unwrap();
    assert_eq!(written, Ok(Answer::Held(vec![fence])));
    let Ok(Answer::Taken(Some(new))) = taken else {
        panic!("{taken:?}");
    };
    // What was acknowledged before is adopted, and nothing can come after.
    let after = QueueId(0);
    let read = Statement::Read {
        fence: new,
        after,
        most: 10,
    };
    assert!(matches!(other.run(&read).await, Ok(Answer::Read(Some(kept))) if kept.len() == 2));
    assert_eq!(
        first.run(&entry(fence, 3)).await,
        Ok(Answer::Held(Vec::new()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_sync_is_refused() {
    let Some(server) = Postgres::shared() else {
        return;
    };
    let settings = PostgresSettings::parse(&server.url(&server.database()), None, None).unwrap();
    let refused = Session::open(&settings, Copies::Standbys(1), "mx1", LEASE).await;
    let Err(PostgresError::Refused(why)) = refused else {
        panic!("it was taken");
    };
    assert!(why.contains("fsync = on"), "{why}");
    assert!(
        Session::open(&settings, Copies::Engine, "mx1", LEASE)
            .await
            .is_ok()
    );
}
