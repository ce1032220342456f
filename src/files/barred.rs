//! Which file it is that the system keeps a process from: the error alone names the one that was asked for, which may be whole.

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};

/// Files and folders that are looked at, at most.
const MOST: usize = 10_000;

/// A file or folder that this process may not use.
#[derive(Debug)]
pub(super) struct Barred {
    path: PathBuf,
    owner: u32,
    mode: u32,
    us: u32,
}

/// The first folder on the way to `path` that may not be entered, else what is at it, or the first thing below it, that may not be read and written. None:
/// all of it may.
pub(super) fn barred(path: &Path) -> Option<Barred> {
    let mut way: Vec<&Path> = path.ancestors().skip(1).collect();
    way.reverse();
    for folder in way.into_iter().filter(|way| !way.as_os_str().is_empty()) {
        if !may(folder, Access::EXEC_OK) {
            return Barred::of(folder);
        }
    }
    let mut left = vec![path.to_owned()];
    for _ in 0..MOST {
        let next = left.pop()?;
        let Ok(known) = std::fs::symlink_metadata(&next) else {
            continue;
        };
        let wanted = Access::READ_OK | Access::WRITE_OK;
        let is_folder = known.is_dir();
        let wanted = if is_folder {
            wanted | Access::EXEC_OK
        } else {
            wanted
        };
        if !known.is_symlink() && !may(&next, wanted) {
            return Barred::of(&next);
        }
        if is_folder {
            let mut inside: Vec<PathBuf> = std::fs::read_dir(&next)
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path())
                .collect();
            inside.sort_unstable_by(|one, other| other.cmp(one));
            left.extend(inside);
        }
    }
    None
}

/// By the user that the process acts as, which is not the one that started it where a program was made to change it.
fn may(path: &Path, wanted: Access) -> bool {
    accessat(CWD, path, wanted, AtFlags::EACCESS) != Err(rustix::io::Errno::ACCESS)
}

impl Barred {
    fn of(path: &Path) -> Option<Self> {
        let known = std::fs::symlink_metadata(path).ok()?;
        Some(Self {
            path: path.to_owned(),
            owner: known.uid(),
            mode: known.mode() & 0o7777,
            us: rustix::process::geteuid().as_raw(),
        })
    }
}

impl fmt::Display for Barred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            owner, mode, us, ..
        } = self;
        let path = self.path.display();
        write!(
            f,
            "{path}: permission is denied: it belongs to uid {owner} with mode {mode:04o}, and this process runs as uid {us}; "
        )?;
        if owner == us {
            write!(f, "`chmod -R u+rwX {path}`")
        } else {
            write!(
                f,
                "`chown -R {us} {path}` if uid {us} is the user of the server, else run this as uid {owner}"
            )
        }
    }
}
