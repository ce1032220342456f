//! Files of ours: who may read them, and what it means when the system does not let us at them.
//!
//! Everything under `data_dir` is its owner's alone, 0600 in 0700, whatever umask the process was started with. An error of the system (a full disk, one
//! that may not be written to, no permission) says nothing about what is in a file: it is never taken for damage, and each has its own
//! remedy.

use std::io;
use std::path::Path;

use crate::failpoint;

mod barred;
mod fault;
mod private;
mod set;

pub use fault::{Fault, describe, describe_text};
pub use private::{
    ModeRepair, as_user, create_folder, id_or_name, is_open_to_all, owner, private_file,
    repair_modes, replace,
};
pub use set::{LARGEST_SET, SetError, SetFile, read_set};

/// Bytes that this process may still write to the file system of `folder`.
///
/// # Errors
/// There is no such folder, or the system does not say.
pub fn free_space(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    Ok(failpoint::number("files.room", free))
}

#[cfg(test)]
mod tests;
