//! Files and folders that are their owner's alone, and those under `data_dir` that were not.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};

/// The mode of folders.
const FOLDER: u32 = 0o700;
/// The mode of files.
const FILE: u32 = 0o600;
/// What nobody else may have, and the bits that change what running or making a file means.
const LOOSE: u32 = 0o7077;
/// Folders below folders that are looked into: ours are never that deep.
const DEEPEST: usize = 16;

/// Makes a folder that its owner alone may enter, and those above it that are missing. One that is there stays as it is.
///
/// # Errors
/// The system does not let us.
pub fn create_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER).create(path)
}

/// Options for a file that is its owner's alone where it is made; `File::options()` otherwise.
#[must_use]
pub fn private_file() -> OpenOptions {
    let mut options = File::options();
    options.mode(FILE);
    options
}

/// Puts `octets` in the place of what is at `path`, durably, as a file that is its owner's alone: a crash leaves the old or the new, never a part.
///
/// # Errors
/// The system does not let us; what was there stays.
pub fn replace(path: &Path, octets: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    let unfinished = path.with_file_name(name);
    let mut options = private_file();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .open(&unfinished)?;
    file.write_all(octets)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

/// The user whom a folder belongs to.
///
/// # Errors
/// It cannot be looked at.
pub fn owner(folder: &Path) -> io::Result<u32> {
    Ok(std::fs::metadata(folder)?.uid())
}

/// The name of a user, as the system's own list has it: of one that a directory service alone knows, none.
fn user_name(uid: u32) -> Option<String> {
    let list = std::fs::read_to_string("/etc/passwd").ok()?;
    let named = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    };
    list.lines().find_map(named)
}

/// A user as `chown` takes one: `allegromail`, or `997` where the system has no name.
#[must_use]
pub fn id_or_name(uid: u32) -> String {
    user_name(uid).unwrap_or_else(|| uid.to_string())
}

/// What runs a command as this user, for a remedy: `sudo -u allegromail`, or `sudo -u '#997'`.
#[must_use]
pub fn as_user(uid: u32) -> String {
    user_name(uid).map_or_else(
        || format!("sudo -u '#{uid}'"),
        |name| format!("sudo -u {name}"),
    )
}

/// Whether everybody may make files in a folder, as in those for temporary files.
///
/// # Errors
/// It cannot be looked at.
pub fn is_open_to_all(folder: &Path) -> io::Result<bool> {
    Ok(std::fs::metadata(folder)?.mode() & 0o1002 != 0)
}

/// A file or folder that others could get at.
#[derive(Debug)]
pub struct ModeRepair {
    /// Which.
    pub path: PathBuf,
    /// Its mode before.
    pub mode: u32,
    /// Why it still is so, where it could not be repaired.
    pub failed: Option<io::Error>,
}

/// Takes from everybody but the owner what is at `path`, with all that is under it; links are not followed. Returns what was not so before.
///
/// # Errors
/// A folder cannot be read; what it holds is as it was.
pub fn repair_modes(path: &Path) -> io::Result<Vec<ModeRepair>> {
    let mut repaired = Vec::new();
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let Some(name) = path.file_name() else {
        return Ok(repaired);
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let within = rustix::fs::open(parent, flags, Mode::empty())?;
    repair_at(File::from(within), name, path, 0, &mut repaired)?;
    Ok(repaired)
}

/// The folder first: once others cannot enter it, nobody changes what is in it meanwhile.
fn repair_at(
    within: File,
    name: &OsStr,
    path: &Path,
    depth: usize,
    repaired: &mut Vec<ModeRepair>,
) -> io::Result<()> {
    let known = match rustix::fs::statat(&within, name, AtFlags::SYMLINK_NOFOLLOW) {
        // Gone since it was listed.
        Err(rustix::io::Errno::NOENT) => return Ok(()),
        known => known?,
    };
    let kind = FileType::from_raw_mode(known.st_mode);
    let (mode, wanted) = match kind {
        FileType::Directory => (known.st_mode & 0o7777, FOLDER),
        FileType::Symlink => return Ok(()),
        _ => (known.st_mode & 0o7777, FILE),
    };
    if mode & LOOSE != 0 {
        // Not a link a moment ago, and nobody else can put one here: whoever could write to this folder is the owner.
        let changed =
            rustix::fs::chmodat(&within, name, Mode::from_raw_mode(wanted), AtFlags::empty());
        repaired.push(ModeRepair {
            path: path.to_owned(),
            mode,
            failed: changed.err().map(io::Error::from),
        });
    }
    if kind != FileType::Directory || depth == DEEPEST {
        return Ok(());
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let inside = rustix::fs::openat(&within, name, flags, Mode::empty())?;
    for entry in Dir::read_from(&inside)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name != "." && name != ".." {
            let inside = File::from(inside.try_clone()?);
            repair_at(inside, name, &path.join(name), depth + 1, repaired)?;
        }
    }
    Ok(())
}
