//! The configuration: TOML text to a checked [`Config`] in one step; after it nothing can be invalid (docs/interface.md#configuration).
//!
//! `keys.rs` is the one list of keys with their defaults and words; parsing takes defaults from it, and [`example`] prints it.
//! Every error is told at once, with file and line.

mod check;
mod checked;
mod example;
mod files;
mod keys;
mod log;
mod plain;
mod problem;
mod reader;
mod value;

use std::path::{Path, PathBuf};

pub use checked::{
    Admin, Auth, Budget, Config, CourierRecipients, Delivery, DisplayName, Dkim, Http, HttpListen,
    Limits, MaskedDomainConfig, Policy, Route, RouteDomain, RouteTls, Smtp, TlsFiles,
};
pub use example::example;
pub use problem::{Errors, Problem};
pub use value::duration;

/// A configuration that was read, with what is worth mending.
#[derive(Clone)]
pub struct Loaded {
    /// The checked configuration.
    pub config: Config,
    /// Not wrong, but not wise.
    pub warnings: Vec<Problem>,
}

/// Reads and checks the file at `path`. Relative paths in it are taken from its folder.
///
/// # Errors
/// Every problem of the file at once.
pub fn load(path: &Path) -> Result<Loaded, Errors> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Errors(vec![Problem::whole_file(
            path,
            &format!("cannot be read: {error}"),
        )])
    })?;
    check::check(path, &text)
}

/// The file to use: the one named, else `allegromail.toml` here, else in `/etc/allegromail`.
///
/// # Errors
/// There is none; the message names the places.
pub fn find(named: Option<&Path>) -> Result<PathBuf, Errors> {
    if let Some(path) = named {
        return Ok(path.to_owned());
    }
    // The one of the folder first, so that a test set-up on a mail server does not use that server's.
    let places = [
        PathBuf::from("allegromail.toml"),
        PathBuf::from("/etc/allegromail/allegromail.toml"),
    ];
    places.into_iter().find(|path| path.is_file()).ok_or_else(|| {
        let message = "not found here nor in /etc/allegromail; name it with --config, or begin with `allegromail config example`";
        Errors(vec![Problem::whole_file(Path::new("allegromail.toml"), message)])
    })
}

#[cfg(test)]
mod tests;
