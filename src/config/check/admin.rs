//! `[admin]`: where operators ask, and who may.

use std::path::Path;

use super::http::{hosts, http};
use super::secrets;
use crate::config::checked::Admin;
use crate::config::checked::{HttpConfig, HttpListen};
use crate::config::diagnostics::Diagnostics;
use crate::config::reader::Section;

/// `[admin]`. There always is an interface: a unix socket under `data_dir` where the file names no other place.
pub(super) fn admin(
    section: &Section<'_>,
    data_dir: Option<&Path>,
    folder: &Path,
    log: &mut Diagnostics<'_>,
) -> Option<Admin> {
    let usual = data_dir.map(|data_dir| data_dir.join("admin.sock"));
    let http = http(section, usual, folder, log);
    let token = match section.get("token_file", log) {
        None => Some(None),
        Some(found) => secrets::token(&found, folder, log).map(Some),
    };
    let hosts = hosts(section, log);
    let tokenless = section.flag("allow_tokenless_loopback", log);
    let (http, token, tokenless) = (http?, token?, tokenless?);
    if token.is_none()
        && let HttpListen::Tcp(_) = http.listen
    {
        without_token(section, &http, tokenless, log);
    }
    Some(Admin {
        http,
        hosts: hosts?,
        token,
    })
}

/// Real addresses pass there: every program on this host, and every page in its browsers, could ask for all accounts.
fn without_token(
    section: &Section<'_>,
    http: &HttpConfig,
    tokenless: bool,
    log: &mut Diagnostics<'_>,
) {
    let HttpListen::Tcp(address) = &http.listen else {
        return;
    };
    let at = section.position("listen").or_else(|| section.at.clone());
    let error = if !tokenless {
        format!(
            "is missing, and {address} is open to every program on this host: name a file with a token (`head -c 24 /dev/urandom | base64 > certs/admin.token; chmod 600 certs/admin.token`), or take admin.listen away and use the unix socket admin.sock in data_dir; for a test allow_tokenless_loopback = true does without"
        )
    } else if !address.ip().to_canonical().is_loopback() {
        format!(
            "is missing; allow_tokenless_loopback is for a loopback address only, and {address} is none"
        )
    } else if !http.behind_proxy.is_empty() {
        "is missing; allow_tokenless_loopback is not for proxies, which bring others here"
            .to_owned()
    } else {
        let text =
            format!("every program on this host can read and change all accounts at {address}");
        log.warn(at, "admin.allow_tokenless_loopback", &text);
        return;
    };
    log.error(at, "admin.token_file", &error);
}
