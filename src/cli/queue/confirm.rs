//! Before many entries are changed: how many, of whom, and whether that is meant.

use std::ffi::OsString;
use std::io::{self, BufRead, IsTerminal};

use super::entries::CommandError;
use crate::admin::{ChosenEntries, Client, ClientError};
use crate::cli::{Exit, count};
use crate::config::Config;
use crate::queue::{ListedEntry, QueueCounts};

/// How many entries, of how many sellers and for how many destinations. Where the server cannot tell, the entries alone: that keeps nobody from the change.
pub(super) async fn counted(config: &Config, listed: &[ListedEntry]) -> String {
    let entries = count(listed.len(), "entry", "entries");
    let chosen = ChosenEntries {
        ids: listed.iter().map(|entry| entry.id.clone()).collect(),
    };
    let body = serde_json::to_vec(&chosen).unwrap_or_default();
    let client = Client::new(&config.admin);
    let counts: Result<QueueCounts, ClientError> = client
        .post("/v1/queue/counts", "application/json", body.into())
        .await;
    match counts {
        Ok(counts) => {
            let sellers = count(counts.sellers, "seller", "sellers");
            let destinations = count(counts.destinations, "destination", "destinations");
            format!("{entries} of {sellers}, for {destinations}")
        }
        Err(error) => format!("{entries}; of whom is not known: {error}"),
    }
}

/// Asks whoever sits at a terminal; elsewhere a yes is an option.
///
/// # Errors
/// Not meant, or nobody is there to ask.
pub(super) fn ask(word: &str) -> Result<(), CommandError> {
    let input = io::stdin();
    if !input.is_terminal() {
        let next = typed_again(std::env::args_os());
        let text = format!("nothing was changed; to {word} them all: {next}");
        return Err((Exit::Usage, text));
    }
    eprint!("{word} them all? [y/N] ");
    let mut answer = String::new();
    // No answer is no yes.
    let _ = input.lock().read_line(&mut answer);
    if is_yes(&answer) {
        return Ok(());
    }
    let text = "nothing was changed; `allegromail queue list` prints what there is";
    Err((Exit::Usage, text.to_owned()))
}

fn is_yes(answer: &str) -> bool {
    ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str())
}

/// The command as it was typed, with a yes; as a shell takes it.
fn typed_again(words: impl Iterator<Item = OsString>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    let quoted = words.map(|word| {
        let word = word.to_string_lossy().into_owned();
        if !word.is_empty() && word.chars().all(plain) {
            return word;
        }
        format!("'{}'", word.replace('\'', r"'\''"))
    });
    let mut words: Vec<String> = quoted.collect();
    words.push("--yes".to_owned());
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        for answer in ["y\n", "Y\n", "yes\r\n", " Yes "] {
            assert!(is_yes(answer), "{answer:?}");
        }
        for answer in ["", "\n", "n\n", "no\n", "yellow\n", "tak\n"] {
            assert!(!is_yes(answer), "{answer:?}");
        }
    }

    #[test]
    fn the_next_command_can_be_pasted() {
        let words = ["allegromail", "queue", "drop", "--reason", "can't; rm -r x"];
        assert_eq!(
            typed_again(words.into_iter().map(OsString::from)),
            r"allegromail queue drop --reason 'can'\''t; rm -r x' --yes"
        );
    }
}
