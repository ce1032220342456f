//! Whether the directory was ever loaded. One that never was knows nobody, and that is not the same as "there is no such participant": a disk that
//! is not mounted looks just so, and a buyer would hear 550.
//!
//! The answer is a record of the store itself, written in the batch that makes it true. A store of 0.1.0 has none: it counts as loaded if it holds an
//! account.

use std::sync::atomic::{AtomicU8, Ordering};

use super::Unavailable;
use super::database::{Database, OpenError};

/// The key of the record.
pub(super) const KEY: &[u8] = b"!loaded";
/// Its value where a load has begun and not ended.
const BEGUN: &[u8] = b"0";
/// Its value where one has ended.
const ENDED: &[u8] = b"1";

/// How far the directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoadState {
    /// Nothing was ever put into it.
    Never,
    /// The first load has begun: a part of the accounts may be there.
    Partly,
    /// It holds accounts, and no record says how they came: 0.1.0 wrote none.
    Unrecorded,
    /// A load has ended, or an account was put by itself.
    Wholly,
}

impl LoadState {
    /// What an open database says.
    pub(super) fn read(disk: &Database) -> Result<Self, OpenError> {
        let found = disk.with(|db| {
            Ok(match db.get(KEY)?.as_deref() {
                Some(BEGUN) => Self::Partly,
                Some(_) => Self::Wholly,
                None if db.scan_prefix(b"p").next().transpose()?.is_some() => Self::Unrecorded,
                None => Self::Never,
            })
        });
        found.map_err(|error| OpenError::Inaccessible(error.to_string()))
    }

    /// What the record of a database that has known it from the beginning says.
    pub(super) fn of_record(record: Option<&[u8]>) -> Self {
        match record {
            None => Self::Never,
            Some(BEGUN) => Self::Partly,
            Some(_) => Self::Wholly,
        }
    }

    /// The record that says so; none where there is none to write.
    pub(super) const fn record(self) -> Option<&'static [u8]> {
        match self {
            Self::Never | Self::Unrecorded => None,
            Self::Partly => Some(BEGUN),
            Self::Wholly => Some(ENDED),
        }
    }

    /// After the begin of a load. A directory that answers goes on answering.
    pub(super) const fn begun(self) -> Self {
        match self {
            Self::Never => Self::Partly,
            known => known,
        }
    }

    /// After an account was put. Within the first load it is one of many, and the others are not there yet.
    pub(super) const fn put(self) -> Self {
        match self {
            Self::Partly => Self::Partly,
            _ => Self::Wholly,
        }
    }

    /// After another change. What is known of an older store is recorded with the first change of it: it may be emptied, and stays loaded.
    pub(super) const fn changed(self) -> Self {
        match self {
            Self::Unrecorded => Self::Wholly,
            known => known,
        }
    }

    /// Whether an id that is not there is unknown; the sentence says what is to be done where it is not.
    pub(super) fn answers(self) -> Result<(), Unavailable> {
        let why = match self {
            Self::Unrecorded | Self::Wholly => return Ok(()),
            Self::Never => {
                "it was never loaded, or what it held is gone; mount the disk that holds it, or load the accounts with `allegromail import`"
            }
            Self::Partly => {
                "an import has begun and not ended; where none is running any more, run `allegromail import` again with the whole file"
            }
        };
        Err(Unavailable(why.to_owned()))
    }
}

/// The same, shared by all who look.
#[derive(Debug)]
pub(super) struct SharedLoadState(AtomicU8);

impl SharedLoadState {
    /// As it is now.
    pub(super) const fn new(loaded: LoadState) -> Self {
        Self(AtomicU8::new(loaded as u8))
    }

    /// As it is now.
    pub(super) fn get(&self) -> LoadState {
        const NEVER: u8 = LoadState::Never as u8;
        const PARTLY: u8 = LoadState::Partly as u8;
        const UNRECORDED: u8 = LoadState::Unrecorded as u8;
        match self.0.load(Ordering::Acquire) {
            NEVER => LoadState::Never,
            PARTLY => LoadState::Partly,
            UNRECORDED => LoadState::Unrecorded,
            _ => LoadState::Wholly,
        }
    }

    /// Once it is durable.
    pub(super) fn set(&self, loaded: LoadState) {
        self.0.store(loaded as u8, Ordering::Release);
    }
}
