//! What a text of the file must be: a domain, an address with a port, a path.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::config::files;
use crate::mail::Domain;

/// A domain in A-labels or U-labels; kept in lower case.
pub(super) fn domain(text: &str) -> Result<Domain, String> {
    Domain::parse(text).map_err(|error| format!("{text:?} is no domain: {error}"))
}

/// An address with its port. Names are not looked up: what is listened on must not hang on a DNS.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!("{text:?} is no address with a port, as \"127.0.0.1:25\" or \"[::]:25\"")
    })
}

/// A reader of paths that takes relative ones from `folder`. Whether anything is there is not asked: the server makes its own folders.
pub(super) fn path(folder: &Path) -> impl Fn(&str) -> Result<PathBuf, String> {
    move |text| {
        if text.is_empty() {
            Err("is empty".to_owned())
        } else {
            Ok(files::resolve(folder, text))
        }
    }
}
