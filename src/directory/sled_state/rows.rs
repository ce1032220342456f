//! The state as lines of an export, and back.

use std::io::{self, BufRead, Write};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::SledState;
use crate::directory::{MovedRecord, moved};

/// A line of an export.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Row {
    State { key: String, value: String },
    End {},
}

impl SledState {
    /// Writes every record as a line, and returns how many.
    ///
    /// # Errors
    /// The output broke, or a record could not be read.
    pub fn export(&self, output: &mut dyn Write) -> io::Result<u64> {
        let mut records = 0;
        self.disk.each(|key, value| {
            records += 1;
            let row = Row::State {
                key: HEXLOWER.encode(key),
                value: HEXLOWER.encode(value),
            };
            serde_json::to_writer(&mut *output, &row)?;
            output.write_all(b"\n")
        })?;
        Ok(records)
    }

    /// Calls `visit` for every record, as many nodes would keep it, until it fails.
    ///
    /// # Errors
    /// That of `visit`, or a record could not be read.
    pub fn each_moved(&self, visit: impl FnMut(MovedRecord) -> io::Result<()>) -> io::Result<()> {
        moved::each(&self.disk, moved::taught_row, visit)
    }

    /// Takes the lines of an export in, durably, and returns how many.
    ///
    /// # Errors
    /// The input broke or is none, or the store did not take it.
    pub fn import(&self, input: impl BufRead) -> io::Result<u64> {
        let mut records = 0;
        for line in input.lines() {
            let Row::State { key, value } = serde_json::from_str(&line?)? else {
                continue;
            };
            let bytes = |text: &str| HEXLOWER.decode(text.as_bytes()).map_err(io::Error::other);
            let (key, value) = (bytes(&key)?, bytes(&value)?);
            self.disk
                .with(|db| db.insert(key, value))
                .map_err(io::Error::other)?;
            records += 1;
        }
        self.disk.sync().map_err(io::Error::other)?;
        Ok(records)
    }
}
