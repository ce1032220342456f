//! How commands end (docs/interface.md#exit-codes; 64 and above as in sysexits.h).
//! Scripts rely on these numbers; nothing else is ever returned.

use std::process::ExitCode;

/// The end of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done; for `explain`: accept.
    Done,
    /// Done in part; for `explain`: defer.
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
