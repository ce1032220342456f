//! `allegromail config`: the commented example, and the check before a reload or a start.
//! Both come from the same list of keys that the server parses with.

use std::path::Path;

use clap::Subcommand;

use super::Exit;
use crate::app;
use crate::config::{self, Problem};
use crate::files;
use crate::in_force::{self, AtStart, Examined};

/// What can be done with a configuration.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print the whole commented configuration
    Example,
    /// Report every error with file and line
    Check,
}

/// Runs the command.
pub(super) fn run(command: &Command, path: Option<&Path>, json: bool) -> Exit {
    match command {
        Command::Example => {
            print!("{}", config::example());
            Exit::Done
        }
        Command::Check => check(path, json),
    }
}

/// Loads the file as a start would, with every key, certificate and set that it names, and changes nothing. Warnings do not fail it. 78: the file is wrong;
/// 65: a set that it names is.
fn check(path: Option<&Path>, json: bool) -> Exit {
    let (config, errors, warnings) = match config::find(path).and_then(|path| config::load(&path)) {
        Ok(loaded) => (Some(loaded.config), Vec::new(), loaded.warnings),
        Err(errors) => (None, errors.0, Vec::new()),
    };
    let mut errors: Vec<String> = errors.iter().map(Problem::to_string).collect();
    let mut warnings: Vec<String> = warnings.iter().map(Problem::to_string).collect();
    let wrong = !errors.is_empty();
    if let Some(config) = &config {
        warnings.extend(asked_by_root(config));
        for set in in_force::examine(&app::sources(config), &app::kept_sets(config)) {
            warnings.extend(set.warnings.iter().cloned());
            errors.extend(broken(&set));
        }
    }
    if json {
        println!(
            "{}",
            serde_json::json!({ "errors": errors, "warnings": warnings })
        );
    } else {
        errors.iter().for_each(|error| eprintln!("{error}"));
        warnings
            .iter()
            .for_each(|warning| eprintln!("{warning} (warning)"));
        let named = errors.iter().any(|error| error.contains("`allegromail "));
        if !errors.is_empty() && !named {
            eprintln!("mend it, then `allegromail config check` again");
        }
        if let Some(config) = config.filter(|_| errors.is_empty()) {
            println!("{}: no errors", config.file.display());
        }
    }
    match (wrong, errors.is_empty()) {
        (true, _) => Exit::Configuration,
        (false, true) => Exit::Done,
        (false, false) => Exit::BadData,
    }
}

/// Root may read everything, so that nothing is known of whether the server may.
fn asked_by_root(config: &config::Config) -> Option<String> {
    let owner = files::owner(&config.data_dir).ok()?;
    (rustix::process::geteuid().is_root() && owner != 0).then(|| {
        format!(
            "{}: read as root; whether the server may read all that it names says {} allegromail config check",
            config.file.display(),
            files::as_user(owner)
        )
    })
}

/// What is wrong with a set, and what `serve` would do about it; none: nothing.
fn broken(set: &Examined) -> Option<String> {
    let Examined { what, errors, .. } = set;
    let would = match &set.at_start {
        AtStart::Serves => return None,
        AtStart::LastGood(since) => format!(
            "a start would serve with the last good set, of {}, and say so",
            since.to_rfc3339_millis()
        ),
        AtStart::Refuses(why) => format!("a start would fail: {why}"),
    };
    Some(format!(
        "{what}: {errors}\n{what}: {would}; a reload would change nothing"
    ))
}
