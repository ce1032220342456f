//! How an order ends: what it prints, or the exit code and the sentence of its failure.

use crate::cli::Exit;

/// The exit code, and what is wrong.
pub(super) type Failed = (Exit, String);

/// Neither the server nor the spool can be had.
pub(super) fn not_reachable(error: impl std::fmt::Display) -> Failed {
    (Exit::Unreachable, error.to_string())
}

/// Prints data as one line of JSON.
pub(super) fn print_json(value: &impl serde::Serialize) -> Result<Exit, Failed> {
    let text =
        serde_json::to_string(value).map_err(|error| (Exit::Temporary, error.to_string()))?;
    println!("{text}");
    Ok(Exit::Done)
}
