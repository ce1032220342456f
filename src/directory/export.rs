//! Writes a directory as the lines that `import` reads (docs/interface.md#data-format).
//!
//! The last line is `{"type":"end","records":N}`: an export without it was cut short.

use std::io::{self, Write};

use serde::Serialize;

use super::{Participant, SledDirectory, Transaction};

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Row<'a> {
    Participant(&'a Participant),
    Transaction(&'a Transaction),
}

/// The closing line.
#[derive(Serialize)]
#[serde(tag = "type", rename = "end")]
struct End {
    records: u64,
}

/// Writes every record and a closing line, and returns how many records.
///
/// # Errors
/// The output broke, or a record could not be read; what was written so far has no closing line then.
pub fn export(directory: &SledDirectory, mut output: impl Write) -> io::Result<u64> {
    let records = rows(directory, &mut output)?;
    serde_json::to_writer(&mut output, &End { records })?;
    output.write_all(b"\n")?;
    output.flush()?;
    Ok(records)
}

/// Writes every record without a closing line, and returns how many.
///
/// # Errors
/// The output broke, or a record could not be read.
pub fn rows(directory: &SledDirectory, output: &mut dyn Write) -> io::Result<u64> {
    let mut records = 0;
    let mut write = |row: &Row<'_>| -> io::Result<()> {
        serde_json::to_writer(&mut *output, row)?;
        output.write_all(b"\n")
    };
    for participant in directory.participants() {
        write(&Row::Participant(&participant.map_err(io::Error::other)?))?;
        records += 1;
    }
    for transaction in directory.transactions() {
        write(&Row::Transaction(&transaction.map_err(io::Error::other)?))?;
        records += 1;
    }
    Ok(records)
}
