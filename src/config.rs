//! The configuration: TOML text to a checked [`Config`] in one step; after it nothing can be invalid (docs/interface.md#configuration).
//!
//! `keys.rs` is the one list of keys with their defaults and words; parsing takes defaults from it, and [`example`] prints it.
//! Every error is told at once, with file and line.

mod changed;
mod check;
mod checked;
mod diagnostics;
mod engine;
mod example;
mod files;
mod keys;
mod problem;
mod raw_value;
mod reader;
mod value;

use std::path::{Path, PathBuf};

pub use changed::changed;
pub use checked::{
    ActionFrom, Admin, Auth, Budget, Center, Config, Content, ContentException, CourierRecipients,
    Delivery, DisplayName, Dkim, Handover, HttpConfig, HttpListen, KeySource, Limits,
    MaskedDomainConfig, Policy, Route, RouteDomain, RouteTls, SignIn, Smtp, TlsFiles, Verify,
    WebAddress, WhenBehind,
};
pub use engine::{Copies, Engine, SharedDirectory, SharedSpool, SpoolEngine};
pub use example::example;
pub use problem::{ConfigErrors, Problem};
pub use value::duration;

/// A configuration that was read, with what is worth mending.
#[derive(Clone)]
pub struct LoadedConfig {
    /// The checked configuration.
    pub config: Config,
    /// Not wrong, but not wise.
    pub warnings: Vec<Problem>,
}

/// Reads and checks the file at `path`. Relative paths in it are taken from its folder.
///
/// # Errors
/// Every problem of the file at once.
pub fn load(path: &Path) -> Result<LoadedConfig, ConfigErrors> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let told = crate::files::describe(path, &error);
        let shown = format!("{}: ", path.display());
        let told = told.strip_prefix(&shown).unwrap_or(&told);
        ConfigErrors(vec![Problem::whole_file(
            path,
            &format!("cannot be read: {told}"),
        )])
    })?;
    check::check(path, &text)
}

/// The file to use: the one named, else `allegromail.toml` here, else in `/etc/allegromail`.
///
/// # Errors
/// There is none; the message names the places.
pub fn find(named: Option<&Path>) -> Result<PathBuf, ConfigErrors> {
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
        ConfigErrors(vec![Problem::whole_file(Path::new("allegromail.toml"), message)])
    })
}

#[cfg(test)]
mod tests;
