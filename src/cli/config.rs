//! `allegromail config`: the commented example, and the check before a reload or a start.
//! Both come from the same list of keys that the server parses with.

use std::path::Path;

use clap::Subcommand;

use super::Exit;
use crate::config::{self, Problem};

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

/// Loads the file as a start would, with every key and certificate that it names, and changes nothing. Warnings do not fail it.
fn check(path: Option<&Path>, json: bool) -> Exit {
    let (file, errors, warnings) = match config::find(path).and_then(|path| config::load(&path)) {
        Ok(loaded) => (Some(loaded.config.file), Vec::new(), loaded.warnings),
        Err(errors) => (None, errors.0, Vec::new()),
    };
    let texts = |problems: &[Problem]| problems.iter().map(ToString::to_string).collect::<Vec<_>>();
    if json {
        println!(
            "{}",
            serde_json::json!({ "errors": texts(&errors), "warnings": texts(&warnings) })
        );
    } else {
        errors.iter().for_each(|error| eprintln!("{error}"));
        warnings
            .iter()
            .for_each(|warning| eprintln!("{warning} (warning)"));
        if let Some(file) = file {
            println!("{}: no errors", file.display());
        }
    }
    if errors.is_empty() {
        Exit::Done
    } else {
        Exit::Configuration
    }
}
