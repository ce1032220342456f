//! Files that make one set, read as one: none of them may be of another state of the disk than the others.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::fault::describe;

/// Octets of all files of a set, at most: half a million lines of an allowlist.
pub const LARGEST_SET: u64 = 16 * 1024 * 1024;
/// How often a set is read that changes while it is read.
const ATTEMPTS: usize = 5;
/// Longer than the clock of a file system stands still (one tick of the kernel, 10 ms at most): what is written to a file after this has another time.
const TICK: Duration = Duration::from_millis(20);

/// One file of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetFile {
    /// Where it is, as it was asked for.
    pub path: PathBuf,
    /// What it holds.
    pub octets: Vec<u8>,
}

/// A set cannot be read; each sentence names the path and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SetError {
    /// The file or folder that it is about.
    pub path: PathBuf,
    /// What is wrong, without the path.
    pub message: String,
}

/// What tells two states of a file apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    written: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(known: &Metadata) -> Self {
        Self {
            device: known.dev(),
            inode: known.ino(),
            size: known.size(),
            written: (known.mtime(), known.mtime_nsec()),
            changed: (known.ctime(), known.ctime_nsec()),
        }
    }
}

/// Reads a file, or every file of a folder whose name ends in `.ENDING` and does not begin with a dot, in the order of their names.
///
/// A set may be put in place while it is read, file by file or by another link to a folder. So each file must be the one that was listed, and after
/// the last of them the list must be as before; else it is read again, five times at most. Sleeps for a moment: call it where nobody waits for the
/// thread.
///
/// # Errors
/// [`SetError`]: it is not there, may not be read, is larger than [`LARGEST_SET`], holds what is no file, or does not keep still.
pub fn read_set(path: &Path, ending: &str) -> Result<Vec<SetFile>, SetError> {
    for _ in 0..ATTEMPTS {
        let before = list(path, ending)?;
        // What is written from here on shows: a time that was read before would else be that of a later write as well.
        std::thread::sleep(TICK);
        if let Some(files) = read(path, &before)?
            && list(path, ending)? == before
        {
            return Ok(files);
        }
    }
    Err(SetError {
        path: path.to_owned(),
        message: "changed again and again while it was read; put a new set in place in one step (rename its folder, or a link to it) and reload again"
            .to_owned(),
    })
}

/// What there is to read.
fn list(path: &Path, ending: &str) -> Result<Vec<(PathBuf, Stamp)>, SetError> {
    let known = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if !known.is_dir() {
        // A pipe that a command is given changes by being read, and is read once.
        let stamp = known.is_file().then(|| Stamp::of(&known));
        return Ok(vec![(path.to_owned(), stamp.unwrap_or_default())]);
    }
    let entries = std::fs::read_dir(path).map_err(|error| unreadable(path, &error))?;
    let mut found = Vec::new();
    for entry in entries {
        let file = entry.map_err(|error| unreadable(path, &error))?.path();
        let hidden = file
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if hidden || file.extension().is_none_or(|own| own != ending) {
            continue;
        }
        let known = std::fs::metadata(&file).map_err(|error| unreadable(&file, &error))?;
        // Reading a pipe or a device may never end.
        if !known.is_file() {
            return Err(SetError {
                path: file,
                message: "is no regular file; take it out of the folder".to_owned(),
            });
        }
        found.push((file, Stamp::of(&known)));
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(found)
}

/// The files of a list; none where one of them is no longer the one that was listed.
fn read(set: &Path, listed: &[(PathBuf, Stamp)]) -> Result<Option<Vec<SetFile>>, SetError> {
    let (mut files, mut left) = (Vec::new(), LARGEST_SET);
    for (path, stamp) in listed {
        let failed = |error: &io::Error| unreadable(path, error);
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(|error| failed(&error))?,
        };
        let known = file.metadata().map_err(|error| failed(&error))?;
        if known.is_file() && Stamp::of(&known) != *stamp {
            return Ok(None);
        }
        let mut octets = Vec::new();
        let mut bounded = file.take(left.saturating_add(1));
        bounded
            .read_to_end(&mut octets)
            .map_err(|error| failed(&error))?;
        let length = octets.len() as u64;
        left = left.checked_sub(length).ok_or_else(|| SetError {
            path: set.to_owned(),
            message: format!(
                "is larger than {} MiB; it is no set of lines for people, so look what was put there",
                LARGEST_SET >> 20
            ),
        })?;
        if known.is_file() && length != stamp.size {
            return Ok(None);
        }
        files.push(SetFile {
            path: path.clone(),
            octets,
        });
    }
    Ok(Some(files))
}

fn unreadable(path: &Path, error: &io::Error) -> SetError {
    // The path stands in front wherever this is told.
    let shown = format!("{}: ", path.display());
    let told = describe(path, error);
    let told = told.strip_prefix(&shown).unwrap_or(&told);
    SetError {
        path: path.to_owned(),
        message: format!("cannot be read: {told}"),
    }
}
