//! How much room is left on the file system of a folder.

use std::io;
use std::path::Path;

use crate::failpoint;

/// Octets that this process may still write to the file system of `folder`.
///
/// # Errors
/// There is no such folder, or the system does not say.
pub fn room(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    Ok(failpoint::number("files.room", free))
}
