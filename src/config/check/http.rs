//! `listen`, `tls` and `behind_proxy` of a table: an HTTP listener that nobody on the way can read.

use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::secrets;
use crate::config::checked::{HttpConfig, HttpListen};
use crate::config::diagnostics::Diagnostics;
use crate::config::files;
use crate::config::reader::Section;
use crate::config::value::domain;
use crate::mail::{Domain, Network};

/// The longest path of a unix socket in bytes (`sun_path` of Linux, less its NUL).
const MAX_SOCKET: usize = 107;

/// The listener of `section`; `usual` is the unix socket where `listen` is absent. Without one a unix socket is no place for it.
pub(super) fn http(
    section: &Section<'_>,
    usual: Option<PathBuf>,
    folder: &Path,
    log: &mut Diagnostics<'_>,
) -> Option<HttpConfig> {
    // What is no address with a port is the path of a unix socket; an address that lost its port is neither.
    let or_path = usual
        .as_ref()
        .map_or("", |_| ", or the path of a unix socket");
    let listen = section.text("listen", log, |text| {
        if text.is_empty() {
            return Err(format!("is empty; write an address with its port{or_path}"));
        }
        if text.parse::<IpAddr>().is_ok() {
            return Err(format!("has no port: write \"{text}:8025\"{or_path}"));
        }
        match text.parse() {
            Ok(address) => Ok(HttpListen::Tcp(address)),
            Err(_) if usual.is_some() => Ok(HttpListen::Unix(files::resolve(folder, text))),
            Err(_) => Err(format!(
                "{text:?} is no address with a port, as \"127.0.0.1:8026\""
            )),
        }
    });
    // Not set is no error and none in the inner option; set and wrong is none in the outer one.
    let tls = match section.get("tls", log) {
        None => Some(None),
        Some(found) => secrets::tls(&found, folder, log).map(Some),
    };
    let behind_proxy = section.list("behind_proxy", log, |text| {
        if text.ends_with("/0") {
            return Err(format!(
                "{text:?} is everybody; name the networks of the proxies"
            ));
        }
        text.parse::<Network>()
            .map_err(|error| format!("{text:?} {error}"))
    });
    let listen = match listen {
        Some(listen) => listen,
        // It is there and was wrong.
        None if section.position("listen").is_some() => return None,
        None => HttpListen::Unix(usual?),
    };
    let http = HttpConfig {
        listen,
        tls: tls?,
        behind_proxy: behind_proxy?,
    };
    match reachable(&http) {
        Ok(()) => Some(http),
        Err((name, message)) => {
            let at = section
                .position(name)
                .or_else(|| section.position("listen"));
            log.error(
                at.or_else(|| section.at.clone()),
                &section.key(name),
                &message,
            );
            None
        }
    }
}

/// `hosts`: the names that a listener goes by.
pub(super) fn hosts(section: &Section<'_>, log: &mut Diagnostics<'_>) -> Option<Vec<Domain>> {
    section.list("hosts", log, |text| {
        domain(text).map_err(|error| {
            format!("{error}; names stand here without a port, and IP addresses need not")
        })
    })
}

/// Whether only those can read along who may; else the key and what is to be done.
fn reachable(http: &HttpConfig) -> Result<(), (&'static str, String)> {
    match &http.listen {
        HttpListen::Unix(path) if path.as_os_str().as_bytes().len() > MAX_SOCKET => {
            let text = format!(
                "{} is too long for a unix socket, which has {MAX_SOCKET} bytes; set listen to a shorter path, as \"/run/allegromail/admin.sock\"",
                path.display()
            );
            Err(("listen", text))
        }
        HttpListen::Unix(_) if http.tls.is_some() => Err((
            "tls",
            "is for a TCP listener; a unix socket does not leave the host, so take it away"
                .to_owned(),
        )),
        HttpListen::Unix(_) if !http.behind_proxy.is_empty() => Err((
            "behind_proxy",
            "is for a TCP listener; who comes to a unix socket has no address, so take it away"
                .to_owned(),
        )),
        HttpListen::Tcp(address)
            if http.tls.is_none()
                && http.behind_proxy.is_empty()
                && !address.ip().to_canonical().is_loopback() =>
        {
            let text = format!(
                "{address} is no loopback address, and without TLS everybody on the way reads along: set tls = {{ certificate = \"…\", key = \"…\" }}, name with behind_proxy = [\"…\"] the proxy that ends TLS, or listen on 127.0.0.1 or a unix socket"
            );
            Err(("listen", text))
        }
        _ => Ok(()),
    }
}
