//! `allegromail allowlist history` and `show`: who changed the allowlist when, and what was refused.

use crate::admin::{AllowlistGeneration, Client, ClientError};
use crate::app;
use crate::cli::{Exit, count};
use crate::config::Config;
use crate::in_force::{Generations, Outcome};

/// The lines, the newest first: from the running server, else from its file.
async fn lines(config: &Config) -> Result<Vec<AllowlistGeneration>, Exit> {
    let asked: Result<Vec<AllowlistGeneration>, _> = Client::new(&config.admin)
        .get("/v1/allowlist/history")
        .await;
    match asked {
        Ok(lines) => Ok(lines),
        Err(ClientError::Unreachable(_)) => {
            let read = Generations::read(&app::kept_sets(config)).map_err(|error| {
                eprintln!("allegromail: {error}");
                Exit::Unreachable
            })?;
            Ok(read.newest_first().cloned().map(Into::into).collect())
        }
        Err(error) => {
            eprintln!("allegromail: {error}");
            Err(Exit::from(&error))
        }
    }
}

/// One line a generation and refusal.
pub(super) async fn list(config: &Config, json: bool) -> Exit {
    let lines = match lines(config).await {
        Ok(lines) => lines,
        Err(exit) => return exit,
    };
    if json {
        println!("{}", serde_json::to_string(&lines).unwrap_or_default());
    } else {
        lines
            .iter()
            .for_each(|line| println!("{}", described(line)));
        if lines.is_empty() {
            eprintln!("nothing is noted yet: the first start of the server begins the history");
        }
    }
    Exit::Done
}

/// Everything about one generation: how it came into force, and what was refused while it was. 2: it is not known.
pub(super) async fn show(config: &Config, generation: u64, json: bool) -> Exit {
    let mut lines = match lines(config).await {
        Ok(lines) => lines,
        Err(exit) => return exit,
    };
    lines.retain(|line| line.line.generation == generation);
    lines.reverse();
    if lines.is_empty() {
        eprintln!("generation {generation} is not known; see `allegromail allowlist history`");
        return Exit::Refused;
    }
    if json {
        println!("{}", serde_json::to_string(&lines).unwrap_or_default());
        return Exit::Done;
    }
    for told in &lines {
        println!("{}", described(told));
        let line = &told.line;
        line.added_entries
            .iter()
            .for_each(|entry| println!("+ {entry}"));
        line.removed_entries
            .iter()
            .for_each(|entry| println!("- {entry}"));
        let named = line.added_entries.len() + line.removed_entries.len();
        let more = (line.added + line.removed).saturating_sub(named);
        if more > 0 {
            println!("and {more} more, whose names are not kept");
        }
    }
    Exit::Done
}

fn described(told: &AllowlistGeneration) -> String {
    let line = &told.line;
    let (time, by, generation) = (&told.time, &line.by, line.generation);
    let digest = line.digest.get(..12).unwrap_or(&line.digest);
    match line.outcome {
        Outcome::InForce => format!(
            "{time} generation {generation} in force, by {by}: {}, {} added, {} removed, digest {digest}",
            count(line.entries, "entry", "entries"),
            line.added,
            line.removed
        ),
        Outcome::Refused => {
            let times = usize::try_from(line.times).unwrap_or(usize::MAX);
            let times = match times {
                0 | 1 => String::new(),
                times => format!(" {}, the last", count(times, "time", "times")),
            };
            format!(
                "{time} refused{times} by {by}, generation {generation} stays in force: {}",
                line.error.replace('\n', "; ")
            )
        }
    }
}
