//! One suite for every engine of directory and state: steps that are made up at random do on the engine what they do on a model in memory, and every
//! question is answered alike.

use std::sync::Arc;

use allegromail::directory::{
    Directory, Link, PostgresDirectory, PostgresSettings, PostgresState, SledDirectory, SledState,
    State,
};
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;

use super::{accounts, taught};
use crate::support::postgres::Postgres;

/// A fresh engine, and what it stands on.
struct Fresh {
    directory: Arc<dyn Directory>,
    state: Arc<dyn State>,
    _ground: Box<dyn std::any::Any>,
}

fn sled() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    Fresh {
        directory: Arc::new(SledDirectory::open(&folder.path().join("directory")).unwrap()),
        state: Arc::new(SledState::open(&folder.path().join("state")).unwrap()),
        _ground: Box::new(folder),
    }
}

/// A fresh schema in a database of its own.
fn postgres(server: &Arc<Postgres>, runtime: &Runtime) -> Fresh {
    let database = server.database();
    let settings = PostgresSettings::parse(&server.url(&database), None, None).unwrap();
    runtime.block_on(async {
        let link = Link::open(settings).await.unwrap();
        Fresh {
            directory: Arc::new(PostgresDirectory::new(link.clone())),
            state: Arc::new(PostgresState::new(link, "mx1")),
            _ground: Box::new(server.clone()),
        }
    })
}

/// Holds what `fresh` makes to the model, with so many sequences of steps of each kind.
fn hold_to_the_model(fresh: impl Fn(&Runtime) -> Fresh, sequences: u32) {
    let runtime = Runtime::new().unwrap();
    let config = || Config {
        cases: sequences,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    let steps = proptest::collection::vec(taught::step(), 1..200);
    TestRunner::new(config())
        .run(&steps, |steps| {
            let fresh = fresh(&runtime);
            runtime.block_on(async {
                let mut model = taught::Model::default();
                for some in steps.chunks(20) {
                    for step in some {
                        taught::take(&*fresh.state, &mut model, step).await?;
                    }
                    taught::compare(&*fresh.state, &model).await?;
                }
                Ok(())
            })
        })
        .unwrap();
    let steps = proptest::collection::vec(accounts::step(), 1..40);
    TestRunner::new(config())
        .run(&steps, |steps| {
            let fresh = fresh(&runtime);
            runtime.block_on(async {
                let mut model = accounts::Model::default();
                for step in &steps {
                    accounts::take(&*fresh.directory, &mut model, step).await?;
                    accounts::compare(&*fresh.directory, &model).await?;
                }
                Ok(())
            })
        })
        .unwrap();
}

#[test]
fn sled_does_what_the_model_does() {
    hold_to_the_model(|_| sled(), 48);
}

#[test]
fn postgres_does_what_the_model_does() {
    let Some(server) = Postgres::shared() else {
        return;
    };
    hold_to_the_model(|runtime| postgres(&server, runtime), 10);
}
