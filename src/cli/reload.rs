//! `allegromail reload`: has the running server read again all that it reads while it runs.

use super::Exit;
use crate::admin::{Client, Reloaded};
use crate::config::Config;

/// Prints what came of each. 65 where anything is broken: the old one stays in force there.
pub(super) async fn run(config: &Config, json: bool) -> Exit {
    let outcomes: Result<Vec<Reloaded>, _> = Client::new(&config.admin)
        .post("/v1/reload", "application/json", "{}".into())
        .await;
    let outcomes = match outcomes {
        Ok(outcomes) => outcomes,
        Err(error) => {
            eprintln!("allegromail: {error}");
            return Exit::from(&error);
        }
    };
    if json {
        println!("{}", serde_json::to_string(&outcomes).unwrap_or_default());
    } else {
        outcomes.iter().for_each(print);
    }
    if outcomes.iter().all(|outcome| outcome.done) {
        Exit::Done
    } else {
        Exit::BadData
    }
}

fn print(outcome: &Reloaded) {
    let Reloaded { what, done, text } = outcome;
    match (done, text.as_str()) {
        (true, "") => println!("{what}: reloaded"),
        (true, text) => println!("{what}: {text}"),
        (false, _) => eprintln!("{what}: the old one stays in force\n{text}"),
    }
}
