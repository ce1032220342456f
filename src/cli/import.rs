//! `allegromail import`: loads participants and transactions (docs/interface.md#data-format).
//!
//! Goes through the admin interface where a server runs, else straight into the directory. Every bad line is told with its number;
//! the good ones are in, and what is odd about them is told as a warning.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use super::Exit;
use crate::admin::{Client, ClientError, ImportReport};
use crate::app;
use crate::config::Config;
use crate::directory::{self, RecordRules};
use crate::masking::MaskedDomains;

/// Bytes of lines that go to the server in one request: far below what it takes, and often enough for the bar to move.
const BATCH: usize = 1024 * 1024;
/// The longest line in bytes; a longer one is bad data whatever is in it.
const MAX_LINE: u64 = 64 * 1024;

/// Loads `data` into the directory of `config`; `-` is standard input.
pub(super) fn run(config: &Config, data: &Path, json: bool) -> Exit {
    let (length, source) = match open(data) {
        Ok(opened) => opened,
        Err(error) => {
            eprintln!("allegromail: {}", not_opened(data, &error));
            return Exit::BadData;
        }
    };
    let bar = length.map_or_else(ProgressBar::no_length, ProgressBar::new);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {msg} {eta}") {
        bar.set_style(style);
    }
    let input = BufReader::with_capacity(BATCH, bar.wrap_read(source));
    super::block_on(async {
        let done = load(config, input, &bar).await;
        bar.finish_and_clear();
        match done {
            Ok(imported) => report(&imported, data, json),
            Err((message, exit)) => {
                eprintln!("allegromail: {message}");
                exit
            }
        }
    })
}

/// The length, where it is known, and the data.
fn open(data: &Path) -> std::io::Result<(Option<u64>, Box<dyn Read>)> {
    if data.as_os_str() == "-" {
        return Ok((None, Box::new(std::io::stdin())));
    }
    let file = File::open(data)?;
    Ok((Some(file.metadata()?.len()), Box::new(file)))
}

/// Why the file cannot be had, and what to do: the user of the server most often may not look into the folder of whoever made it, and the shell may.
fn not_opened(data: &Path, error: &std::io::Error) -> String {
    let data = data.display();
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => format!(
            "{data}: this user may not read it ({error}); have the shell open it: `allegromail import - < {data}`"
        ),
        _ => format!("{data}: {error}; name a file of JSON lines: `allegromail import FILE`"),
    }
}

/// Through the server or into the directory. A file of any length is read in pieces; what was applied before a failure stays applied, and
/// loading it again does no harm.
async fn load(
    config: &Config,
    mut input: impl BufRead,
    bar: &ProgressBar,
) -> Result<ImportReport, (String, Exit)> {
    let client = Client::new(&config.admin);
    // Any answer tells that a server runs. Asked first, for standard input can be read only once.
    let running = match client.get::<serde_json::Value>("/v1/allowlist").await {
        Err(ClientError::Unreachable(_)) => None,
        Err(error) => return Err((error.to_string(), Exit::Unreachable)),
        Ok(_) => Some(client),
    };
    let Some(client) = running else {
        return load_here(config, input, bar).await;
    };
    let mut total = ImportReport::default();
    let mut line = 1_u64;
    loop {
        let batch = next_batch(&mut input).map_err(|error| (error.to_string(), Exit::BadData))?;
        if batch.is_empty() {
            // Only who reads the file knows where it ends. Of a wrong file nothing came in, and nothing was loaded.
            if total.read == 0 || total.applied > 0 {
                let end =
                    client.post::<ImportReport>("/v1/import", "application/x-ndjson", batch.into());
                let end = end
                    .await
                    .map_err(|error| (error.to_string(), Exit::Unreachable))?;
                total.warnings.extend(end.warnings);
            }
            return Ok(total);
        }
        let lines = batch.iter().filter(|byte| **byte == b'\n').count() as u64;
        let done: ImportReport = client
            .post(
                // The server counts from the number it is given, which is that in the file.
                &format!("/v1/import?more=true&line={line}"),
                "application/x-ndjson",
                batch.into(),
            )
            .await
            .map_err(|error| (error.to_string(), Exit::Unreachable))?;
        total.read += done.read;
        total.applied += done.applied;
        total.bad.extend(done.bad);
        total.warnings.extend(done.warnings);
        line += lines;
        bar.set_message(format!("{} records", total.applied));
    }
}

/// Straight into the directory, which no server may have open. Also what the demo loads its accounts with.
pub(super) async fn load_here(
    config: &Config,
    input: impl BufRead,
    bar: &ProgressBar,
) -> Result<ImportReport, (String, Exit)> {
    let directory = app::open_directory(config).await.map_err(|error| {
        let exit = match error.is_refused() {
            true => Exit::Configuration,
            false => Exit::Unreachable,
        };
        (error.to_string(), exit)
    })?;
    let domains = MaskedDomains::new(
        config
            .domains
            .iter()
            .map(|domain| domain.masked.clone())
            .collect(),
    );
    let rules = RecordRules {
        domains,
        roles: config.policy.roles.clone(),
    };
    let report = directory::import(&*directory, &rules, input, |counts| {
        bar.set_message(format!("{} records", counts.applied))
    })
    .await
    .map_err(|error| (error.to_string(), Exit::Temporary))?;
    Ok(report.into())
}

/// Whole lines of about [`BATCH`] bytes; empty at the end.
fn next_batch(input: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut batch = Vec::with_capacity(BATCH);
    while batch.len() < BATCH {
        let before = batch.len();
        input
            .by_ref()
            // A file without a line end must not be read into memory whole.
            .take(MAX_LINE)
            .read_until(b'\n', &mut batch)?;
        if batch.len() == before {
            break;
        }
    }
    Ok(batch)
}

/// Bad lines in the form that editors jump to, then the count. One bad line is 65, though the others are in.
fn report(imported: &ImportReport, data: &Path, json: bool) -> Exit {
    if json {
        println!("{}", serde_json::to_string(imported).unwrap_or_default());
    } else {
        for warning in &imported.warnings {
            let (file, line) = (data.display(), warning.line);
            eprintln!("{file}:{line}: warning: {}", warning.message);
        }
        for bad in &imported.bad {
            eprintln!("{}:{}: {}", data.display(), bad.line, bad.message);
        }
        if !imported.bad.is_empty() {
            eprintln!(
                "mend these and load it again, which does no harm to what is in: `allegromail import {}`",
                data.display()
            );
        }
        let records = usize::try_from(imported.read).unwrap_or(usize::MAX);
        println!(
            "{} of {} loaded, {}, {}",
            imported.applied,
            super::count(records, "record", "records"),
            super::count(imported.bad.len(), "bad line", "bad lines"),
            super::count(imported.warnings.len(), "warning", "warnings")
        );
    }
    if imported.bad.is_empty() {
        Exit::Done
    } else {
        Exit::BadData
    }
}
