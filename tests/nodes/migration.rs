//! What a single machine has kept is moved to the database, and a node there goes on where the machine stopped.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use allegromail::directory::{
    Directory, Link, MoveError, Moved, MovedRecord, MovedRow, MovedValue, PostgresDirectory,
    PostgresSettings, PostgresState, PostgresTarget, SledDirectory, SledState,
};
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::relays::{bounce, node};
use super::{accounts, taught};
use crate::support::postgres::Postgres;
use crate::support::process::{finished, free_port};
use crate::support::stage::*;

/// Moves both stores.
async fn moved(
    target: &PostgresTarget,
    directory: &Arc<SledDirectory>,
    state: &Arc<SledState>,
) -> Result<u64, MoveError> {
    let (sender, rows) = mpsc::channel(4);
    let (directory, state) = (directory.clone(), state.clone());
    let sent = tokio::task::spawn_blocking(move || {
        let take = |record| match record {
            MovedRecord::Row(row) => {
                let sent = sender.blocking_send(Moved::Rows(vec![row]));
                sent.map_err(|_| std::io::ErrorKind::BrokenPipe.into())
            }
            MovedRecord::Own => Ok(()),
            MovedRecord::Unreadable => panic!("unreadable"),
        };
        state.each_moved(take).unwrap();
        directory.each_moved(take).unwrap();
        let loaded = directory.answers().is_ok().then_some("1");
        sender.blocking_send(Moved::All { loaded }).unwrap();
    });
    let counts = target.take(rows, |_| {}).await;
    sent.await.unwrap();
    Ok(counts?.values().sum())
}

#[test]
fn whatever_a_machine_was_told_the_database_answers_after_the_move() {
    let Some(server) = Postgres::shared() else {
        return;
    };
    let runtime = Runtime::new().unwrap();
    let config = Config {
        cases: 12,
        failure_persistence: None,
        max_shrink_iters: 60,
        ..Config::default()
    };
    let steps = (
        proptest::collection::vec(taught::step(), 1..300),
        proptest::collection::vec(accounts::step(), 1..40),
        proptest::collection::vec(taught::step(), 1..100),
    );
    TestRunner::new(config)
        .run(&steps, |(learns, changes, more)| {
            let folder = tempfile::tempdir().unwrap();
            let url = server.url(&server.database());
            let settings = PostgresSettings::parse(&url, None, None).unwrap();
            runtime.block_on(async {
                let directory = SledDirectory::open(&folder.path().join("directory")).unwrap();
                let state = SledState::open(&folder.path().join("state")).unwrap();
                let (directory, state) = (Arc::new(directory), Arc::new(state));
                let (mut knows, mut holds) = (taught::Model::default(), accounts::Model::default());
                let target = PostgresTarget::new(settings.clone(), "mx1".to_owned());
                // Moved early, and again.
                for (turn, step) in learns.iter().enumerate() {
                    taught::take(&*state, &mut knows, step).await?;
                    if turn == 20 {
                        moved(&target, &directory, &state).await.unwrap();
                    }
                }
                for step in &changes {
                    accounts::take(&*directory, &mut holds, step).await?;
                }
                moved(&target, &directory, &state).await.unwrap();
                let link = Link::open(settings).await.unwrap();
                let there = PostgresDirectory::new(link.clone());
                accounts::compare(&there, &holds).await?;
                let there = PostgresState::new(link, "mx1");
                taught::compare(&there, &knows).await?;
                // And it goes on from there.
                for step in &more {
                    taught::take(&there, &mut knows, step).await?;
                }
                taught::compare(&there, &knows).await
            })
        })
        .unwrap();
}

/// The configuration of a node over `database`, beside that of the machine.
fn many(config: &Path, server: &Postgres, database: &str) -> String {
    let written = fs::read_to_string(config).unwrap();
    let engine = format!(
        "[directory]\nengine = \"postgres\"\nurl = \"{}\"\n",
        server.url(database)
    );
    let written = written.replace("[directory]\n", &engine);
    let written = written.replace("[cluster]\n", "[cluster]\nnode = \"mx1\"\n");
    assert!(written.contains("postgres") && written.contains("mx1"));
    let file = config.with_file_name("many.toml");
    fs::write(&file, written).unwrap();
    file.to_str().unwrap().to_owned()
}

fn told(what: &(i32, String, String), exit: i32, words: &[&str]) {
    let (was, out, errors) = what;
    assert_eq!(*was, exit, "{out}{errors}");
    for word in words {
        assert!(
            out.contains(word) || errors.contains(word),
            "no {word:?} in {out}{errors}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_move_a_conversation_goes_on_and_what_happens_once_has_happened() {
    let Some(server) = Postgres::shared() else {
        return;
    };
    let database = server.database();
    let alone = Stage::ordinary().await;
    alone.send(JAN, SELLER).await.assert("250");
    let sent = alone.arrival().await;
    assert_eq!(sent.recipients, [BIURO]);
    alone.send(SPRZEDAZ, BUYER).await.assert("250");
    alone.arrival().await;
    let away = message(JAN, SELLER, "Auto-Submitted: auto-replied\r\n");
    let first = alone.send_message(JAN, &[SELLER], &away).await;
    assert!(!first.0.contains("not passed on"), "{first:?}");
    alone.drained().await;
    let single = alone.config.to_string_lossy().into_owned();
    let file = many(&alone.config, &server, &database);
    // While it runs, what it has exported is moved, and answers nobody.
    let running = finished(&["migrate", "--config", &file]);
    told(&running, 69, &["exports", "there is none yet"]);
    told(
        &finished(&["migrate", "--config", &single]),
        78,
        &["engine = \"postgres\"", "docs/many-nodes.md"],
    );
    let folder = alone.stop().await;
    let dry = finished(&["migrate", "--dry-run", "--json", "--config", &file]);
    told(
        &dry,
        0,
        &[
            "\"dry_run\":true",
            "\"once\":1",
            "nothing stands in the way",
        ],
    );
    let made = server.sql(
        &database,
        "select count(*) from pg_tables where schemaname = 'public'",
    );
    assert_eq!(made, "0");
    let done = finished(&["migrate", "--json", "--config", &file]);
    told(&done, 0, &["counted and read back"]);
    let (moved, would) = (
        &done.1,
        &dry.1.replace("\"dry_run\":true", "\"dry_run\":false"),
    );
    assert_eq!(moved, would);
    // Again, for what came since; and no other may.
    told(
        &finished(&["migrate", "--config", &file]),
        0,
        &["read back"],
    );
    // A node that has nothing of the machine: neither its history nor what its log would teach again.
    let empty = Some(tempfile::TempDir::with_prefix("allegromail-test-").unwrap());
    let two = Setup {
        folder: empty,
        ..node(&server, &database, "mx2")
    };
    let two = Box::pin(two.start()).await;
    // Real to mask and mask to real.
    two.send(JAN, SELLER).await.assert("250");
    assert_eq!(two.arrival().await.recipients, [SPRZEDAZ]);
    two.send(BIURO, BUYER).await.assert("250");
    assert_eq!(two.arrival().await.recipients, [JAN]);
    let again = two.send_message(JAN, &[SELLER], &away).await;
    assert!(again.0.contains("not passed on"), "{again:?}");
    let report = bounce(&sent.reverse_path);
    let answer = two.send_message("", &[&sent.reverse_path], &report).await;
    answer.assert("250");
    let told_of = two.arrival().await;
    assert_eq!(told_of.recipients, [JAN.to_owned()]);
    let one = Setup {
        folder: Some(folder),
        ..node(&server, &database, "mx1")
    };
    let one = Box::pin(one.start()).await;
    for node in [&one, &two] {
        let again = node.send_message(JAN, &[SELLER], &away).await;
        assert!(again.0.contains("not passed on"), "{again:?}");
        let nobody = node.send(JAN, "nobody00@allegromail.pl").await;
        nobody.assert("550");
    }
    // What nodes know by now must not be written over.
    let again = finished(&["migrate", "--config", &file]);
    told(
        &again,
        78,
        &["nodes have used the database", "mx1, mx2", "createdb"],
    );
    let held = server.dump(&database, &["-t", "records", "-t", "last_writers"]);
    for real in ["jan@poczta", "biuro@rowery", "sprzedaz@rowery"] {
        assert!(!held.contains(real), "{held}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_machine_is_moved_as_it_was_exported_and_once_more_after_its_stop() {
    let Some(server) = Postgres::shared() else {
        return;
    };
    let database = server.database();
    // A stop exports, too.
    let folder = Stage::ordinary().await.stop().await;
    let again = Setup {
        folder: Some(folder),
        ..Setup::default()
    };
    let alone = again.start().await;
    alone.send(JAN, SELLER).await.assert("250");
    alone.arrival().await;
    let file = many(&alone.config, &server, &database);
    let running = finished(&["migrate", "--config", &file]);
    told(&running, 1, &["seconds ago", "stop the server"]);
    let settings = PostgresSettings::parse(&server.url(&database), None, None).unwrap();
    let there = PostgresDirectory::new(Link::open(settings).await.unwrap());
    assert!(
        there
            .participant(&"8awgqyk6a5".parse().unwrap())
            .await
            .is_err()
    );
    let _folder = alone.stop().await;
    told(
        &finished(&["migrate", "--config", &file]),
        0,
        &["read back"],
    );
    let found = there.participant(&"8awgqyk6a5".parse().unwrap()).await;
    assert!(found.unwrap().is_some());
    assert_eq!(server.sql(&database, "select count(*) from wrote"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_a_machine_from_being_moved_is_said_with_its_remedy() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let alone = Stage::ordinary().await;
    let config = alone.config.clone();
    let _folder = alone.stop().await;
    let tried = |database: &str, change: &dyn Fn(String) -> String| {
        let file = many(&config, &server, database);
        let written = fs::read_to_string(&file).unwrap();
        fs::write(&file, change(written)).unwrap();
        [
            finished(&["migrate", "--dry-run", "--config", &file]),
            finished(&["migrate", "--config", &file]),
        ]
    };
    let same = |text: String| text;
    let both = |tried: [(i32, String, String); 2], exit: i32, words: &[&str]| {
        tried.iter().for_each(|tried| told(tried, exit, words));
    };
    both(tried("elsewhere", &same), 78, &["createdb elsewhere"]);
    let port = |text: String| text.replace(&server.port.to_string(), &free_port().to_string());
    let database = server.database();
    both(
        tried(&database, &port),
        69,
        &["does not answer", "is it running"],
    );
    server.sql(&database, "create role mail login password 'right'");
    server.demand_passwords("mail");
    let user = |text: String| text.replace("user=allegromail", "user=mail");
    both(tried(&database, &user), 78, &["password_file"]);
    // Tables of a newer version.
    server.sql(
        &database,
        "create table schema_versions (version int primary key); insert into schema_versions values (99)",
    );
    both(tried(&database, &same), 78, &["version 99", "newer"]);
    // Somebody's accounts.
    let database = server.database();
    let settings = PostgresSettings::parse(&server.url(&database), None, None).unwrap();
    drop(Link::open(settings).await.unwrap());
    server.sql(&database, "insert into signers (digest) values ('x')");
    both(
        tried(&database, &same),
        78,
        &["not empty", "signers", "createdb"],
    );
    server.sql(
        &database,
        "delete from signers; insert into settings (name, value) values ('moved', 'mx9 /var/lib')",
    );
    both(tried(&database, &same), 78, &["moved from mx9 /var/lib"]);
    // A machine that is none.
    let empty = tempfile::tempdir().unwrap();
    let data_dir = format!("data_dir = \"{}\"", empty.path().display());
    let database = server.database();
    let nothing = |text: String| {
        let lines = text.lines().map(|line| match line.starts_with("data_dir") {
            true => &*data_dir,
            false => line,
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    both(
        tried(&database, &nothing),
        69,
        &["is not there", "data_dir"],
    );
    // Cut off in the middle, and done again.
    let folder = tempfile::tempdir().unwrap();
    let settings = PostgresSettings::parse(&server.url(&database), None, None).unwrap();
    let target = PostgresTarget::new(settings, "mx1".to_owned());
    let (sender, rows) = mpsc::channel(1);
    let directory = SledDirectory::open(&folder.path().join("d")).unwrap();
    let row = MovedRow {
        table: "signers",
        values: vec![MovedValue::Octets(vec![1; 16])],
    };
    sender.send(Moved::Rows(vec![row])).await.unwrap();
    drop(sender);
    let cut = target.take(rows, |_| {}).await;
    assert!(matches!(cut, Err(MoveError::Broken(_))), "{cut:?}");
    assert_eq!(server.sql(&database, "select count(*) from signers"), "0");
    let state = SledState::open(&folder.path().join("s")).unwrap();
    let done = moved(&target, &Arc::new(directory), &Arc::new(state)).await;
    assert_eq!(done.unwrap(), 0);
}
