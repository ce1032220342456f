//! Stores that are damaged or gone at start: made again from the last export, if there is one. An empty directory in the place of a lost one
//! answers nothing until it is loaded: everybody would be unknown.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use super::StartError;
use crate::config::Config;
use crate::directory::{self, Backup, OpenError, SledDirectory, SledState};
use crate::files;

/// The directory as a start finds it.
pub(super) enum FoundDirectory {
    /// It can be used.
    Usable(SledDirectory),
    /// It is damaged or gone, and to be made again from this export.
    Lost(PathBuf),
}

/// The exports of a store.
pub(super) fn exports(config: &Config, kind: &'static str) -> Backup {
    Backup::new(config.data_dir.join("export"), kind)
}

/// Whether a server has used this data directory before. The spool is made last, and nothing takes it away: without it this is a first
/// start, or a directory that was imported for one.
fn was_used(config: &Config) -> bool {
    // Unknown means used.
    config.data_dir.join("spool").try_exists().unwrap_or(true)
}

/// Whether a store has no database. That it cannot be looked for is no answer.
fn is_gone(folder: &Path) -> io::Result<bool> {
    let there = folder.join("db").try_exists();
    there
        .map(|there| !there)
        .map_err(|error| io::Error::other(files::describe(folder, &error)))
}

/// Opens the directory, or says what it is to be made from.
///
/// # Errors
/// It is in use, or it is damaged and there is no export: what is left of it may still be read by hand.
pub(super) fn directory(config: &Config) -> Result<FoundDirectory, StartError> {
    let failed = |error: &dyn std::fmt::Display| StartError::because("directory", error);
    files::create_folder(&config.data_dir)
        .map_err(|error| failed(&files::describe(&config.data_dir, &error)))?;
    let folder = config.data_dir.join("directory");
    let gone = is_gone(&folder).map_err(|error| failed(&error))?;
    let newest = || {
        exports(config, "directory")
            .newest()
            .map_err(|error| failed(&error))
    };
    let why = if gone {
        format!("{} is gone", folder.display())
    } else {
        match SledDirectory::open(&folder) {
            Ok(directory) => {
                tell_if_not_loaded(&directory, &folder, newest()?);
                return Ok(FoundDirectory::Usable(directory));
            }
            Err(OpenError::Damaged(why)) => why,
            Err(error) => return Err(failed(&error)),
        }
    };
    match newest()? {
        Some(export) => {
            tracing::error!(event = "directory_lost", why, export = %export.display(), "it is made again from this export; until then everything is answered 451");
            Ok(FoundDirectory::Lost(export))
        }
        // A first start, or a disk that is not mounted: the two look the same. So mail waits with its senders until somebody has loaded it.
        None if gone => {
            let directory = SledDirectory::open(&folder).map_err(|error| failed(&error))?;
            tell_if_not_loaded(&directory, &folder, None);
            Ok(FoundDirectory::Usable(directory))
        }
        None => Err(failed(&why)),
    }
}

/// An error in the log where the directory gives no answers, with what is to be done.
fn tell_if_not_loaded(directory: &SledDirectory, folder: &Path, export: Option<PathBuf>) {
    let Err(why) = directory.answers() else {
        return;
    };
    // Not loaded again by itself: accounts that were removed since would be back.
    let remedy = export.map_or_else(
        || "is its disk mounted? If it is new, load the accounts with `allegromail import`, or an empty file if there are none".to_owned(),
        |export| {
            format!(
                "is its disk mounted? If it is lost, load its last export with `allegromail import {}`, or an empty file if there are no accounts",
                export.display()
            )
        },
    );
    tracing::error!(event = "directory_not_loaded", folder = %folder.display(), %why, remedy, "all masks are answered 451");
}

/// Opens the state, made again from its last export if it is damaged or gone. What is newer than the export comes from the spool's log, as far
/// as that reaches.
pub(super) fn state(config: &Config) -> Result<SledState, StartError> {
    let failed = |error: &dyn std::fmt::Display| StartError::because("state", error);
    let folder = config.data_dir.join("state");
    let gone = is_gone(&folder).map_err(|error| failed(&error))?;
    let why = if gone {
        format!("{} is gone", folder.display())
    } else {
        match SledState::open(&folder) {
            Ok(state) => return Ok(state),
            Err(OpenError::Damaged(why)) => why,
            Err(error) => return Err(failed(&error)),
        }
    };
    match exports(config, "state")
        .newest()
        .map_err(|error| failed(&error))?
    {
        Some(export) => {
            tracing::error!(event = "state_lost", why, export = %export.display(), "it is made again from this export");
            let records = remake(&folder, &export).map_err(|error| failed(&error))?;
            tracing::warn!(event = "state_restored", records);
            SledState::open(&folder).map_err(|error| failed(&error))
        }
        // Without it mail works: answers go to primary addresses, some old threads break. So it may be begun anew, where the directory may not.
        None if gone => {
            if was_used(config) {
                tracing::error!(
                    event = "state_lost",
                    why,
                    "begun anew; only the spool's log is known"
                );
            }
            SledState::open(&folder).map_err(|error| failed(&error))
        }
        // Damaged and no export: what is left of it may still be read by hand, so it is not moved away here.
        None => Err(failed(&why)),
    }
}

/// Loads an export of the state into a fresh folder, which then takes the place of the old one.
fn remake(folder: &Path, export: &Path) -> io::Result<u64> {
    // Beside it and then renamed, so that a start that ends half way finds the old one or the new one, never a part.
    let fresh = folder.with_file_name("state.restoring");
    // Of every step the path that it is about.
    let at = |path: &Path, done: io::Result<()>| {
        done.map_err(|error| io::Error::other(files::describe(path, &error)))
    };
    if fresh.exists() {
        at(&fresh, std::fs::remove_dir_all(&fresh))?;
    }
    let state = SledState::open(&fresh).map_err(io::Error::other)?;
    let input = File::open(export);
    let input = input.map_err(|error| io::Error::other(files::describe(export, &error)))?;
    let records = state.import(BufReader::new(input))?;
    drop(state);
    if folder.exists() {
        at(folder, directory::move_away(folder).map(|_| ()))?;
    }
    at(&fresh, std::fs::rename(&fresh, folder))?;
    if let Some(parent) = folder.parent() {
        at(
            parent,
            File::open(parent).and_then(|parent| parent.sync_all()),
        )?;
    }
    Ok(records)
}
