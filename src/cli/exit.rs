//! How commands end (docs/interface.md#exit-codes; 64 and above as in sysexits.h).
//! Scripts rely on these numbers; nothing else is ever returned.

use std::process::ExitCode;

use crate::admin::ClientError;

/// The end of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done; for `explain`: accept.
    Done,
    /// Done in part; for `explain`: defer; for `allowlist diff`: there are differences, as diff(1) says it.
    Deferred,
    /// Refused.
    Refused,
    /// Wrong arguments.
    Usage,
    /// Wrong data.
    BadData,
    /// The server does not answer, or the stores are in use.
    Unreachable,
    /// Trying again may help.
    Temporary,
    /// Wrong configuration.
    Configuration,
}

impl From<&ClientError> for Exit {
    /// The server refused what it was to read again, or could not be asked.
    fn from(error: &ClientError) -> Self {
        match error {
            ClientError::Refused { .. } => Self::BadData,
            _ => Self::Unreachable,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Deferred => 1,
            Exit::Refused => 2,
            Exit::Usage => 64,
            Exit::BadData => 65,
            Exit::Unreachable => 69,
            Exit::Temporary => 75,
            Exit::Configuration => 78,
        })
    }
}
