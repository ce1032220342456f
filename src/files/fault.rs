//! Errors of the system, told apart by what helps against them.

use std::io;
use std::path::Path;

use rustix::io::Errno;

use super::barred::barred;

/// What keeps us from a file. None of these is a word about what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No room is left on the file system.
    Full,
    /// The quota of the user, or the size that a file may have, is used up.
    Quota,
    /// The file system may not be written to.
    ReadOnly,
    /// The process lacks the permission.
    Forbidden,
    /// The disk, or the file system on it, fails.
    Disk,
    /// The process or the system has too many open files.
    Descriptors,
    /// No memory is left.
    Memory,
}

impl Fault {
    const ALL: [(Errno, Self); 15] = [
        (Errno::NOSPC, Self::Full),
        (Errno::DQUOT, Self::Quota),
        (Errno::FBIG, Self::Quota),
        (Errno::ROFS, Self::ReadOnly),
        (Errno::ACCESS, Self::Forbidden),
        (Errno::PERM, Self::Forbidden),
        (Errno::IO, Self::Disk),
        (Errno::NXIO, Self::Disk),
        (Errno::NODEV, Self::Disk),
        (Errno::STALE, Self::Disk),
        (Errno::UCLEAN, Self::Disk),
        (Errno::BADMSG, Self::Disk),
        (Errno::MFILE, Self::Descriptors),
        (Errno::NFILE, Self::Descriptors),
        (Errno::NOMEM, Self::Memory),
    ];

    /// The fault that an error tells of; none where it tells of something else.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        if let Some(code) = error.raw_os_error() {
            let known = Self::ALL.iter();
            let mut known = known.filter(|(errno, _)| errno.raw_os_error() == code);
            return known.next().map(|(_, fault)| *fault);
        }
        match error.kind() {
            io::ErrorKind::StorageFull => Some(Self::Full),
            io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Some(Self::Quota),
            io::ErrorKind::ReadOnlyFilesystem => Some(Self::ReadOnly),
            io::ErrorKind::PermissionDenied => Some(Self::Forbidden),
            io::ErrorKind::OutOfMemory => Some(Self::Memory),
            _ => Self::in_text(&error.to_string()),
        }
    }

    /// The fault that a text tells of in which an error was printed: libraries pass errors on in that form, and panic with them.
    #[must_use]
    pub fn in_text(text: &str) -> Option<Self> {
        let known = Self::ALL.iter().filter(|(errno, _)| {
            let code = errno.raw_os_error();
            text.contains(&format!("Os {{ code: {code},"))
                || text.contains(&format!("(os error {code})"))
        });
        known.map(|(_, fault)| *fault).next()
    }

    /// Whether it is over when there is room again.
    #[must_use]
    pub const fn is_full(self) -> bool {
        matches!(self, Self::Full | Self::Quota)
    }

    /// What it is.
    const fn words(self) -> &'static str {
        match self {
            Self::Full => "the disk is full",
            Self::Quota => "the disk quota or the largest size of a file is used up",
            Self::ReadOnly => "the file system is read-only",
            Self::Forbidden => "permission is denied",
            Self::Disk => "the disk reports an error",
            Self::Descriptors => "too many files are open",
            Self::Memory => "no memory is left",
        }
    }

    /// What helps.
    const fn remedy(self) -> &'static str {
        match self {
            Self::Full => {
                "free some space on that file system, and start again unless the server runs; nothing is damaged, so move nothing away"
            }
            Self::Quota => {
                "raise the quota (or the limit of file sizes) of the user that the server runs as, or free some space, and start again; nothing is damaged, so move nothing away"
            }
            Self::ReadOnly => {
                "look in the system's log why it is mounted so, mount it writable and start again; nothing is known to be damaged, so move nothing away"
            }
            Self::Forbidden => {
                "give it to the user that the server runs as (chown -R USER) and start again; nothing is damaged, so move nothing away"
            }
            Self::Disk => {
                "look in the system's log for errors of the disk, repair or replace it and start again; what is on it may be whole, so move nothing away before it was copied"
            }
            Self::Descriptors => {
                "raise the limit of open files (LimitNOFILE, fs.file-max) and start again; nothing is damaged, so move nothing away"
            }
            Self::Memory => {
                "give the server more memory and start again; nothing is damaged, so move nothing away"
            }
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.words(), self.remedy())
    }
}

/// The sentence for the operator: which file, what the system said, and the remedy where one is known. Where it is a permission, the first file on the
/// way or below that this process may not use is named, with its owner and the command that helps.
#[must_use]
pub fn describe(path: &Path, error: &io::Error) -> String {
    match Fault::of(error) {
        Some(fault) => describe_fault(path, fault, error),
        None => format!("{}: {error}", path.display()),
    }
}

/// The same of an error that a library has printed.
#[must_use]
pub fn describe_text(path: &Path, error: &dyn std::fmt::Display) -> String {
    match Fault::in_text(&error.to_string()) {
        Some(fault) => describe_fault(path, fault, error),
        None => format!("{}: {error}", path.display()),
    }
}

fn describe_fault(path: &Path, fault: Fault, error: &dyn std::fmt::Display) -> String {
    match barred(path).filter(|_| fault == Fault::Forbidden) {
        Some(barred) => format!("{barred}; nothing is damaged, so move nothing away ({error})"),
        None => format!("{}: {fault} ({error})", path.display()),
    }
}
