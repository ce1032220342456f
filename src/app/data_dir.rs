//! The folder that holds everything: whose it is, and that nobody else can look into it.

use std::path::{Path, PathBuf};

use super::StartError;
use crate::config::Config;
use crate::directory::Unavailable;
use crate::files::{self, ModeRepair};

/// Folders of ours, and what stands beside them while one is made or was moved away. `lost+found` comes with a file system.
const OURS: [&str; 8] = [
    "directory",
    "in-force",
    "state",
    "spool",
    "trace",
    "export",
    "mta-sts",
    "lost+found",
];
/// Paths that are told one by one; of more the number is told.
const TOLD: usize = 20;

/// Makes the folder if it is missing, takes from others what they could read in it, and tells each of it: an import by another user, or a copy from
/// elsewhere, may have left it open.
///
/// # Errors
/// It cannot be made or looked through.
pub(super) fn close(config: &Config) -> Result<(), StartError> {
    let failed = |error: std::io::Error| {
        StartError::because("data_dir", files::describe(&config.data_dir, &error))
    };
    files::create_folder(&config.data_dir).map_err(failed)?;
    // What the name leads to: the folder itself may be a link, nothing in it is followed.
    let folder = config.data_dir.canonicalize().map_err(failed)?;
    if let Some(text) = foreign(&folder).map_err(failed)? {
        tracing::warn!(event = "data_dir_foreign", "{text}");
    }
    let mut repaired = Vec::new();
    for path in places(config, &folder).map_err(failed)? {
        let closed = files::repair_modes(&path);
        let closed =
            closed.map_err(|error| StartError::because("data_dir", files::describe(&path, &error)));
        repaired.extend(closed?);
    }
    for loose in repaired.iter().take(TOLD) {
        tell(loose);
    }
    if repaired.len() > TOLD {
        tracing::warn!(
            event = "modes_repaired",
            more = repaired.len() - TOLD,
            "more files and folders under data_dir were open to others"
        );
    }
    Ok(())
}

fn tell(loose: &ModeRepair) {
    let (path, mode) = (loose.path.display(), format!("{:04o}", loose.mode));
    match &loose.failed {
        None => {
            tracing::warn!(event = "modes_repaired", %path, mode, "others could get at it; now its owner alone can");
        }
        Some(error) => {
            tracing::error!(event = "modes_loose", %path, mode, %error, "others can get at it, and it belongs to another user: chown it to the user that the server runs as");
        }
    }
}

/// What is to be closed: the whole folder where it is ours alone, else what in it is ours. Nobody wants /tmp or the folder of the configuration
/// closed because they hold our stores, too.
fn places(config: &Config, folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let (mut ours, mut alone) = (Vec::new(), true);
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let stem = name.to_str().and_then(|name| name.split('.').next());
        if stem.is_some_and(|stem| OURS.contains(&stem)) {
            if stem != Some("lost+found") {
                ours.push(entry.path());
            }
        } else {
            alone &= !entry.file_type()?.is_dir();
        }
    }
    let file = config.file.canonicalize();
    let shared = file.is_ok_and(|file| file.starts_with(folder)) || files::is_open_to_all(folder)?;
    Ok(if alone && !shared {
        vec![folder.to_owned()]
    } else {
        ours
    })
}

/// What is wrong where root works in the folder of another user: what it makes there the server cannot read.
fn foreign(folder: &Path) -> std::io::Result<Option<String>> {
    if !folder.try_exists()? {
        return Ok(None);
    }
    let (owner, us) = (files::owner(folder)?, rustix::process::geteuid().as_raw());
    Ok((us == 0 && owner != us).then(|| {
        format!(
            "{} belongs to the user {}, who could not read what root makes there",
            folder.display(),
            files::id_or_name(owner)
        )
    }))
}

/// Makes the folder if it is missing, for a command that works on a store while no server runs. Root is refused in the folder of another user before it
/// has made anything there.
///
/// # Errors
/// [`Unavailable`] with the remedy.
pub(super) fn own(config: &Config) -> Result<(), Unavailable> {
    refuse_root(config)?;
    let folder = &config.data_dir;
    files::create_folder(folder).map_err(|error| Unavailable(files::describe(folder, &error)))
}

/// Refuses root in the folder of another user, and makes nothing.
///
/// # Errors
/// [`Unavailable`] with the remedy.
pub(super) fn refuse_root(config: &Config) -> Result<(), Unavailable> {
    let folder = &config.data_dir;
    let failed = |error: std::io::Error| Unavailable(files::describe(folder, &error));
    if let Some(text) = foreign(folder).map_err(failed)? {
        let text = format!(
            "{text}: run this command as that user ({} allegromail …), or give the folder to root",
            files::as_user(files::owner(folder).map_err(failed)?)
        );
        return Err(Unavailable(text));
    }
    Ok(())
}
